// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import FileIO
import Store
import SystemPackage
import TestKit
import Testing
import Transport

@testable import Operations

@Suite(.serialized) struct `Syncing` {
    /// More than is kept in memory: such a file is downloaded in segments, resumable.
    private static let large: [UInt8] = {
        var random = SeededGenerator(seed: 101)
        return random.bytes(3_000_000)
    }()

    private func publishLarge(_ yard: Yard) throws {
        try yard.server.commit(
            "org/tiny", ["config.json": Array("{}\n".utf8), "model.safetensors": Self.large, "empty.txt": []])
    }

    private func kinds(_ yard: Yard) throws -> [String: String] {
        Dictionary(
            try Sync(yard.session, yard.project).plan(try yard.project.lock()).map { step in
                let kind =
                    switch step.kind {
                    case .keep: "keep"
                    case .examine: "examine"
                    case .adopt: "adopt"
                    case .fetch: "fetch"
                    }
                return (step.file.path.description, kind)
            }, uniquingKeysWith: { "\($0) \($1)" })
    }

    @Test func `the plan is a value and carrying it out makes every step a keep`() async throws {
        try await Yard.run { yard in
            try publishLarge(yard)
            try await yard.lock()
            // What `lock` had to read is there already.
            #expect(try kinds(yard) == ["config.json": "keep", "empty.txt": "keep", "model.safetensors": "fetch"])
            yard.server.forgetRequests()
            let outcome = try await yard.sync()
            #expect(yard.downloaded == ["model.safetensors"])
            #expect(
                outcome.files == 3 && outcome.total.value == 3_000_003 && outcome.fetched.value == 3_000_000
                    && outcome.adopted == .zero)
            #expect(try outcome.views == [yard.directory.appending("home/views/\(yard.project.lock().identity)/hub")])
            #expect(try Set(kinds(yard).values) == ["keep"])
            #expect(try await yard.verify().problems.isEmpty)
            #expect(yard.events.bytes.announced == yard.events.bytes.done)
            let digest = Digest(of: Self.large)
            try FileSystem.remove(yard.session.store.directory.appending("attest/\("\(digest)".prefix(2))/\(digest)"))
            #expect(try kinds(yard)["model.safetensors"] == "examine")
            try yard.session.store.discard(digest)
            try yard.directory.write("user-cache/models--org--tiny/blobs/\(digest)", Self.large)
            #expect(try kinds(yard)["model.safetensors"] == "adopt")
        }
    }

    @Test func `the view means the locked commit by name`() async throws {
        try await Yard.run { yard in
            let commit = try yard.publish()
            try await yard.lock()
            let view = try #require(try await yard.sync().views.first)
            #expect(
                try FileSystem.read(view.appending("models--org--tiny/refs/main"), limit: 100)
                    == Array("\(commit)".utf8))
            let file = view.appending("models--org--tiny/snapshots/\(commit)/1_Pooling/config.json")
            #expect(try FileSystem.read(file, limit: 1_000) == ModelBuilder.tinyModel()["1_Pooling/config.json"])
        }
    }

    @Test func `a second sync asks nobody, and works offline`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            try await yard.lock()
            try await yard.sync()
            yard.server.forgetRequests()
            try await yard.withSession(configure: { $0.transport.offlineReason = "--offline" }) {
                session, events async throws in
                let outcome = try await Sync(session, yard.project).run()
                #expect(outcome.fetched == .zero && events.all.isEmpty)
                try session.store.discard(try #require(try yard.file("model.safetensors")).sha256)
                #expect(await yard.failure { _ = try await Sync(session, yard.project).run() }?.code == .offline)
            }
            #expect(yard.server.requests.isEmpty)
        }
    }

    @Test func `blobs of the user's own cache are adopted after they were hashed`() async throws {
        try await Yard.run { yard in
            try publishLarge(yard)
            try await yard.lock()
            let blob = try yard.directory.write(
                "user-cache/models--org--tiny/blobs/\(Digest(of: Self.large))", Self.large)
            yard.server.forgetRequests()
            let outcome = try await yard.sync()
            #expect(outcome.adopted.value == 3_000_000 && outcome.fetched == .zero && yard.server.requests.isEmpty)
            #expect(FileSystem.exists(blob))
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `a wrong blob in the user's cache is not adopted but fetched`() async throws {
        try await Yard.run { yard in
            try publishLarge(yard)
            try await yard.lock()
            try yard.directory.write(
                "user-cache/models--org--tiny/blobs/\(Digest(of: Self.large))",
                [UInt8](repeating: 1, count: Self.large.count))
            let outcome = try await yard.sync()
            #expect(outcome.adopted == .zero && outcome.fetched.value == 3_000_000)
            #expect(yard.events.texts.contains { $0.contains("is not what the lock says; fetching it") })
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test(arguments: [
        ("a flipped byte", Fault.flipByte(at: 2_000_000)), ("a flipped byte of a small file", .flipByte(at: 1)),
        ("bytes too many", .pad(5, .counted)), ("an error page", .errorPage),
        ("bytes too few", .serveBytes([1, 2, 3])),
    ])
    func `wrong bytes never reach the store, and an honest server heals it`(name: String, fault: Fault) async throws {
        let path = name.hasSuffix("small file") ? "vocab.txt" : "model.safetensors"
        try await Yard.run { yard in
            var files = ModelBuilder.tinyModel()
            files["model.safetensors"] = Self.large
            try yard.server.commit("org/tiny", files)
            try await yard.lock()
            if path == "vocab.txt" { try yard.session.store.discard(try #require(try yard.file(path)).sha256) }
            yard.server.setFault { $0.isDownload && $0.path.hasSuffix(path) ? fault : nil }
            let found = try #require(await yard.failure { try await yard.sync() })
            #expect(found.code == .mismatch && found.message.contains(path), "\(found)")
            #expect(found.details.count == 2)
            #expect(try await StoreMaintenance(yard.session).check().defects.isEmpty)
            #expect(
                try !FileSystem.exists(yard.directory.appending("home/views/\(yard.project.lock().identity)")),
                "no view of half a lock")
            yard.server.setFault(nil)
            yard.server.forgetRequests()
            try await yard.sync()
            #expect(yard.downloaded == [path])
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `two swapped files are found`() async throws {
        try await Yard.run { yard in
            let (one, two) = ([UInt8](repeating: 1, count: 2_000), [UInt8](repeating: 2, count: 2_000))
            try yard.server.commit("org/tiny", ["a.bin": one, "b.bin": two])
            try await yard.lock()
            yard.server.setFault { request in
                request.isDownload ? .serveBytes(request.path.hasSuffix("a.bin") ? two : one) : nil
            }
            #expect(await yard.failure { try await yard.sync() }?.code == .mismatch)
            #expect(try yard.session.store.blobs().isEmpty)
        }
    }

    @Test func `a sync that was stopped goes on where it was`() async throws {
        try await Yard.run { yard in
            try publishLarge(yard)
            try await yard.lock()
            yard.server.forgetRequests()
            yard.server.setFault { $0.isDownload ? .stall(after: 2_000_000) : nil }
            let task = Task { try await yard.sync() }
            await yard.server.wait { $0.contains { $0.bytesSent >= 2_000_000 } }
            let partial = yard.session.store.directory.appending("partial")
            // The client is behind what the server has sent; it is enough when it has most of it.
            var received: Int64 = 0
            while received < 1_500_000 {
                await Task.yield()
                let map = try FileSystem.list(partial).first { $0.hasSuffix(".map") }
                let bytes = try map.map { try FileSystem.read(partial.appending($0), limit: 100) } ?? []
                received = bytes.dropFirst(32).reversed().reduce(0) { $0 << 8 | Int64($1) }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(
                try yard.session.store.condition(of: Digest(of: Self.large), size: ByteCount(clamping: 3_000_000))
                    == .missing)
            yard.server.setFault(nil)
            yard.server.forgetRequests()
            try await yard.withSession { session, _ async throws in
                #expect(
                    try await Sync(session, yard.project).run().fetched.value <= 1_500_000,
                    "what was there is not fetched")
            }
            #expect(yard.server.bytesDownloaded <= 1_500_000)
            #expect(try await yard.verify(deep: true).problems.isEmpty)
            #expect(try FileSystem.list(partial) == [])
        }
    }

    @Test func `what an earlier run left damaged is fetched again, once`() async throws {
        try await Yard.run { yard in
            try publishLarge(yard)
            try await yard.lock()
            let file = try #require(try yard.file("model.safetensors"))
            do {
                let partial = try #require(
                    try PartialBlob(
                        ExpectedBlob(name: "model.safetensors", size: file.size, sha256: file.sha256),
                        in: yard.session.store))
                var segment = try #require(partial.claim())
                try [UInt8](repeating: 9, count: 1_000_000).withUnsafeBytes { try partial.write($0, to: &segment) }
            }
            try await yard.sync()
            #expect(
                yard.events.texts.contains {
                    $0.contains("what an earlier run had left of `model.safetensors` is damaged")
                })
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `two processes that want the same blob both get it, and it is fetched once`() async throws {
        try await Yard.run { yard in
            try publishLarge(yard)
            try await yard.lock()
            yard.server.forgetRequests()
            yard.server.setFault { $0.isDownload ? .drip(bytesPerSecond: 6_000_000) : nil }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await yard.withSession { session, events async throws in
                            let outcome = try await Sync(session, yard.project).run()
                            #expect(outcome.files == 3)
                            #expect(events.bytes.announced == events.bytes.done)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(yard.server.bytesDownloaded < 4_500_000)
            #expect(try await yard.verify(deep: true).problems.isEmpty)
            #expect(try await StoreMaintenance(yard.session).check().defects.isEmpty)
        }
    }

    @Test func `a lock that does not fit the manifest is not synced`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            #expect(await yard.failure { try await yard.sync() }?.code == .lockFile)
            try await yard.lock()
            try yard.write(Yard.manifest + "  more:\n    model: {repo: org/more}\n")
            let found = try #require(await yard.failure { try await yard.sync() })
            #expect(found.code == .lockOutdated && found.details == ["`more` is not in the lock"])
            // A lock alone is enough.
            try FileSystem.remove(yard.project.manifestPath)
            try await yard.sync()
        }
    }

    @Test func `a cache directory of the user's gets the view`() async throws {
        try await Yard.run(
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny}\n    cache_dir: ../shared/cache\n"
        ) { yard in
            let commit = try yard.publish()
            try await yard.lock()
            let outcome = try await yard.sync()
            #expect(outcome.views == [yard.directory.appending("shared/cache")])
            let file = yard.directory.appending("shared/cache/models--org--tiny/snapshots/\(commit)/config.json")
            #expect(try FileSystem.read(file, limit: 10_000) == ModelBuilder.tinyModel()["config.json"])
            #expect(try await yard.verify(deep: true).problems.isEmpty)
            #expect(!FileSystem.exists(yard.directory.appending("home/views")))
        }
    }

    @Test func `the same content under two names is fetched once`() async throws {
        try await Yard.run { yard in
            let bytes = [UInt8](repeating: 5, count: 5_000)
            try yard.server.commit("org/tiny", ["a.bin": bytes, "b.bin": bytes])
            try await yard.lock()
            #expect(try await yard.sync().fetched.value == 5_000)
            #expect(yard.downloaded.count == 1)
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }
}
