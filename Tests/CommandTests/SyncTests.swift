// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import Mirror
import SystemPackage
import TestKit
import Testing

@Suite struct `Syncing on the command line` {
    @Test func `sync fetches, a second one has nothing to do, and a plan is only printed`() async throws {
        let workspace = try await Workspace.locked()
        let before = try workspace.state()
        try await workspace.run("sync", "--dry-run")
        try await workspace.run("sync", "--dry-run", "--json")
        try await workspace.run("sync", "--print-cache-key")
        try await workspace.run("sync", "--print-cache-key", "--json")
        #expect(try workspace.state() == before, "a dry run wrote something")
        try await workspace.run("sync")
        workspace.hub.forgetRequests()
        try await workspace.run("sync", "--json")
        try await workspace.run("sync", "--dry-run")
        #expect(workspace.hub.requests.isEmpty)
        try await check(workspace)
        try workspace.check("sync")
    }

    @Test func `what the Hugging Face cache has is adopted when it is right`() async throws {
        let workspace = try await Workspace.locked()
        let weights = try #require(ModelBuilder.tinyModel()["model.safetensors"])
        let place = "user/.cache/huggingface/hub/models--example--tiny/blobs/\(Digest(of: weights))"
        try workspace.directory.write(place, weights)
        workspace.hub.forgetRequests()
        try await workspace.run("sync", "--dry-run")
        try await workspace.run("sync")
        #expect(workspace.hub.requests.isEmpty)
        let other = try await Workspace.locked()
        try other.directory.write(place, Array(weights.reversed()))
        workspace.note("the cache's file is another one")
        workspace.record(try await other.run(["sync"], isRecorded: false), of: ["sync"])
        try await check(workspace)
        try await check(other)
        try workspace.check("sync-adopts", filters: [.text(other.directory.path.string, "[DIR]")])
    }

    /// Faults in the answer for the weights; the size is that of the tiny model's file.
    private static let wrong: [(String, Fault)] = [
        ("one byte is flipped", .flipByte(at: 100)),
        ("the file is cut", .truncate(after: 100)),
        ("the file is longer", .pad(7, .counted)),
        ("another file is sent", .serveBytes(Array("{}".utf8))),
        ("an error page is sent", .errorPage),
        ("the file is gone", .answer(404, headers: ["X-Error-Code": "EntryNotFound"], body: [])),
        ("the repository is gone", .answer(404, headers: ["X-Error-Code": "RepoNotFound"], body: [])),
    ]

    /// The one that is cut is tried again with pauses, so the others do not wait for it.
    @Test func `wrong bytes never land, and the next sync mends it`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (what, fault) in Self.wrong { group.addTask { try await mend(what, fault) } }
            try await group.waitForAll()
        }
    }

    private func mend(_ what: String, _ fault: Fault) async throws {
        let workspace = try await Workspace.locked()
        workspace.note(what)
        workspace.hub.setFault { $0.isDownload && $0.path.contains("safetensors") ? fault : nil }
        #expect(try await workspace.run("sync", "--connections", "1").status != 0)
        let weights = try #require(ModelBuilder.tinyModel()["model.safetensors"])
        #expect(!FileSystem.exists(workspace.blob(of: weights)))
        #expect(!workspace.exists("user/weighlock/views"))
        try await check(workspace)
        workspace.hub.setFault(nil)
        workspace.hub.forgetRequests()
        try await workspace.run("sync")
        #expect(workspace.exists("user/weighlock/views"))
        #expect(workspace.hub.requests.filter(\.isDownload).count == 1)
        try workspace.check("sync-wrong-\(what.split(separator: " ").joined(separator: "-"))")
    }

    @Test func `two files that are swapped are both named by what they should be`() async throws {
        let workspace = try await Workspace.withModel()
        let zeros = [UInt8](repeating: 0, count: 4096)
        let ones = [UInt8](repeating: 1, count: 4096)
        let commit = try workspace.hub.commit("example/tiny", ["a.safetensors": zeros, "b.safetensors": ones])
        try await workspace.quietly("lock")
        workspace.hub.setFault { request in
            guard request.isDownload, request.path.contains(commit.description) else { return nil }
            return .serveBytes(request.path.hasSuffix("a.safetensors") ? ones : zeros)
        }
        #expect(try await workspace.run("sync", "--connections", "1").status == 3)
        try await check(workspace)
        try workspace.check("sync-swapped")
    }

    @Test func `a damaged blob is found and fetched again, and only that`() async throws {
        let workspace = try await Workspace.synced()
        let weights = try #require(ModelBuilder.tinyModel()["model.safetensors"])
        try workspace.flip(workspace.blob(of: weights), at: 50)
        workspace.hub.forgetRequests()
        try await workspace.run("sync", "--dry-run")
        try await workspace.run("sync")
        #expect(workspace.hub.requests.map(\.path).allSatisfy { $0.hasSuffix("model.safetensors") })
        #expect(workspace.hub.requests.count == 1)
        try await check(workspace)
        try workspace.check("sync-heals")
    }

    @Test func `a store that cannot be written is named`() async throws {
        let workspace = try await Workspace.locked()
        try workspace.write("blocked", "")
        let outcome = try await workspace.run(
            "sync", environment: ["WEIGHLOCK_HOME": workspace.directory.appending("blocked/home").string])
        #expect(outcome.status == 1)
        try workspace.check("sync-unwritable")
    }

    // MARK: Interruptions

    /// A model with a file that takes several requests, and a Hub that stops in the middle of it.
    private func slow() async throws -> Workspace {
        let workspace = try await Workspace()
        var generator = SeededGenerator(seed: 7)
        try workspace.hub.commit(
            "example/tiny", ["model.safetensors": generator.bytes(3 << 20), "config.json": Array("{}\n".utf8)])
        try workspace.write("project/weighlock.yaml", Workspace.manifest("example/tiny"))
        try await workspace.quietly("lock")
        workspace.hub.forgetRequests()
        return workspace
    }

    private static let signals: [(Int32, Int32)] = [(SIGINT, 130), (SIGTERM, 143)]

    @Test(arguments: signals)
    func `an interrupted sync leaves what was in force, and the next one goes on`(
        _ signal: Int32, _ status: Int32
    ) async throws {
        let workspace = try await slow()
        workspace.hub.setFault { $0.isDownload ? .stall(after: 300_000) : nil }
        let running = try workspace.launch(["sync", "--connections", "1"])
        await workspace.hub.wait { $0.contains { $0.bytesSent >= 300_000 } }
        running.send(signal)
        let outcome = await running.outcome()
        #expect(outcome.status == status)
        workspace.record(outcome, of: ["sync", "--connections", "1"])
        #expect(!workspace.exists("user/weighlock/views"))
        workspace.hub.setFault(nil)
        try await workspace.run("sync")
        #expect(workspace.exists("user/weighlock/views"))
        try await workspace.run("verify", "--deep")
        try await check(workspace)
        // How much had arrived when the signal came is a matter of time.
        try workspace.check(
            "sync-interrupted-\(status)", filters: [.pattern(#"fetched 3\.\d+ MB"#, "fetched [REST]")])
    }

    @Test func `a second interruption ends it at once`() async throws {
        let workspace = try await slow()
        workspace.hub.setFault { $0.isDownload ? .stall(after: 300_000) : nil }
        let running = try workspace.launch(["sync", "--connections", "1"])
        await workspace.hub.wait { $0.contains { $0.bytesSent >= 300_000 } }
        running.send(SIGINT)
        running.send(SIGINT)
        #expect(await running.outcome().status == 130)
        try await check(workspace)
        workspace.hub.setFault(nil)
        try await workspace.quietly("sync")
    }

    @Test func `two syncs of the same thing at once both succeed`() async throws {
        let workspace = try await slow()
        workspace.hub.setFault { $0.isDownload && $0.attempt == 1 ? .drip(bytesPerSecond: 6_000_000) : nil }
        let first = try workspace.launch(["sync"])
        let second = try workspace.launch(["sync"])
        let outcomes = (await first.outcome(), await second.outcome())
        #expect(outcomes.0.status == 0, "\(outcomes.0.errors)")
        #expect(outcomes.1.status == 0, "\(outcomes.1.errors)")
        try await workspace.quietly("verify", "--deep")
        try await check(workspace)
    }

    /// The store holds nothing that is not what its name says.
    private func check(_ workspace: Workspace) async throws {
        let outcome = try await workspace.run(["cache", "check"], isRecorded: false)
        #expect(outcome.status == 0, "\(outcome.transcript)")
    }
}
