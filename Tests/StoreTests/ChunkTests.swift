// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Store
import Synchronization
import SystemPackage
import TestKit
import Testing

@Suite struct `Chunk trees in the store` {
    private let directory: TemporaryDirectory
    private let store: BlobStore
    private let bytes: [UInt8]
    private var digest: Digest { Digest(of: bytes) }
    private var size: ByteCount { ByteCount(clamping: Int64(bytes.count)) }
    private static let chunk = Int(ChunkTree.chunkSize)

    init() throws {
        directory = try TemporaryDirectory()
        store = BlobStore(directory: directory.appending("store"))
        var random = SeededGenerator(seed: 3)
        bytes = random.bytes(3 * Self.chunk + 12_345)
    }

    private var note: FilePath {
        store.directory.appending("attest/\("\(digest)".prefix(2))/\(digest)")
    }
    private var treeFile: FilePath { note.removingLastComponent().appending("\(digest).tree") }

    /// Flips one bit of a chunk and puts the times of `stat` out of step, as a program that writes does.
    private func damage(_ chunk: Int) throws {
        let path = store.path(of: digest)
        try FileSystem.setPermissions(path, 0o644)
        let place = chunk * Self.chunk + 4_321
        try File(path, .updating).write([bytes[place] ^ 4], at: Int64(place))
        try FileSystem.setPermissions(path, 0o444)
    }

    private final class Watcher: BlobObserver {
        private let seen = Mutex<[UInt8]>([])
        func observe(_ bytes: RawSpan) {
            seen.withLock { seen in
                bytes.withUnsafeBytes { seen.append(contentsOf: $0) }
            }
        }
        var bytes: [UInt8] { seen.withLock { $0 } }
    }

    private func arrive(_ observer: Watcher? = nil) async throws {
        let partial = try #require(
            try PartialBlob(
                ExpectedBlob(name: "f", size: size, sha256: digest, git: GitObjectID(ofBlob: bytes)), in: store,
                observer: observer))
        while var segment = partial.claim() {
            while segment.offset < segment.end {
                let start = Int(segment.offset)
                try bytes.withUnsafeBytes { buffer in
                    try partial.write(
                        UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + 70_001, Int(segment.end))]),
                        to: &segment)
                }
            }
            partial.release(segment)
        }
        _ = try await partial.finish()
    }

    @Test(arguments: ["bytes", "copy", "download", "examine"])
    func `every way in records the tree, and the file of the tree has the root as its SHA-256`(way: String) async throws
    {
        switch way {
        case "bytes": try store.ingest(bytes)
        case "copy": _ = try store.ingest(copying: try directory.write("file", bytes))
        case "download": try await arrive()
        default:
            try store.ingest(bytes)
            try FileSystem.remove(note)
            try FileSystem.remove(treeFile)
            #expect(store.tree(of: digest) == nil)
            try store.examine(digest)
        }
        let tree = try #require(store.tree(of: digest))
        #expect(tree.leaves.count == 4 && tree.size == size)
        #expect(tree.leaves[1] == Digest(of: Array(bytes[Self.chunk..<2 * Self.chunk])))
        #expect(try Digests.of(treeFile, git: false).sha256 == tree.root)
        #expect(String(decoding: try FileSystem.read(note, limit: 512), as: UTF8.self).hasSuffix(" \(tree.root)\n"))
        guard case .chunks(_, tree) = store.job(digest, size: size) else {
            Issue.record("an attested blob with a tree is read by it")
            return
        }
    }

    @Test func `an observer sees every byte once and in order, also of an earlier run`() async throws {
        func begin() throws {
            let first = try #require(try PartialBlob(ExpectedBlob(name: "f", size: size, sha256: digest), in: store))
            var segment = try #require(first.claim())
            try bytes.withUnsafeBytes {
                try first.write(UnsafeRawBufferPointer(rebasing: $0[..<1_000_000]), to: &segment)
            }
        }
        try begin()
        let watcher = Watcher()
        try await arrive(watcher)
        #expect(watcher.bytes == bytes)
    }

    @Test func `a small blob has no tree and needs none`() throws {
        let small = try store.ingest(Array("small".utf8))
        #expect(store.tree(of: small) == nil)
        #expect(try FileSystem.list(store.directory.appending("attest/\("\(small)".prefix(2))")) == ["\(small)"])
        guard case .whole = store.job(small, size: ByteCount(clamping: 5)) else {
            Issue.record("there is no tree to read it by")
            return
        }
    }

    @Test func `a note of version 1 attests without a tree`() throws {
        try store.ingest(bytes)
        let words = String(decoding: try FileSystem.read(note, limit: 512), as: UTF8.self).split(separator: " ")
        let old = "weighlock-attestation 1 \(words[2...6].joined(separator: " "))\n"
        try FileSystem.replace(note, with: Array(old.utf8))
        #expect(try store.condition(of: digest, size: size) == .attested)
        #expect(store.tree(of: digest) == nil)
        try store.examine(digest)
        #expect(store.tree(of: digest) != nil)
    }

    @Test func `a tree that is not the one of the note is not believed`() throws {
        try store.ingest(bytes)
        let good = try FileSystem.read(treeFile, limit: 1 << 20)
        for (place, name) in [(3, "magic"), (20, "chunk size"), (28, "size"), (40, "a leaf")] {
            var bad = good
            bad[place] ^= 1
            try FileSystem.replace(treeFile, with: bad)
            #expect(store.tree(of: digest) == nil, "\(name)")
        }
        for bad in [[], Array(good.dropLast()), good + [0]] as [[UInt8]] {
            try FileSystem.replace(treeFile, with: bad)
            #expect(store.tree(of: digest) == nil)
        }
        try FileSystem.remove(treeFile)
        #expect(store.tree(of: digest) == nil)
        #expect(try store.condition(of: digest, size: size) == .attested, "the blob is attested all the same")
        try store.examine(digest)
        #expect(try FileSystem.read(treeFile, limit: 1 << 20) == good)
    }

    @Test func `a new name of the blob keeps the tree, and a distrusted blob is not attested`() throws {
        try store.ingest(bytes)
        #expect(try FileSystem.hardLink(store.path(of: digest), at: directory.appending("name")))
        #expect(try store.condition(of: digest, size: size) == .unattested)
        try store.attest(digest)
        #expect(try store.condition(of: digest, size: size) == .attested)
        #expect(store.tree(of: digest) != nil)
        try store.distrust(digest)
        #expect(try store.condition(of: digest, size: size) == .unattested)
        #expect(store.tree(of: digest) != nil, "what the chunks should be stays known")
        try store.examine(digest)
        #expect(try store.condition(of: digest, size: size) == .attested)
        try store.discard(digest)
        #expect(try FileSystem.list(note.removingLastComponent()) == [])
    }

    @Test func `a repaired blob replaces the damaged one atomically when it is right`() async throws {
        try store.ingest(bytes)
        try damage(2)
        let before = try FileSystem.status(store.path(of: digest))?.inode
        let repair = try #require(try ChunkRepair(digest, damaged: [2], in: store))
        #expect(repair.range(of: 2) == Int64(2 * Self.chunk)..<Int64(3 * Self.chunk))
        let wrong = failure { try repair.write(Array(repeating: 0, count: Self.chunk), chunk: 2) }
        #expect(wrong?.code == .mismatch)
        #expect(failure { try repair.write([], chunk: 9) }?.code == .mismatch)
        await #expect(throws: Failure.self, "a chunk is still missing") { try await repair.finish() }
        #expect(try FileSystem.status(store.path(of: digest))?.inode == before)
        try repair.write(Array(bytes[2 * Self.chunk..<3 * Self.chunk]), chunk: 2)
        try await repair.finish()
        #expect(try FileSystem.status(store.path(of: digest))?.inode != before)
        #expect(try FileSystem.status(store.path(of: digest))?.mode == 0o444)
        #expect(try store.condition(of: digest, size: size) == .attested)
        try store.examine(digest)
        #expect(try FileSystem.list(store.directory.appending("partial")) == [])
    }

    @Test func `a repair that leaves other damage behind stores nothing`() async throws {
        try store.ingest(bytes)
        try damage(0)
        try damage(2)
        let repair = try #require(try ChunkRepair(digest, damaged: [2], in: store))
        try repair.write(Array(bytes[2 * Self.chunk..<3 * Self.chunk]), chunk: 2)
        await #expect(throws: Failure.self) { try await repair.finish() }
        repair.discard()
        #expect(failure { try store.examine(digest) }?.code == .mismatch)
        #expect(try FileSystem.list(store.directory.appending("partial")) == [])
        #expect(try ChunkRepair(Digest(of: "none"), damaged: [0], in: store) == nil)
        #expect(try ChunkRepair(digest, damaged: [4], in: store) == nil)
    }
}
