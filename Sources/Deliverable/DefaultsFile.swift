// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A kind of file that effective defaults are read from.
enum DefaultsFile: Hashable {
    case config, generation, tokenizer, tokenizerModel, specialTokens, quantization, adapter, processor
    case templateText
    /// A template of `additional_chat_templates`, by its name.
    case namedTemplate(String)
    case templateJSON
    case modules, pooling, sentenceTransformers, sentenceBert
    case readme

    init?(_ path: RelativePath) {
        switch path.description {
        case "config.json": self = .config
        case "generation_config.json": self = .generation
        case "tokenizer_config.json": self = .tokenizer
        case "tokenizer.json": self = .tokenizerModel
        case "special_tokens_map.json": self = .specialTokens
        case "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json": self = .processor
        case "quantize_config.json", "quant_config.json", "hf_quant_config.json": self = .quantization
        case "adapter_config.json": self = .adapter
        case "chat_template.jinja": self = .templateText
        case "chat_template.json": self = .templateJSON
        case "modules.json": self = .modules
        case "config_sentence_transformers.json": self = .sentenceTransformers
        case "sentence_bert_config.json": self = .sentenceBert
        case "README.md": self = .readme
        default:
            let segments = path.segments
            guard segments.count == 2 else { return nil }
            if segments[0] == "additional_chat_templates", segments[1].hasSuffix(".jinja"), segments[1] != ".jinja" {
                self = .namedTemplate(String(segments[1].dropLast(".jinja".count)))
            } else if segments[0].hasSuffix("_Pooling"), segments[1] == "config.json" {
                self = .pooling
            } else {
                return nil
            }
        }
    }

    /// The largest file of this kind that is read, in bytes.
    var maximumSize: Int {
        self == .tokenizerModel ? EffectiveDefaults.maximumTokenizerSize : EffectiveDefaults.maximumFileSize
    }

    /// Whether the file says something when it belongs to a source with `role`.
    func concerns(_ role: SourceRole) -> Bool {
        switch (role, self) {
        case (.model, _): true
        case (.tokenizer, .tokenizer), (.tokenizer, .tokenizerModel), (.tokenizer, .specialTokens),
            (.tokenizer, .templateText), (.tokenizer, .templateJSON), (.tokenizer, .namedTemplate),
            (.adapter, .adapter),
            (.adapter, .readme):
            true
        default: false
        }
    }

    /// The plain rules: a default's name, and the keys it is read from, the first that is there.
    var rules: [(name: String, keys: [String])] {
        switch self {
        case .config:
            [
                ("architectures", ["architectures"]), ("model-type", ["model_type"]), ("auto-map", ["auto_map"]),
                ("library-version", ["transformers_version"]), ("dtype", ["dtype", "torch_dtype"]),
                (
                    "context-length",
                    ["max_position_embeddings", "n_positions", "max_sequence_length", "seq_length", "n_ctx"]
                ),
                ("rope-theta", ["rope_theta"]), ("rope-scaling", ["rope_scaling", "rope_parameters"]),
                ("attention-window", ["sliding_window"]), ("use-attention-window", ["use_sliding_window"]),
                ("quantization", ["quantization_config", "compression_config"]), ("stop-token-ids", ["eos_token_id"]),
                ("bos-token-id", ["bos_token_id"]), ("pad-token-id", ["pad_token_id"]),
            ]
        case .generation:
            [
                ("do-sample", ["do_sample"]), ("temperature", ["temperature"]), ("top-p", ["top_p"]),
                ("top-k", ["top_k"]),
                ("min-p", ["min_p"]), ("typical-p", ["typical_p"]), ("repetition-penalty", ["repetition_penalty"]),
                ("presence-penalty", ["presence_penalty"]), ("frequency-penalty", ["frequency_penalty"]),
                ("num-beams", ["num_beams"]), ("max-new-tokens", ["max_new_tokens"]), ("max-length", ["max_length"]),
                ("stop-strings", ["stop_strings"]), ("stop-token-ids", ["eos_token_id"]),
                ("bos-token-id", ["bos_token_id"]),
                ("pad-token-id", ["pad_token_id"]), ("library-version", ["transformers_version"]),
            ]
        case .tokenizer:
            DefaultsFile.tokens + [
                ("add-bos-token", ["add_bos_token"]), ("add-eos-token", ["add_eos_token"]),
                ("add-prefix-space", ["add_prefix_space"]), ("padding-side", ["padding_side"]),
                ("truncation-side", ["truncation_side"]), ("tokenizer-class", ["tokenizer_class"]),
                ("tokenizer-max-length", ["model_max_length"]), ("auto-map", ["auto_map"]),
                ("clean-up-spaces", ["clean_up_tokenization_spaces"]), ("lower-case", ["do_lower_case"]),
                ("tokenizer-files", ["fast_tokenizer_files"]),
            ]
        case .specialTokens: DefaultsFile.tokens
        case .adapter:
            [
                ("adapter-base", ["base_model_name_or_path"]), ("adapter-base-revision", ["revision"]),
                ("adapter-type", ["peft_type"]), ("adapter-rank", ["r"]), ("adapter-alpha", ["lora_alpha"]),
            ]
        case .sentenceTransformers:
            [
                ("prompts", ["prompts"]), ("default-prompt", ["default_prompt_name"]),
                ("similarity", ["similarity_fn_name"]),
                ("library-version", ["__version__"]),
            ]
        case .sentenceBert: [("max-sequence-length", ["max_seq_length"]), ("lower-case", ["do_lower_case"])]
        case .pooling: [("embedding-dimension", ["word_embedding_dimension", "embedding_dimension"])]
        case .processor:
            [
                ("processor-class", ["processor_class"]),
                ("processor-type", ["image_processor_type", "feature_extractor_type", "video_processor_type"]),
                ("image-resize", ["do_resize"]), ("image-size", ["size"]), ("image-crop", ["crop_size"]),
                ("image-resample", ["resample"]), ("image-rescale", ["rescale_factor"]), ("image-mean", ["image_mean"]),
                ("image-deviation", ["image_std"]), ("image-minimum-pixels", ["min_pixels"]),
                ("image-maximum-pixels", ["max_pixels"]), ("image-patch-size", ["patch_size"]),
                ("sampling-rate", ["sampling_rate"]), ("audio-features", ["feature_size"]),
            ]
        case .tokenizerModel, .quantization, .modules, .templateText, .namedTemplate, .templateJSON, .readme: []
        }
    }

    private static let tokens: [(name: String, keys: [String])] = [
        ("stop-token", ["eos_token"]), ("bos-token", ["bos_token"]), ("pad-token", ["pad_token"]),
        ("unk-token", ["unk_token"]),
    ]
}
