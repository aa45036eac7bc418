// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What three files say about where a text ends: they have to mean the same tokens, and engines read different ones of them.
struct StopTokens {
    private var generation: Set<Int64>?
    private var config: Set<Int64>?
    /// The end-of-sequence token of the tokenizer's configuration, and its number.
    private var token: Int64?

    /// Takes what a file says.
    mutating func read(_ kind: DefaultsFile, _ value: JSONValue) {
        switch kind {
        case .generation: generation = StopTokens.ids(value["eos_token_id"])
        case .config: config = StopTokens.ids(value["eos_token_id"] ?? value["text_config"]?["eos_token_id"])
        case .tokenizer:
            let end = value["eos_token"]
            guard let text = end?.string ?? end?["content"]?.string else { return }
            let found = value["added_tokens_decoder"]?.members?.first { member in
                member.value["content"]?.string.map { $0.utf8.elementsEqual(text.utf8) } ?? false
            }
            token = found.flatMap { Int64($0.key) }
        default: break
        }
    }

    private static func ids(_ value: JSONValue?) -> Set<Int64>? {
        if let id = value?.integer { return [id] }
        guard let ids = value?.array?.compactMap(\.integer), !ids.isEmpty else { return nil }
        return Set(ids)
    }

    /// The file whose ids most engines stop at.
    var decisive: String? { generation != nil ? "generation_config.json" : config != nil ? "config.json" : nil }

    /// Whether the ids that engines stop at hold all that the other files name; nil when fewer than two files say something.
    var agree: Bool? {
        guard let stops = generation ?? config else { return nil }
        let others = (generation == nil ? [] : Array(config ?? [])) + (token.map { [$0] } ?? [])
        return others.isEmpty ? nil : others.allSatisfy { stops.contains($0) }
    }
}
