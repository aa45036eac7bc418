// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares two `tokenizer.json`.
struct TokenizerComparison {
    /// The file's name in reports.
    let name: String
    let component: Component

    /// Subtrees that are one step of turning text into tokens or back.
    private static let sections: [(key: String, rule: String, consequence: String)] = [
        ("normalizer", "tokenizer-normalizer", "text is rewritten otherwise before it is cut into tokens"),
        ("pre_tokenizer", "tokenizer-pre-tokenizer", "text is cut into words otherwise, so into other tokens"),
        ("post_processor", "tokenizer-post-processor", "other special tokens are put around every input"),
        ("decoder", "tokenizer-decoder", "tokens become other text"),
        ("truncation", "tokenizer-truncation", "inputs are cut at another length when the caller does not say"),
        ("padding", "tokenizer-padding", "batches are padded otherwise when the caller does not say"),
    ]

    func changes(_ before: JSONNode, _ after: JSONNode) -> [DriftChange] {
        var changes = model(before["model"] ?? .null, after["model"] ?? .null)
        changes += AddedTokens.changes(
            AddedTokens(list: before["added_tokens"]), AddedTokens(list: after["added_tokens"]),
            at: .init(name, "added_tokens"), component: component)
        for section in Self.sections { changes += subtree(section, before[section.key], after[section.key]) }
        let known = Set(["model", "added_tokens", "version"] + Self.sections.map(\.key))
        let rest = KeyDifference.all(
            .object((before.members ?? []).filter { !known.contains($0.key) }),
            .object((after.members ?? []).filter { !known.contains($0.key) }))
        for difference in rest.found.prefix(20) {
            changes.append(
                DriftChange(
                    TokenizerKeys.unknown.rule, .tokens, .behaviour, component, [.init(name, difference.key)],
                    "`\(Escaped(difference.key, limit: 120))` differs", consequence: TokenizerKeys.unknown.consequence,
                    before: difference.before?.reported, after: difference.after?.reported))
        }
        return changes
    }

    // MARK: Sections

    private func subtree(
        _ section: (key: String, rule: String, consequence: String), _ before: JSONNode?, _ after: JSONNode?
    ) -> [DriftChange] {
        let old = TokenizerComparison.plain(before ?? .null)
        let new = TokenizerComparison.plain(after ?? .null)
        let found = KeyDifference.all(old, new).found
        guard let first = found.first else { return [] }
        let places = found.prefix(10).map {
            DriftChange.Place(name, $0.path.isEmpty ? section.key : KeyDifference.text([section.key] + $0.path))
        }
        let text: String
        if found.count == 1, !first.path.isEmpty {
            let key = Escaped(KeyDifference.text([section.key] + first.path), limit: 120)
            text = "`\(key)` is \(first.after?.short ?? "not set"), was \(first.before?.short ?? "not set")"
        } else if new.isNull {
            text = "`\(section.key)` is gone" + TokenizerComparison.type(old)
        } else if old.isNull {
            text = "`\(section.key)` came" + TokenizerComparison.type(new)
        } else {
            text =
                "`\(section.key)` differs in \(found.count) \(found.count == 1 ? "place" : "places")"
                + TokenizerComparison.type(new)
        }
        return [
            DriftChange(
                section.rule, .tokens, .behaviour, component, places, text, consequence: section.consequence,
                before: (before ?? .null).reported, after: (after ?? .null).reported,
                evidence: .text(
                    TextDiff(
                        (before ?? .null).reported.text() + "\n", (after ?? .null).reported.text() + "\n")))
        ]
    }

    /// The type of a step, in brackets; nothing where it has none.
    private static func type(_ node: JSONNode) -> String {
        node["type"]?.string.map { " (`\(Escaped($0, limit: 60))`)" } ?? ""
    }

    /// A subtree without what says nothing: defaults that later versions of the library write out, and names it has
    /// left behind.
    private static func plain(_ node: JSONNode) -> JSONNode {
        if let items = node.items { return .array(items.map(plain)) }
        guard let members = node.members else { return node }
        let type = node["type"]?.string ?? ""
        return .object(
            members.compactMap { member in
                if type == "Metaspace" {
                    if member.key == "str_rep" { return nil }
                    if member.key == "add_prefix_space", let isOn = member.value.bool {
                        return node["prepend_scheme"] != nil
                            ? nil : (isOn ? nil : JSONMember(key: "prepend_scheme", value: .string("never")))
                    }
                }
                if let value = defaults[type + "." + member.key] ?? nil, value.sameMeaning(as: member.value) {
                    return nil
                }
                return JSONMember(key: member.key, value: plain(member.value))
            })
    }

    private static let defaults: [String: JSONNode?] = [
        "ByteLevel.use_regex": .bool(true), "Metaspace.prepend_scheme": .string("always"),
        "Metaspace.split": .bool(true),
        ".direction": .string("Right"), "Split.invert": .bool(false), "BertNormalizer.strip_accents": .null,
    ]

    // MARK: The model

    private func model(_ before: JSONNode, _ after: JSONNode) -> [DriftChange] {
        var changes: [DriftChange] = []
        let types = (before["type"]?.string, after["type"]?.string)
        if types.0 != types.1 {
            changes.append(
                DriftChange(
                    "tokenizer-model-type", .tokens, .breaking, component, [.init(name, "model.type")],
                    "the tokenizer is of type `\(Escaped(types.1 ?? "none", limit: 40))`, was"
                        + " `\(Escaped(types.0 ?? "none", limit: 40))`",
                    consequence: "text becomes other tokens", before: before["type"]?.reported,
                    after: after["type"]?.reported))
        }
        changes += vocabulary(before["vocab"], after["vocab"])
        changes += TokenizerComparison.merges(
            TokenizerComparison.merges(before["merges"]), TokenizerComparison.merges(after["merges"]),
            at: .init(name, "model.merges"), component: component)
        let skipped: Set<String> = ["type", "vocab", "merges"]
        func rest(_ node: JSONNode) -> JSONNode {
            .object(
                (node.members ?? []).filter { member in
                    guard !skipped.contains(member.key) else { return false }
                    // What the library takes when the key is not there.
                    if ["ignore_merges", "byte_fallback", "fuse_unk"].contains(member.key) {
                        return member.value.bool != false
                    }
                    return !member.value.isNull
                })
        }
        for difference in KeyDifference.all(rest(before), rest(after)).found.prefix(20) {
            let key = "model." + difference.key
            changes.append(
                DriftChange(
                    "tokenizer-model-setting", .tokens, .behaviour, component, [.init(name, key)],
                    "`\(Escaped(key, limit: 120))` is \(difference.after?.short ?? "not set"), was"
                        + " \(difference.before?.short ?? "not set")",
                    consequence: "text is cut into other tokens", before: difference.before?.reported,
                    after: difference.after?.reported))
        }
        return changes
    }

    private func vocabulary(_ before: JSONNode?, _ after: JSONNode?) -> [DriftChange] {
        let place = DriftChange.Place(name, "model.vocab")
        var changes = TokenizerComparison.vocabulary(
            TokenizerComparison.tokens(before), TokenizerComparison.tokens(after), at: place, component: component)
        // The scores of a unigram model say which cut of a text is the likeliest.
        if changes.isEmpty, let old = before?.items, let new = after?.items {
            let differing = zip(old, new).count { one, other in
                !(one.items?.last ?? .null).sameMeaning(as: other.items?.last ?? .null)
            }
            if differing > 0 {
                changes.append(
                    DriftChange(
                        "vocabulary-scores", .tokens, .behaviour, component, [place],
                        "\(differing) \(differing == 1 ? "token has" : "tokens have") another score",
                        consequence: "text is cut into other tokens"))
            }
        }
        return changes
    }

    /// The tokens of an object of numbers, or of a list of pairs of a text and a score.
    static func tokens(_ node: JSONNode?) -> [VocabularyComparison.Token] {
        if let members = node?.members {
            return members.compactMap { member in member.value.integer.map { .init(member.key, $0) } }
        }
        return (node?.items ?? []).enumerated().compactMap { index, item in
            (item.items?.first?.string ?? item.string).map { .init($0, Int64(index)) }
        }
    }

    /// The change of a vocabulary, at most one.
    static func vocabulary(
        _ before: [VocabularyComparison.Token], _ after: [VocabularyComparison.Token], at place: DriftChange.Place,
        component: Component
    ) -> [DriftChange] {
        let comparison = VocabularyComparison(before, after)
        guard !comparison.isEmpty else { return [] }
        let isBreaking = comparison.difference.removedCount > 0 || comparison.difference.renumberedCount > 0
        return [
            DriftChange(
                "vocabulary-changed", .tokens, isBreaking ? .breaking : .behaviour, component, [place],
                "vocabulary: \(comparison.summary); \(after.count) tokens, were \(before.count)",
                consequence: isBreaking
                    ? "the same text becomes other ids than those the weights were trained with"
                    : "text that contains the new tokens is cut otherwise",
                evidence: .vocabulary(comparison.difference))
        ]
    }

    /// Merges as texts, whether the file writes `"a b"` or `["a", "b"]`.
    static func merges(_ node: JSONNode?) -> [String] {
        (node?.items ?? []).compactMap { item in
            if let text = item.string { return text }
            guard let parts = item.items, parts.count == 2, let first = parts[0].string, let second = parts[1].string
            else { return nil }
            return first + " " + second
        }
    }

    /// The change of a list of merges, at most one.
    static func merges(
        _ before: [String], _ after: [String], at place: DriftChange.Place, component: Component
    ) -> [DriftChange] {
        guard !(before.count == after.count && zip(before, after).allSatisfy { $0.utf8.elementsEqual($1.utf8) }) else {
            return []
        }
        let (old, new) = (Set(before.map(TextKey.init)), Set(after.map(TextKey.init)))
        let added = after.filter { !old.contains(TextKey($0)) }
        let removed = before.filter { !new.contains(TextKey($0)) }
        let isReordered = added.isEmpty && removed.isEmpty
        let first = zip(before, after).enumerated().first { !$0.element.0.utf8.elementsEqual($0.element.1.utf8) }
        let text =
            isReordered
            ? "the merges are in another order" + (first.map { ", from rule \($0.offset + 1) on" } ?? "")
            : "merges: \(added.count) added, \(removed.count) removed"
        return [
            DriftChange(
                isReordered ? "merges-reordered" : "merges-changed", .tokens, .behaviour, component, [place], text,
                consequence: "a merge that comes first wins: text is cut into other tokens",
                evidence: .names(
                    added: Array(added.prefix(50)), removed: Array(removed.prefix(50)),
                    changed: isReordered ? first.map { [$0.element.0, $0.element.1] } ?? [] : []))
        ]
    }
}
