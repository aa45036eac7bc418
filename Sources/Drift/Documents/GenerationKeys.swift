// SPDX-License-Identifier: Apache-2.0

/// What the keys of `generation_config.json` mean. Old `config.json` files have them, too.
enum GenerationKeys {
    static let sampling = KeyRule(
        "sampling-changed", .sampling, .behaviour, "requests that do not say it themselves are sampled otherwise")
    static let length = KeyRule(
        "length-limit", .sampling, .behaviour, "answers are cut, or run on, elsewhere when a request does not say")
    static let unknown = KeyRule.unknown("generation-unknown-key", .sampling)

    static let keys: [String: KeyRule] = KeyRule.table([
        (
            "temperature top_p top_k min_p top_h typical_p do_sample repetition_penalty presence_penalty"
                + " frequency_penalty encoder_repetition_penalty length_penalty no_repeat_ngram_size"
                + " encoder_no_repeat_ngram_size num_beams num_beam_groups diversity_penalty early_stopping"
                + " penalty_alpha epsilon_cutoff eta_cutoff renormalize_logits bad_words_ids force_words_ids"
                + " sequence_bias suppress_tokens begin_suppress_tokens forced_bos_token_id forced_eos_token_id"
                + " guidance_scale token_healing dola_layers exponential_decay_length_penalty"
                + " remove_invalid_values watermarking_config num_return_sequences seed",
            sampling
        ),
        ("max_new_tokens max_length min_length min_new_tokens max_time stop_strings", length),
    ])

    private static let own: [String: KeyRule] = KeyRule.table([
        ("eos_token_id", ConfigKeys.stops),
        ("transformers_version", ConfigKeys.library),
        ("_from_model_config", ConfigKeys.names),
        (
            "use_cache cache_implementation_autoset disable_compile compile_config"
                + " prompt_lookup_num_tokens num_assistant_tokens num_assistant_tokens_schedule"
                + " assistant_confidence_threshold assistant_lookbehind target_lookbehind is_assistant",
            ConfigKeys.speed
        ),
    ])

    static func rule(_ difference: KeyDifference) -> KeyRule {
        let name = difference.path.first ?? ""
        if let rule = keys[name] ?? own[name] { return rule }
        if name.hasSuffix("_token_id") { return ConfigKeys.tokenIDs }
        return unknown
    }
}
