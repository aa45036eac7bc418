// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Where the three files say that generation ends, and whether they say the same.
struct StopTokens {
    /// The ids of `generation_config.json`; nil when it says none.
    let generation: Set<Int64>?
    /// The ids of `config.json`; nil when it says none.
    let config: Set<Int64>?
    /// The text of `tokenizer_config.json`; nil when it says none.
    let text: String?
    /// The id of that text; nil when no file that was read knows it.
    let id: Int64?

    init(
        generation: JSONNode?, config: JSONNode?, tokenizerConfig: JSONNode?, added: [AddedTokens],
        vocabulary: JSONNode?
    ) {
        self.generation = StopTokens.ids(generation?["eos_token_id"])
        self.config = StopTokens.ids(config?["eos_token_id"] ?? config?["text_config"]?["eos_token_id"])
        let token = tokenizerConfig?["eos_token"]
        text = token?.string ?? token?["content"]?.string
        id = text.flatMap { text in
            added.lazy.compactMap { $0.id(of: text) }.first ?? vocabulary?[text]?.integer
        }
    }

    private static func ids(_ node: JSONNode?) -> Set<Int64>? {
        switch node {
        case .array(let items): Set(items.compactMap(\.integer))
        case .some(let node): node.integer.map { [$0] }
        case nil: nil
        }
    }

    /// Whether each file's ids are among those that generation ends with. A longer list in `generation_config.json` is
    /// usual: a chat model ends with the end of a turn and with the end of a text.
    var agree: Bool {
        guard let ending = generation ?? config else { return true }
        if let id, !ending.contains(id) { return false }
        return config.map { $0.isSubset(of: ending) } ?? true
    }

    private static func shown(_ ids: Set<Int64>) -> String { ids.sorted().map(String.init).joined(separator: ", ") }

    /// The change when the files do not agree; nil when they do, or did not before in the same way.
    static func change(_ before: StopTokens, _ after: StopTokens, tokenizerPrefix: String) -> DriftChange? {
        guard !after.agree else { return nil }
        let isSame = before.generation == after.generation && before.config == after.config && before.id == after.id
        guard before.agree || !isSame else { return nil }
        var parts: [String] = []
        var places: [DriftChange.Place] = []
        if let ids = after.generation {
            parts.append("generation_config.json \(shown(ids))")
            places.append(.init("generation_config.json", "eos_token_id"))
        }
        if let ids = after.config {
            parts.append("config.json \(shown(ids))")
            places.append(.init("config.json", "eos_token_id"))
        }
        if let text = after.text {
            let id = after.id.map { " (\($0))" } ?? ""
            parts.append("tokenizer_config.json `\(Escaped(text, limit: 40))`\(id)")
            places.append(.init(tokenizerPrefix + "tokenizer_config.json", "eos_token"))
        }
        return DriftChange(
            "stop-tokens-disagree", .tokens, .behaviour, .generation, places,
            "the files do not agree where an answer ends: \(parts.joined(separator: ", "))",
            consequence: "engines that read one file stop where others go on: answers that do not end, or end early")
    }
}
