// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

extension DocumentComparison {
    /// The change of a tokenizer's small file that came or went, when another file says all of it; nil when it does
    /// not.
    ///
    /// Version 5 of transformers writes neither `special_tokens_map.json` nor `added_tokens.json` any more.
    mutating func said(elsewhere pair: FilePair, _ kind: DocumentKind) async throws -> DriftChange? {
        guard let file = pair.after ?? pair.before, pair.before == nil || pair.after == nil else { return nil }
        // The side that has the file, and the one that has to say the same without it.
        let (there, missing): (DocumentShelf.Side, DocumentShelf.Side) =
            pair.after == nil ? (.before, .after) : (.after, .before)
        guard [.specialTokens, .addedTokens].contains(kind),
            case .content(let document?) = try await shelf.json(file, there)
        else { return nil }
        let directory = pair.path.segments.dropLast().map { $0 + "/" }.joined()
        let other: String
        if kind == .specialTokens {
            other = "tokenizer_config.json"
            let settings = try await shelf.root(directory + other, role: pair.role, missing)
            guard let settings, DocumentComparison.says(settings, document.root) else { return nil }
        } else {
            other = "tokenizer.json"
            let list = try await shelf.root(directory + other, role: pair.role, missing)?["added_tokens"]
            guard let tokens = AddedTokens(map: document.root), let known = AddedTokens(list: list),
                known.covers(tokens)
            else { return nil }
        }
        return DriftChange(
            pair.after == nil ? "file-removed" : "file-added", .packaging, .cosmetic, pair.component,
            [.init(pair.name)],
            pair.after == nil
                ? "the file is gone; \(other) says the same" : "the file came, and says what \(other) said before",
            consequence: "the tokens are the same")
    }

    /// Whether the settings give every token of a map the same value.
    private static func says(_ settings: JSONNode, _ map: JSONNode) -> Bool {
        (map.members ?? []).allSatisfy { member in
            let value =
                settings[member.key]
                ?? (member.key == "additional_special_tokens" ? settings["extra_special_tokens"] : nil)
            guard let value else { return false }
            return DocumentForm.plainToken(value).sameMeaning(as: DocumentForm.plainToken(member.value))
        }
    }

    /// The changes without those of an `added_tokens_decoder` that came or went while `tokenizer.json` has its tokens.
    mutating func relieved(
        _ changes: [DriftChange], _ pair: FilePair, _ before: JSONNode, _ after: JSONNode
    ) async throws -> [DriftChange] {
        let key = "added_tokens_decoder"
        let (old, new) = (AddedTokens(decoder: before[key]), AddedTokens(decoder: after[key]))
        guard let tokens = old ?? new, old == nil || new == nil else { return changes }
        let directory = pair.path.segments.dropLast().map { $0 + "/" }.joined()
        let list = try await shelf.root(
            directory + "tokenizer.json", role: pair.role, new == nil ? .after : .before)?["added_tokens"]
        guard let known = AddedTokens(list: list), known.covers(tokens) else { return changes }
        let rest = changes.filter { !$0.rule.hasPrefix("added-token") && $0.rule != "format-only" }
        return rest + [
            DriftChange(
                "added-tokens-elsewhere", .packaging, .cosmetic, pair.component, [.init(pair.name, key)],
                "`\(key)` \(new == nil ? "is gone" : "came"); tokenizer.json has the same tokens",
                consequence: "fast tokenizers take them from tokenizer.json")
        ]
    }
}
