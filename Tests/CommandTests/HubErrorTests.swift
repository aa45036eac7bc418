// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Mirror
import TestKit
import Testing

@Suite struct `A Hub that refuses or fails` {
    private func hub(_ access: RepositorySettings.Access, disabled: Bool = false) async throws -> LoopbackHub {
        let hub = try await LoopbackHub(access: MirrorAccess(tokens: [Secret(Workspace.token)].compactMap { $0 }))
        try hub.commit("example/tiny", ModelBuilder.tinyModel())
        let repository = try #require(try hub.root.repository(try RepositoryID("example/tiny")))
        try repository.update(RepositorySettings(access: access, isDisabled: disabled))
        return hub
    }

    @Test func `what does not exist is named`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.write("project/weighlock.yaml", Workspace.manifest("example/missing"))
        try await workspace.run("lock")
        try await workspace.run("lock", environment: ["HF_TOKEN": "hf_other"])
        try workspace.write("project/weighlock.yaml", Workspace.manifest("example/tiny", revision: "v9"))
        try await workspace.run("lock")
        try await workspace.run("lock", "--json")
        try workspace.write(
            "project/weighlock.yaml", Workspace.manifest("example/tiny", revision: String(repeating: "0", count: 40)))
        try await workspace.run("lock")
        #expect(!workspace.exists("project/weighlock.lock"))
        try workspace.check("hub-missing")
    }

    @Test func `a private repository needs the right token, and no token is ever printed`() async throws {
        let workspace = try await Workspace.withModel(hub: try await hub(.private))
        try await workspace.run("lock")
        try await workspace.run("lock", environment: ["HF_TOKEN": "hf_wrong"])
        try await workspace.quietly("lock", environment: ["HF_TOKEN": Workspace.token])
        try workspace.write("user/.cache/huggingface/token", Workspace.token + "\n")
        try await workspace.run("lock", "--check")
        try await workspace.run("sync")
        try workspace.check("hub-private")
    }

    @Test func `a gated repository says where to accept, a disabled one that it is`() async throws {
        let gated = try await Workspace.withModel(hub: try await hub(.gated))
        try await gated.run("lock")
        let disabled = try await Workspace.withModel(hub: try await hub(.public, disabled: true))
        let outcome = try await disabled.run(["lock"], isRecorded: false)
        gated.note("disabled")
        gated.record(outcome, of: ["lock"])
        try gated.check("hub-gated")
    }

    @Test func `a renamed repository is locked with a warning`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.hub.commit("example/new-name", ModelBuilder.tinyModel(), date: Timestamp("2024-01-01T00:00:00Z"))
        let old = try #require(try workspace.hub.root.repository(try RepositoryID("example/tiny")))
        try old.update(RepositorySettings(movedTo: try RepositoryID("example/new-name")))
        try await workspace.run("lock")
        try workspace.check("hub-renamed")
    }

    @Test func `a rate limit is waited for when that is short, and reported when it is long`() async throws {
        let workspace = try await Workspace.withModel()
        workspace.hub.setFault { request in
            request.path.contains("/revision/") && request.attempt == 1 ? .rateLimit(retryAfter: 0) : nil
        }
        try await workspace.run("lock", "--check")
        workspace.hub.setFault { _ in .rateLimit(retryAfter: 7200) }
        let outcome = try await workspace.run("lock")
        #expect(outcome.status == 1)
        try workspace.check(
            "hub-rate-limit", filters: [.pattern(#"trying again in 0\.\d s"#, "trying again in [PAUSE]")])
    }

    @Test func `offline nothing is asked, whoever says so`() async throws {
        let workspace = try await Workspace.withModel()
        try await workspace.run("lock", "--offline")
        try await workspace.run("lock", environment: ["HF_HUB_OFFLINE": "1"])
        try await workspace.run("lock", environment: ["TRANSFORMERS_OFFLINE": "true"])
        #expect(workspace.hub.requests.isEmpty)
        try await workspace.quietly("lock")
        workspace.hub.forgetRequests()
        workspace.note("locked")
        try await workspace.run("sync", "--offline")
        try await workspace.run("outdated", "--offline")
        try await workspace.run("update", "--offline")
        try await workspace.run("lock", "--offline")
        #expect(workspace.hub.requests.isEmpty)
        try await workspace.quietly("sync")
        workspace.hub.forgetRequests()
        workspace.note("synced")
        for command in [["sync", "--offline"], ["verify"], ["env"], ["log"], ["cache", "heal", "--offline"]] {
            #expect(try await workspace.run(command, isRecorded: command[0] != "env").status == 0)
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("hub-offline")
    }

    /// The three wait for the pauses between attempts, so they wait together.
    @Test func `a server that is down, fails or falls silent is tried a few times and given up`() async throws {
        async let isDown: Void = {
            let workspace = try await Workspace.withModel()
            // Nothing listens there; the port of a Hub that has stopped could be another test's by now.
            #expect(try await workspace.run("lock", environment: ["HF_ENDPOINT": "http://127.0.0.1:1"]).status == 1)
            #expect(workspace.hub.requests.isEmpty)
            try workspace.check("hub-down")
        }()
        async let fails: Void = {
            let workspace = try await Workspace.withModel()
            workspace.hub.setFault { _ in .status(503) }
            #expect(try await workspace.run("lock").status == 1)
            #expect(workspace.hub.requests.count == 5)
            try workspace.check("hub-failing")
        }()
        async let isSilent: Void = {
            let workspace = try await Workspace.withModel(environment: ["HF_HUB_ETAG_TIMEOUT": "1"])
            workspace.hub.setFault { _ in .silence }
            #expect(try await workspace.run("lock").status == 1)
            try workspace.check("hub-silent")
        }()
        _ = try await (isDown, fails, isSilent)
    }

    @Test func `answers that are not a Hub's are refused`() async throws {
        let workspace = try await Workspace.withModel()
        let faults: [(String, LoopbackHub.FaultPlan)] = [
            ("a page for people", { _ in .errorPage }),
            ("no commit", { _ in .answer(200, headers: [:], body: Array("{\"id\":\"example/tiny\"}".utf8)) }),
            (
                "another type",
                { _ in .answer(200, headers: [:], body: Array("{\"id\":\"example/tiny\",\"sha\":7}".utf8)) }
            ),
            ("404 without a code", { _ in .answer(404, headers: [:], body: []) }),
            (
                "418 with a message that would colour the terminal and turn it round",
                { _ in
                    .answer(418, headers: ["X-Error-Message": "\u{9B}31mred and \u{202E}backwards"], body: [])
                }
            ),
            ("a redirect to another scheme", { _ in .redirect("ftp://example.org/", status: 302) }),
            ("a redirect to nowhere", { _ in .answer(302, headers: [:], body: []) }),
            ("a listing that never ends", { $0.path.contains("/tree/") ? .endlessTree(pageSize: 1) : nil }),
            ("a listing that repeats", { $0.path.contains("/tree/") ? .repeatingPage : nil }),
            ("a name that leaves the directory", { tree($0, "../../.ssh/authorized_keys", size: "1") }),
            ("a name with control characters", { tree($0, "a\\u001b[2Jb", size: "1") }),
            (
                "names that collide",
                {
                    tree(
                        $0,
                        "README.md\",\"oid\":\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\",\"size\":0},{\"type\":\"file\",\"path\":\"readme.md",
                        size: "0")
                }
            ),
            ("a size of 2^63", { tree($0, "model.bin", size: "9223372036854775808") }),
        ]
        for (what, fault) in faults {
            workspace.hub.setFault(fault)
            workspace.note(what)
            #expect(try await workspace.run("lock").status == 1, "\(what)")
            #expect(!workspace.exists("project/weighlock.lock"), "\(what)")
        }
        try workspace.check("hub-nonsense")
    }
}

/// A tree of one file with this path, which is put between quotes as it is.
private func tree(_ request: RecordedRequest, _ path: String, size: String) -> Fault? {
    guard request.path.contains("/tree/") else { return nil }
    let text =
        "[{\"type\":\"file\",\"path\":\"\(path)\",\"oid\":\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\",\"size\":\(size)}]"
    return .answer(200, headers: [:], body: Array(text.utf8))
}
