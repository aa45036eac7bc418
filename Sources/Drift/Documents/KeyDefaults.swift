// SPDX-License-Identifier: Apache-2.0

/// The values that libraries take for a key that is not there: a file that spells one out changes nothing.
///
/// Only where every engine that reads the file takes the same value. `top_k` is the example of one that is missing:
/// `transformers` takes 50, vLLM and SGLang sample from all tokens.
enum KeyDefaults {
    /// What is known of the object that a key is in.
    struct Surroundings {
        /// `model_type` of the object, or of what is around it.
        let model: String?
        private let object: JSONNode

        /// The object at `path` in `root`.
        init(_ root: JSONNode, _ path: ArraySlice<String>) {
            var parent = root
            var model = root["model_type"]?.string
            for step in path {
                guard let next = parent[step] else { break }
                parent = next
                model = next["model_type"]?.string ?? model
            }
            self.model = model
            object = parent
        }

        /// The whole number under a key of the object.
        func whole(_ key: String) -> Int64? { object[key]?.integer }
        /// Whether a key of the object is true.
        func isOn(_ key: String) -> Bool { object[key]?.bool == true }
    }

    /// The value of the key at `path` where nothing says it; nil when it is not known or depends on the engine.
    static func value(
        _ kind: DocumentKind, _ path: [String], in surroundings: @autoclosure () -> Surroundings
    ) -> JSONNode? {
        guard let name = path.last else { return nil }
        switch kind {
        case .config: return config(name, path, surroundings())
        case .generation: return path.count == 1 ? generation[name] : nil
        case .tokenizerConfig: return path.count == 1 ? tokenizer[name] : nil
        case .sentenceTransformers: return path.count == 1 ? sentenceTransformers[name] : nil
        case .sentenceBert: return name == "do_lower_case" ? .bool(false) : nil
        case .pooling: return name == "include_prompt" ? .bool(true) : nil
        default: return nil
        }
    }

    private static func config(_ name: String, _ path: [String], _ around: Surroundings) -> JSONNode? {
        if path.count > 1, path[path.count - 2] == "rope_parameters" {
            switch name {
            case "rope_type": return .string("default")
            case "rope_theta": return theta(around.model)
            case "partial_rotary_factor":
                return around.model.map { wholeRotation.contains($0) } == true ? whole(1) : nil
            default: return nil
            }
        }
        if name == "layer_types" { return layerTypes(around) }
        if let model = around.model, let own = models[model]?[name] { return own }
        if let model = around.model, headsFromSize.contains(model), let heads = around.whole("num_attention_heads") {
            if name == "num_key_value_heads", model != "mistral" { return whole(heads) }
            if name == "head_dim", let size = around.whole("hidden_size"), heads > 0, size % heads == 0 {
                return whole(size / heads)
            }
        }
        return base[name]
    }

    /// The most layers for which the kinds are computed.
    private static let maximumLayers: Int64 = 10_000

    /// What transformers derives when nothing says which layers look at a window.
    private static func layerTypes(_ around: Surroundings) -> JSONNode? {
        guard let model = around.model, let count = around.whole("num_hidden_layers"),
            (0...maximumLayers).contains(count)
        else { return nil }
        let period: Int64
        switch model {
        case "qwen2", "qwen3", "qwen2_moe", "qwen3_moe":
            guard !around.isOn("use_sliding_window") else { return nil }
            period = 1
        case "gemma2": period = 2
        case "gemma3_text": period = max(1, around.whole("sliding_window_pattern") ?? 6)
        default: return nil
        }
        return .array(
            (1...max(1, count)).prefix(Int(count)).map {
                .string($0 % period == 0 ? "full_attention" : "sliding_attention")
            })
    }

    private static func theta(_ model: String?) -> JSONNode? { model.flatMap { models[$0]?["rope_theta"] } }

    private static func whole(_ value: Int64) -> JSONNode { .number(JSONNumber(text: String(value))) }

    /// Models that divide the hidden size by the heads when nothing says `head_dim`.
    private static let headsFromSize: Set<String> = ["llama", "mistral", "phi3", "qwen2", "gpt_neox", "olmo2"]

    /// Models that turn the whole of each head when nothing says `partial_rotary_factor`.
    private static let wholeRotation: Set<String> = [
        "llama", "mistral", "mixtral", "phi3", "qwen2", "qwen3", "qwen2_moe", "qwen3_moe", "gemma", "gemma2",
        "gemma3_text",
        "olmo2", "starcoder2", "deepseek_v3",
    ]

    private static func parse(_ text: String) -> JSONNode { (try? JSONDocument(Array(text.utf8)).root) ?? .null }

    /// Whether the model that a `config.json` describes turns the whole of each head when it does not say how much.
    static func turnsWhole(_ config: JSONNode?) -> Bool {
        let model = config?["model_type"]?.string ?? ""
        let inner = (config?["text_config"] ?? config?["llm_config"])?["model_type"]?.string
        return wholeRotation.contains(inner ?? model)
    }

    private static let base = parse(
        #"""
        {"return_dict": true, "output_hidden_states": false, "output_attentions": false, "torchscript": false,
         "use_bfloat16": false, "tf_legacy_loss": false, "pruned_heads": {}, "chunk_size_feed_forward": 0,
         "is_encoder_decoder": false, "is_decoder": false, "add_cross_attention": false, "tie_encoder_decoder": false,
         "cross_attention_hidden_size": null, "problem_type": null, "task_specific_params": null,
           "tokenizer_class": null,
         "prefix": null, "quantization_config": null, "id2label": {"0": "LABEL_0", "1": "LABEL_1"},
         "label2id": {"LABEL_0": 0, "LABEL_1": 1}}
        """#)

    /// The defaults of classes, as transformers 5 and 4 agree on them.
    private static let models = parse(
        #"""
        {"llama": {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": null,
           "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false, "hidden_act": "silu",
           "rms_norm_eps": 1e-06, "pretraining_tp": 1, "rope_theta": 10000.0},
         "mistral": {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": null,
           "tie_word_embeddings": false, "hidden_act": "silu", "rms_norm_eps": 1e-06, "sliding_window": 4096,
           "rope_theta": 10000.0},
         "mixtral": {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": null,
           "tie_word_embeddings": false, "hidden_act": "silu", "rms_norm_eps": 1e-05, "sliding_window": null,
           "output_router_logits": false},
         "qwen2": {"bos_token_id": null, "eos_token_id": null, "pad_token_id": null,
           "tie_word_embeddings": false, "hidden_act": "silu", "rms_norm_eps": 1e-06, "use_sliding_window": false,
           "rope_theta": 10000.0},
         "qwen3": {"bos_token_id": null, "eos_token_id": null, "pad_token_id": null,
           "tie_word_embeddings": false, "attention_bias": false, "hidden_act": "silu", "rms_norm_eps": 1e-06,
           "use_sliding_window": false, "rope_theta": 10000.0},
         "qwen2_moe": {"bos_token_id": null, "eos_token_id": null, "pad_token_id": null,
           "tie_word_embeddings": false, "hidden_act": "silu", "rms_norm_eps": 1e-06,
           "use_sliding_window": false, "norm_topk_prob": false, "output_router_logits": false, "rope_theta": 10000.0},
         "qwen3_moe": {"bos_token_id": null, "eos_token_id": null, "pad_token_id": null,
           "tie_word_embeddings": false, "attention_bias": false, "hidden_act": "silu", "rms_norm_eps": 1e-06,
           "use_sliding_window": false, "norm_topk_prob": false, "output_router_logits": false, "rope_theta": 10000.0},
         "gemma": {"use_bidirectional_attention": null,
           "tie_word_embeddings": true, "attention_bias": false, "rms_norm_eps": 1e-06, "rope_theta": 10000.0},
         "gemma2": {"use_bidirectional_attention": null,
           "tie_word_embeddings": true, "attention_bias": false, "hidden_activation": "gelu_pytorch_tanh",
           "rms_norm_eps": 1e-06, "sliding_window": 4096, "attn_logit_softcapping": 50.0,
           "final_logit_softcapping": 30.0,
           "query_pre_attn_scalar": 256, "rope_theta": 10000.0},
         "gemma3_text": {"use_bidirectional_attention": false,
           "tie_word_embeddings": true, "attention_bias": false, "hidden_activation": "gelu_pytorch_tanh",
           "rms_norm_eps": 1e-06, "sliding_window": 4096, "attn_logit_softcapping": null,
           "final_logit_softcapping": null},
         "phi": {"tie_word_embeddings": false, "hidden_act": "gelu_new", "layer_norm_eps": 1e-05, "qk_layernorm": false,
           "rope_theta": 10000.0},
         "phi3": {"tie_word_embeddings": false, "hidden_act": "silu", "rms_norm_eps": 1e-05, "sliding_window": null,
           "rope_theta": 10000.0},
         "gpt2": {"tie_word_embeddings": true, "layer_norm_epsilon": 1e-05, "scale_attn_weights": true},
         "gpt_neox": {"tie_word_embeddings": false, "attention_bias": true, "hidden_act": "gelu",
           "layer_norm_eps": 1e-05},
         "bert": {"bos_token_id": null, "eos_token_id": null, "pad_token_id": 0,
           "tie_word_embeddings": true, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "type_vocab_size": 2,
           "position_embedding_type": "absolute"},
         "roberta": {"tie_word_embeddings": true, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
           "position_embedding_type": "absolute"},
         "xlm-roberta": {"tie_word_embeddings": true, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
           "position_embedding_type": "absolute"},
         "mpnet": {"tie_word_embeddings": true, "hidden_act": "gelu", "layer_norm_eps": 1e-12},
         "deepseek_v3": {"tie_word_embeddings": false, "attention_bias": false, "hidden_act": "silu",
           "rms_norm_eps": 1e-06,
           "pretraining_tp": 1, "rope_theta": 10000.0},
         "t5": {"tie_word_embeddings": true, "layer_norm_epsilon": 1e-06},
         "starcoder2": {"tie_word_embeddings": true, "hidden_act": "gelu_pytorch_tanh", "norm_epsilon": 1e-05,
           "sliding_window": null, "use_bias": true, "rope_theta": 10000.0},
         "olmo2": {"tie_word_embeddings": false, "attention_bias": false, "hidden_act": "silu", "rms_norm_eps": 1e-05,
           "rope_theta": 10000.0}}
        """#)

    /// What transformers, vLLM, SGLang and TGI all take.
    private static let generation = parse(
        #"""
        {"temperature": 1.0, "top_p": 1.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0,
         "min_p": 0.0, "typical_p": 1.0, "do_sample": false, "num_beams": 1, "num_beam_groups": 1,
           "diversity_penalty": 0.0,
         "length_penalty": 1.0, "early_stopping": false, "no_repeat_ngram_size": 0, "encoder_no_repeat_ngram_size": 0,
         "encoder_repetition_penalty": 1.0, "num_return_sequences": 1, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0,
         "renormalize_logits": false, "max_length": 20, "min_length": 0, "output_scores": false, "output_logits": null,
         "output_attentions": false, "output_hidden_states": false, "return_dict_in_generate": false,
         "remove_invalid_values": false, "bad_words_ids": null, "stop_strings": null, "suppress_tokens": null}
        """#)

    private static let tokenizer = parse(
        #"""
        {"add_eos_token": false, "split_special_tokens": false, "model_max_length": 1e30,
         "additional_special_tokens": [], "extra_special_tokens": {}, "sp_model_kwargs": {}, "truncation_side": "right",
         "stride": 0, "truncation_strategy": "longest_first", "pad_to_multiple_of": null,
         "use_default_system_prompt": false}
        """#)

    private static let sentenceTransformers = parse(
        #"""
        {"prompts": {}, "default_prompt_name": null, "similarity_fn_name": "cosine",
           "model_type": "SentenceTransformer"}
        """#)
}
