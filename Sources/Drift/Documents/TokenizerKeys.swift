// SPDX-License-Identifier: Apache-2.0

/// What the keys of `tokenizer_config.json` and `special_tokens_map.json` mean.
enum TokenizerKeys {
    static let padding = KeyRule(
        "padding-side", .tokens, .behaviour,
        "batches are padded on the other side: batched generation and last-token pooling read other positions")
    static let truncation = KeyRule(
        "truncation-side", .tokens, .behaviour, "long inputs lose their other end")
    static let length = KeyRule(
        "tokenizer-max-length", .tokens, .behaviour, "inputs are cut, or not cut, at another length")
    static let addedEnds = KeyRule(
        "special-tokens-added", .tokens, .behaviour, "every input begins or ends with other tokens")
    static let cleanup = KeyRule(
        "clean-up-spaces", .tokens, .behaviour,
        "decoded text has other spaces before punctuation; left out, its value depends on the version of transformers")
    static let special = KeyRule("special-tokens", .tokens, .behaviour, "other tokens begin, pad or mark the input")
    static let tokenizerClass = KeyRule(
        "tokenizer-class", .tokens, .behaviour, "another class turns text into tokens")
    static let versioned = KeyRule(
        "tokenizer-file-by-version", .tokens, .behaviour,
        "which of the tokenizer files is loaded depends on the installed version of transformers")
    static let setting = KeyRule(
        "tokenizer-setting", .tokens, .behaviour, "text becomes other tokens, or tokens other text")
    static let unknown = KeyRule.unknown("tokenizer-unknown-key", .tokens)

    private static let containers: [String: KeyRule] = KeyRule.table([
        ("auto_map", ConfigKeys.remoteCode),
        ("chat_template", KeyRule("template-changed", .prompt, .behaviour, "the model is shown another prompt")),
        ("added_tokens_decoder", KeyRule("added-tokens", .tokens, .behaviour, "these texts become other tokens")),
        ("extra_special_tokens additional_special_tokens", special),
        ("eos_token", ConfigKeys.stops),
        ("bos_token pad_token unk_token cls_token sep_token mask_token", special),
    ])

    private static let keys: [String: KeyRule] = KeyRule.table([
        ("padding_side", padding), ("truncation_side", truncation), ("model_max_length max_length", length),
        ("add_bos_token add_eos_token", addedEnds), ("clean_up_tokenization_spaces", cleanup),
        ("tokenizer_class", tokenizerClass), ("fast_tokenizer_files", versioned),
        (
            "add_prefix_space do_lower_case do_lowercase strip_accents tokenize_chinese_chars legacy"
                + " split_special_tokens spaces_between_special_tokens use_default_system_prompt"
                + " do_basic_tokenize never_split sp_model_kwargs errors trim_offsets wordpieces_prefix stride"
                + " padding pad_to_multiple_of truncation truncation_strategy pad_token_type_id src_lang"
                + " tgt_lang remove_space keep_accents normalization vocab_size",
            setting
        ),
        ("transformers_version", ConfigKeys.library),
        (
            "name_or_path _name_or_path special_tokens_map_file tokenizer_file vocab_file merges_file"
                + " _commit_hash is_local local_files_only backend",
            ConfigKeys.names
        ),
    ])

    static func rule(_ difference: KeyDifference) -> KeyRule {
        let name = difference.path.first ?? ""
        if let rule = containers[name] ?? keys[name] { return rule }
        return name.hasSuffix("_token") ? special : unknown
    }
}
