// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares two JSON files, whatever they are for.
struct JSONFileComparison {
    let pair: FilePair
    let kind: DocumentKind

    /// The largest file that is compared key by key; the files of a tokenizer have limits of their own.
    static let maximumKeyed = 32 << 20

    private var name: String { pair.name }
    private var component: Component { pair.component }

    /// The changes; a side that is absent has no content, one that is not JSON has content and no document.
    func changes(
        _ documents: (before: JSONDocument?, after: JSONDocument?), _ contents: (before: [UInt8]?, after: [UInt8]?)
    ) -> [DriftChange] {
        if contents.after != nil, documents.after == nil {
            // A file that was not JSON before is no worse now.
            let isNew = documents.before != nil || contents.before == nil
            return [
                DriftChange(
                    isNew ? "not-json" : "document-changed", kindOfFile, isNew ? .breaking : .behaviour, component,
                    [.init(name)], isNew ? "the file is not JSON" : "the file changed; it is not JSON",
                    consequence: "what reads it fails, or reads something else",
                    evidence: TextForm.diff(contents.before ?? [], contents.after ?? []).map { .text($0) })
            ]
        }
        if contents.before != nil, documents.before == nil, documents.after != nil {
            return [
                DriftChange(
                    "document-changed", kindOfFile, .behaviour, component, [.init(name)],
                    "the file is JSON, and was not before")
            ]
        }
        let size = max(contents.before?.count ?? 0, contents.after?.count ?? 0)
        if kind.isKeyed, size > JSONFileComparison.maximumKeyed, let old = documents.before, let new = documents.after,
            !old.root.sameMeaning(as: new.root)
        {
            return [
                DriftChange(
                    "document-changed", kindOfFile, .behaviour, component, [.init(name)],
                    "the file changed; it is too large to be compared key by key")
            ]
        }
        var changes = repeated(documents) + specific(documents.before?.root, documents.after?.root)
        if changes.isEmpty, !templateDiffers(documents.before?.root, documents.after?.root) {
            changes.append(
                pair.before != nil && pair.after != nil
                    ? formatOnly : placed(documents.after != nil))
        }
        return changes
    }

    /// Whether the file holds a chat template that differs: that is said elsewhere, and is more than format.
    private func templateDiffers(_ before: JSONNode?, _ after: JSONNode?) -> Bool {
        guard holdsTemplate else { return false }
        let (old, new) = (before?["chat_template"] ?? .null, after?["chat_template"] ?? .null)
        return !old.sameMeaning(as: new)
    }

    /// What a file is about when nothing more is known.
    private var kindOfFile: DriftClass {
        switch component {
        case .tokenizer: .tokens
        case .generation: .sampling
        default: .architecture
        }
    }

    private var formatOnly: DriftChange {
        DriftChange(
            "format-only", .packaging, .cosmetic, component, [.init(name)],
            "only white space, the order of keys or the spelling of values differ",
            consequence: "every reader gets the same values")
    }

    private func placed(_ isThere: Bool) -> DriftChange {
        DriftChange(
            isThere ? "file-added" : "file-removed", .packaging, .cosmetic, component, [.init(name)],
            isThere ? "the file came and says nothing but defaults" : "the file is gone and said nothing but defaults",
            consequence: "the values are those that are taken without it")
    }

    private func repeated(_ documents: (before: JSONDocument?, after: JSONDocument?)) -> [DriftChange] {
        guard let key = documents.after?.repeatedKeys.first, documents.before?.repeatedKeys.isEmpty ?? true else {
            return []
        }
        return [
            DriftChange(
                "key-twice", kindOfFile, .behaviour, component, [.init(name, key)],
                "`\(Escaped(key, limit: 80))` is in one object twice",
                consequence: "readers disagree about which of them counts")
        ]
    }

    private func specific(_ before: JSONNode?, _ after: JSONNode?) -> [DriftChange] {
        switch kind {
        case .tokenizer:
            guard let before, let after else { return whole(after != nil) }
            return TokenizerComparison(name: name, component: component).changes(before, after)
        case .vocabularyJSON:
            guard let before, let after else { return whole(after != nil) }
            return TokenizerComparison.vocabulary(
                TokenizerComparison.tokens(before), TokenizerComparison.tokens(after), at: .init(name),
                component: component)
        case .addedTokens:
            return AddedTokens.changes(
                AddedTokens(map: before), AddedTokens(map: after), at: .init(name), component: component)
        case .tokenizerConfig:
            return keyed(before, after)
                + AddedTokens.changes(
                    AddedTokens(decoder: before?["added_tokens_decoder"]),
                    AddedTokens(decoder: after?["added_tokens_decoder"]), at: .init(name, "added_tokens_decoder"),
                    component: component)
        default: return keyed(before, after)
        }
    }

    private func keyed(_ before: JSONNode?, _ after: JSONNode?) -> [DriftChange] {
        let holds = holdsTemplate
        return KeyedComparison(kind: kind, name: name, component: component).changes(
            holds ? before?.without("chat_template") : before, holds ? after?.without("chat_template") : after)
    }

    /// Whether the file's `chat_template` is compared elsewhere.
    private var holdsTemplate: Bool {
        guard let file = pair.after ?? pair.before else { return false }
        switch TemplateSet.kind(of: file) {
        case .tokenizerConfig, .document: return true
        default: return false
        }
    }

    /// A file with a whole vocabulary that came or went.
    private func whole(_ isThere: Bool) -> [DriftChange] {
        [
            DriftChange(
                isThere ? "file-added" : "file-removed", .tokens, .behaviour, component, [.init(name)],
                isThere ? "a file of the tokenizer came" : "a file of the tokenizer is gone",
                consequence: isThere
                    ? "libraries that look for it first take it from now on"
                    : "libraries take another file, convert one, or fail")
        ]
    }
}
