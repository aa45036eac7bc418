// SPDX-License-Identifier: Apache-2.0

/// What the keys of the smaller files mean.
enum OtherKeys {
    private static let processor = KeyRule(
        "processor-changed", .architecture, .behaviour, "images, sound or text are prepared otherwise")
    private static let modules = KeyRule(
        "modules-changed", .architecture, .behaviour,
        "embeddings pass through other layers: vectors do not compare with old ones")
    private static let pooling = KeyRule(
        "pooling-changed", .architecture, .behaviour,
        "token vectors become one vector otherwise: vectors do not compare with old ones")
    private static let prompts = KeyRule(
        "prompts-changed", .prompt, .behaviour, "this text is put in front of what is embedded")
    private static let similarity = KeyRule(
        "similarity-changed", .architecture, .behaviour, "scores are computed otherwise")
    private static let inputLength = KeyRule(
        "tokenizer-max-length", .tokens, .behaviour, "longer inputs are cut here before they are embedded")
    private static let adapterBase = KeyRule(
        "adapter-base", .architecture, .breaking, "the adapter is meant for other weights")
    private static let adapterRevision = KeyRule(
        "adapter-base", .architecture, .behaviour, "who loads the base model by this file loads another revision of it")
    private static let adapter = KeyRule(
        "adapter-changed", .architecture, .behaviour, "the adapter changes the weights otherwise")
    private static let scheduler = KeyRule(
        "scheduler-changed", .sampling, .behaviour, "images are sampled in other steps")
    private static let tokenizerOther = KeyRule(
        "tokenizer-setting", .tokens, .behaviour, "text becomes other tokens, or tokens other text")

    static func rule(_ kind: DocumentKind, _ difference: KeyDifference) -> KeyRule {
        let name = difference.path.first { !$0.hasPrefix("[") } ?? ""
        let noted = [ConfigKeys.library, ConfigKeys.names, ConfigKeys.training].first { rule in
            ConfigKeys.keys[name]?.rule == rule.rule
        }
        if name == "auto_map" { return ConfigKeys.remoteCode }
        switch kind {
        case .processor: return noted ?? processor
        case .modules: return name == "name" || name == "idx" ? ConfigKeys.names : modules
        case .pooling: return noted ?? (name.hasSuffix("embedding_dimension") ? ConfigKeys.shape : pooling)
        case .quantization: return noted ?? ConfigKeys.quantization
        case .sentenceTransformers:
            if name == "prompts" || name == "default_prompt_name" { return prompts }
            return noted ?? (name == "similarity_fn_name" ? similarity : ConfigKeys.unknown)
        case .sentenceBert: return noted ?? (name == "max_seq_length" ? inputLength : TokenizerKeys.setting)
        case .adapter:
            if name == "base_model_name_or_path" { return adapterBase }
            if name == "revision" { return adapterRevision }
            return noted ?? (name == "inference_mode" || name == "auto_mapping" ? ConfigKeys.names : adapter)
        case .scheduler: return noted ?? scheduler
        case .tokenizerOther: return tokenizerOther
        default: return noted ?? ConfigKeys.rule(difference)
        }
    }
}
