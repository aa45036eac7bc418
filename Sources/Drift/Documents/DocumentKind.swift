// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What a file is read as, by its name.
enum DocumentKind: Sendable, Hashable {
    // JSON, key by key
    case config, generation, tokenizerConfig, specialTokens, processor, adapter, modules, pooling, quantization
    case sentenceTransformers, sentenceBert, scheduler, otherJSON
    // Of the tokenizer
    case tokenizer, vocabularyJSON, vocabularyText, merges, addedTokens, tokenizerModel, tokenizerOther
    // Others
    case python, requirements, otherCode
    case readme, docs
    case leftover
    case text, opaque
    /// Weights, indexes of weights and templates are compared elsewhere.
    case weights, template

    init(_ path: RelativePath, component: Component) {
        let segments = path.segments.map { $0.lowercased() }
        let name = segments.last ?? ""
        let directory = segments.dropLast().last ?? ""
        switch component {
        case .weights: self = .weights
        case .chatTemplate: self = .template
        case .docs: self = name == "readme.md" ? .readme : .docs
        case .code:
            self =
                name.hasSuffix(".py")
                ? .python : name.hasSuffix(".txt") || PackageList.isLock(name) ? .requirements : .otherCode
        case .other where DocumentKind.isLeftover(name): self = .leftover
        case .tokenizer: self = DocumentKind.tokenizerFile(name)
        case .generation: self = .generation
        case .quantization where name.hasSuffix(".json"): self = .quantization
        default: self = DocumentKind.byName(name, directory: directory)
        }
    }

    private static func tokenizerFile(_ name: String) -> DocumentKind {
        if name.hasPrefix("tokenizer_config"), name.hasSuffix(".json") { return .tokenizerConfig }
        // `tokenizer.4.0.0.json` and its kin are for a version of the library.
        if name.hasPrefix("tokenizer."), name.hasSuffix(".json") { return .tokenizer }
        return switch name {
        case "special_tokens_map.json": .specialTokens
        case "added_tokens.json": .addedTokens
        case "vocab.json": .vocabularyJSON
        case "vocab.txt": .vocabularyText
        case "merges.txt", "vocab.bpe", "bpe.codes": .merges
        default: otherTokenizerFile(name)
        }
    }

    private static func otherTokenizerFile(_ name: String) -> DocumentKind {
        if name.hasSuffix(".json") { return .tokenizerOther }
        if name.hasSuffix(".txt") { return .vocabularyText }
        let models = [".model", ".spm", ".tiktoken"]
        return models.contains { name.hasSuffix($0) } || name.contains(".model.v") ? .tokenizerModel : .opaque
    }

    private static func byName(_ name: String, directory: String) -> DocumentKind {
        switch name {
        case "config.json":
            if directory.hasSuffix("_pooling") { return .pooling }
            return .config
        case "adapter_config.json": return .adapter
        case "modules.json": return .modules
        case "config_sentence_transformers.json": return .sentenceTransformers
        case "sentence_bert_config.json": return .sentenceBert
        case "scheduler_config.json": return .scheduler
        case "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
            "image_processor_config.json", "feature_extractor_config.json":
            return .processor
        default:
            if name.hasSuffix("_config.json"), name.hasPrefix("sentence_") { return .sentenceBert }
            if name.hasSuffix(".json") { return .otherJSON }
            let texts = [
                ".txt", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".json5", ".jsonl", ".csv", ".tsv", ".xml",
            ]
            return texts.contains { name.hasSuffix($0) } ? .text : .opaque
        }
    }

    /// What a training run leaves behind and no engine reads.
    private static func isLeftover(_ name: String) -> Bool {
        ["training_args.bin", "trainer_state.json", "scheduler.pt", "scheduler.bin", "scaler.pt", ".ds_store"].contains(
            name)
            || name.hasPrefix("optimizer.") || name.hasPrefix("rng_state") || name.hasPrefix("events.out.tfevents")
    }

    /// Whether it is JSON that is compared key by key.
    var isKeyed: Bool {
        switch self {
        case .config, .generation, .tokenizerConfig, .specialTokens, .processor, .adapter, .modules, .pooling,
            .quantization, .sentenceTransformers, .sentenceBert, .scheduler, .otherJSON, .tokenizerOther:
            true
        default: false
        }
    }
}
