// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `What each engine uses` {
    private static let files = [
        "config.json": #"{"torch_dtype": "float32", "max_position_embeddings": 4096, "eos_token_id": 2}"#,
        "generation_config.json":
            #"{"temperature": 0.6, "top_p": 0.95, "do_sample": true, "eos_token_id": [2, 7], "max_new_tokens": 512}"#,
        "tokenizer_config.json": #"{"chat_template": "old"}"#, "chat_template.jinja": "new",
    ]

    private func table(
        _ engine: Engine, _ files: [String: String] = Self.files, gguf: EngineDefaults.GGUF? = nil
    ) throws -> [String: EngineDefault] {
        let defaults = EffectiveDefaults.extract(
            from: try files.map { (path: try RelativePath($0.key), content: Array($0.value.utf8)) })
        let rows = EngineDefaults(defaults, gguf: gguf).table(for: engine)
        #expect(Set(rows.map(\.name)).count == rows.count, "each setting once")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })
    }

    @Test func `engines agree on what the files say where they read it`() throws {
        for engine in [Engine.transformers, .vllm, .sglang] {
            let rows = try table(engine)
            #expect(rows["temperature"]?.value == .number(0.6) && rows["top-p"]?.value == .number(0.95))
            #expect(
                rows["temperature"]?.origin == .file(try RelativePath("generation_config.json"), key: "temperature"))
            #expect(rows["context-length"]?.value == 4096)
            #expect(rows["stop-token-ids"]?.value == .array([2, 7]))
            #expect(rows["chat-template"]?.origin == .file(try RelativePath("chat_template.jinja"), key: nil))
        }
    }

    @Test func `engines differ where they read other files or none`() throws {
        #expect(try table(.transformers)["dtype"]?.value == "float32")
        #expect(try table(.vllm)["dtype"]?.value == "float16" && table(.sglang)["dtype"]?.value == "float16")
        #expect(try table(.vllm)["max-new-tokens"]?.value == 512 && table(.sglang)["max-new-tokens"]?.value == nil)
        // A template in a file of its own is not read by every engine: the same repository shows the model another prompt.
        #expect(
            try table(.tgi)["chat-template"]?.origin
                == .file(try RelativePath("tokenizer_config.json"), key: "chat_template"))
        #expect(try table(.tgi)["temperature"]?.value == nil)
        #expect(try table(.tgi, ["chat_template.jinja": "x"])["chat-template"]?.value == nil)
        #expect(try table(.llamaCpp)["weights"]?.value == nil && table(.llamaCpp).count == 1)
    }

    @Test func `without a file the engine's own value is shown as its own`() throws {
        let expected: [(Engine, String, JSONValue?)] = [
            (.transformers, "temperature", .number(1)), (.transformers, "top-k", 50),
            (.transformers, "do-sample", false),
            (.vllm, "top-k", 0), (.vllm, "min-p", .number(0)), (.sglang, "top-k", -1),
        ]
        for (engine, name, value) in expected {
            let row = try #require(try table(engine, [:])[name])
            #expect(row.value == value && row.origin == .program, "\(engine) \(name)")
        }
        #expect(try table(.transformers, [:])["max-new-tokens"]?.note?.contains("20") == true)
        #expect(
            try table(.transformers, ["generation_config.json": #"{"temperature": 0.6}"#])["temperature"]?.note?
                .contains("do_sample") == true)
        #expect(try table(.vllm, [:])["dtype"]?.value == nil)
    }

    @Test func `llama cpp takes everything from the GGUF file`() throws {
        let gguf = EngineDefaults.GGUF(
            file: try RelativePath("m-Q4_K_M.gguf"),
            metadata: [
                "general.architecture": "qwen2", "qwen2.context_length": 32768, "tokenizer.ggml.eos_token_id": 151645,
                "tokenizer.chat_template": "x",
            ], types: [("Q4_K", 168), ("F32", 121)])
        let rows = try table(.llamaCpp, gguf: gguf)
        #expect(rows["context-length"]?.value == 32768 && rows["temperature"]?.value == .number(0.8))
        #expect(rows["dtype"]?.value == "Q4_K ×168, F32 ×121" && rows["top-k"]?.value == 40)
        #expect(rows["stop-token-ids"]?.value == 151645)
        #expect(rows["chat-template"]?.origin == .file(gguf.file, key: "tokenizer.chat_template"))
        #expect(
            try table(.llamaCpp, gguf: .init(file: gguf.file, metadata: [:], types: []))["context-length"]?.value == nil
        )
    }
}
