// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Mirror
import TestKit
import Testing

@Suite struct `Drift on the command line` {
    @Test func `outdated says that nothing moved, or what did, and writes nothing`() async throws {
        let workspace = try await Workspace.synced()
        let before = try workspace.state()
        #expect(try await workspace.run("outdated").status == 0)
        #expect(try await workspace.run("outdated", "--json").status == 0)
        try workspace.moveUpstream()
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("outdated").status == 4)
        #expect(workspace.hub.requests.allSatisfy { !$0.isDownload })
        #expect(try await workspace.run("outdated", "--json").status == 4)
        #expect(try await workspace.run("outdated", "tiny").status == 4)
        #expect(try await workspace.run("outdated", "tniy").status == 2)
        #expect(try workspace.state() == before)
        try workspace.check("outdated-moved")
    }

    @Test func `a commit that changes no file, and one that only changes the README`() async throws {
        let workspace = try await Workspace.locked()
        var files = ModelBuilder.tinyModel()
        files["README.md"] = Array("# Another README\n".utf8)
        try workspace.hub.commit("example/tiny", files)
        try await workspace.run("outdated")
        try workspace.hub.commit("example/tiny", ModelBuilder.tinyModel())
        try await workspace.run("outdated")
        try workspace.check("outdated-harmless")
    }

    @Test func `a file that moved is one rename`() async throws {
        let workspace = try await Workspace.locked()
        var files = ModelBuilder.tinyModel()
        files["pytorch/model.safetensors"] = files.removeValue(forKey: "model.safetensors")
        try workspace.hub.commit("example/tiny", files)
        try await workspace.run("outdated")
        try await workspace.run("outdated", "--json")
        try workspace.check("outdated-renamed-file")
    }

    @Test func `a repository that was renamed, gated, made private, disabled or lost its branch`() async throws {
        let workspace = try await Workspace.locked()
        let repository = try #require(try workspace.hub.root.repository(try RepositoryID("example/tiny")))
        let settings = try repository.settings()
        func with(_ note: String, _ change: (inout RepositorySettings) throws -> Void) async throws {
            var changed = settings
            try change(&changed)
            try repository.update(changed)
            workspace.note(note)
            #expect(try await workspace.run("outdated").status == 4, "\(note)")
            #expect(try await workspace.run("outdated", "--json").status == 4, "\(note)")
        }
        try workspace.hub.commit("example/new-name", ModelBuilder.tinyModel(), date: Timestamp("2024-01-01T00:00:00Z"))
        try await with("renamed") { $0.movedTo = try RepositoryID("example/new-name") }
        try await with("private") { $0.access = .private }
        try await with("disabled") { $0.isDisabled = true }
        try repository.update(settings)
        try workspace.hub.commit("example/tiny", ["config.json": Array("{}".utf8)], branch: "other")
        try repository.removeReference(try ReferenceName(branch: .main))
        workspace.note("main was deleted")
        #expect(try await workspace.run("outdated").status == 4)
        try workspace.check("outdated-gone")
    }

    @Test func `a repository that is gated now`() async throws {
        let workspace = try await Workspace.locked()
        let repository = try #require(try workspace.hub.root.repository(try RepositoryID("example/tiny")))
        var settings = try repository.settings()
        settings.access = .gated
        try repository.update(settings)
        try await workspace.run("outdated")
        try await workspace.run("outdated", "--json")
        try workspace.check("outdated-gated")
    }

    @Test func `a history that was rewritten`() async throws {
        let workspace = try await Workspace.locked()
        let lock = try workspace.lockText
        let commit = try #require(lock.split(separator: "\"commit\": \"").dropFirst().first?.prefix(40))
        try workspace.moveUpstream()
        workspace.hub.setFault { request in
            guard request.path.hasSuffix("/revision/\(commit)") else { return nil }
            return .answer(404, headers: ["X-Error-Code": "RevisionNotFound"], body: [])
        }
        #expect(try await workspace.run("outdated").status == 4)
        try workspace.check("outdated-rewritten")
    }

    @Test func `a Hub that cannot be asked is an error and no answer`() async throws {
        let workspace = try await Workspace.locked()
        workspace.hub.setFault { _ in .rateLimit(retryAfter: 7200) }
        #expect(try await workspace.run("outdated").status == 1)
        #expect(try await workspace.run("outdated", "--json").status == 1)
        try workspace.check("outdated-unknown")
    }

    // MARK: Update

    @Test func `an update is reviewed, declined without a terminal, and taken with --yes`() async throws {
        let workspace = try await Workspace.synced()
        try await workspace.run("update", "--yes")
        try workspace.moveUpstream()
        let before = try workspace.lockText
        #expect(try await workspace.run("update", "tiny", "--dry-run").status == 0)
        #expect(try await workspace.run("update", "--dry-run", "--json").status == 0)
        #expect(try await workspace.run("update", "--locked").status == 4)
        #expect(try await workspace.run("update", "tiny", input: "y\n").status == 5)
        #expect(try await workspace.run("update", "tniy").status == 2)
        #expect(try workspace.lockText == before)
        try await workspace.run("lock")
        #expect(try workspace.lockText == before, "lock moved what was locked")
        #expect(
            try await workspace.run("update", "tiny", "--yes", "--reason", "reviewed: the tokenizer fix").status == 0)
        #expect(try workspace.lockText != before)
        try await workspace.run("verify")
        try await workspace.run("sync")
        try await workspace.run("verify")
        try await workspace.run("outdated")
        try await workspace.run("update", "--yes", "--json")
        try await workspace.run("log")
        try workspace.check("update")
    }

    @Test func `an update as JSON says what it did`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.moveUpstream()
        #expect(try await workspace.run("update", "--json").status == 5)
        #expect(try await workspace.run("update", "--locked", "--json").status == 4)
        #expect(
            try await workspace.run("update", "--yes", "--reason", "tab\there, colour \u{1B}[31mred", "--json").status
                == 0)
        try await workspace.run("log")
        try workspace.check("update-json")
    }

    @Test func `classes are accepted by name, by the policy or not at all`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.moveUpstream()
        let before = try workspace.lockText
        #expect(try await workspace.run("update", "--accept", "docs").status == 5)
        #expect(try await workspace.run("update", "--accept", "promt").status == 2)
        #expect(try workspace.lockText == before)
        let classes = try await workspace.run(["update", "--dry-run", "--json"], isRecorded: false).output
        let words = ["tokens", "prompt", "sampling", "architecture", "packaging", "docs", "identity"].filter {
            classes.contains("\"class\": \"\($0)\"")
        }
        try workspace.write(
            "project/weighlock.yaml", Workspace.manifest("example/tiny") + "policy:\n  accept: [docs, tokens]\n")
        let rest = words.filter { !["docs", "tokens"].contains($0) }.joined(separator: ",")
        #expect(try await workspace.run("update", "--accept", rest, "--reason", "looked at").status == 0)
        #expect(try workspace.lockText != before)
        try await workspace.run("log")
        try await workspace.run("log", "--json")
        try workspace.check("update-accept")
    }

    @Test func `a plan is reviewed in one job and locked in another, without a Hub`() async throws {
        let workspace = try await Workspace.synced()
        #expect(try await workspace.run("update", "--plan", "plan.json").status == 0)
        #expect(!workspace.exists("project/plan.json"), "there is nothing to plan")
        try workspace.moveUpstream()
        let before = try workspace.lockText
        #expect(try await workspace.run("update", "--plan", "plan.json").status == 0)
        #expect(try workspace.lockText == before && workspace.exists("project/plan.json"))
        let plan = try workspace.text("project/plan.json")
        try await workspace.quietly("update", "--plan", "again.json")
        #expect(try workspace.text("project/again.json") == plan, "the same review gives the same bytes")
        for arguments in [
            ["--plan", "a", "--apply", "b"], ["--apply", "plan.json", "tiny"], ["--apply", "plan.json", "--dry-run"],
            ["--plan", "a", "--yes"],
        ] {
            #expect(try await workspace.run(["update"] + arguments).status == 2, "\(arguments)")
        }
        try workspace.hub.commit("example/tiny", ["config.json": Array("{}\n".utf8)])
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("update", "--apply", "plan.json").status == 5)
        try workspace.write("project/altered.json", plan.replacing("\"behaviour\"", with: "\"cosmetic\""))
        #expect(try await workspace.run("update", "--apply", "altered.json", "--yes").status == 3)
        #expect(try await workspace.run("update", "--apply", "none.json", "--yes").status == 1)
        #expect(try workspace.lockText == before)
        #expect(try await workspace.run("update", "--apply", "plan.json", "--yes", "--reason", "approved").status == 0)
        #expect(try await workspace.run("update", "--apply", "plan.json", "--yes").status == 0)
        #expect(workspace.hub.requests.isEmpty, "no Hub was asked")
        try await workspace.run("log")
        try await workspace.quietly("rollback")
        try workspace.write(
            "project/weighlock.yaml", Workspace.manifest("example/tiny") + "policy: {licenses: [mit]}\n")
        #expect(try await workspace.run("update", "--apply", "plan.json", "--yes", "--json").status == 5)
        try workspace.check("update-plan")
    }

    @Test func `outdated names the classes, from listings and from the files`() async throws {
        let workspace = try await Workspace.synced()
        #expect(try await workspace.run("outdated", "--deep").status == 0)
        try workspace.moveUpstream()
        #expect(try await workspace.run("outdated", "--deep").status == 4)
        let shallow = try await workspace.run("outdated", "--json", "tiny").output
        #expect(shallow.contains("\"behaviour\": \"unknown\"") && shallow.contains("\"deep\": false"))
        let deep = try await workspace.run(["outdated", "--json", "--deep"], isRecorded: false)
        #expect(
            deep.status == 4 && deep.output.contains("\"behaviour\": \"changed\"")
                && deep.output.contains("\"deep\": true"))
        try workspace.check("outdated-deep")
    }

    @Test func `one deliverable is updated and the other stays`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.hub.commit("example/other", ["config.json": Array("{}\n".utf8)])
        try await workspace.quietly("add", "example/other", "--name", "other")
        try await workspace.quietly("lock")
        try workspace.hub.commit("example/other", ["config.json": Array("{\"torch_dtype\": \"bfloat16\"}\n".utf8)])
        try workspace.moveUpstream()
        try await workspace.run("update", "other", "--yes", "--reason", "dtype")
        #expect(try await workspace.run("outdated").status == 4)
        #expect(try await workspace.run("outdated", "other").status == 0)
        try workspace.check("update-one")
    }
}
