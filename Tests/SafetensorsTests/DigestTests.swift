// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `The tensor digest` {
    struct Model: Decodable {
        struct Tensor: Decodable {
            let name: String
            let dtype: String
            let shape: [UInt64]
            let bytes: Int
            let digest: String

            /// The bytes that the script made for this name.
            var data: [UInt8] {
                var block: [UInt8] = []
                while block.count < min(bytes, 4099) { block += Digest(of: "\(name)/\(block.count)").bytes }
                block = Array(block.prefix(4099))
                var out: [UInt8] = []
                while out.count < bytes { out += block.prefix(bytes - out.count) }
                return out
            }
            func spec() throws -> TensorSpec {
                TensorSpec(TensorName(name), try #require(TensorType(rawValue: dtype)), shape)
            }
        }
        let tensors: [Tensor]
        let listing: String
        let model: String
    }

    private func write(
        _ tensors: [Model.Tensor], to path: FilePath, alignment: Int = 8, metadata: [MetadataEntry]? = nil
    ) throws {
        let plan = try WritePlan(try tensors.map { try $0.spec() }, metadata: metadata, alignment: alignment)
        let data = Dictionary(uniqueKeysWithValues: tensors.map { (TensorName($0.name), $0.data) })
        var writer = try SafetensorsWriter(path, plan: plan)
        for tensor in plan.tensors { try writer.write(tensor.name, (data[tensor.name] ?? [])) }
        try writer.finish(durably: false)
    }

    private func digests(_ path: FilePath) throws -> TensorDigests {
        let file = try SafetensorsFile(path)
        let found = try TensorDigests(of: file)
        return try #require(found)
    }

    @Test func `is what the independent script computes`() throws {
        let scratch = try Scratch()
        let models: [Model] = try Sample.vector("digests.json")
        #expect(models.count == 6)
        for model in models {
            let path = scratch.path.appending("model.safetensors")
            try write(model.tensors, to: path)
            let found = try digests(path)
            for tensor in model.tensors {
                #expect(found[TensorName(tensor.name)]?.description == tensor.digest, "\(tensor.name)")
            }
            #expect(found.listing == Array(model.listing.utf8))
            #expect(found.model.description == model.model)
        }
    }

    @Test func `does not depend on order, padding, metadata or sharding`() throws {
        let scratch = try Scratch()
        for model in try Sample.vector("digests.json", as: [Model].self) where model.tensors.count > 1 {
            let path = scratch.path.appending("a")
            try write(model.tensors, to: path, alignment: 4096, metadata: [MetadataEntry("format", "pt")])
            #expect(try digests(path).model.description == model.model)
            let half = model.tensors.count / 2
            try write(Array(model.tensors[..<half]), to: path)
            try write(Array(model.tensors[half...]), to: scratch.path.appending("b"))
            let parts = [try digests(scratch.path.appending("b")), try digests(path)]
            #expect(try TensorDigests(merging: parts).model.description == model.model)
            #expect(throws: SafetensorsError.self) { try TensorDigests(merging: [parts[0], parts[0]]) }
        }
    }

    @Test func `changes with one bit and names the tensor`() throws {
        let scratch = try Scratch()
        let model = try #require(try Sample.vector("digests.json", as: [Model].self).last)
        let path = scratch.path.appending("a")
        try write(model.tensors, to: path)
        let before = try digests(path)
        let file = try SafetensorsFile(path)
        let place = Int64(file.header.dataStart + (try file.tensor("larger").offsets.upperBound)) - 1
        let handle = try File(path, .updating)
        let byte = try handle.read(1, at: place)[0]
        try handle.write([byte ^ 1], at: place)
        let after = try digests(path)
        #expect(after.differences(from: before) == ["larger"])
        #expect(after.model != before.model)
        #expect(before.differences(from: before) == [])
        let fewer = try TensorDigests(before.entries.dropLast())
        #expect(fewer.differences(from: before) == ["small"])
        #expect(before.differences(from: fewer) == ["small"])
    }

    @Test func `tells apart types, shapes and names of the same bytes`() throws {
        var seen: Set<Digest> = []
        for (type, shape) in [(.f32, [2, 3]), (.f32, [3, 2]), (.f32, [6]), (.i32, [6]), (.f32, [6, 1]), (.u8, [24])]
            as [(TensorType, [UInt64])]
        {
            seen.insert(TensorHasher(type: type, shape: shape, byteCount: 24).finalize())
        }
        #expect(seen.count == 6)
        let digest = Digest(of: "x")
        #expect(try TensorDigests([.init("a", digest)]).model != TensorDigests([.init("b", digest)]).model)
    }

    @Test(arguments: [1, 9, 10, 16, 40, 90] as [Int], [1, 2] as [UInt64])
    func `of many tensors side by side are those of each alone, holes included`(count: Int, seed: UInt64) throws {
        let scratch = try Scratch()
        var numbers = Seeded(seed)
        // Lengths round the ends of blocks and of the pieces that a lane reads at once; some tensors are empty.
        let sizes = (0..<count).map { _ in
            [0, 1, 63, 64, 65, 4096, 32_767, 32_768, 32_769, 100_000, 600_001].randomElement(using: &numbers) ?? 0
        }
        let specs = sizes.enumerated().map { TensorSpec(TensorName("t\($0)"), .u8, [UInt64($1)]) }
        let plan = try WritePlan(specs)
        let path = scratch.path.appending("model.safetensors")
        var writer = try SafetensorsWriter(path, plan: plan)
        var expected: [TensorDigests.Entry] = []
        for tensor in plan.tensors {
            let bytes = numbers.bytes(Int(tensor.byteCount))
            try writer.write(tensor.name, bytes)
            var hasher = TensorHasher(tensor)
            hasher.update(bytes.span.bytes)
            expected.append(TensorDigests.Entry(tensor.name, hasher.finalize()))
        }
        try writer.finish(durably: false)
        #expect(try digests(path) == TensorDigests(expected), "seed \(seed)")

        // The same layout with nothing but a hole behind the header.
        let sparse = scratch.path.appending("sparse.safetensors")
        let file = try File(sparse, .updating)
        try file.write(plan.head, at: 0)
        try file.truncate(to: ByteCount(clamping: Int64(plan.fileSize)))
        for entry in try digests(sparse).entries {
            let tensor = try #require(plan.tensors.first { $0.name == entry.name })
            var hasher = TensorHasher(tensor)
            hasher.update([UInt8](repeating: 0, count: Int(tensor.byteCount)).span.bytes)
            #expect(entry.digest == hasher.finalize())
        }
    }

    @Test func `many hashers fed from one buffer are what each is alone`() throws {
        var numbers = Seeded(7)
        let stride = 4096
        let buffer = numbers.bytes(20 * stride)
        let counts = (0..<20).map { _ in Int.random(in: 0...stride, using: &numbers) }
        var together = (0..<20).map { TensorHasher(type: .u8, shape: [UInt64($0)], byteCount: UInt64($0)) }
        var alone = together
        // Twice, so that the second turn begins in the middle of blocks.
        for _ in 0..<2 {
            TensorHasher.update(&together, from: buffer.span.bytes, stride: stride, counts: counts)
            for index in alone.indices {
                let begin = index * stride
                alone[index].update(buffer.span.bytes.extracting(begin..<begin + counts[index]))
            }
        }
        #expect(together.map { $0.finalize() } == alone.map { $0.finalize() })
    }

    @Test func `stops when it is told to`() throws {
        let scratch = try Scratch()
        let model = try #require(try Sample.vector("digests.json", as: [Model].self).last)
        try write(model.tensors, to: scratch.path.appending("a"))
        let file = try SafetensorsFile(scratch.path.appending("a"))
        let stopped = try TensorDigests(of: file) { _ in false }
        #expect(stopped == nil)
        var total = 0
        _ = try TensorDigests(of: file) {
            total += $0
            return true
        }
        let size = file.header.dataSize
        #expect(UInt64(total) == size)
    }
}
