// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import TestKit
import Testing

@Suite struct `Comparing deliverables on the command line` {
    private static let template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"

    /// The tiny model with a template, and a child of it that differs in each class that has a picture of its own.
    private static func sides() -> (before: [String: [UInt8]], after: [String: [UInt8]]) {
        var before = ModelBuilder.tinyModel()
        before["chat_template.jinja"] = Array(template.utf8)
        before["modeling_tiny.py"] = Array("def forward(x):\n    return x\n".utf8)
        var after = ModelBuilder.tinyModel(seed: 2)
        after["chat_template.jinja"] = Array(
            template.replacing("|>{{", with: "|>{% if m.role == 'system' %}Note: {% endif %}{{").utf8)
        after["modeling_tiny.py"] = Array("def forward(x):\n    return x + 1\n".utf8)
        after["generation_config.json"] = Array("{\n  \"temperature\": 1.1,\n  \"top_p\": 0.9\n}\n".utf8)
        after["README.md"] = Array("---\nlicense: mit\npipeline_tag: feature-extraction\n---\n# A tiny model\n".utf8)
        let vocabulary = String(decoding: before["tokenizer.json"] ?? [], as: UTF8.self)
        after["tokenizer.json"] = Array(vocabulary.replacing("\"world\": 6", with: "\"word\": 6").utf8)
        after["vocab.txt"] = Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nword\n##s\n".utf8)
        after["notes.bin"] = [0, 1, 2]
        return (before, after)
    }

    private static func workspace() async throws -> Workspace {
        let workspace = try await Workspace()
        let sides = sides()
        try workspace.write(sides.before, to: "before")
        try workspace.write(sides.after, to: "after")
        return workspace
    }

    // MARK: Directories and files

    @Test func `two directories are compared, and nothing is asked of a Hub`() async throws {
        let workspace = try await Self.workspace()
        let state = try workspace.state()
        for form in [
            [], ["--stat"], ["--unified"], ["--verbose", "--no-measure"], ["--class", "tokens,prompt"],
            ["--severity", "breaking"], ["--class", "docs", "--stat"],
        ] {
            #expect(try await workspace.run(["diff", "before", "after"] + form).status == 4, "\(form)")
        }
        #expect(try await workspace.run("diff", "before", "after", "--stat", "--no-exit-code").status == 0)
        #expect(try await workspace.run("diff", "before", "before").status == 0)
        #expect(try await workspace.run("diff", "before", "before", "--json").status == 0)
        #expect(try workspace.state() == state, "diff writes nothing")
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("diff")
    }

    @Test func `the report as JSON has what proves it`() async throws {
        let workspace = try await Self.workspace()
        #expect(try await workspace.run("diff", "before", "after", "--json").status == 4)
        #expect(try await workspace.run("diff", "before", "after", "--json", "--class", "docs").status == 4)
        try workspace.check("diff-report-json")
    }

    @Test func `a page and a comment are written beside the report`() async throws {
        let workspace = try await Self.workspace()
        let arguments = ["diff", "before", "after", "--stat", "--html", "drift.html", "--markdown", "drift.md"]
        #expect(try await workspace.run(arguments).status == 4)
        #expect(try await workspace.run("diff", "before", "after", "--markdown").status == 4)
        let page = try await workspace.run(["diff", "before", "after", "--html", "-"], isRecorded: false)
        let drift = try workspace.text("project/drift.html")
        #expect(page.status == 4 && page.output == drift)
        #expect(page.output.hasPrefix("<!DOCTYPE html>") && page.output.hasSuffix("</html>\n"))
        let comment = try await workspace.run(["diff", "before", "after", "--markdown", "-"], isRecorded: false)
        #expect(try workspace.text("project/drift.md") == comment.output)
        try workspace.check("diff-markdown-command")
    }

    @Test func `what is only written otherwise is no change of behaviour`() async throws {
        let workspace = try await Workspace()
        var files = ModelBuilder.tinyModel()
        try workspace.write(files, to: "before")
        let config = String(decoding: files["config.json"] ?? [], as: UTF8.self)
        files["config.json"] = Array(config.filter { !" \n".contains($0) }.replacing("torch_dtype", with: "dtype").utf8)
        files["README.md"] = Array(
            "---\nlicense: apache-2.0\npipeline_tag: feature-extraction\n---\n# A tiny model!\n\nUse it with `temperature=0.7`.\n"
                .utf8)
        try workspace.write(files, to: "after")
        #expect(try await workspace.run("diff", "before", "after").status == 4)
        #expect(try await workspace.run("diff", "before", "after", "--verbose").status == 4)
        #expect(try await workspace.run("diff", "before", "after", "--severity", "security").status == 0)
        #expect(try await workspace.run("diff", "before/config.json", "after/config.json", "--verbose").status == 4)
        try workspace.check("diff-cosmetic")
    }

    // MARK: The lock

    @Test func `a deliverable is compared with what its names mean upstream`() async throws {
        let workspace = try await Workspace.synced()
        #expect(try await workspace.run("diff").status == 0)
        try workspace.moveUpstream()
        let state = try workspace.state()
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("diff").status == 4)
        #expect(try await workspace.run("diff", "tiny", "--stat").status == 4)
        #expect(try await workspace.run("diff", "tiny@upstream", "tiny", "--stat").status == 4)
        #expect(try await workspace.run("diff", "tiny", "--json").status == 4)
        #expect(try await workspace.run("diff", "tiny", "tiny").status == 0)
        #expect(try await workspace.run("diff", Workspace.repository, "--stat").status == 4)
        #expect(try workspace.state() == state, "diff writes nothing")
        #expect(!workspace.hub.requests.contains { $0.path.hasSuffix(".safetensors") })
        try workspace.check("diff-upstream")
    }

    @Test func `a repository that is gone is told apart from a Hub that does not answer`() async throws {
        let workspace = try await Workspace.synced()
        workspace.hub.setFault { _ in .answer(404, headers: ["X-Error-Code": "RepoNotFound"], body: []) }
        #expect(try await workspace.run("diff").status == 4)
        #expect(try await workspace.run("diff", "--json").status == 4)
        workspace.hub.setFault { _ in .rateLimit(retryAfter: 7200) }
        #expect(try await workspace.run("diff").status == 1)
        #expect(try await workspace.run("diff", "--json").status == 1)
        try workspace.check("diff-gone")
    }

    @Test func `two lock files are compared deliverable by deliverable`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.write("project/old.lock", try workspace.lockText)
        #expect(try await workspace.run("diff", "old.lock").status == 0)
        #expect(try await workspace.run("diff", "old.lock", "--json").status == 0)
        try workspace.moveUpstream()
        try workspace.hub.commit("example/other", ["config.json": Array("{}\n".utf8)])
        try await workspace.quietly("add", "example/other", "--name", "other")
        try await workspace.quietly("lock")
        try await workspace.quietly("update", "tiny", "--yes", "--reason", "reviewed")
        try await workspace.quietly("sync")
        workspace.hub.forgetRequests()
        for arguments in [
            ["old.lock"], ["old.lock", "weighlock.lock", "--stat"], ["weighlock.lock", "old.lock", "--stat"],
            ["old.lock:tiny", "--stat"], ["old.lock:tiny", "tiny", "--class", "docs"], ["old.lock", "--json"],
            ["old.lock", "--markdown"],
        ] {
            #expect(try await workspace.run(["diff"] + arguments).status == 4, "\(arguments)")
        }
        #expect(workspace.hub.requests.isEmpty, "the store has both")
        for arguments in [["old.lock:other"], ["old.lock", "tiny@upstream", "before"], ["weighlock.lock", "tiny"]] {
            #expect([1, 2].contains(try await workspace.run(["diff"] + arguments).status), "\(arguments)")
        }
        try workspace.write("project/cut.lock", String(try workspace.lockText.prefix(200)))
        #expect(try await workspace.run("diff", "cut.lock").status == 1)
        try workspace.check("diff-locks")
    }

    // MARK: Mistakes

    @Test func `what does not go together is refused`() async throws {
        let workspace = try await Self.workspace()
        for arguments in [
            ["--stat", "--unified"], ["--json", "--html", "-"], ["--html", "-", "--markdown"], ["--html", "drift.md"],
            ["--markdown", "after"], ["--class", "promt"], ["--class", "docs,"], ["--severity", "bad"], ["more"],
        ] {
            #expect(try await workspace.run(["diff", "before", "after"] + arguments).status == 2, "\(arguments)")
        }
        for arguments in [["before", "none"], ["none", "after", "--json"], ["none.safetensors", "after"], []] {
            #expect([1, 2].contains(try await workspace.run(["diff"] + arguments).status), "\(arguments)")
        }
        #expect(try await workspace.run("diff", "before").status == 1)
        #expect(try await workspace.run("diff", "tiny@upstream", "before").status == 2)
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("diff-refused")
    }
}
