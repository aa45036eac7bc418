// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `Effective defaults` {
    private func extract(_ files: [String: String], role: SourceRole = .model) throws -> [String] {
        let list = try files.map { (path: try RelativePath($0.key), content: Array($0.value.utf8)) }
        return EffectiveDefaults.extract(from: list, role: role).map {
            "\($0.name)=\($0.value.text(.compact)) \($0.file)\($0.key.map { "#" + $0 } ?? "")"
        }
    }

    @Test func `are read from the files of a language model`() throws {
        let found = try extract([
            "config.json": #"""
            {"architectures": ["Qwen2ForCausalLM"], "torch_dtype": "bfloat16", "max_position_embeddings": 32768, "rope_theta": 1000000.0,
             "rope_scaling": {"type": "yarn", "factor": 4.0}, "sliding_window": null, "use_sliding_window": false, "eos_token_id": [1, 2],
             "auto_map": {"AutoModel": "other/repo--m.X"}, "transformers_version": "4.40.0", "quantization_config": {"quant_method": "gptq", "bits": 4}}
            """#,
            "generation_config.json":
                #"{"temperature": 0.6, "top_p": 0.95, "top_k": 20, "do_sample": true, "repetition_penalty": 1.05, "max_new_tokens": 2048, "eos_token_id": 1}"#,
            "tokenizer_config.json":
                #"{"add_bos_token": false, "padding_side": "left", "tokenizer_class": "Qwen2Tokenizer", "model_max_length": 1000000000000000019884624838656, "eos_token": {"content": "<|im_end|>", "lstrip": false}, "bos_token": null}"#,
        ])
        #expect(
            found == [
                #"add-bos-token=false tokenizer_config.json#add_bos_token"#,
                #"architectures=["Qwen2ForCausalLM"] config.json#architectures"#,
                #"attention-window=null config.json#sliding_window"#,
                #"auto-map={"AutoModel":"other/repo--m.X"} config.json#auto_map"#,
                #"bos-token=null tokenizer_config.json#bos_token"#,
                #"context-length=32768 config.json#max_position_embeddings"#,
                #"do-sample=true generation_config.json#do_sample"#,
                #"dtype="bfloat16" config.json#torch_dtype"#,
                #"library-version="4.40.0" config.json#transformers_version"#,
                #"max-new-tokens=2048 generation_config.json#max_new_tokens"#,
                #"padding-side="left" tokenizer_config.json#padding_side"#,
                #"quantization={"bits":4,"quant_method":"gptq"} config.json#quantization_config"#,
                #"repetition-penalty=1.05 generation_config.json#repetition_penalty"#,
                #"rope-scaling={"factor":4,"type":"yarn"} config.json#rope_scaling"#,
                #"rope-theta=1000000 config.json#rope_theta"#,
                #"stop-token="<|im_end|>" tokenizer_config.json#eos_token"#,
                #"stop-token-ids=[1,2] config.json#eos_token_id"#,
                #"stop-token-ids=1 generation_config.json#eos_token_id"#,
                #"stop-tokens="disagree" generation_config.json#eos_token_id"#,
                #"temperature=0.6 generation_config.json#temperature"#,
                #"tokenizer-class="Qwen2Tokenizer" tokenizer_config.json#tokenizer_class"#,
                #"tokenizer-max-length=1e+30 tokenizer_config.json#model_max_length"#,
                #"top-k=20 generation_config.json#top_k"#,
                #"top-p=0.95 generation_config.json#top_p"#,
                #"use-attention-window=false config.json#use_sliding_window"#,
            ])
    }

    @Test func `take the new spelling of dtype first and look into text_config`() throws {
        #expect(
            try extract(["config.json": #"{"dtype": "float16", "torch_dtype": "float32"}"#]) == [
                #"dtype="float16" config.json#dtype"#
            ])
        #expect(
            try extract(["config.json": #"{"text_config": {"torch_dtype": "float16"}}"#]) == [
                #"dtype="float16" config.json#text_config.torch_dtype"#
            ])
    }

    @Test func `are read from the files of a sentence transformer`() throws {
        let found = try extract([
            "modules.json":
                #"[{"idx": 0, "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "type": "sentence_transformers.models.Normalize"}]"#,
            "1_Pooling/config.json":
                #"{"word_embedding_dimension": 384, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#,
            "config_sentence_transformers.json":
                #"{"__version__": {"pytorch": "1.8.1"}, "prompts": {"query": "q: "}, "default_prompt_name": null, "similarity_fn_name": "cosine"}"#,
            "sentence_bert_config.json": #"{"max_seq_length": 256, "do_lower_case": false}"#,
            "adapter_config.json":
                #"{"base_model_name_or_path": "x/y", "peft_type": "LORA", "r": 8, "lora_alpha": 16}"#,
        ])
        #expect(
            found == [
                #"adapter-alpha=16 adapter_config.json#lora_alpha"#,
                #"adapter-base="x/y" adapter_config.json#base_model_name_or_path"#,
                #"adapter-rank=8 adapter_config.json#r"#,
                #"adapter-type="LORA" adapter_config.json#peft_type"#,
                #"default-prompt=null config_sentence_transformers.json#default_prompt_name"#,
                #"embedding-dimension=384 1_Pooling/config.json#word_embedding_dimension"#,
                #"library-version={"pytorch":"1.8.1"} config_sentence_transformers.json#__version__"#,
                #"lower-case=false sentence_bert_config.json#do_lower_case"#,
                #"max-sequence-length=256 sentence_bert_config.json#max_seq_length"#,
                #"modules=["sentence_transformers.models.Transformer","sentence_transformers.models.Normalize"] modules.json#type"#,
                #"normalize=true modules.json#type"#,
                #"pooling="mean_tokens" 1_Pooling/config.json#pooling_mode_mean_tokens"#,
                #"prompts={"query":"q: "} config_sentence_transformers.json#prompts"#,
                #"similarity="cosine" config_sentence_transformers.json#similarity_fn_name"#,
            ])
    }

    @Test func `say which chat template is in force and which is shadowed`() throws {
        let (a, b, c, d) = (Digest(of: "A"), Digest(of: "B"), Digest(of: "C"), Digest(of: "D"))
        let all = [
            "chat_template.jinja": "A", "additional_chat_templates/tool_use.jinja": "B",
            "chat_template.json": #"{"chat_template": "D"}"#,
            "tokenizer_config.json":
                #"{"chat_template": [{"name": "default", "template": "C"}, {"name": "rag", "template": "D"}]}"#,
        ]
        #expect(
            try extract(all) == [
                "chat-template=\"\(a)\" chat_template.jinja",
                "chat-template-copies=\"disagree\" chat_template.jinja",
                "chat-template-shadowed=\"\(d)\" chat_template.json#chat_template",
                "chat-template-shadowed=\"\(c)\" tokenizer_config.json#chat_template",
                "chat-template-shadowed:rag=\"\(d)\" tokenizer_config.json#chat_template",
                "chat-template:tool_use=\"\(b)\" additional_chat_templates/tool_use.jinja",
            ])
        #expect(
            try extract(["chat_template.json": #"{"chat_template": "D"}"#]) == [
                "chat-template=\"\(d)\" chat_template.json#chat_template"
            ])
    }

    @Test func `of a tokenizer source concern the tokenizer only and carry its place`() throws {
        let files = [
            "config.json": #"{"dtype": "float16"}"#, "tokenizer_config.json": #"{"add_bos_token": true}"#,
            "adapter_config.json": #"{"r": 8}"#, "README.md": "temperature=0.6",
        ]
        #expect(
            try extract(files, role: .tokenizer) == ["add-bos-token=true tokenizer/tokenizer_config.json#add_bos_token"]
        )
        #expect(try extract(files, role: .adapter(1)) == ["adapter-rank=8 adapters/1/adapter_config.json#r"])
        #expect(try extract(files, role: .dataset(0)).isEmpty)
    }

    @Test(arguments: [
        (
            "We suggest using Temperature=0.6, TopP=0.95, TopK=20, and MinP=0.",
            ["temperature=0.6", "top-p=0.95", "top-k=20", "min-p=0"]
        ),
        ("set the `temperature` to `0.7` and `top_p` of **0.8**", ["temperature=0.7", "top-p=0.8"]),
        ("vllm serve x --max-model-len 8192 --temperature 1.0", ["max-model-len=8192", "temperature=1"]),
        (#"{"temperature": 0.3, "max_new_tokens": 512}"#, ["temperature=0.3", "max-new-tokens=512"]),
        ("sampling_params.temperature = 0.1", ["temperature=0.1"]),
        ("temperature=0.6 temperature=0.6 temperature=0.7", ["temperature=0.6", "temperature=0.7"]),
        (
            "temperature between 0.5 and 0.7; temperature of 0.5-0.7; temperature of 0.5 - 0.7; temperature: 0.5 to 0.7",
            []
        ),
        ("top_k is 32k, top_p: 95%, max_tokens=1,000, temperature = 1.2.3, temperature 0.6, top_k=x, temp=", []),
        ("--max-model-len\n8192; temperature\n= 1", []),
        ("the temperatures=0.6, mytemperature=0.6x, temperature==", []),
        ("temperature=99999999999999999999999999999", []),
    ])
    func `recommended by a model card are found and none is invented`(_ text: String, _ expected: [String]) {
        #expect(
            Readme.recommendations(Array(text.utf8)).map {
                "\($0.parameter)=" + ($0.value == .number(1) ? "1" : $0.value.text(.compact))
            } == expected)
    }

    @Test func `hold the licence of the front matter`() throws {
        #expect(
            try extract(["README.md": "---\ntags: [x]\nlicense: \"apache-2.0\" # c\n---\n# T\nlicense: mit\n"]) == [
                #"license="apache-2.0" README.md#license"#
            ])
        #expect(try extract(["README.md": "---\r\nlicense: mit\r\n---\r\n"]) == [#"license="mit" README.md#license"#])
        #expect(try extract(["README.md": "# T\n---\nlicense: mit\n---\n"]).isEmpty)
        #expect(try extract(["README.md": "---\nlicense: mit\n"]).isEmpty)
    }

    @Test func `of a file that cannot be read say so`() throws {
        let deep = String(repeating: "[", count: JSONShape.maximumDepth + 1)
        #expect(try extract(["config.json": "{"]) == [#"unreadable="not JSON" config.json"#])
        #expect(try extract(["config.json": "[]"]) == [#"unreadable="not JSON" config.json"#])
        #expect(try extract(["config.json": ""]) == [#"unreadable="not JSON" config.json"#])
        #expect(try extract(["config.json": #"{"dtype": NaN}"#]) == [#"unreadable="not JSON" config.json"#])
        #expect(try extract(["config.json": deep]) == [#"unreadable="too deep" config.json"#])
        #expect(
            try extract(["config.json": #"{"dtype": "a", "dty\u0070e": "b"}"#]) == [
                #"unreadable="duplicate key" config.json"#
            ])
        #expect(
            try extract(["config.json": String(repeating: " ", count: EffectiveDefaults.maximumFileSize + 1)]) == [
                #"unreadable="too large" config.json"#
            ])
        let bytes = EffectiveDefaults.extract(from: [(path: try RelativePath("README.md"), content: [0xFF, 0xFE])])
        #expect(bytes.map(\.value) == ["not UTF-8"])
    }

    @Test func `with a long or deep value hold its digest`() throws {
        let long = #"{"prompts":"# + "\"" + String(repeating: "x", count: EffectiveDefaults.maximumValueSize) + "\"}"
        let found = try extract(["config_sentence_transformers.json": long])
        #expect(found.count == 1 && found[0].hasPrefix(#"prompts={"sha256":""#))
        let nested = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(try extract(["config.json": #"{"auto_map": \#(nested)}"#])[0].hasPrefix(#"auto-map={"sha256":""#))
    }

    @Test func `ask only for the small files`() throws {
        for path in [
            "config.json", "generation_config.json", "README.md", "1_Pooling/config.json",
            "additional_chat_templates/rag.jinja", "tokenizer.json", "preprocessor_config.json",
        ] {
            #expect(EffectiveDefaults.wants(try RelativePath(path)), "\(path)")
        }
        for path in [
            "model.safetensors", "tokenizer.model", "onnx/config.json", "onnx/tokenizer.json", "docs/README.md",
            "a/additional_chat_templates/x.jinja", "additional_chat_templates/.jinja",
        ] {
            #expect(!EffectiveDefaults.wants(try RelativePath(path)), "\(path)")
        }
    }

    @Test func `of random bytes never trap and survive the lock`() throws {
        let seed: UInt64 = 99_173
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u12", "\"temperature\"", "\"chat_template\"", "\"prompts\"",
            "0.6", "-0.0", "1e400", "1e16",
            "18446744073709551615", "null", "true", "\u{e9}", "e\u{301}", " ", "temperature=", "license:", "---\n",
        ]
        let names = [
            "config.json", "generation_config.json", "tokenizer_config.json", "README.md", "chat_template.json",
            "modules.json", "config_sentence_transformers.json",
        ]
        let model = try #require(try Vector.lock().deliverables.first)
        for round in 0..<1500 {
            var text = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            if round % 2 == 0 {
                let value = pieces[12...18].randomElement(using: &generator) ?? ""
                text = #"{"temperature": \#(value), "prompts": {"\#(pieces[19])": \#(value), "k": [\#(value)]}}"#
            }
            let found = EffectiveDefaults.extract(from: [
                (path: try RelativePath(names.randomElement(using: &generator) ?? ""), content: Array(text.utf8))
            ])
            let lock = Lock(deliverables: [LockedDeliverable(name: model.name, sources: model.sources, defaults: found)]
            )
            #expect(
                try Lock.parse(lock.canonicalText).deliverables.first?.defaults == lock.deliverables.first?.defaults,
                "\(text)")
        }
    }
}
