// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What the keys of `config.json` and its kin mean: the table of `docs/formats/diff.md`.
enum ConfigKeys {
    static let architecture = KeyRule(
        "architecture-changed", .architecture, .breaking, "another class reads the weights, or none does")
    static let shape = KeyRule(
        "config-shape", .architecture, .breaking,
        "the tensors no longer have the shapes the config says, or are read otherwise")
    static let context = KeyRule(
        "context-length", .architecture, .behaviour,
        "engines derive the longest input from it, and some scale positions by it")
    static let rope = KeyRule(
        "rope-changed", .architecture, .behaviour, "positions are encoded otherwise: every output can differ")
    static let attention = KeyRule(
        "attention-changed", .architecture, .behaviour, "tokens attend to others than before")
    static let kernel = KeyRule(
        "attention-changed", .architecture, .behaviour,
        "attention is computed by another program: numbers are rounded otherwise")
    static let tied = KeyRule(
        "config-changed", .architecture, .behaviour,
        "whether the output layer is the input's embedding or has numbers of its own: those of the other are ignored, or missing"
    )
    static let numbers = KeyRule(
        "config-changed", .architecture, .behaviour, "the forward pass computes something else")
    static let dtype = KeyRule(
        "dtype-changed", .architecture, .behaviour,
        "engines that load `auto` compute in this type: every number is rounded otherwise")
    static let quantization = KeyRule(
        "quantization-changed", .architecture, .behaviour, "the stored numbers are read as other numbers",
        component: .quantization)
    static let labels = KeyRule(
        "labels-changed", .architecture, .behaviour, "a classifier's scores come under other names")
    static let stops = KeyRule(
        "stop-tokens", .tokens, .behaviour, "generation ends elsewhere, or does not end")
    static let tokenIDs = KeyRule(
        "special-token-ids", .tokens, .behaviour, "other ids begin, pad or mark the input")
    static let remoteCode = KeyRule(
        "auto-map-changed", .code, .security, "with `trust_remote_code` other code runs")
    static let library = KeyRule(
        "library-version", .packaging, .cosmetic, "it says which version wrote the file; loading does not depend on it")
    static let names = KeyRule(
        "name-note", .packaging, .cosmetic, "it notes where the file came from; nothing reads it")
    static let speed = KeyRule("speed-only", .packaging, .cosmetic, "it changes how fast outputs come, not which")
    static let training = KeyRule(
        "training-only", .packaging, .cosmetic, "it acts in training only, not when the model answers")
    static let unknown = KeyRule.unknown("config-unknown-key", .architecture)

    /// Objects whose keys all mean one thing, by the name of the object.
    static let containers: [String: KeyRule] = KeyRule.table([
        ("rope_scaling rope_parameters", rope),
        ("quantization_config compression_config", quantization),
        ("auto_map", remoteCode),
        ("id2label label2id", labels),
    ])

    static let keys: [String: KeyRule] = KeyRule.table([
        ("architectures model_type _class_name", architecture),
        (
            "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads"
                + " num_key_value_heads head_dim n_embd n_layer n_head n_inner d_model d_ff d_kv num_layers"
                + " num_heads num_decoder_layers encoder_layers decoder_layers encoder_attention_heads"
                + " decoder_attention_heads encoder_ffn_dim decoder_ffn_dim ffn_dim type_vocab_size num_experts"
                + " num_local_experts n_routed_experts n_shared_experts moe_intermediate_size"
                + " shared_expert_intermediate_size kv_lora_rank q_lora_rank qk_rope_head_dim qk_nope_head_dim"
                + " v_head_dim state_size conv_kernel num_channels image_size patch_size projection_dim"
                + " num_mel_bins hidden_dim dim n_layers n_heads embedding_size num_kv_heads n_head_kv"
                + " ffn_hidden_size is_encoder_decoder multi_query new_decoder_architecture"
                + " relative_attention_num_buckets in_channels out_channels block_out_channels in_features"
                + " out_features word_embedding_dimension embedding_dimension",
            shape
        ),
        (
            "max_position_embeddings n_positions n_ctx max_sequence_length seq_length max_seq_len"
                + " max_seq_length original_max_position_embeddings model_max_length max_source_positions"
                + " max_target_positions",
            context
        ),
        (
            "rope_theta rope_local_base_freq partial_rotary_factor rotary_pct rotary_emb_base rotary_dim"
                + " rope_ratio rope_interleave rope_type use_rope position_embedding_type alibi use_alibi"
                + " no_rope_layers",
            rope
        ),
        (
            "sliding_window use_sliding_window max_window_layers layer_types sliding_window_pattern"
                + " _sliding_window_pattern local_attention global_attn_every_n_layers attention_bias qkv_bias"
                + " attn_logit_softcapping query_pre_attn_scalar attention_multiplier"
                + " is_decoder add_cross_attention is_causal use_bidirectional_attention"
                + " use_qk_norm qk_norm qk_layernorm parallel_attn attention_chunk_size"
                + " relative_attention_max_distance",
            attention
        ),
        ("_attn_implementation attn_implementation", kernel),
        ("tie_word_embeddings", tied),
        (
            "hidden_act hidden_activation activation_function activation rms_norm_eps layer_norm_eps"
                + " layer_norm_epsilon norm_epsilon norm_eps mlp_bias bias use_bias"
                + " final_logit_softcapping logits_scaling residual_multiplier embedding_multiplier"
                + " num_experts_per_tok norm_topk_prob routed_scaling_factor scoring_func topk_method"
                + " topk_group n_group first_k_dense_replace decoder_sparse_step mlp_only_layers"
                + " scale_embedding feed_forward_proj dense_act_fn is_gated_act pretraining_tp activation_fn"
                + " apply_residual_connection_post_layernorm classifier_pooling scale_attn_weights logit_scale",
            numbers
        ),
        ("dtype torch_dtype", dtype),
        ("num_labels problem_type", labels),
        ("eos_token_id", stops),
        (
            "transformers_version _diffusers_version __version__ adapter_transformers_version"
                + " unsloth_version peft_version sentence_transformers_version mlx_version",
            library
        ),
        ("_name_or_path name_or_path _commit_hash finetuning_task unsloth_fixed parent_model", names),
        ("use_cache _attn_implementation_autoset low_cpu_mem_usage", speed),
        (
            "initializer_range initializer_factor init_std initializer_cutoff_factor"
                + " gradient_checkpointing attention_dropout hidden_dropout hidden_dropout_prob"
                + " attention_probs_dropout_prob resid_pdrop embd_pdrop attn_pdrop resid_dropout attn_dropout"
                + " embed_dropout summary_first_dropout classifier_dropout classifier_dropout_prob dropout"
                + " activation_dropout dropout_rate embedding_dropout residual_dropout ffn_dropout mlp_dropout"
                + " qa_dropout seq_classif_dropout encoder_layerdrop decoder_layerdrop layerdrop"
                + " router_aux_loss_coef router_z_loss_coef aux_loss_alpha seq_aux router_jitter_noise"
                + " lora_dropout init_lora_weights",
            training
        ),
    ])

    /// The rule of a key.
    static func rule(_ difference: KeyDifference) -> KeyRule {
        for step in difference.path {
            if let rule = containers[step] { return rule }
        }
        let name = difference.name
        if let rule = keys[name] ?? GenerationKeys.keys[name] { return rule }
        if ["_token_id", "_token_index", "_token_ids"].contains(where: { name.hasSuffix($0) }) { return tokenIDs }
        return unknown
    }
}
