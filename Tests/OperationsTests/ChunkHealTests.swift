// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import FileIO
import Mirror
import Store
import SystemPackage
import TestKit
import Testing

@testable import Operations

@Suite(.serialized) struct `Healing by chunks` {
    private static let size = 64 << 20
    private static let chunk = Int(ChunkTree.chunkSize)

    private func synced(_ body: (Yard, LockedFile) async throws -> Void) async throws {
        try await Yard.run { yard in
            var random = SeededGenerator(seed: 64)
            try yard.server.commit(
                "org/tiny", ["weights.bin": random.bytes(Self.size), "config.json": Array("{}".utf8)])
            try await yard.lock()
            try await yard.sync()
            yard.server.forgetRequests()
            try await body(yard, try #require(try yard.file("weights.bin")))
        }
    }

    /// Flips one bit of a blob. With `unseen` the attestation is made to fit the file as it is then, as if a disk had rotted.
    private func flip(_ yard: Yard, _ file: LockedFile, at place: Int, unseen: Bool) throws {
        let path = yard.session.store.path(of: file.sha256)
        try FileSystem.setPermissions(path, 0o644)
        let open = try File(path, .updating)
        try open.write([try open.read(1, at: Int64(place))[0] ^ 1], at: Int64(place))
        try FileSystem.setPermissions(path, 0o444)
        if unseen { try yard.session.store.attest(file.sha256) }
    }

    /// The bytes asked for by each download, as the server saw them.
    private func ranges(_ yard: Yard) -> [String] {
        yard.server.requests.filter(\.isDownload).map { $0.headers["range"] ?? "whole" }
    }

    @Test(arguments: [true, false])
    func `one flipped bit costs one request of one chunk`(unseen: Bool) async throws {
        try await synced { yard, file in
            try flip(yard, file, at: 17 * Self.chunk + 5, unseen: unseen)
            #expect(try await yard.verify().problems.isEmpty == unseen, "`stat` notices a change, and no rot")
            let report = try await yard.verify(deep: true)
            #expect(report.problems.map(\.kind) == [.mismatch])
            #expect(report.byTree == (unseen ? 1 : 0))
            let outcome = try await StoreMaintenance(yard.session).heal(yard.project)
            #expect(outcome.healed.map(\.description) == ["weights.bin"])
            #expect(outcome.fetched.value == Int64(Self.chunk))
            #expect(ranges(yard) == ["bytes=\(17 * Self.chunk)-\(18 * Self.chunk - 1)"])
            #expect(yard.server.requests.filter(\.isDownload).allSatisfy { $0.bytesSent <= Int64(Self.chunk) })
            let after = try await yard.verify(deep: true)
            #expect(after.problems.isEmpty && after.byTree == 1)
            #expect(try Digests.of(yard.session.store.path(of: file.sha256), git: false).sha256 == file.sha256)
        }
    }

    @Test func `sync heals by chunks what a deep verify has found, though nothing seems to have changed`() async throws
    {
        try await synced { yard, file in
            try flip(yard, file, at: 0, unseen: true)
            try flip(yard, file, at: Self.size - 1, unseen: true)
            #expect(try await yard.verify(deep: true).problems.count == 1)
            let outcome = try await yard.sync()
            #expect(outcome.healed.map(\.description) == ["weights.bin"])
            #expect(outcome.fetched.value == Int64(2 * Self.chunk))
            #expect(ranges(yard).count == 2)
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `without a tree, or with most of it damaged, the whole is fetched`() async throws {
        try await synced { yard, file in
            for chunk in 0..<40 { try flip(yard, file, at: chunk * Self.chunk, unseen: true) }
            _ = try await StoreMaintenance(yard.session).heal(yard.project)
            #expect(ranges(yard).count == 4, "segments of a whole download")
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }
}
