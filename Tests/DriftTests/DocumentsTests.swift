// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Testing

@testable import Drift

/// Compares two sets of texts, and shows the changes in one line each.
func drift(_ before: [String: String], _ after: [String: String]) async throws -> DriftReport {
    try await Comparison(try Snapshot(label: "a", texts: before), try Snapshot(label: "b", texts: after)).run()
}

extension DriftReport {
    /// `rule severity place`, in the order of the report.
    var lines: [String] {
        changes.map { change in
            let places = change.places.map { $0.file + ($0.key.map { ":" + $0 } ?? "") }.joined(separator: " ")
            return "\(change.rule) \(change.severity.rawValue) \(places)"
        }
    }
}

@Suite struct `Comparing documents` {
    // MARK: JSON

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "01", "1.", "-", "+1", ".5", "1e", "tru", "\"a", "\"\\x\"",
        "\"\\u12g4\"",
        "[1] 2", "{a:1}", "'a'", "\u{0}",
    ])
    func `what is not JSON is refused`(_ text: String) {
        #expect(throws: JSONDocument.Problem.self) { _ = try JSONDocument(Array(text.utf8)) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONDocument.Problem.self) { _ = try JSONDocument([0x22, 0xFF, 0x22]) }
    }

    @Test func `nesting is read up to the limit and not beyond`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONDocument(nested(JSONDocument.maximumDepth))
        #expect(throws: JSONDocument.Problem.self) { _ = try JSONDocument(nested(JSONDocument.maximumDepth + 1)) }
        #expect(throws: JSONDocument.Problem.self) { _ = try JSONDocument([UInt8](repeating: 0x5B, count: 1_000_000)) }
    }

    @Test func `what Python reads is read`() throws {
        let text = "\u{FEFF} {\"a\": NaN, \"b\": -Infinity, \"c\": \"\\u00e9\\ud83d\\ude00\\n\t\", \"d\": \"\\ud800\"}"
        let root = try JSONDocument(Array(text.utf8)).root
        #expect(root["c"]?.string == "é😀\n\t")
        #expect(root["a"]?.reported == .string("NaN"))
        #expect(root["d"]?.string != "\u{FFFD}", "half a pair is not any half a pair")
    }

    @Test(arguments: [
        ("1e-05", "0.00001", true), ("1", "1.0", true), ("-0", "0", true), ("0.1", "0.10", true), ("1", "2", false),
        ("9007199254740993", "9007199254740992", false), ("1e30", "1000000000000000019884624838656", true),
        ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true), ("{\"a\":1,\"a\":2}", "{\"a\":2}", true),
        ("[1,2]", "[2,1]", false),
        ("\"\u{E9}\"", "\"e\u{301}\"", false), ("{\"\u{E9}\":1}", "{\"e\u{301}\":1}", false), ("null", "false", false),
        ("\"\\u00e9\"", "\"\u{E9}\"", true), ("{\"a\":null}", "{}", false),
    ])
    func `two spellings mean the same or not`(_ a: String, _ b: String, _ same: Bool) throws {
        let (one, other) = (try JSONDocument(Array(a.utf8)).root, try JSONDocument(Array(b.utf8)).root)
        #expect(one.sameMeaning(as: other) == same && other.sameMeaning(as: one) == same)
    }

    @Test func `a key that is there twice is said`() async throws {
        let report = try await drift(["config.json": "{\"a\":1}"], ["config.json": "{\"a\":2,\"a\":1}"])
        #expect(report.lines == ["key-twice behaviour config.json:a"])
    }

    @Test func `a file that is JSON no longer is breaking`() async throws {
        let report = try await drift(["config.json": "{}"], ["config.json": "{"])
        #expect(report.lines == ["not-json breaking config.json"])
    }

    @Test(arguments: [7, 8, 9] as [UInt64])
    func `hostile bytes never trap`(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        let names = [
            "config.json", "tokenizer.json", "tokenizer_config.json", "modules.json", "1_Pooling/config.json",
            "README.md",
            "modeling.py", "requirements.txt", "merges.txt", "vocab.txt", "model.safetensors.index.json",
            "generation_config.json",
        ]
        let pieces = [
            "{", "}", "[", "]", ":", ",", "\"", "\"a\"", "\"eos_token_id\"", "\"rope_scaling\"", "\"model\"",
            "\"vocab\"", "\"added_tokens\"",
            "\"id\"", "\"content\"", "null", "true", "1", "-1", "9223372036854775808", "1e999", "\\", "\n", "---",
            "license:", "def f(", "class A:",
            "    ", "\t", "#", "'''", "\u{E9}", "\"type\"", "\"weight_map\"", "\"merges\"", "\"pooling_mode\"", "==",
            "temperature=",
        ]
        for round in 0..<60 {
            func text() -> [UInt8] {
                var bytes = (0..<Int.random(in: 0...30, using: &dice)).flatMap { _ in
                    Array(pieces[Int.random(in: 0..<pieces.count, using: &dice)].utf8)
                }
                if Bool.random(using: &dice), !bytes.isEmpty {
                    bytes[Int.random(in: 0..<bytes.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
                }
                return bytes
            }
            var (before, after): ([String: [UInt8]], [String: [UInt8]]) = ([:], [:])
            for name in names where Bool.random(using: &dice) {
                before[name] = text()
                after[name] = Bool.random(using: &dice) ? text() : nil
            }
            let report = try await Comparison(
                try Snapshot(label: "a", files: before), try Snapshot(label: "b", files: after)
            ).run()
            #expect(
                report.sameFiles + report.differentFiles == Set(before.keys).union(after.keys).count,
                "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [11, 12] as [UInt64])
    func `shuffled keys and other white space are never more than format`(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        for round in 0..<60 {
            func value(_ depth: Int) -> String {
                switch Int.random(in: 0...(depth > 2 ? 3 : 5), using: &dice) {
                case 0: return "null"
                case 1: return "\(Int.random(in: -9...9, using: &dice))"
                case 2: return "\"\(["é", "x", "y"][Int.random(in: 0..<3, using: &dice)])\""
                case 3: return "true"
                case 4: return "[" + (0..<2).map { _ in value(depth + 1) }.joined(separator: ",") + "]"
                default: return object(depth + 1).0
                }
            }
            func object(_ depth: Int) -> (String, String) {
                let keys = ["a", "vocab_size", "rope_theta", "eos_token_id", "text_config", "torch_dtype"].shuffled(
                    using: &dice
                ).prefix(3)
                let members = keys.map { "\"\($0)\":" + value(depth) }
                return (
                    "{" + members.joined(separator: ",") + "}",
                    "{\n " + members.shuffled(using: &dice).joined(separator: ",\n ") + "\n}"
                )
            }
            let (one, other) = object(0)
            let report = try await drift(["config.json": one], ["config.json": other])
            #expect(report.lines == ["format-only cosmetic config.json"], "seed \(seed), round \(round): \(one)")
        }
    }

    // MARK: File sets

    @Test func `files that came, went and moved are told apart`() async throws {
        let report = try await drift(
            ["notes.txt": "same text", "old.yaml": "a: 1\n", "config.json": "{}"],
            [
                "docs/notes.txt": "same text", "new.py": "x = 1\n", "config.json": "{}", "image.png": "png",
                "training_args.bin": "x",
            ])
        #expect(
            Set(report.lines) == [
                "file-renamed behaviour docs/notes.txt notes.txt", "file-removed behaviour old.yaml",
                "code-added security new.py",
                "docs-changed cosmetic image.png", "leftover-changed cosmetic training_args.bin",
            ])
        #expect(report.sameFiles == 1 && report.differentFiles == 6)
    }

    @Test func `a file with nothing but defaults is no drift when it comes`() async throws {
        let report = try await drift([:], ["generation_config.json": "{\"temperature\": 1.0, \"do_sample\": false}"])
        #expect(
            report.verdict == .unchanged
                && report.lines == [
                    "default-explicit cosmetic generation_config.json:temperature generation_config.json:do_sample"
                ])
        let empty = try await drift([:], ["generation_config.json": "{}"])
        #expect(empty.lines == ["file-added cosmetic generation_config.json"])
    }

    @Test func `every file that differs is named by something`() async throws {
        let nested = try await drift(
            ["tokenizer/tokenizer_config.json": #"{"chat_template":"a"}"#],
            ["tokenizer/tokenizer_config.json": #"{"chat_template":"b"}"#])
        #expect(nested.lines == ["template-changed behaviour tokenizer/tokenizer_config.json:chat_template"])
        for name in [
            "chat_template.txt", "deep/chat_template.json", "additional_chat_templates/x.txt", "noise", "a.jsonl",
            "x.onnx.json",
        ] {
            let report = try await drift([name: "one"], [name: "two"])
            #expect(
                report.changes.contains { $0.severity == .behaviour && $0.places.first?.file == name },
                "\(name): \(report.lines)")
        }
    }

    @Test func `what cannot be read is unchecked and never equal`() async throws {
        let before = try Snapshot(label: "a", texts: ["config.json": "{}", "README.md": "a"])
        let files = ["config.json": Array("{ }".utf8), "README.md": Array("a".utf8)]
        let after = try Snapshot(label: "b", files: files, reader: FakeReader(files, absent: ["config.json"]))
        let report = try await Comparison(before, after).run()
        #expect(report.verdict == .unknown && report.changes.isEmpty)
        #expect(report.unchecked.map(\.file) == ["config.json"] && report.unchecked.first?.hint != nil)
    }

    @Test func `digests of different kinds make the bytes be compared`() async throws {
        func side(_ text: String, known: Bool) throws -> Snapshot {
            let bytes = Array(text.utf8)
            let state = FileState(
                size: ByteCount(clamping: Int64(bytes.count)), git: known ? nil : GitObjectID(ofBlob: bytes),
                sha256: known ? Digest(of: bytes) : nil)
            return Snapshot(
                label: "x", sources: [], files: [.init(path: try RelativePath("config.json"), state: state)],
                reader: FakeReader(["config.json": bytes]))
        }
        let same = try await Comparison(try side("{\"a\":1}", known: true), try side("{\"a\":1}", known: false)).run()
        #expect(same.changes.isEmpty && same.sameFiles == 1)
        let other = try await Comparison(try side("{\"a\":1}", known: true), try side("{\"a\":2}", known: false)).run()
        #expect(other.lines == ["config-unknown-key behaviour config.json:a"])
    }

    @Test func `only what differs is opened`() async throws {
        let texts = ["config.json": "{\"a\":1}", "README.md": "text", "modeling.py": "x", "tokenizer.json": "{}"]
        let before = try Snapshot(label: "a", texts: texts)
        let after = try Snapshot(label: "b", texts: texts.merging(["README.md": "other"]) { $1 })
        _ = try await Comparison(before, after).run()
        #expect((before.reader as? FakeReader)?.openedFiles == ["README.md"])
        #expect((after.reader as? FakeReader)?.openedFiles == ["README.md"])
    }

    @Test func `the defaults that differ are listed`() async throws {
        let report = try await drift(
            [
                "generation_config.json": "{\"temperature\":0.6,\"top_p\":0.9}",
                "config.json": "{\"torch_dtype\":\"float32\"}",
            ],
            ["generation_config.json": "{\"temperature\":0.7,\"top_p\":0.9}", "config.json": "{\"dtype\":\"float32\"}"])
        #expect(report.defaults.map(\.name) == ["temperature"])
        #expect(
            report.defaults.first?.before?.value == .number(0.6) && report.defaults.first?.after?.value == .number(0.7))
    }

    @Test func `a part of the heads that is the whole is no new default`() async throws {
        func config(_ model: String, _ rope: String) -> [String: String] {
            ["config.json": #"{"model_type":"\#(model)",\#(rope)}"#]
        }
        let old = #""rope_theta":10000.0"#
        let new = #""rope_parameters":{"partial_rotary_factor":1.0,"rope_theta":10000.0,"rope_type":"default"}"#
        let same = try await drift(config("phi3", old), config("phi3", new))
        #expect(same.defaults.isEmpty && same.verdict == .unchanged)
        // Where the whole is not what is taken in silence, it is one.
        let other = try await drift(config("glm", old), config("glm", new))
        #expect(other.defaults.map(\.name) == ["rope-scaling"] && other.verdict == .changed)
    }

    @Test func `a default in another spelling or place is no difference`() async throws {
        let report = try await drift(
            ["config.json": #"{"rope_theta":5.0,"rope_scaling":{"type":"yarn","factor":2.0}}"#],
            [
                "config.json":
                    #"{"rope_parameters":{"rope_theta":5.0,"rope_type":"yarn","factor":2.0},"pad_token_id":null}"#
            ])
        #expect(report.defaults.isEmpty)
        let other = try await drift(
            ["config.json": #"{"rope_theta":5.0}"#],
            ["config.json": #"{"rope_parameters":{"rope_theta":6.0,"rope_type":"default"}}"#])
        #expect(other.defaults.map(\.name) == ["rope-theta"])
        #expect(other.defaults.first?.after?.key == "rope_parameters.rope_theta")
    }

    // MARK: Where it comes from

    private static func side(
        _ repository: String, _ commit: UInt8, revision: String = "main", date: String? = nil,
        files: [String: String] = [:],
        role: SourceRole = .model
    ) throws -> Snapshot {
        try Snapshot(
            label: repository, files: files.mapValues { Array($0.utf8) },
            sources: [
                .init(
                    role: role, repository: try RepositoryID(repository), revision: try Revision(revision),
                    commit: GitObjectID(ofBlob: [commit]), date: date)
            ])
    }

    @Test func `a repository that moved, changed or was set back is said`() async throws {
        func lines(_ before: Snapshot, _ after: Snapshot) async throws -> [String] {
            try await Comparison(before, after).run().lines
        }
        let old = try Self.side("org/model", 1, date: "2024-05-01T00:00:00Z")
        #expect(try await lines(old, try Self.side("new/model", 1)) == ["repository-moved security model"])
        #expect(try await lines(old, try Self.side("new/model", 2)) == ["repository-changed security model"])
        #expect(try await lines(old, try Self.side("org/model", 2)) == ["commit-moved cosmetic model"])
        #expect(
            try await lines(old, try Self.side("org/model", 1, revision: "v2")) == ["revision-changed cosmetic model"])
        #expect(
            try await lines(old, try Self.side("org/model", 2, date: "2024-04-01T00:00:00Z"))
                == ["commit-older security model", "commit-moved cosmetic model"])
        #expect(
            try await lines(old, try Self.side("org/model", 2, files: ["README.md": "x"])) == [
                "docs-changed cosmetic README.md"
            ],
            "a commit that changed a file says nothing more")
        #expect(
            try await lines(try Self.side("org/base", 1, role: .base), try Self.side("org/base", 2, role: .base))
                == ["base-moved cosmetic base"])
    }

    // MARK: The launch

    private static func launched(_ command: String, _ environment: [String: String] = [:]) throws -> Snapshot {
        try Snapshot(
            label: "x", files: [:],
            launch: LaunchRequest(
                command: command.split(separator: " ").map(String.init),
                environment: environment.map { LaunchRequest.Variable($0.key, $0.value) }))
    }

    @Test(arguments: [
        ("vllm serve m --a 1 --b 2", "vllm serve m --b 2 --a 1", ["format-only cosmetic launch:command"]),
        ("vllm serve m --max-model-len 8", "vllm serve m --max_model_len=8", ["format-only cosmetic launch:command"]),
        ("vllm serve m --dtype auto", "vllm serve m --dtype half", ["launch-flag behaviour launch:command --dtype"]),
        (
            "vllm serve m", "vllm serve m --trust-remote-code",
            ["launch-flag security launch:command --trust-remote-code"]
        ),
        ("vllm serve m --port 80", "vllm serve m --port 81", ["launch-flag cosmetic launch:command --port"]),
        ("vllm serve m", "vllm serve n", ["launch-command behaviour launch:command"]),
        ("llama-server -c 0 --seed -1", "llama-server -c 0 --seed 7", ["launch-flag behaviour launch:command --seed"]),
        (
            "vllm serve m --generation-config vllm", "vllm serve m",
            ["launch-flag behaviour launch:command --generation-config"]
        ),
    ])
    func `a command is compared flag by flag`(_ before: String, _ after: String, _ expected: [String]) async throws {
        #expect(try await Comparison(try Self.launched(before), try Self.launched(after)).run().lines == expected)
    }

    @Test func `variables and the project's files are compared`() async throws {
        let report = try await Comparison(
            try Self.launched("x", ["VLLM_USE_V1": "1", "LOG_LEVEL": "info"]),
            try Self.launched("x", ["VLLM_USE_V1": "0", "LOG_LEVEL": "debug"])
        ).run()
        #expect(
            report.lines == [
                "launch-environment behaviour launch:env.VLLM_USE_V1",
                "launch-environment cosmetic launch:env.LOG_LEVEL",
            ])
        func local(_ text: String) throws -> Snapshot {
            try Snapshot(
                label: "x", files: [:],
                localFiles: [
                    LocalFile(
                        component: .packages, path: try RelativePath("requirements.txt"), size: .zero,
                        sha256: Digest(of: text))
                ])
        }
        let files = try await Comparison(try local("vllm==0.7.3"), try local("vllm==0.8.0")).run()
        #expect(files.lines == ["packages-changed behaviour requirements.txt"])
    }
}
