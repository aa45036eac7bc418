// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Drift

@Suite struct `Comparing configuration` {
    /// A file, two objects, and the changes.
    @Test(arguments: [
        // What decides
        ("config.json", #""model_type":"llama""#, #""model_type":"qwen2""#, "architecture-changed breaking"),
        ("config.json", #""vocab_size":1"#, #""vocab_size":2"#, "config-shape breaking"),
        ("config.json", #""rope_theta":1e4"#, #""rope_theta":1e6"#, "rope-changed behaviour"),
        (
            "config.json", #""rope_scaling":null"#, #""rope_scaling":{"type":"yarn","factor":4.0}"#,
            "rope-changed behaviour rope-changed behaviour"
        ),
        ("config.json", #""torch_dtype":"float32""#, #""dtype":"bfloat16""#, "dtype-changed behaviour"),
        ("config.json", #""eos_token_id":[1,2]"#, #""eos_token_id":[2,3]"#, "stop-tokens behaviour"),
        ("config.json", #""pad_token_id":1"#, #""pad_token_id":2"#, "special-token-ids behaviour"),
        ("config.json", #""temperature":1.0"#, #""temperature":0.5"#, "sampling-changed behaviour"),
        ("config.json", #""made_up":1"#, #""made_up":2"#, "config-unknown-key behaviour"),
        ("config.json", #""id2label":{"0":"no"}"#, #""id2label":{"0":"yes"}"#, "labels-changed behaviour"),
        (
            "config.json", #""text_config":{"hidden_size":1}"#, #""text_config":{"hidden_size":2}"#,
            "config-shape breaking"
        ),
        (
            "config.json", #""tie_word_embeddings":true,"model_type":"llama""#, #""model_type":"llama""#,
            "config-changed behaviour"
        ),
        ("config.json", #""auto_map":{"A":"m.C"}"#, #""auto_map":{"A":"o/r--m.C"}"#, "auto-map-foreign security"),
        ("config.json", #""auto_map":{"A":"o/r--m.C"}"#, #""auto_map":{"A":"o/r--m.D"}"#, "auto-map-changed security"),
        ("generation_config.json", #""x":1"#, #""x":1,"top_k":50"#, "sampling-changed behaviour"),
        ("generation_config.json", #""max_new_tokens":9"#, #""max_new_tokens":8"#, "length-limit behaviour"),
        (
            "adapter_config.json", #""base_model_name_or_path":"a""#, #""base_model_name_or_path":"b""#,
            "adapter-base breaking"
        ),
        ("adapter_config.json", #""r":8"#, #""r":16"#, "adapter-changed behaviour"),
        ("quantize_config.json", #""bits":4"#, #""bits":8"#, "quantization-changed behaviour"),
        ("preprocessor_config.json", #""image_mean":[0.5]"#, #""image_mean":[0.4]"#, "processor-changed behaviour"),
        (
            "sentence_bert_config.json", #""max_seq_length":128"#, #""max_seq_length":256"#,
            "tokenizer-max-length behaviour"
        ),
        (
            "config_sentence_transformers.json", #""similarity_fn_name":"cosine""#, #""similarity_fn_name":"dot""#,
            "similarity-changed behaviour"
        ),
        ("scheduler/scheduler_config.json", #""beta_end":1"#, #""beta_end":2"#, "scheduler-changed behaviour"),
        (
            "tokenizer_config.json", #""add_bos_token":true"#, #""add_bos_token":false"#,
            "special-tokens-added behaviour"
        ),
        ("tokenizer_config.json", #""x":1"#, #""x":1,"add_bos_token":true"#, "special-tokens-added behaviour"),
        ("tokenizer_config.json", #""legacy":true"#, #""legacy":false"#, "tokenizer-setting behaviour"),
        ("tokenizer_config.json", #""tokenizer_class":"A""#, #""tokenizer_class":"B""#, "tokenizer-class behaviour"),
        (
            "tokenizer_config.json", #""pad_token":"a""#, #""pad_token":{"content":"a","lstrip":true}"#,
            "special-tokens behaviour"
        ),
        // What does not
        ("config.json", #""eos_token_id":2"#, #""eos_token_id":[2]"#, "format-only cosmetic"),
        ("config.json", #""eos_token_id":[1,2]"#, #""eos_token_id":[2,1]"#, "format-only cosmetic"),
        ("config.json", #""torch_dtype":"bfloat16""#, #""torch_dtype":"torch.bfloat16""#, "format-only cosmetic"),
        ("config.json", #""hidden_dropout_prob":0.1"#, #""hidden_dropout_prob":0.0"#, "training-only cosmetic"),
        ("config.json", #""_name_or_path":"a""#, #""_name_or_path":"/x""#, "name-note cosmetic"),
        (
            "config.json", #""model_type":"llama""#, #""model_type":"llama","rope_theta":10000.0,"mlp_bias":false"#,
            "default-explicit cosmetic"
        ),
        (
            "config.json", #""model_type":"llama","hidden_size":64,"num_attention_heads":4"#,
            #""model_type":"llama","hidden_size":64,"num_attention_heads":4,"head_dim":16,"num_key_value_heads":4"#,
            "default-explicit cosmetic"
        ),
        (
            "config.json", #""rope_theta":1e6,"rope_scaling":{"type":"yarn","factor":4}"#,
            #""rope_parameters":{"rope_theta":1000000,"rope_type":"yarn","factor":4.0}"#, "key-renamed cosmetic"
        ),
        (
            "config.json", #""rope_theta":1e6,"rope_local_base_freq":1e4"#,
            #""rope_parameters":{"full_attention":{"rope_theta":1e6,"rope_type":"default"},"sliding_attention":{"rope_theta":1e4,"rope_type":"default"}}"#,
            "key-renamed cosmetic"
        ),
        ("config.json", #""x":1"#, #""x":1,"return_dict":true,"pruned_heads":{}"#, "default-explicit cosmetic"),
        // As a newer version of the library writes the same file
        (
            "config.json", #""model_type":"qwen3","num_hidden_layers":2"#,
            #""model_type":"qwen3","num_hidden_layers":2,"layer_types":["full_attention","full_attention"],"pad_token_id":null"#,
            "default-explicit cosmetic"
        ),
        (
            "config.json", #""model_type":"gemma2","num_hidden_layers":3"#,
            #""model_type":"gemma2","num_hidden_layers":3,"layer_types":["sliding_attention","full_attention","sliding_attention"]"#,
            "default-explicit cosmetic"
        ),
        (
            "config.json", #""model_type":"gemma2","num_hidden_layers":2"#,
            #""model_type":"gemma2","num_hidden_layers":2,"layer_types":["full_attention","full_attention"]"#,
            "attention-changed behaviour"
        ),
        (
            "config.json", #""use_sliding_window":false,"sliding_window":4096"#,
            #""use_sliding_window":false,"sliding_window":null"#, "setting-idle cosmetic"
        ),
        (
            "config.json", #""use_sliding_window":false,"sliding_window":4096"#,
            #""use_sliding_window":true,"sliding_window":null"#,
            "attention-changed behaviour attention-changed behaviour"
        ),
        (
            "config.json", #""model_type":"phi3","rope_theta":1e4"#,
            #""model_type":"phi3","rope_parameters":{"rope_theta":1e4,"rope_type":"default","partial_rotary_factor":1.0}"#,
            "default-explicit cosmetic key-renamed cosmetic"
        ),
        ("adapter_config.json", #""target_modules":["a","b"]"#, #""target_modules":["b","a"]"#, "format-only cosmetic"),
        (
            "tokenizer_config.json", #""tokenizer_class":"LlamaTokenizer""#, #""tokenizer_class":"LlamaTokenizerFast""#,
            "tokenizer-class-twin cosmetic"
        ),
        (
            "tokenizer_config.json", #""pad_token":"a""#,
            #""pad_token":{"content":"a","lstrip":false,"normalized":true}"#, "format-only cosmetic"
        ),
        ("special_tokens_map.json", #""pad_token":{"content":"a"}"#, #""pad_token":"a""#, "format-only cosmetic"),
        (
            "config_sentence_transformers.json", #""x":1"#, #""x":1,"prompts":{},"default_prompt_name":null"#,
            "default-explicit cosmetic"
        ),
    ])
    func `a key means what the table says`(
        _ file: String, _ before: String, _ after: String, _ expected: String
    ) async throws {
        let report = try await drift([file: "{\(before)}"], [file: "{\(after)}"])
        #expect(report.changes.map { "\($0.rule) \($0.severity.rawValue)" }.joined(separator: " ") == expected)
    }

    @Test func `a change says the values and where`() async throws {
        let report = try await drift(
            ["config.json": #"{"text_config":{"rope_theta":10000.0}}"#],
            ["config.json": #"{"text_config":{"rope_theta":1000000.0}}"#])
        let change = try #require(report.changes.first)
        #expect(change.summary == "`text_config.rope_theta` is 1000000.0, was 10000.0")
        #expect(change.before == .number(10000) && change.after == .number(1_000_000))
        #expect(change.places == [.init("config.json", "text_config.rope_theta")] && change.kind == .architecture)
    }

    @Test func `a default that nobody wrote is named`() async throws {
        let report = try await drift(
            ["config.json": #"{"model_type":"llama"}"#], ["config.json": #"{"model_type":"llama","rope_theta":5.0}"#])
        #expect(report.changes.map(\.summary) == ["`rope_theta` is 5.0, was not set (default 10000.0)"])
    }

    @Test func `modules are compared by what they are`() async throws {
        func modules(_ types: String...) -> [String: String] {
            [
                "modules.json": "["
                    + types.enumerated().map { "{\"idx\":\($0),\"type\":\"\($1)\"}" }.joined(separator: ",") + "]"
            ]
        }
        let ours = "sentence_transformers.models.Transformer"
        #expect(
            try await drift(modules(ours), modules("sentence_transformers.base.modules.transformer.Transformer")).lines
                == ["format-only cosmetic modules.json"])
        #expect(
            try await drift(modules(ours), modules("custom.Transformer")).lines == [
                "module-foreign security modules.json:[0].type"
            ])
        #expect(
            try await drift(modules(ours, "sentence_transformers.models.Normalize"), modules(ours)).lines == [
                "modules-changed behaviour modules.json"
            ])
    }

    @Test func `the three files that say where an answer ends must agree`() async throws {
        let tokenizer = #"{"eos_token":"<e>","added_tokens_decoder":{"2":{"content":"<e>"},"3":{"content":"<f>"}}}"#
        let before = [
            "config.json": #"{"eos_token_id":2}"#, "generation_config.json": #"{"eos_token_id":[2,3]}"#,
            "tokenizer_config.json": tokenizer,
        ]
        var after = before
        after["generation_config.json"] = #"{"eos_token_id":3}"#
        let report = try await drift(before, after)
        #expect(report.changes.map(\.rule) == ["stop-tokens", "stop-tokens-disagree"])
        #expect(
            report.changes.last?.summary
                == "the files do not agree where an answer ends: generation_config.json 3, config.json 2, tokenizer_config.json `<e>` (2)"
        )
        // What disagreed before in the same way is no news.
        var again = after
        again["config.json"] = #"{"eos_token_id":2,"use_cache":false}"#
        #expect(try await drift(after, again).lines == ["speed-only cosmetic config.json:use_cache"])
    }

    @Test func `more keys than the limit are cut with a word`() async throws {
        func file(_ value: Int) -> [String: String] {
            ["config.json": "{" + (0..<2500).map { "\"k\($0)\":\(value)" }.joined(separator: ",") + "}"]
        }
        let report = try await drift(file(1), file(2))
        #expect(
            report.changes.count == KeyDifference.maximumCount + 1
                && report.changes.contains { $0.rule == "document-changed" })
    }
}
