// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Testing

@testable import Drift

/// The files of the project itself: by what they say, as far as their content is there.
@Suite struct `Comparing the project's own files` {
    private static func side(
        _ files: [String: String], command: [String] = [], model: [String: String] = [:], keeps: Bool = true
    ) throws -> Snapshot {
        let locals = try files.map { name, text in
            let component: Component =
                name.hasPrefix("requirements") || name.hasSuffix(".lock")
                ? .packages : name.hasPrefix("prompts/") ? .prompts : .launch
            return LocalFile(
                component: component, path: try RelativePath(name), size: ByteCount(clamping: Int64(text.utf8.count)),
                sha256: Digest(of: text))
        }
        let launch = LaunchRequest(command: command, files: locals.filter { $0.component == .launch }.map(\.path))
        let reader = FakeReader(
            model.mapValues { Array($0.utf8) }, locals: keeps ? files.mapValues { Array($0.utf8) } : [:])
        return try Snapshot(
            label: "x", files: model.mapValues { Array($0.utf8) },
            launch: command.isEmpty && launch.files.isEmpty ? nil : launch, localFiles: locals, reader: reader)
    }

    private static func report(_ name: String, _ before: String?, _ after: String?) async throws -> DriftReport {
        try await Comparison(
            try side(before.map { [name: $0] } ?? [:]), try side(after.map { [name: $0] } ?? [:])
        ).run()
    }

    // MARK: Scripts

    private static let script = """
        #!/bin/bash
        set -e
        # The server
        export VLLM_ATTENTION_BACKEND=FLASH_ATTN HF_HOME=/cache
        exec vllm serve org/model \\
            --dtype bfloat16 --max-model-len 8192 \\
            -tp 2 --port 8000
        """

    @Test(arguments: [
        ("bfloat16", "float16", ["launch-flag architecture behaviour start.sh : command --dtype"]),
        ("8192", "4096", ["launch-flag architecture behaviour start.sh : command --max-model-len"]),
        ("-tp 2", "-tp 4", ["launch-flag architecture behaviour start.sh : command --tensor-parallel-size"]),
        ("8000", "9000", ["launch-flag code cosmetic start.sh : command --port"]),
        (
            "--port 8000", "--port 8000 --quantization fp8",
            ["launch-flag architecture behaviour start.sh : command --quantization"]
        ),
        (
            "--port 8000", "--port 8000 --chat-template='a b.jinja'",
            ["launch-flag prompt behaviour start.sh : command --chat-template"]
        ),
        (
            "--port 8000", "--port 8000 --trust-remote-code",
            ["launch-flag code security start.sh : command --trust-remote-code"]
        ),
        ("FLASH_ATTN", "XFORMERS", ["launch-environment architecture behaviour start.sh : env.VLLM_ATTENTION_BACKEND"]),
        ("/cache", "/other", ["launch-environment code cosmetic start.sh : env.HF_HOME"]),
        ("org/model", "org/other", ["launch-command code behaviour start.sh : command"]),
        ("set -e\n", "set -e\npip install vllm\n", ["local-file-changed code behaviour start.sh"]),
        ("set -e\n", "", ["local-file-changed code behaviour start.sh"]),
        ("# The server\n", "# Another # remark\n\n", ["format-only packaging cosmetic start.sh"]),
        ("    --dtype", "  --dtype", ["format-only packaging cosmetic start.sh"]),
        ("org/model", "'org/model'", ["local-file-changed code behaviour start.sh"]),
    ])
    func `a start script is compared flag by flag`(_ from: String, _ to: String, _ expected: [String]) async throws {
        let parts = Self.script.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let report = try await Self.report("start.sh", Self.script, parts[0] + to + parts[1])
        #expect(report.changes.map(`Incidents rebuilt as two repositories`.shown) == expected)
        #expect(report.unchecked.isEmpty)
    }

    @Test func `several flags of a script are several changes, with their values`() async throws {
        let report = try await Self.report(
            "start.sh", Self.script,
            Self.script.replacing("8192", with: "32768").replacing("bfloat16", with: "auto").replacing(
                "-tp 2", with: ""))
        #expect(report.changes.count == 3 && report.changes.allSatisfy { $0.rule == "launch-flag" })
        #expect(report.changes.contains { $0.before == .string("8192") && $0.after == .string("32768") })
        #expect(report.changes.contains { $0.before == .string("2") && $0.after == nil })
    }

    @Test(arguments: ["cat <<EOF\nx\nEOF\n", "echo 'open", "echo \"open"])
    func `a script that cannot be read is compared as a text`(_ text: String) async throws {
        let report = try await Self.report("start.sh", text, text + "y\n")
        #expect(report.lines == ["local-file-changed behaviour start.sh"])
        guard case .text? = report.changes.first?.evidence else {
            Issue.record("no text")
            return
        }
    }

    @Test func `settings in YAML and JSON are flags by another name`() async throws {
        let yaml = "# vLLM\nmodel: org/model\nmax-model-len: 8192  # tokens\nenable-prefix-caching: true\n"
        let changed = try await Self.report("vllm.yaml", yaml, yaml.replacing("8192", with: "4096"))
        #expect(
            changed.changes.map(`Incidents rebuilt as two repositories`.shown) == [
                "launch-flag architecture behaviour vllm.yaml : max-model-len"
            ])
        let same = try await Self.report(
            "vllm.yaml", yaml, yaml.replacing("# vLLM\n", with: "").replacing("8192", with: "'8192'"))
        #expect(same.lines == ["format-only cosmetic vllm.yaml"])
        let json = try await Self.report("vllm.json", #"{"dtype":"auto"}"#, #"{"dtype":"half"}"#)
        #expect(json.lines == ["launch-flag behaviour vllm.json:dtype"])
        let nested = try await Self.report("compose.yaml", "a:\n  b: 1\n", "a:\n  b: 2\n")
        #expect(nested.lines == ["local-file-changed behaviour compose.yaml"])
    }

    @Test func `no script traps, and two that are read as the same differ in nothing that runs`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let alphabet = Array("ab=$\"'\\#;&|()<> \n\t-{}`\r1".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<next() % 40).map { _ in alphabet[next() % alphabet.count] }
            let text = String(decoding: bytes, as: UTF8.self)
            let script = ShellScript(text)
            let commented = ShellScript("# remark\n" + text)
            #expect(script?.marks == commented?.marks && script?.steps == commented?.steps, "seed \(seed): \(text)")
        }
    }

    // MARK: Packages

    @Test func `versions of what computes outputs are told one by one`() async throws {
        let old = "vllm==0.8.0 \\\n    --hash=sha256:aa\ntransformers==4.51.0\nblack==24.1\nrequests==2.0\n"
        let new = "vllm==0.9.1 \\\n    --hash=sha256:bb\nTransformers == 4.51.0\nblack==25.1\ntokenizers==0.21\n"
        let report = try await Self.report("requirements.txt", old, new)
        #expect(
            report.lines == [
                "packages-changed behaviour requirements.txt:tokenizers",
                "packages-changed behaviour requirements.txt:vllm",
                "packages-changed behaviour requirements.txt",
            ])
        let vllm = try #require(report.changes.first { $0.places[0].key == "vllm" })
        #expect(vllm.summary == "`vllm` is `==0.9.1`, was `==0.8.0`")
        guard case .names(let added, let removed, let changed)? = report.changes.last?.evidence else {
            Issue.record("no names")
            return
        }
        #expect(added.isEmpty && removed == ["requests==2.0"] && changed == ["black==24.1 → black==25.1"])
    }

    @Test func `the same version with other digests is of security`() async throws {
        let report = try await Self.report(
            "requirements.txt", "a==1 --hash=sha256:aa\nb==1\n", "b==1\na==1 \\\n  --hash=sha256:bb\n")
        #expect(report.lines == ["packages-repacked security requirements.txt"])
        let same = try await Self.report("requirements.txt", "a_b==1\nc\n", "# x\nC\nA.b == 1  # y\n")
        #expect(same.lines == ["format-only cosmetic requirements.txt"])
    }

    @Test func `locks of packages are read`() async throws {
        func lock(_ torch: String) -> String {
            """
            version = 1
            [[package]]
            name = "torch"
            version = "\(torch)"
            source = { registry = "https://pypi.org/simple" }
            dependencies = [
                { name = "numpy" },
            ]
            wheels = [
                { url = "https://x/torch.whl", hash = "sha256:\(torch)" },
            ]

            [[package]]
            name = "numpy"
            version = "2.0"
            """
        }
        let report = try await Self.report("uv.lock", lock("2.6.0"), lock("2.7.0"))
        #expect(report.lines == ["packages-changed behaviour uv.lock:torch"])
        #expect(report.changes.first?.before == .string("2.6.0") && report.changes.first?.after == .string("2.7.0"))
    }

    @Test func `options of a requirements file are not taken for one another`() async throws {
        let report = try await Self.report(
            "requirements.txt", "--index-url https://a.b/x\n", "--index-url https://a-b/x\n")
        #expect(report.lines == ["packages-changed behaviour requirements.txt"])
    }

    // MARK: Prompts, and what is gone

    @Test func `a prompt is compared as a text`() async throws {
        let report = try await Self.report("prompts/system.txt", "Be kind.\nBe brief.\n", "Be kind.\nBe long.\n")
        #expect(report.lines == ["local-file-changed behaviour prompts/system.txt"])
        #expect(report.changes.first?.kind == .prompt)
        guard case .text(let diff)? = report.changes.first?.evidence else {
            Issue.record("no text")
            return
        }
        #expect(diff.added == 1 && diff.removed == 1)
        // Whoever reads it reads its line ends, too.
        let ends = try await Self.report("prompts/system.txt", "a\n", "a\r\n")
        #expect(ends.verdict == .changed)
    }

    @Test func `a content that is gone is said to be, and is no reason for silence`() async throws {
        let report = try await Comparison(
            try Self.side(["requirements.txt": "vllm==0.8.0\n"], keeps: false),
            try Self.side(["requirements.txt": "vllm==0.9.0\n"])
        ).run()
        #expect(report.lines == ["packages-changed behaviour requirements.txt"])
        #expect(report.unchecked.map(\.file) == ["requirements.txt"])
        #expect(report.unchecked[0].reason.contains("is not on this machine any more"))
        #expect(report.unchecked[0].hint?.contains("weighlock diff") == true)
    }

    @Test func `a file that came is shown whole`() async throws {
        let report = try await Self.report("prompts/a.txt", nil, "Hello\n")
        #expect(report.lines == ["local-file-changed behaviour prompts/a.txt"])
        #expect(report.changes.first?.summary == "a prompt of the project came")
    }

    // MARK: The template that the launch names

    private static let own = [
        "tokenizer_config.json": #"{"chat_template":"{% for m in messages %}A{{ m.content }}{% endfor %}"}"#
    ]
    private static let template = "{% for m in messages %}B{{ m.content }}{% endfor %}"

    @Test func `the launch decides which template wins, for the engine that it starts`() async throws {
        let files = ["prompts/chat.jinja": Self.template]
        let plain = ["vllm", "serve", "{model}"]
        let named = plain + ["--chat-template", "./prompts/chat.jinja"]
        let report = try await Comparison(
            try Self.side(files, command: plain, model: Self.own), try Self.side(files, command: named, model: Self.own)
        ).run()
        let winner = try #require(report.changes.first { $0.rule == "template-winner-changed" })
        #expect(winner.summary.hasPrefix("vLLM uses `prompts/chat.jinja` now, not `tokenizer_config.json"))
        #expect(report.changes.contains { $0.rule == "prompt-changed" })
        #expect(report.changes.contains { $0.rule == "launch-flag" && $0.kind == .prompt })
        #expect(report.unchecked.isEmpty)
    }

    @Test func `a template of the project that the launch names is compared by its prompts`() async throws {
        let command = ["python", "-m", "sglang.launch_server", "--chat-template=/app/prompts/chat.jinja"]
        let report = try await Comparison(
            try Self.side(["prompts/chat.jinja": Self.template], command: command, model: Self.own),
            try Self.side(
                ["prompts/chat.jinja": Self.template.replacing("B", with: "C")], command: command, model: Self.own)
        ).run()
        #expect(
            report.lines == [
                "template-changed behaviour prompts/chat.jinja", "prompt-changed behaviour prompts/chat.jinja",
            ])
    }

    @Test func `a template of the model that the launch overrides is nothing to the engine`() async throws {
        let command = ["vllm", "serve", "{model}", "--chat-template", "prompts/chat.jinja"]
        let other = Self.own.mapValues { $0.replacing("A", with: "Z") }
        let files = ["prompts/chat.jinja": Self.template]
        let report = try await Comparison(
            try Self.side(files, command: command, model: Self.own),
            try Self.side(files, command: command, model: other)
        ).run()
        let change = try #require(report.changes.first { $0.rule == "template-changed" })
        #expect(change.consequence?.contains("vLLM") == false && change.consequence?.contains("transformers") == true)
    }

    @Test func `a template that nobody has is not compared, and is said`() async throws {
        let plain = ["vllm", "serve", "{model}"]
        let report = try await Comparison(
            try Self.side([:], command: plain, model: Self.own),
            try Self.side([:], command: plain + ["--chat-template", "/templates/x.jinja"], model: Self.own)
        ).run()
        #expect(report.lines == ["launch-flag behaviour launch:command --chat-template"])
        #expect(report.unchecked.count == 1 && report.unchecked[0].reason.contains("`/templates/x.jinja`"))
    }

    @Test func `a script names a template as a command does, and a template can be written out`() async throws {
        let script = "#!/bin/sh\nexec vllm serve m --chat-template prompts/chat.jinja\n"
        let side = try Self.side(["start.sh": script, "prompts/chat.jinja": Self.template], model: Self.own)
        let found = try #require(try await LaunchTemplate.find(in: side))
        #expect(found.engines == [.vllm] && found.copy?.file == "prompts/chat.jinja")
        #expect(found.place == .init("start.sh", "command --chat-template"))
        let written = try Self.side([:], command: ["llama-server", "--chat-template", Self.template])
        let literal = try #require(try await LaunchTemplate.find(in: written))
        #expect(literal.engines == [.llamaCpp] && literal.copy?.text == Self.template)
        let inside = try Self.side(
            [:], command: ["serve", "--chat-template", "{model}/other.jinja"], model: ["other.jinja": Self.template])
        #expect(try await LaunchTemplate.find(in: inside)?.copy?.text == Self.template)
    }

    @Test func `a script that is gone says nothing about templates`() async throws {
        let script = "#!/bin/sh\nexec vllm serve m --chat-template prompts/chat.jinja\n"
        let files = ["start.sh": script, "prompts/chat.jinja": Self.template]
        let old = files.merging(["start.sh": script + "# older\n"]) { $1 }
        let report = try await Comparison(
            try Self.side(old, model: Self.own, keeps: false), try Self.side(files, model: Self.own)
        ).run()
        #expect(report.lines == ["local-file-changed behaviour start.sh"])
        #expect(report.unchecked.map(\.file) == ["start.sh"])
    }
}
