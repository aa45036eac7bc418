// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Whether the files of one tokenizer say the same.
struct TokenizerAgreement {
    /// `tokenizer.json`
    let tokenizer: JSONNode?
    /// `tokenizer_config.json`
    let settings: JSONNode?
    /// `special_tokens_map.json`
    let map: JSONNode?
    /// `config.json` of the model.
    let config: JSONNode?
    /// What stands in front of the names of the tokenizer's files.
    let prefix: String

    /// A place where two files contradict each other.
    struct Contradiction {
        let key: String
        let text: String
        let places: [DriftChange.Place]
        var isBreaking = false
    }

    /// The most contradictions reported.
    static let maximumReported = 20

    /// The changes for contradictions that were not there before.
    static func changes(_ before: TokenizerAgreement, _ after: TokenizerAgreement) -> [DriftChange] {
        let old = Set(before.contradictions.map { TextKey($0.key + $0.text) })
        return after.contradictions.filter { !old.contains(TextKey($0.key + $0.text)) }.prefix(maximumReported).map {
            DriftChange(
                $0.isBreaking ? "vocabulary-exceeds-config" : "tokenizer-files-disagree", .tokens,
                $0.isBreaking ? .breaking : .behaviour, .tokenizer, $0.places, $0.text,
                consequence: $0.isBreaking
                    ? "the model has no embedding for such an id: an error, or whatever lies behind the table"
                    : "which of them counts depends on the library that loads it")
        }
    }

    private var contradictions: [Contradiction] { addedTokens + specialTokens + size }

    private func place(_ file: String, _ key: String) -> DriftChange.Place { .init(prefix + file, key) }

    private var addedTokens: [Contradiction] {
        guard let list = AddedTokens(list: tokenizer?["added_tokens"]),
            let decoder = AddedTokens(decoder: settings?["added_tokens_decoder"])
        else { return [] }
        let texts = Dictionary(list.entries.map { ($0.token.id, $0.token.text) }, uniquingKeysWith: { $1 })
        return decoder.entries.compactMap { entry in
            guard let text = texts[entry.token.id], !text.utf8.elementsEqual(entry.token.text.utf8) else { return nil }
            let id = entry.token.id
            return Contradiction(
                key: "added:\(id)",
                text: "token \(id) is `\(Escaped(text, limit: 60))` in tokenizer.json and"
                    + " `\(Escaped(entry.token.text, limit: 60))` in tokenizer_config.json",
                places: [
                    place("tokenizer_config.json", "added_tokens_decoder.\(id)"),
                    place("tokenizer.json", "added_tokens"),
                ])
        }
    }

    private static let names = [
        "bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token", "mask_token",
    ]

    private static func text(_ node: JSONNode?) -> String? { node?.string ?? node?["content"]?.string }

    private var specialTokens: [Contradiction] {
        var found: [Contradiction] = []
        let list = AddedTokens(list: tokenizer?["added_tokens"])
        let vocabulary = tokenizer?["model"]?["vocab"]
        for name in Self.names {
            guard let text = Self.text(settings?[name]) else { continue }
            let shown = Escaped(text, limit: 60)
            if let other = Self.text(map?[name]), !other.utf8.elementsEqual(text.utf8) {
                found.append(
                    Contradiction(
                        key: "map:" + name,
                        text: "`\(name)` is `\(shown)` in tokenizer_config.json and `\(Escaped(other, limit: 60))` in"
                            + " special_tokens_map.json",
                        places: [place("tokenizer_config.json", name), place("special_tokens_map.json", name)]))
            }
            // A list of pairs is searched by its texts.
            if let list, vocabulary?.members != nil, list.id(of: text) == nil, vocabulary?[text] == nil {
                found.append(
                    Contradiction(
                        key: "unknown:" + name,
                        text: "`\(name)` is `\(shown)` in tokenizer_config.json, which tokenizer.json does not know",
                        places: [place("tokenizer_config.json", name), place("tokenizer.json", "added_tokens")]))
            }
        }
        return found
    }

    private var size: [Contradiction] {
        guard let tokenizer, let limit = (config?["vocab_size"] ?? config?["text_config"]?["vocab_size"])?.integer
        else {
            return []
        }
        let ids =
            TokenizerComparison.tokens(tokenizer["model"]?["vocab"]).map(\.id)
            + (AddedTokens(list: tokenizer["added_tokens"])?.entries.map(\.token.id) ?? [])
        guard let highest = ids.max(), highest >= limit else { return [] }
        return [
            Contradiction(
                key: "size", text: "the tokenizer has the id \(highest), and `vocab_size` is \(limit)",
                places: [place("tokenizer.json", "model.vocab"), .init("config.json", "vocab_size")], isBreaking: true)
        ]
    }
}
