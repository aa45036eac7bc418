// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `Digests of a stream` {
    /// A file of tensors of many sizes, empty ones among them.
    private func sample(_ random: inout Seeded, alignment: Int = 8) throws -> [UInt8] {
        let sizes: [UInt64] = [0, 1, 63, 64, 65, 127, 128, 200, 4096, 5000, 0, 70_001]
        let specs = sizes.enumerated().map { TensorSpec(TensorName("t\($0.offset)"), .u8, [$0.element]) }
        let plan = try WritePlan(specs + [TensorSpec("scalar", .f32, [])], alignment: alignment)
        return plan.head + random.bytes(Int(plan.dataSize))
    }

    private func oracle(_ bytes: [UInt8]) throws -> TensorDigests {
        let scratch = try Scratch()
        let file = try SafetensorsFile(try scratch.write("a", bytes))
        let found = try TensorDigests(of: file)
        return try #require(found)
    }

    private func stream(
        _ bytes: [UInt8], size: Int? = nil, _ pieces: () -> Int
    ) -> (Result<TensorDigests, HeaderError>, Digest) {
        var alone = StreamingTensorDigests(fileSize: UInt64(size ?? bytes.count))
        var both = alone
        var whole = SHA256()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces()))
            rest = rest.dropFirst(piece.count)
            alone.update(piece.span.bytes)
            both.update(piece.span.bytes, together: &whole)
        }
        let results = (alone.finish(), both.finish())
        #expect((try? results.0.get()) == (try? results.1.get()))
        return (results.1, whole.finalize())
    }

    @Test(arguments: [8, 64, 4096]) func `are those of the file, in pieces of any size`(alignment: Int) throws {
        for seed in UInt64(1)...12 {
            var random = Seeded(seed)
            let bytes = try sample(&random, alignment: alignment)
            let expected = try oracle(bytes)
            let most = [1, 7, 64, 100, 4096, 100_000][Int(seed) % 6]
            let (result, whole) = stream(bytes) { Int.random(in: 1...most, using: &random) }
            #expect(try result.get() == expected, "seed \(seed), pieces of at most \(most)")
            #expect(whole == Digest(of: bytes), "seed \(seed)")
        }
    }

    @Test func `know the header as soon as it is there`() throws {
        var random = Seeded(3)
        let bytes = try sample(&random)
        let start = Int(try Header(bytes).dataStart)
        var digests = StreamingTensorDigests(fileSize: UInt64(bytes.count))
        digests.update(Array(bytes[..<(start - 1)]).span.bytes)
        #expect(digests.header == nil)
        digests.update(bytes[(start - 1)..<start].span.bytes)
        #expect(digests.header?.tensors.count == 13)
    }

    @Test func `of a file without tensors or without bytes of tensors are complete`() throws {
        for bytes in [
            Sample.file("{}", []), Sample.file(#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#, []),
        ] {
            #expect(try stream(bytes) { 5 }.0.get() == oracle(bytes))
        }
    }

    @Test func `of every file of the corpus fail where the file does, and hash it all the same`() throws {
        var checked = 0
        for path in try FileManager.default.contentsOfDirectory(at: Sample.corpus, includingPropertiesForKeys: nil)
        where path.pathExtension == "safetensors" {
            let bytes = [UInt8](try Data(contentsOf: path))
            for size in [1, 13, 1 << 20] {
                let (result, whole) = stream(bytes) { size }
                #expect(whole == Digest(of: bytes))
                do {
                    _ = try Header(bytes)
                    #expect(try result.get() == oracle(bytes), "\(path.lastPathComponent)")
                } catch let error as HeaderError {
                    #expect(throws: error, "\(path.lastPathComponent)") { try result.get() }
                }
            }
            checked += 1
        }
        #expect(checked > 100)
    }

    @Test func `of fewer or more bytes than promised are an error`() throws {
        var random = Seeded(5)
        let bytes = try sample(&random)
        for count in [0, 4, 8, 100, bytes.count - 1] {
            #expect(throws: HeaderError.self) { try stream(Array(bytes[..<count]), size: bytes.count) { 1000 }.0.get() }
        }
        let (result, whole) = stream(bytes + [1, 2, 3], size: bytes.count) { 1000 }
        #expect(throws: HeaderError.self) { try result.get() }
        #expect(whole == Digest(of: bytes + [1, 2, 3]))
    }

    @Test func `hold no more than what has arrived, whatever a header claims`() throws {
        // A header of 90 MB in a file that claims to be large enough for it.
        var digests = StreamingTensorDigests(fileSize: 1 << 40)
        let length: [UInt8] = [0x80, 0x4A, 0x5D, 5, 0, 0, 0, 0]
        digests.update(length.span.bytes)
        digests.update([UInt8](repeating: 0x20, count: 1000).span.bytes)
        #expect(digests.failure == nil)
        #expect(throws: HeaderError.headerBeyondFile(length: 90_000_000, fileSize: 1008)) { try digests.finish().get() }
    }
}
