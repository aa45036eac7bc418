// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Safetensors
import SystemPackage
import TestKit
import Testing

@testable import Operations

/// The digest of a file and those of its tensors: from one reading where that is enough, and always the same.
@Suite(.serialized) struct `Digesting files and their tensors` {
    private static let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")

    private static func items(
        _ folder: String, _ container: InspectionReport.Container, _ endings: [String]
    ) throws -> [DigestWork.Item] {
        try FileSystem.list(corpus.appending(folder)).sorted().compactMap { name in
            guard endings.contains(where: { name.hasSuffix($0) }) else { return nil }
            return try item(corpus.appending(folder).appending(name), container)
        }
    }

    private static func item(_ path: FilePath, _ container: InspectionReport.Container) throws -> DigestWork.Item {
        DigestWork.Item(
            path: path, size: try #require(try FileSystem.status(path)).size, container: container, wantsBytes: true,
            wantsTensors: true)
    }

    @Test func `one reading finds what several find`() async throws {
        let items =
            try Self.items("checkpoint", .checkpoint, [".pt", ".npy", ".npz"]) + Self.items("gguf", .gguf, [".gguf"])
        #expect(items.count > 60)
        try await Yard.run { yard in
            let both = try await DigestWork(items: items, session: yard.session).run("both")
            let only = try await DigestWork(
                items: items.map { item in
                    var item = item
                    item.wantsBytes = false
                    return item
                }, session: yard.session
            ).run("tensors")
            for (item, (both, only)) in zip(items, zip(both, only)) {
                let bytes = try FileSystem.read(item.path, limit: 1 << 24)
                #expect(both.sha256 == Digest(of: bytes), "\(item.path)")
                #expect(both.tensors == only.tensors, "\(item.path)")
                #expect(both.problem == only.problem && both.metadata == only.metadata, "\(item.path)")
                #expect(both.failure == nil && only.failure == nil, "\(item.path)")
            }
        }
        // So that the comparison is one.
        let once = items.filter { PassingTensors($0) != nil }.compactMap { $0.path.lastComponent?.string }
        #expect(Set(once).isSuperset(of: ["state_dict.pt", "every-legacy.pt", "everything.gguf", "vocabulary.gguf"]))
        #expect(Set(once).isDisjoint(with: ["views.pt", "tied.pt", "deflated.pt", "big-endian.gguf", "overlap.gguf"]))
    }

    @Test(arguments: [1, 7, 64, 1000, 1 << 20]) func `the size of the pieces does not matter`(size: Int) throws {
        for (folder, name, container) in [
            ("checkpoint", "state_dict.pt", InspectionReport.Container.checkpoint), ("gguf", "everything.gguf", .gguf),
        ] {
            let path = Self.corpus.appending(folder).appending(name)
            let bytes = try FileSystem.read(path, limit: 1 << 24)
            func digests(_ size: Int) throws -> (file: Digest, tensors: TensorDigests?) {
                var passing = try #require(PassingTensors(Self.item(path, container)))
                var file = SHA256()
                for start in stride(from: 0, to: bytes.count, by: size) {
                    let piece = Array(bytes[start..<min(bytes.count, start + size)])
                    passing.update(piece.span.bytes, together: &file)
                }
                return (file.finalize(), passing.finish().digests)
            }
            let (found, whole) = (try digests(size), try digests(bytes.count))
            #expect(found.file == Digest(of: bytes) && found.tensors == whole.tensors && whole.tensors != nil)
        }
    }

    @Test func `a flipped bit in a storage is found in the one reading, and a file that is cut has no tensors`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let whole = try FileSystem.read(Self.corpus.appending("checkpoint/state_dict.pt"), limit: 1 << 24)
        let path = directory.appending("model.bin")
        // The first numbers: behind the header of their member, at the next multiple of 64 bytes.
        let name = try #require(whole.indices.first { whole[$0...].starts(with: Array("/data/0".utf8)) })
        let first = (name + 11 + 63) / 64 * 64
        var damaged = whole
        damaged[first] ^= 1
        try FileSystem.replace(path, with: damaged)
        let item = try Self.item(path, .checkpoint)
        #expect(PassingTensors(item) != nil)
        try await Yard.run { yard in
            let found = try await DigestWork(items: [item], session: yard.session).run("both")
            #expect(found[0].tensors == nil && found[0].sha256 == Digest(of: damaged))
            #expect(found[0].problem?.contains("the checkpoint is damaged: tensor `0.") == true)
        }
        var passing = try #require(PassingTensors(item))
        var file = SHA256()
        passing.update(damaged.span.bytes.extracting(first: first + 10), together: &file)
        #expect(passing.finish().digests == nil && passing.finish().problem?.contains("shorter") == true)
    }
}
