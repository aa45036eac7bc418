// SPDX-License-Identifier: Apache-2.0

/// What a GGUF metadata key means for outputs.
struct GGUFKeyClass {
    let kind: DriftClass
    let severity: DriftSeverity
    /// What a change can do; nil where the key says it.
    let consequence: String?

    /// Classifies a key. What is not known may change an output.
    ///
    /// - Parameter architecture: the value of `general.architecture`, which is the first part of many keys.
    init(_ key: String, architecture: String) {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        switch parts.first {
        case "tokenizer": self = GGUFKeyClass.tokenizer(key)
        case "general": self = GGUFKeyClass.general(key, parts)
        case "split":
            self.init(.packaging, .cosmetic, "how the file is split over several changes no number")
        case "quantize":
            self.init(
                .packaging, .cosmetic, "it says how the tensors were quantised; the tensors themselves are compared")
        default:
            let rest = parts.dropFirst()
            let isArchitecture = parts.count > 1 && (parts[0] == architecture || architecture.isEmpty)
            if isArchitecture, let last = rest.first, GGUFKeyClass.sizes.contains(last) {
                self.init(.architecture, .breaking, "the tensors are read as another network")
            } else if isArchitecture {
                self.init(.architecture, .behaviour, nil)
            } else {
                self.init(.architecture, .behaviour, "the key is not known here, so it may change outputs")
            }
        }
    }

    private init(_ kind: DriftClass, _ severity: DriftSeverity, _ consequence: String?) {
        (self.kind, self.severity, self.consequence) = (kind, severity, consequence)
    }

    private static let sizes: Set<String> = [
        "block_count", "embedding_length", "feed_forward_length", "vocab_size", "expert_count",
    ]

    private static func tokenizer(_ key: String) -> GGUFKeyClass {
        switch key {
        case "tokenizer.ggml.pre":
            GGUFKeyClass(.tokens, .behaviour, "llama.cpp splits text otherwise before it looks up tokens")
        case "tokenizer.ggml.model": GGUFKeyClass(.tokens, .breaking, "text becomes tokens by another method")
        case "tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.scores", "tokenizer.ggml.token_type":
            GGUFKeyClass(.tokens, .behaviour, "the same text can become other tokens")
        default:
            key.hasSuffix("_token_id") || key.hasSuffix("_token_ids")
                ? GGUFKeyClass(
                    .tokens, .behaviour, "special tokens decide where a turn begins and where an answer ends")
                : GGUFKeyClass(.tokens, .behaviour, nil)
        }
    }

    private static func general(_ key: String, _ parts: [String]) -> GGUFKeyClass {
        switch parts.count > 1 ? parts[1] : "" {
        case "architecture": return GGUFKeyClass(.architecture, .breaking, "another network reads the tensors")
        case "quantization_version":
            return GGUFKeyClass(.architecture, .behaviour, "the blocks of quantised tensors are read otherwise")
        case "sampling": return GGUFKeyClass(.sampling, .behaviour, "llama.cpp takes it where nobody says otherwise")
        case "alignment":
            return GGUFKeyClass(.packaging, .cosmetic, "where tensors begin in the file changes no number")
        case "file_type":
            return GGUFKeyClass(
                .packaging, .cosmetic, "it is a label: the types of the tensors are compared one by one")
        case "type":
            return GGUFKeyClass(
                .architecture, .behaviour, "it says whether the file is a model, an adapter or a projector")
        case "license", "license_name", "license_link", "license.name", "license.link":
            return GGUFKeyClass(.docs, .cosmetic, "a licence concerns people, not outputs")
        default:
            // Names, authors, addresses, tags, languages, data sets, base models: what people read.
            return GGUFKeyClass(.docs, .cosmetic, nil)
        }
    }
}
