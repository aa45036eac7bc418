// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The tokens that stand beside a vocabulary: what `added_tokens` of `tokenizer.json`, `added_tokens_decoder` of
/// `tokenizer_config.json` and `added_tokens.json` say.
struct AddedTokens {
    struct Entry {
        let token: VocabularyComparison.Token
        /// The flags that differ from false, such as `lstrip`, sorted; without `normalized`, which writers leave out.
        let flags: [String]
    }

    let entries: [Entry]

    /// The list of `tokenizer.json`; nil when it is none.
    init?(list: JSONNode?) {
        guard let items = list?.items else { return nil }
        entries = items.compactMap { item in
            guard let id = item["id"]?.integer else { return nil }
            return AddedTokens.entry(id, item)
        }
    }

    /// The object of `tokenizer_config.json`, with the number as the key; nil when it is none.
    init?(decoder: JSONNode?) {
        guard let members = decoder?.members else { return nil }
        entries = members.compactMap { member in
            Int64(member.key).flatMap { AddedTokens.entry($0, member.value) }
        }
    }

    /// The object of `added_tokens.json`, with the text as the key; nil when it is none.
    init?(map: JSONNode?) {
        guard let members = map?.members else { return nil }
        entries = members.compactMap { member in
            member.value.integer.map { Entry(token: .init(member.key, $0), flags: []) }
        }
    }

    private static func entry(_ id: Int64, _ node: JSONNode) -> Entry? {
        guard let text = node.string ?? node["content"]?.string else { return nil }
        let flags = ["lstrip", "rstrip", "single_word", "special"].filter { node[$0]?.bool == true }
        return Entry(token: .init(text, id), flags: flags)
    }

    /// The number of a text; nil when it is not among them.
    func id(of text: String) -> Int64? { entries.last { $0.token.text.utf8.elementsEqual(text.utf8) }?.token.id }

    /// Whether every token of another list is in this one, with the same number.
    func covers(_ other: AddedTokens) -> Bool {
        let texts = Dictionary(entries.map { ($0.token.id, $0.token.text) }, uniquingKeysWith: { $1 })
        return other.entries.allSatisfy { entry in
            texts[entry.token.id].map { $0.utf8.elementsEqual(entry.token.text.utf8) } ?? false
        }
    }

    /// The changes from one list to another, at a place.
    static func changes(
        _ before: AddedTokens?, _ after: AddedTokens?, at place: DriftChange.Place, component: Component
    ) -> [DriftChange] {
        let (old, new) = (before?.entries ?? [], after?.entries ?? [])
        func sorted(_ entries: [Entry]) -> [VocabularyComparison.Token] {
            entries.map(\.token).sorted { $0.id != $1.id ? $0.id < $1.id : TextKey($0.text) < TextKey($1.text) }
        }
        var changes: [DriftChange] = []
        let comparison = VocabularyComparison(sorted(old), sorted(new))
        if !comparison.isEmpty {
            changes.append(
                DriftChange(
                    "added-tokens", .tokens, comparison.lost > 0 ? .breaking : .behaviour, component, [place],
                    "added tokens: " + comparison.summary,
                    consequence: comparison.lost > 0
                        ? "the model sees other ids for these texts than it was trained with"
                        : "these texts become single tokens; the others keep their ids",
                    evidence: .vocabulary(comparison.difference)))
        }
        let flags = Dictionary(old.map { (TextKey($0.token.text), $0.flags) }, uniquingKeysWith: { $1 })
        let changed = new.compactMap { entry -> String? in
            guard let former = flags[TextKey(entry.token.text)], former != entry.flags else { return nil }
            let words = (former.joined(separator: "+"), entry.flags.joined(separator: "+"))
            return "\(entry.token.text): \(words.0.isEmpty ? "none" : words.0) → \(words.1.isEmpty ? "none" : words.1)"
        }
        if let first = changed.first {
            changes.append(
                DriftChange(
                    "added-token-flags", .tokens, .behaviour, component, [place],
                    "\(changed.count) added \(changed.count == 1 ? "token is" : "tokens are") matched or shown"
                        + " otherwise"
                        + " (`\(Escaped(first, limit: 100))`\(changed.count > 1 ? ", …" : ""))",
                    consequence: "spaces around a token, or whether `skip_special_tokens` hides it, differ",
                    evidence: .names(added: [], removed: [], changed: Array(changed.prefix(50)))))
        }
        return changes
    }
}
