// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Testing

@testable import Scanning

@Suite struct `Other files of a repository` {
    @Test func `YAML, requirements, path files, manifests and skops are judged`() throws {
        let cases: [(name: String, text: String, verdict: Verdict, rule: String?)] = [
            ("a.yaml", "x: !!python/object/apply:os.system [echo corpus]", .malicious, "yaml-python-tag"),
            ("a.yaml", "x: !<tag:yaml.org,2002:python/object:os.system> []", .malicious, "yaml-python-tag"),
            ("a.yaml", "%TAG !p! tag:yaml.org,2002:python/\n---\nx: !p!name:os.system", .malicious, "yaml-python-tag"),
            ("a.yaml", "x: !!python%2Fname:os.system", .malicious, "yaml-python-tag"),
            ("a.yaml", "x: !!%70ython/name:os.system", .malicious, "yaml-python-tag"),
            ("a.yaml", "x: !include other.yaml", .review, "yaml-local-tag"),
            ("a.yaml", "model:\n  _target_: os.system\n", .malicious, "config-dangerous-target"),
            ("a.yaml", "model: {_target_: subprocess.run, a: 1}", .malicious, "config-dangerous-target"),
            ("a.yaml", "model:\n  _target_:\n    os.system\n", .malicious, "config-dangerous-target"),
            ("a.yaml", "\"\\x5ftarget_\": os.system", .malicious, "config-dangerous-target"),
            ("a.yaml", "model:\n  _target_: my.thing.Model\n", .unknown, "config-unknown-target"),
            ("a.yaml", "trust_remote_code: true", .review, "config-trusts-code"),
            (
                "a.yaml", "# !!python/object\nx: 'a ! b'\ny: !!str 1\n_target_: nemo.collections.asr.Model\n", .clean,
                nil
            ),
            ("a.yaml", "a: &x 1\nb: *x\ntext: hello! you\ntarget: german\ntrust_remote_code: false\n", .clean, nil),
            ("requirements.txt", "torch==2.1\nnumpy>=1 # https://host.invalid\n", .clean, nil),
            ("requirements.txt", "--extra-index-url https://download.pytorch.org/whl/cpu\ntorch\n", .clean, nil),
            ("requirements.txt", "--index-url http://host.invalid/simple\n", .review, "requirements-foreign-index"),
            ("requirements.txt", "--index-url=https://host.invalid/simple\n", .review, "requirements-foreign-index"),
            ("requirements.txt", "-i https://host.invalid/simple\n", .review, "requirements-foreign-index"),
            (
                "requirements.txt", "--extra-index-url \\\n https://host.invalid/simple\n", .review,
                "requirements-foreign-index"
            ),
            (
                "requirements.txt", "--index-url https://pypi.org@host.invalid/simple\n", .review,
                "requirements-foreign-index"
            ),
            ("requirements.txt", "x @ git+https://host.invalid/x.git\n", .review, "requirements-foreign-index"),
            ("requirements-dev.txt", "https://host.invalid/x.whl\n", .review, "requirements-foreign-index"),
            (
                "pyproject.toml",
                "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
                .review, "project-build-code"
            ),
            (
                "pyproject.toml",
                "[build-system]\nbuild-backend = \"hatchling.build\"\n[project.urls]\nHomepage = \"https://host.invalid\"\n",
                .clean, nil
            ),
            ("x.pth", "import os; os.system('echo corpus')\n", .malicious, "path-file-code"),
            ("x.pth", "./src\nimportant\n", .clean, nil),
            (
                "MANIFEST.json", #"{"model": {"handler": "handler.py", "modelFile": "model.py"}}"#, .review,
                "handler-code"
            ),
            ("MANIFEST.json", #"{"model": {"handler": "../../handler.py"}}"#, .malicious, "handler-outside"),
            ("MANIFEST.json", #"{"model": {"handler": "image_classifier"}}"#, .clean, nil),
            (
                "schema.json",
                #"{"__class__": "OperatorFuncNode", "__module__": "operator", "__loader__": "OperatorFuncNode"}"#,
                .malicious, "skops-dangerous-node"
            ),
            (
                "schema.json",
                #"{"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic", "__loader__": "ObjectNode", "content": {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}}"#,
                .malicious, "skops-dangerous-node"
            ),
            (
                "schema.json", #"{"__class__": "Thing", "__module__": "mine", "__loader__": "ObjectNode"}"#, .unknown,
                "skops-unknown-type"
            ),
            (
                "schema.json",
                #"{"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic", "__loader__": "ObjectNode", "content": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode"}}"#,
                .clean, nil
            ),
            ("run.sh", "#!/bin/sh\necho corpus\n", .review, "script-file"),
            (
                "run", "#!/usr/bin/env python3\nimport os\nos.system('echo corpus')\n", .malicious,
                "python-call-on-import"
            ),
            ("install.bat", "echo corpus\n", .review, "script-file"),
            ("README.md", "# A model\nos.system('x') https://host.invalid\n", .clean, nil),
            ("merges.txt", "#version: 0.2\n! !\n", .clean, nil),
            ("model.pmml", "<?xml version='1.0'?><PMML></PMML>", .unknown, "container-unopened"),
            ("chat_template.jinja", "{{ ''.__class__ }}", .malicious, "template-escape"),
        ]
        for (name, text, verdict, rule) in cases {
            let found = try Checked.text(text, name: name)
            #expect(found.verdict == verdict, "\(name): \(text)\n\(found.lines)")
            if let rule { #expect(found.rules.contains(rule), "\(name): \(text)\n\(found.lines)") }
        }
    }

    @Test func `YAML in UTF-16 is read`() throws {
        let text = "x: !!python/object/apply:os.system []"
        let bytes: [UInt8] =
            [0xFF, 0xFE] + text.utf16.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        let found = try Checked.bytes(bytes, name: "a.yml") { try TextCheck.check($0, name: $1, at: $2, into: &$3) }
        #expect(found.verdict == .malicious)
    }

    @Test func `a secret in an address is not repeated`() throws {
        let found = try Checked.text("--index-url https://user:secret@host.invalid/simple\n", name: "requirements.txt")
        #expect(!found.lines.contains("secret"))
        #expect(found.lines.contains("host.invalid"))
    }

    @Test func `programs are recognised by their first bytes`() throws {
        let pe = [0x4D, 0x5A] + [UInt8](repeating: 0, count: 58) + [0x40, 0, 0, 0] + [0x50, 0x45, 0, 0]
        let cases: [(name: String, bytes: [UInt8], verdict: Verdict)] = [
            ("x.so", [0x7F, 0x45, 0x4C, 0x46, 2, 1], .unknown),
            ("model.bin", [0x7F, 0x45, 0x4C, 0x46, 2, 1], .malicious),
            ("x.exe", pe, .unknown), ("config.json", pe, .malicious), ("x.dylib", [0xCF, 0xFA, 0xED, 0xFE], .unknown),
            ("x.wasm", [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0], .unknown),
            ("X.class", [0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52], .unknown),
            ("x.lnk", [0x4C, 0, 0, 0, 1, 0x14, 2, 0], .malicious),
            ("x.pyc", [0xCB, 0x0D, 0x0D, 0x0A, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], .unknown),
            ("x.llamafile", Array("MZqFpD='\n".utf8) + [UInt8](repeating: 0, count: 64), .review),
            ("x.txt", Array("hello".utf8), .clean), ("x", [], .clean), ("x", [0x7F], .clean),
        ]
        for (name, bytes, verdict) in cases {
            let found = try Checked.bytes(bytes, name: name) {
                try ExecutableCheck.check($0, name: $1, at: $2, into: &$3)
            }
            #expect(found.verdict == verdict, "\(name)\n\(found.lines)")
        }
    }

    @Test func `containers that are not opened are named`() throws {
        for (bytes, verdict) in [
            (Array("RDX3\nX\n".utf8), Verdict.unknown), (Array("ptrt0000".utf8), .unknown),
            ([0xAC, 0xED, 0, 5], .unknown),
            ([0, 0, 0, 0] + Array("TFL3".utf8), .review),
        ] {
            let found = try Checked.bytes(bytes, name: "x") {
                try ContainerCheck.check($0, name: $1, at: $2, into: &$3)
            }
            #expect(found.verdict == verdict)
        }
        #expect(try ContainerCheck.kind(of: MemorySource([])) == nil)
    }

    @Test func `every rule has an id of its own, in the form of ids, and all its texts`() {
        let rules = ScanRule.checkRules
        #expect(Set(rules.map(\.id)).count == rules.count)
        for rule in rules {
            #expect(rule.id.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }, "\(rule.id)")
            #expect(
                rule.summary.hasSuffix(".") && rule.explanation.hasSuffix(".") && rule.remedy.hasSuffix("."),
                "\(rule.id)")
            #expect(rule.verdict != .clean)
        }
    }
}
