// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Testing

@testable import Scanning

@Suite struct `Configurations` {
    @Test func `what leads to code is found at any depth`() throws {
        let cases: [(text: String, verdict: Verdict, rule: String)] = [
            (#"{"auto_map": {"AutoModel": "modeling_x.XModel"}}"#, .review, "config-own-code"),
            (#"{"a": {"b": [{"auto_map": {"AutoModel": "modeling_x.XModel"}}]}}"#, .review, "config-own-code"),
            (#"{"auto_map": {"AutoTokenizer": ["t.Slow", null]}}"#, .review, "config-own-code"),
            (#"{"auto_map": {"AutoModel": "other/repo--modeling_x.XModel"}}"#, .malicious, "config-foreign-code"),
            (#"{"auto_map": {"AutoModel": "../x.Y"}}"#, .malicious, "config-foreign-code"),
            (#"{"auto\u005fmap": {"AutoModel": "other/repo--m.X"}}"#, .malicious, "config-foreign-code"),
            (#"{"auto_map": {}, "auto_map": {"AutoModel": "other/repo--m.X"}}"#, .malicious, "config-foreign-code"),
            (#"{"auto_map": {"AutoModel": "other/repo--m.X"}, "auto_map": {}}"#, .malicious, "config-foreign-code"),
            (#"{"custom_pipelines": {"t": {"impl": "p.Pipe", "pt": ["AutoModel"]}}}"#, .review, "config-own-code"),
            (#"{"custom_pipelines": {"t": {"impl": "other/repo--p.Pipe"}}}"#, .malicious, "config-foreign-code"),
            (#"{"_attn_implementation": "other/kernel"}"#, .malicious, "config-remote-kernel"),
            (#"{"_attn_implementation_internal": "other/kernel"}"#, .malicious, "config-remote-kernel"),
            (
                #"{"text_config": {"attn_implementation": {"v": "other/kernel@main:f"}}}"#, .malicious,
                "config-remote-kernel"
            ),
            (#"{"trust_remote_code": true}"#, .review, "config-trusts-code"),
            (#"{"trust_remote_code": 1}"#, .review, "config-trusts-code"),
            (#"{"_target_": "os.system", "command": "echo corpus"}"#, .malicious, "config-dangerous-target"),
            (#"{"model": {"_target_": "builtins.eval"}}"#, .malicious, "config-dangerous-target"),
            (#"{"_target_": "torch.load"}"#, .malicious, "config-dangerous-target"),
            (#"{"_target_": "nemo.core.os.system"}"#, .malicious, "config-dangerous-target"),
            (#"{"_target_": "somewhere.Thing"}"#, .unknown, "config-unknown-target"),
            (#"{"_target_": "nemo.collections.asr.helper"}"#, .unknown, "config-unknown-target"),
            (#"{"target": "os.system"}"#, .malicious, "config-dangerous-target"),
            (
                #"{"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["echo corpus"]}]}"#, .malicious,
                "config-dangerous-target"
            ),
            (#"{"py/object": "subprocess.Popen"}"#, .malicious, "config-dangerous-target"),
            (#"{"py/object": "some.Thing"}"#, .unknown, "config-unknown-target"),
            (#"{"x": "!!python/object/apply:os.system [echo]"}"#, .malicious, "yaml-python-tag"),
            (#"{"chat_template": "{{ ''.__class__ }}"}"#, .malicious, "template-escape"),
            (
                #"{"chat_template": [{"name": "tool_use", "template": "{{ ''.__class__ }}"}]}"#, .malicious,
                "template-escape"
            ),
            (#"{"chat_template": {"tool_use": "{{ ''.__class__ }}"}}"#, .malicious, "template-escape"),
            (#"{"auto_mapping": {"parent_library": "os"}}"#, .malicious, "config-dangerous-target"),
            (#"{"auto_mapping": {"parent_library": "other.module"}}"#, .review, "config-foreign-class"),
            (#"{"_class_name": ["pipeline", "MyPipeline"]}"#, .review, "config-own-code"),
            (#"{"_class_name": "P", "unet": ["my_unet", "Unet"]}"#, .review, "config-foreign-class"),
            (#"{"_class_name": "P", "unet": ["subprocess", "Popen"]}"#, .malicious, "config-dangerous-target"),
            (#"{"pre_tokenizer": {"pattern": {"Regex": "(a+)+b"}}}"#, .review, "config-slow-pattern"),
            (#"{"a": "#, .unscannable, "document-malformed"),
            (#"{"a": 1,}"#, .unscannable, "document-malformed"),
            (String(repeating: "[", count: 1000), .unscannable, "document-malformed"),
            ("", .unscannable, "document-malformed"),
        ]
        for (text, verdict, rule) in cases {
            let found = try Checked.text(text, name: "config.json")
            #expect(found.verdict == verdict, "\(text)\n\(found.lines)")
            #expect(found.rules.contains(rule), "\(text)\n\(found.lines)")
        }
    }

    @Test func `ordinary documents are clean`() throws {
        let cases: [(name: String, text: String)] = [
            (
                "config.json",
                #"{"architectures": ["LlamaForCausalLM"], "rope_scaling": null, "eps": 1e-05, "x": [1, 2.5, -3], "_attn_implementation": "sdpa"}"#
            ),
            ("config.json", #"{"a": NaN, "b": Infinity, "c": -Infinity}"#),
            ("config.json", "\u{FEFF}{\"torch_dtype\": \"bfloat16\"}"),
            ("config.json", #"{"trust_remote_code": false, "custom_pipelines": {}}"#),
            ("config.json", #"{"task_specific_params": {"target": "de"}, "label2id": {"os.system": 1}}"#),
            (
                "tokenizer_config.json",
                #"{"chat_template": "{% for m in messages %}{{ m['content'] }}{% endfor %}", "tokenizer_class": "X"}"#
            ),
            (
                "tokenizer.json",
                #"{"pre_tokenizer": {"pattern": {"Regex": "(?i:'s|'t)|[^\\r\\n\\p{L}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+(?!\\S)|\\s+"}}, "vocab": {"__class__": 1, "!!": 2}}"#
            ),
            (
                "model_index.json",
                #"{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.6.0", "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [null, null], "tokenizer": ["transformers", "CLIPTokenizer"]}"#
            ),
            (
                "modules.json",
                #"[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]"#
            ),
            (
                "model.safetensors.index.json",
                #"{"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}"#
            ),
            (
                "adapter_config.json",
                #"{"auto_mapping": {"base_model_class": "M", "parent_library": "transformers.models.bert.modeling_bert"}}"#
            ),
            (
                "nemo.json",
                #"{"encoder": {"_target_": "nemo.collections.asr.modules.ConformerEncoder"}, "optim": {"_target_": "torch.optim.AdamW"}}"#
            ),
            ("lines.jsonl", "{\"a\": 1}\n{\"b\": 2}\n"),
        ]
        for (name, text) in cases {
            let found = try Checked.text(text, name: name)
            #expect(found.verdict == .clean, "\(name) \(text)\n\(found.lines)")
        }
    }

    @Test func `sentence-transformers modules of other packages are named`() throws {
        #expect(try Checked.text(#"[{"type": "custom_st.Transformer"}]"#, name: "modules.json").verdict == .review)
        #expect(
            try Checked.text(#"[{"type": "o/r--custom_st.Transformer"}]"#, name: "modules.json").verdict == .malicious)
    }

    @Test func `a reference to the repository itself is its own code`() throws {
        var findings = ScanFindings()
        let text = #"{"auto_map": {"AutoModel": "Example/Model--m.X"}}"#
        try ConfigCheck.check(
            MemorySource(Array(text.utf8)), name: "config.json", at: ScanPlace(), into: &findings,
            repository: "example/model")
        #expect(findings.verdict == .review)
    }

    @Test func `metadata of tensors are looked at`() {
        let cases: [(key: String, value: String, verdict: Verdict)] = [
            ("format", "pt", .clean), ("modelspec.title", "{not json", .clean),
            ("a", #"{"_target_": "os.system"}"#, .malicious),
            ("chat_template", "{{ ''.__class__ }}", .malicious),
            ("b", "x: !!python/object/apply:os.system", .malicious),
            ("_target_", "os.system", .malicious), ("ss_metadata", #"{"epoch": 3}"#, .clean),
        ]
        for (key, value, verdict) in cases {
            var findings = ScanFindings()
            ConfigCheck.check(metadata: [(key, value)], at: ScanPlace(), into: &findings)
            #expect(findings.verdict == verdict, "\(key) \(value)\n\(findings.lines)")
        }
    }

    @Test func `the line of a finding is the line of the value`() throws {
        let found = try Checked.text("{\n \"a\": 1,\n \"trust_remote_code\": true\n}", name: "config.json")
        #expect(found.findings.first?.place.line == 3)
    }
}
