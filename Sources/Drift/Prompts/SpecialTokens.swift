// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The tokens with names that a tokenizer hands to its templates: `bos_token`, `eos_token`, ….
package struct SpecialTokens: Sendable, Hashable {
    /// The tokens in the order in which templates get them.
    package let tokens: [JSONValue.Member]
    /// The file that they come from, with the role in front when it is not the model's; nil when there is none.
    package let file: String?

    /// A template by itself has none.
    package static let none = SpecialTokens(tokens: [], file: nil)

    /// Tokens for a template that is looked at without its tokenizer, such as many tokenizers have them.
    package static let standIns = SpecialTokens(
        tokens: [
            .init("bos_token", "<s>"), .init("eos_token", "</s>"), .init("unk_token", "<unk>"),
            .init("pad_token", "<pad>"),
        ], file: nil)

    /// The names that every tokenizer can have, in the order of transformers.
    static let standard = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// Puts tokens together.
    package init(tokens: [JSONValue.Member], file: String?) { (self.tokens, self.file) = (tokens, file) }

    /// Reads them as transformers does: out of `tokenizer_config.json`; `special_tokens_map.json` wins over it, but is not
    /// read when the former lists its `added_tokens_decoder`. A token is a text or an object with its `content`; beside
    /// the standard names everything that ends in `_token` counts, and a table `extra_special_tokens`.
    init(config: JSONValue?, map: JSONValue?, file: String?) {
        var found: [JSONValue.Member] = []
        func note(_ key: String, _ value: JSONValue) {
            found.removeAll { $0.key.utf8.elementsEqual(key.utf8) }
            if let text = SpecialTokens.text(value) { found.append(.init(key, .string(text))) }
        }
        for source in config?.last("added_tokens_decoder") == nil ? [config, map] : [config] {
            for member in (source?.members ?? []).prefix(1000) where member.key.hasSuffix("_token") {
                note(member.key, member.value)
            }
            for member in (source?.last("extra_special_tokens")?.members ?? []).prefix(1000) {
                note(member.key, member.value)
            }
        }
        func rank(_ key: String) -> Int {
            SpecialTokens.standard.firstIndex { $0.utf8.elementsEqual(key.utf8) } ?? SpecialTokens.standard.count
        }
        let sorted = found.enumerated().sorted { (rank($0.element.key), $0.offset) < (rank($1.element.key), $1.offset) }
        self.init(tokens: sorted.map(\.element), file: file)
    }

    /// The text of a token.
    private static func text(_ value: JSONValue) -> String? { value.string ?? value.last("content")?.string }

    /// The text of the token with a name.
    package subscript(_ name: String) -> String? {
        tokens.first { $0.key.utf8.elementsEqual(name.utf8) }?.value.string
    }
}
