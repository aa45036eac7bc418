// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The files that a tokenizer is made of: what a `tokenizer` source takes when it does not say what to include, so that
/// naming another repository does not fetch its weights.
package enum TokenizerFiles {
    /// The patterns, as `docs/formats/manifest.md` lists them.
    package static let patterns: [FilePattern] = texts.compactMap { try? FilePattern($0) }

    private static let texts = [
        "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab*", "merges.txt", "*.model", "*.spm",
        "*.tiktoken", "*.bpe", "bpe.codes", "tekken.json", "normalizer.json", "chat_template*",
        "additional_chat_templates/*", "*.jinja", "config.json",
    ]
}
