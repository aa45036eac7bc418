// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `The lock on the command line` {
    @Test func `lock writes it once, and the same inputs give the same bytes`() async throws {
        let workspace = try await Workspace.withModel()
        try await workspace.run("lock", "--check")
        #expect(!workspace.exists("project/weighlock.lock"))
        try await workspace.run("lock", "--locked", "--json")
        try await workspace.run("lock")
        let lock = try workspace.lockText
        let state = try workspace.state()
        workspace.note("weighlock.lock:\n" + lock)
        try await workspace.run("lock")
        try await workspace.run("lock", "--check")
        try await workspace.run("lock", "--json")
        #expect(try workspace.state() == state, "an unchanged lock was written")
        let again = try await Workspace.withModel(environment: [
            "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "WEIGHLOCK_AUTHOR": "Grace",
        ])
        try await again.quietly("lock")
        #expect(try again.lockText == lock)
        try workspace.check("lock")
    }

    @Test func `no weights are downloaded for it`() async throws {
        let workspace = try await Workspace.withModel()
        try await workspace.quietly("lock")
        let paths = workspace.hub.requests.filter(\.isDownload).map(\.path)
        #expect(!paths.isEmpty && paths.allSatisfy { !$0.contains("safetensors") })
    }

    @Test func `what the manifest asks for anew is added, and what it drops is removed`() async throws {
        let workspace = try await Workspace.locked()
        try workspace.hub.commit("example/other", ["config.json": Array("{}\n".utf8)])
        try await workspace.run("add", "example/other", "--name", "other")
        try await workspace.run("lock", "--check")
        try await workspace.run("lock")
        try await workspace.run("remove", "tiny")
        try await workspace.run("lock", "--json")
        try await workspace.run("remove", "other")
        try await workspace.run("lock")
        try await workspace.run("log")
        try workspace.check("lock-changes")
    }

    @Test func `a lock that does not fit the manifest is named line by line`() async throws {
        let workspace = try await Workspace.locked()
        try workspace.hub.commit("example/tiny", ModelBuilder.tinyModel(), branch: "dev")
        try workspace.edit("project/weighlock.yaml", "revision: main", "revision: dev")
        try await workspace.quietly("add", "example/other")
        for command in [
            ["sync"], ["sync", "--dry-run"], ["sync", "--print-cache-key"], ["sync", "--locked", "--json"],
        ] {
            #expect(try await workspace.run(command).status == 1)
        }
        try workspace.check("lock-misfit")
    }

    @Test func `a young revision and a licence that is not allowed are refused`() async throws {
        let workspace = try await Workspace.withModel()
        let policy = "policy:\n  cooldown: 1000d\n  pickle: deny\n  licenses: [mit]\n"
        try workspace.write("project/weighlock.yaml", Workspace.manifest("example/tiny") + policy)
        try await workspace.run("lock")
        try workspace.edit("project/weighlock.yaml", "1000d", "7d")
        #expect(try await workspace.run("lock").status == 5)
        #expect(!workspace.exists("project/weighlock.lock"))
        try workspace.edit("project/weighlock.yaml", "[mit]", "[mit, Apache-2.0]")
        #expect(try await workspace.run("lock").status == 0)
        try workspace.edit("project/weighlock.yaml", "[mit, Apache-2.0]", "[mit]")
        #expect(try await workspace.run("sync").status == 5)
        try workspace.check("lock-policies")
    }

    @Test func `nothing selected is an error and not an empty lock`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.edit("project/weighlock.yaml", "revision: main", "revision: main\n      include: ['*.gguf']")
        try await workspace.run("lock")
        #expect(!workspace.exists("project/weighlock.lock"))
        try workspace.check("lock-nothing-selected")
    }

    private static let damage: [(String, @Sendable (String) -> String)] = [
        (
            "a digest changed",
            { text in
                let mark = "\"size\": 47, \"sha256\": \""
                guard let range = text.ranges(of: mark).last else { return text }
                let next = text.index(after: range.upperBound)
                return text[..<range.upperBound] + (text[range.upperBound] == "0" ? "1" : "0") + text[next...]
            }
        ),
        ("a size changed", { $0.replacing("\"size\": 47, ", with: "\"size\": 48, ") }),
        ("an unknown version", { $0.replacing("\"version\": 1", with: "\"version\": 7") }),
        ("a merge conflict", { "<<<<<<< HEAD\n" + $0 + "=======\n" + $0 + ">>>>>>> other\n" }),
        ("CR LF", { $0.replacing("\n", with: "\r\n") }),
        ("cut off", { String($0.prefix(300)) }),
        ("empty", { _ in "" }),
        ("no JSON", { _ in "lock\n" }),
        ("an unknown key", { $0.replacing("\"version\": 1,", with: "\"version\": 1,\n  \"extra\": true,") }),
        ("a duplicate key", { $0.replacing("\"version\": 1,", with: "\"version\": 1,\n  \"version\": 1,") }),
        (
            "a path that leaves the directory",
            { $0.replacing("\"path\": \"vocab.txt\"", with: "\"path\": \"../vocab.txt\"") }
        ),
        ("other spacing", { $0.replacing("\"version\": 1", with: "\"version\":  1") }),
    ]

    @Test func `a lock that is damaged is refused by every command that reads it`() async throws {
        let workspace = try await Workspace.synced()
        let lock = try workspace.lockText
        for (what, change) in Self.damage {
            let damaged = change(lock)
            #expect(damaged != lock, "\(what) changed nothing")
            try workspace.write("project/weighlock.lock", damaged)
            workspace.note(what)
            let words = try await workspace.run("verify")
            #expect(words.status == 1 && words.output.isEmpty, "\(what)")
            #expect(try workspace.lockText == damaged)
        }
        let words = try await workspace.run(["verify"], isRecorded: false).errors
        let commands = [
            ["lock"], ["sync"], ["outdated"], ["update"], ["rollback"], ["env"], ["run", "--", "true"], ["log"],
            ["cache", "heal"],
        ]
        for command in commands {
            let outcome = try await workspace.run(command, isRecorded: false)
            #expect(outcome.status == 1 && outcome.errors == words, "\(command): \(outcome.transcript)")
        }
        try workspace.directory.write("project/weighlock.lock", [0x7B, 0xFF])
        workspace.note("not UTF-8")
        try await workspace.run("verify")
        try workspace.check("lock-damaged")
    }
}
