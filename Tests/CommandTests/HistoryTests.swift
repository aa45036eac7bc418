// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import TestKit
import Testing

@Suite struct `Log and rollback on the command line` {
    /// A project with two locks in its history; the second is in force.
    private func updated() async throws -> Workspace {
        let workspace = try await Workspace.synced()
        try workspace.moveUpstream()
        try await workspace.quietly("update", "--yes", "--reason", "the tokenizer fix")
        try await workspace.quietly("sync")
        return workspace
    }

    @Test func `the log shows the newest first and marks what is in force`() async throws {
        let workspace = try await updated()
        try await workspace.run("log")
        try await workspace.run("log", "--json")
        workspace.note("history.jsonl:\n" + (try workspace.text("project/.weighlock/history.jsonl")))
        try workspace.check("log")
    }

    @Test func `rollback goes back offline, with the view, and can be rolled back`() async throws {
        let workspace = try await updated()
        let second = try workspace.lockText
        workspace.hub.forgetRequests()
        try await workspace.run("rollback", "--reason", "the evaluation wobbles")
        let first = try workspace.lockText
        #expect(first != second)
        #expect(try await workspace.run("verify", "--deep").status == 0)
        #expect(try await workspace.run("rollback").status == 2)
        try await workspace.run("rollback", "--to", "2", "--json")
        #expect(try workspace.lockText == second)
        try await workspace.run("rollback", "--to", "2")
        try await workspace.run("rollback", "--to", "9")
        try await workspace.run("rollback", "--to", "\u{1B}[31m")
        let identity = try #require(first.split(separator: "\"identity\": \"").dropFirst().first?.prefix(12))
        try await workspace.run("rollback", "--to", String(identity))
        #expect(try workspace.lockText == first)
        #expect(workspace.hub.requests.isEmpty)
        try await workspace.run("log")
        try await workspace.run("outdated")
        try workspace.check("rollback")
    }

    @Test func `without an earlier lock there is nothing to go back to`() async throws {
        let workspace = try await Workspace.synced()
        #expect(try await workspace.run("rollback").status == 2)
        #expect(try await workspace.run("rollback", "--json").status == 2)
        try workspace.check("rollback-nothing")
    }

    @Test func `when the store lacks files nothing is changed, unless only the lock is meant`() async throws {
        let workspace = try await updated()
        let lock = try workspace.lockText
        try FileSystem.remove(workspace.blob(of: ModelBuilder.tinyModel()["README.md"] ?? []))
        try FileSystem.remove(workspace.blob(of: ModelBuilder.tinyModel()["generation_config.json"] ?? []))
        #expect(try await workspace.run("rollback").status == 3)
        #expect(try workspace.lockText == lock)
        try await workspace.run("rollback", "--lock-only")
        try await workspace.run("verify")
        try await workspace.run("sync")
        try await workspace.run("verify")
        try workspace.check("rollback-missing")
    }

    @Test func `after a rollback a manifest that asks for something else is pointed out`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.hub.commit("example/tiny", ModelBuilder.tinyModel(seed: 2), branch: "dev")
        try workspace.edit("project/weighlock.yaml", "revision: main", "revision: dev")
        try await workspace.quietly("lock")
        try await workspace.quietly("sync")
        try await workspace.run("rollback")
        try await workspace.run("sync")
        try workspace.check("rollback-misfit")
    }

    @Test func `a lock that came from elsewhere is observed before it is replaced`() async throws {
        let workspace = try await Workspace.synced()
        try FileSystem.removeTree(workspace.directory.appending("project/.weighlock"))
        try await workspace.run("log")
        try await workspace.run("log", "--json")
        try workspace.moveUpstream()
        try await workspace.quietly("update", "--yes")
        try await workspace.run("log")
        try workspace.check("log-observed")
    }

    private static let damage: [(String, @Sendable (String) -> String)] = [
        ("an author was changed", { $0.replacing("\"author\":\"Ada\"", with: "\"author\":\"Eve\"") }),
        ("the first line is gone", { $0.split(separator: "\n", maxSplits: 1).dropFirst().joined() }),
        ("the lines are swapped", { $0.split(separator: "\n").reversed().map { $0 + "\n" }.joined() }),
        ("something that is no entry", { $0 + "hello\n" }),
    ]

    @Test func `a broken chain is found, and nothing is added to it`() async throws {
        let workspace = try await updated()
        let history = try workspace.text("project/.weighlock/history.jsonl")
        for (what, change) in Self.damage {
            try workspace.write("project/.weighlock/history.jsonl", change(history))
            workspace.note(what)
            #expect(try await workspace.run("log").status == 3, "\(what)")
            let outcome = try await workspace.run(["rollback"], isRecorded: false)
            #expect(outcome.status == 3, "\(what): \(outcome.transcript)")
            #expect(try workspace.text("project/.weighlock/history.jsonl") == change(history))
        }
        try workspace.write("project/.weighlock/history.jsonl", history)
        let locks = try FileSystem.list(workspace.directory.appending("project/.weighlock/locks")).sorted()
        let lock = "project/.weighlock/locks/\(try #require(locks.first))"
        let text = try workspace.text(lock)
        try workspace.write(lock, text + " ")
        workspace.note("a lock was changed")
        #expect(try await workspace.run("log").status == 3)
        try FileSystem.remove(workspace.directory.appending(lock))
        workspace.note("a lock is missing")
        #expect(try await workspace.run("log", "--json").status == 3)
        try workspace.check("log-broken")
    }

    @Test func `the rest of an interrupted write is mended by the next`() async throws {
        let workspace = try await updated()
        let history = try workspace.text("project/.weighlock/history.jsonl")
        try workspace.write("project/.weighlock/history.jsonl", history + "{\"sequence\":3,\"prev")
        try await workspace.run("log")
        try await workspace.run("rollback")
        try await workspace.run("log")
        try workspace.check("log-torn")
    }
}
