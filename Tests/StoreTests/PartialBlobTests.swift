// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Store
import SystemPackage
import TestKit
import Testing

@Suite struct `A blob that is arriving` {
    private let directory: TemporaryDirectory
    private let store: BlobStore
    private static let segment = Int(PartialBlob.ordinarySegmentSize)

    init() throws {
        directory = try TemporaryDirectory()
        store = BlobStore(directory: directory.appending("store"))
    }

    private func expected(_ bytes: [UInt8], git: Bool = false) -> ExpectedBlob {
        ExpectedBlob(
            name: "f", size: ByteCount(clamping: Int64(bytes.count)), sha256: Digest(of: bytes),
            git: git ? GitObjectID(ofBlob: bytes) : nil)
    }
    private func part(_ expected: ExpectedBlob, _ ending: String) -> FilePath {
        store.directory.appending(
            "partial/\(expected.sha256.map { "\($0)" } ?? "git-\(expected.git.map { "\($0)" } ?? "")").\(ending)")
    }
    private func open(_ expected: ExpectedBlob) throws -> PartialBlob {
        try #require(try PartialBlob(expected, in: store))
    }

    /// Writes the next `count` bytes of a segment.
    private static func write(
        _ bytes: [UInt8], _ count: Int, _ partial: PartialBlob, _ segment: inout PartialBlob.Segment
    ) throws {
        let start = Int(segment.offset)
        try bytes.withUnsafeBytes { buffer in
            try partial.write(
                UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + count, Int(segment.end))]), to: &segment)
        }
    }

    private func writeAll(_ bytes: [UInt8], _ partial: PartialBlob) throws {
        while var segment = partial.claim() {
            while segment.offset < segment.end { try Self.write(bytes, 1 << 20, partial, &segment) }
            partial.release(segment)
        }
    }

    private func finish(_ partial: PartialBlob) async -> Result<Digest, any Error> {
        do { return .success(try await partial.finish()) } catch { return .failure(error) }
    }

    @Test func `a whole blob becomes one of the store, and nothing is left of the download`() async throws {
        let bytes = Array("hello, blob".utf8)
        let partial = try open(expected(bytes, git: true))
        #expect(partial.resumed == .zero && partial.missing.value == 11)
        try writeAll(bytes, partial)
        #expect(partial.missing == .zero && partial.claim() == nil)
        #expect(try await partial.finish() == Digest(of: bytes))
        #expect(store.contains(Digest(of: bytes), size: ByteCount(clamping: 11)))
        #expect(try FileSystem.status(store.path(of: Digest(of: bytes)))?.mode == 0o444)
        #expect(try FileSystem.list(store.directory.appending("partial")) == [])
    }

    @Test func `an empty blob needs no bytes`() async throws {
        let partial = try open(expected([]))
        #expect(partial.claim() == nil)
        #expect(try await partial.finish() == Digest(of: ""))
    }

    @Test func `a blob known by its git id alone gets its SHA-256`() async throws {
        let bytes = Array("small".utf8)
        let wanted = ExpectedBlob(name: "f", size: ByteCount(clamping: 5), git: GitObjectID(ofBlob: bytes))
        let partial = try open(wanted)
        #expect(FileSystem.exists(part(wanted, "part")) && FileSystem.exists(part(wanted, "map")))
        try writeAll(bytes, partial)
        #expect(try await partial.finish() == Digest(of: bytes))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `segments in any order and pieces of any size give the right digest`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(2 * Self.segment + Int.random(in: 1...3_000_000, using: &random))
        let partial = try open(expected(bytes, git: seed == 1))
        var segments: [PartialBlob.Segment] = []
        while let segment = partial.claim() { segments.append(segment) }
        #expect(segments.count == 3)
        var written = 0
        while !segments.isEmpty {
            let index = segments.indices.randomElement(using: &random)!
            let before = segments[index].offset
            try Self.write(bytes, Int.random(in: 1...4_000_000, using: &random), partial, &segments[index])
            written += Int(segments[index].offset - before)
            #expect(partial.missing.value == Int64(bytes.count - written))
            if segments[index].offset == segments[index].end { partial.release(segments.remove(at: index)) }
        }
        #expect(try await partial.finish() == Digest(of: bytes))
    }

    @Test func `several tasks fill one blob at once`() async throws {
        var random = SeededGenerator(seed: 4)
        let bytes = random.bytes(2 * Self.segment + 77_777)
        let partial = try open(expected(bytes))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask {
                    while var segment = partial.claim() {
                        while segment.offset < segment.end {
                            try Self.write(bytes, 100_000 + worker * 33_333, partial, &segment)
                            await Task.yield()
                        }
                        partial.release(segment)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(partial.missing == .zero)
        #expect(try await partial.finish() == Digest(of: bytes))
    }

    @Test func `more bytes than a segment has room for are refused`() async throws {
        let bytes = Array("0123456789".utf8)
        let partial = try open(expected(bytes))
        var segment = try #require(partial.claim())
        let found = (bytes + [0]).withUnsafeBytes { buffer in failure { try partial.write(buffer, to: &segment) } }
        #expect(found?.code == .protocolViolation)
        #expect(segment.offset == 0 && partial.missing.value == 10)
        try Self.write(bytes, 10, partial, &segment)
        #expect(
            [1].withUnsafeBytes { buffer in failure { try partial.write(buffer, to: &segment) } }?.code
                == .protocolViolation)
        #expect(try await partial.finish() == Digest(of: bytes))
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func `a download is resumable where it stopped`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(Self.segment + Int.random(in: 1...2_000_000, using: &random))
        let wanted = expected(bytes)
        var written = 0
        // Each round ends like a killed process: the object goes away, nothing is given back.
        for _ in 0..<3 {
            let partial = try open(wanted)
            #expect(Int(partial.resumed.value) == written)
            for _ in 0..<2 {
                guard var segment = partial.claim() else { continue }
                let before = segment.offset
                try Self.write(bytes, Int.random(in: 1...3_000_000, using: &random), partial, &segment)
                written += Int(segment.offset - before)
            }
        }
        let last = try open(wanted)
        #expect(Int(last.resumed.value) == written && Int(last.missing.value) == bytes.count - written)
        try writeAll(bytes, last)
        #expect(try await last.finish() == Digest(of: bytes))
    }

    @Test func `a second opener gets nothing while the first is there`() async throws {
        let bytes = Array("shared".utf8)
        let first = try open(expected(bytes))
        #expect(try PartialBlob(expected(bytes), in: store) == nil)
        try writeAll(bytes, first)
        #expect(try await first.finish() == Digest(of: bytes))
        // The name means a new file now, and that is free.
        let second = try open(expected(bytes))
        #expect(second.resumed == .zero)
        second.discard()
        #expect(store.contains(Digest(of: bytes), size: ByteCount(clamping: 6)))
    }

    @Test func `a claimed segment is not handed out twice, a released one is`() throws {
        let partial = try open(expected(Array("abc".utf8)))
        let segment = try #require(partial.claim())
        #expect(partial.claim() == nil)
        partial.release(segment)
        #expect(partial.claim()?.offset == 0)
        #expect(partial.emptySegment.offset == partial.emptySegment.end)
        partial.release(partial.emptySegment)
    }

    @Test(arguments: [true, false])
    func `a blob that ends up wrong is not stored and begins again`(byGit: Bool) async throws {
        let bytes = Array("right".utf8)
        let wanted =
            byGit
            ? ExpectedBlob(name: "f", size: ByteCount(clamping: 5), git: GitObjectID(ofBlob: bytes))
            : expected(bytes)
        let partial = try open(wanted)
        try writeAll(Array("wrong".utf8), partial)
        guard case .failure(let error as Failure) = await finish(partial) else {
            return #expect(Bool(false), "wrong bytes passed")
        }
        #expect(error.code == .mismatch)
        #expect(try store.blobs().isEmpty)
        #expect(try FileSystem.list(store.directory.appending("partial")) == [])
        let again = try open(wanted)
        #expect(again.resumed == .zero)
        try writeAll(bytes, again)
        #expect(try await again.finish() == Digest(of: bytes))
    }

    @Test(arguments: [21, 22, 23, 24, 25, 26] as [UInt64])
    func `a damaged map begins again and never traps`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(50_000)
        let wanted = expected(bytes)
        do {
            let partial = try open(wanted)
            var segment = try #require(partial.claim())
            try Self.write(bytes, 20_000, partial, &segment)
        }
        // The header gone, in one of several ways.
        var map = try FileSystem.read(part(wanted, "map"), limit: 100)
        #expect(map.count == 40)
        switch seed % 3 {
        case 0: map = random.bytes(Int.random(in: 0...100, using: &random))
        case 1: map[Int.random(in: 0..<32, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
        default: map = Array(map.prefix(Int.random(in: 0..<32, using: &random)))
        }
        try FileSystem.replace(part(wanted, "map"), with: map)
        let partial = try open(wanted)
        #expect(partial.resumed == .zero)
        try writeAll(bytes, partial)
        #expect(try await partial.finish() == Digest(of: bytes))
    }

    @Test func `a part of another length begins again`() async throws {
        let bytes = Array("0123456789".utf8)
        let wanted = expected(bytes)
        do {
            let partial = try open(wanted)
            var segment = try #require(partial.claim())
            try Self.write(bytes, 5, partial, &segment)
        }
        try File(part(wanted, "part"), .updating).truncate(to: ByteCount(clamping: 9))
        let partial = try open(wanted)
        #expect(partial.resumed == .zero)
        try writeAll(bytes, partial)
        #expect(try await partial.finish() == Digest(of: bytes))
    }

    @Test(
        arguments: [
            [10, 0, 0, 0, 0, 0, 0, 0], [11, 0, 0, 0, 0, 0, 0, 0], [255, 255, 255, 255, 255, 255, 255, 127],
            [255, 255, 255, 255, 255, 255, 255, 255],
            [0, 0, 0, 0, 0, 0, 0, 128], [7], [],
        ] as [[UInt8]])
    func `a map that claims more than there is cannot make wrong bytes right`(count: [UInt8]) async throws {
        let bytes = Array("0123456789".utf8)
        let wanted = expected(bytes)
        do {
            let partial = try open(wanted)
            var segment = try #require(partial.claim())
            try Self.write(bytes, 3, partial, &segment)
        }
        let header = try FileSystem.read(part(wanted, "map"), limit: 100).prefix(32)
        try FileSystem.replace(part(wanted, "map"), with: header + count)
        let partial = try open(wanted)
        #expect(partial.resumed.value <= 10)
        try writeAll(bytes, partial)
        switch await finish(partial) {
        case .success(let digest): #expect(digest == Digest(of: bytes))
        case .failure(let error):
            // The zeros in place of what was claimed were noticed; the next run begins again.
            #expect((error as? Failure)?.code == .mismatch)
            #expect(try store.blobs().isEmpty)
            let again = try open(wanted)
            #expect(again.resumed == .zero)
            try writeAll(bytes, again)
            #expect(try await again.finish() == Digest(of: bytes))
        }
    }

    @Test func `what is discarded is gone`() throws {
        let bytes = Array("0123456789".utf8)
        let partial = try open(expected(bytes))
        partial.discard()
        #expect(try FileSystem.list(store.directory.appending("partial")) == [])
    }
}
