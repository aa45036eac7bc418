// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `Resharding` {
    struct Case: Decodable {
        struct Tensor: Decodable {
            let name: String
            let size: UInt64
        }
        struct Part: Decodable {
            let name: String
            let tensors: [String]
        }
        let tensors: [Tensor]
        let limit: UInt64
        let files: [Part]
        let index: String?
    }

    private let metadata = [MetadataEntry("format", "pt")]

    private func write(
        _ specs: [TensorSpec], _ path: FilePath, _ random: inout Seeded, metadata: [MetadataEntry]? = nil
    ) throws {
        var writer = try SafetensorsWriter(path, plan: try WritePlan(specs, metadata: metadata))
        try writer.write(random.bytes(Int(writer.plan.dataSize)))
        try writer.finish(durably: false)
    }

    private func digest(_ paths: [FilePath]) throws -> Digest {
        try TensorDigests(
            merging: try paths.map { path in
                let found = try TensorDigests(of: try SafetensorsFile(path))
                return try #require(found)
            }
        ).model
    }

    private func listing(_ directory: FilePath) throws -> [String] { try FileSystem.list(directory) }

    /// A model in `files` files, with tensors of many types and sizes, empty ones among them.
    private func model(_ count: Int, files: Int, in directory: FilePath, _ random: inout Seeded) throws -> [FilePath] {
        let types: [TensorType] = [.f32, .bf16, .u8, .i64, .bool, .f8e4m3]
        let specs = (0..<count).map { index in
            TensorSpec(
                TensorName("layers.\(index).w"), types[Int.random(in: 0..<types.count, using: &random)],
                [UInt64.random(in: 0...60, using: &random), UInt64.random(in: 1...50, using: &random)])
        }
        return try (0..<files).map { number in
            let path = directory.appending("part\(number).safetensors")
            let mine = specs.enumerated().filter { $0.offset % files == number }.map(\.element)
            try write(mine, path, &random, metadata: metadata)
            return path
        }
    }

    @Test func `divides as huggingface_hub does`() throws {
        let cases: [Case] = try Sample.vector("shards.json")
        #expect(cases.count == 40)
        var random = Seeded(1)
        for item in cases {
            let scratch = try Scratch()
            let source = scratch.path.appending("source")
            try write(item.tensors.map { TensorSpec(TensorName($0.name), .u8, [$0.size]) }, source, &random)
            let plan = try ShardPlan([source], into: .maximumSize(item.limit))
            #expect(plan.shards.map(\.name.description) == item.files.map(\.name))
            for (shard, file) in zip(plan.shards, item.files) {
                #expect(Set(shard.layout.tensors.map(\.name)) == Set(file.tensors.map { TensorName($0) }))
            }
            #expect(plan.index.map { String(decoding: $0, as: UTF8.self) } == item.index)
        }
    }

    @Test(arguments: [1, 3, 20], [1, 4]) func `into any number of files leaves the tensor digest`(
        _ parts: Int, _ from: Int
    )
        throws
    {
        for seed in UInt64(1)...4 {
            var random = Seeded(seed)
            let scratch = try Scratch()
            let sources = try model(40, files: from, in: scratch.path, &random)
            let plan = try ShardPlan(sources, into: .count(parts))
            let out = scratch.path.appending("out/set")
            var copied: UInt64 = 0
            try plan.write(to: out, durably: seed == 1) {
                copied += $0
                return true
            }
            #expect(copied == plan.totalSize, "seed \(seed)")
            #expect(plan.shards.count == parts)
            #expect(try listing(out) == plan.names.sorted())
            #expect(
                try digest(plan.shards.map { out.appending($0.name.description) }) == digest(sources), "seed \(seed)")
            #expect(try plan.verify(in: out) == [])
            if let name = plan.indexName {
                let index = try ShardIndex(out.appending(name.description))
                #expect(try ShardCheck(index, in: out, mode: .strict).findings == [])
            }
            for shard in plan.shards {
                let header = try SafetensorsFile(out.appending(shard.name.description), mode: .strict).header
                #expect(header.metadata == metadata)
            }
        }
    }

    @Test func `gives the same files whatever files the tensors come from`() throws {
        var random = Seeded(9)
        let scratch = try Scratch()
        let sources = try model(30, files: 5, in: scratch.path, &random)
        let (first, second) = (scratch.path.appending("a"), scratch.path.appending("b"))
        try ShardPlan(sources, into: .maximumSize(9000)).write(to: first, durably: false)
        let again = try listing(first).filter { $0.hasSuffix(".safetensors") }.reversed().map { first.appending($0) }
        try ShardPlan(again, into: .maximumSize(9000)).write(to: second, durably: false)
        #expect(try listing(first) == listing(second))
        for name in try listing(first) {
            #expect(
                try FileSystem.read(first.appending(name), limit: 1 << 20)
                    == FileSystem.read(second.appending(name), limit: 1 << 20))
        }
        // Back into one file: the bytes of the writer.
        let one = try ShardPlan(again, into: .one)
        try one.write(to: scratch.path.appending("c"), durably: false)
        #expect(one.index == nil)
        #expect(try listing(scratch.path.appending("c")) == ["model.safetensors"])
    }

    @Test func `spreads evenly, and no file is empty`() throws {
        for seed in UInt64(1)...200 {
            var random = Seeded(seed)
            let sizes = (0..<Int.random(in: 1...40, using: &random)).map { _ in UInt64.random(in: 0...9, using: &random)
            }
            let count = Int.random(in: 1...sizes.count, using: &random)
            let parts = try ShardDivision.count(count).parts(sizes)
            #expect(parts.count == count, "seed \(seed)")
            #expect(parts.flatMap { $0 } == Array(sizes.indices), "seed \(seed)")
            #expect(!parts.contains { $0.isEmpty }, "seed \(seed)")
            let largest = parts.map { $0.reduce(0) { $0 + sizes[$1] } }.max() ?? 0
            // Every division in order into so many parts has one at least as large as the mean and as the largest tensor.
            let bound = max(sizes.max() ?? 0, (sizes.reduce(0, +) + UInt64(count) - 1) / UInt64(count))
            #expect(largest >= bound && largest <= bound + (sizes.max() ?? 0), "seed \(seed)")
        }
        #expect(try ShardDivision.count(1).parts([]) == [[]])
        for (count, sizes) in [(0, [1]), (3, [1, 1]), (-1, [1]), (2, [])] as [(Int, [UInt64])] {
            #expect(throws: SafetensorsError.self) { try ShardDivision.count(count).parts(sizes) }
        }
    }

    @Test func `that is stopped leaves nothing, in a new directory and in an old one`() throws {
        var random = Seeded(2)
        let scratch = try Scratch()
        let sources = try model(20, files: 2, in: scratch.path, &random)
        let before = try listing(scratch.path)
        let plan = try ShardPlan(sources, into: .count(4))
        for directory in [scratch.path.appending("new"), scratch.path] {
            var calls = 0
            #expect(throws: SafetensorsError.self) {
                try plan.write(to: directory) { _ in
                    calls += 1
                    return calls < 9
                }
            }
            #expect(calls == 9)
            #expect(try listing(scratch.path) == before)
        }
    }

    @Test func `is atomic: no new name is visible before everything is written`() throws {
        var random = Seeded(4)
        let scratch = try Scratch()
        let sources = try model(20, files: 2, in: scratch.path, &random)
        let plan = try ShardPlan(sources, into: .count(4))
        for directory in [scratch.path.appending("new"), scratch.path] {
            try plan.write(to: directory, durably: false) { _ in
                #expect(!plan.names.contains { FileSystem.exists(directory.appending($0)) })
                return true
            }
            #expect(plan.names.allSatisfy { FileSystem.exists(directory.appending($0)) })
        }
    }

    @Test func `refuses to replace files unless told to`() throws {
        var random = Seeded(5)
        let scratch = try Scratch()
        let sources = try model(10, files: 1, in: scratch.path, &random)
        let name = "model-00002-of-00002.safetensors"
        let out = scratch.path.appending("out")
        try FileSystem.createDirectories(out)
        try FileSystem.replace(out.appending(name), with: [1, 2, 3], mode: 0o600)
        let plan = try ShardPlan(sources, into: .count(2))
        #expect { try plan.write(to: out) } throws: { error in
            guard case SafetensorsError.targetExists(let path) = error else { return false }
            return path == out.appending(name).string
        }
        #expect(try FileSystem.read(out.appending(name), limit: 10) == [1, 2, 3])
        try plan.write(to: out, replacing: true)
        #expect(try plan.verify(in: out) == [])
        #expect(try FileSystem.status(out.appending(name))?.mode == 0o600)
        // A set may be laid out anew where it lies.
        let again = try ShardPlan(plan.shards.map { out.appending($0.name.description) }, into: .count(2))
        try again.write(to: out, replacing: true)
        #expect(try plan.verify(in: out) == [])
    }

    @Test func `notices a source that changed after planning`() throws {
        var random = Seeded(6)
        let scratch = try Scratch()
        let sources = try model(10, files: 1, in: scratch.path, &random)
        let plan = try ShardPlan(sources, into: .count(2))
        let bytes = try FileSystem.read(sources[0], limit: 1 << 20)
        try FileSystem.replace(sources[0], with: bytes)
        #expect { try plan.write(to: scratch.path.appending("out")) } throws: { error in
            if case SafetensorsError.changed = error { true } else { false }
        }
        #expect(!FileSystem.exists(scratch.path.appending("out")))
    }

    @Test func `refuses doubled tensors, contradicting metadata and impossible names`() throws {
        var random = Seeded(7)
        let scratch = try Scratch()
        let (a, b) = (scratch.path.appending("a"), scratch.path.appending("b"))
        try write(
            [TensorSpec("x", .u8, [3])], a, &random, metadata: [MetadataEntry("k", "1"), MetadataEntry("a", "0")])
        try write([TensorSpec("y", .u8, [3])], b, &random, metadata: [MetadataEntry("k", "2")])
        #expect { try ShardPlan([a, a], into: .one) } throws: {
            if case SafetensorsError.duplicateTensor("x") = $0 { true } else { false }
        }
        #expect { try ShardPlan([a, b], into: .one) } throws: {
            if case SafetensorsError.conflictingMetadata("k") = $0 { true } else { false }
        }
        var options = ShardPlan.Options()
        options.metadata = .replaced(metadata)
        options.alignment = 4096
        let plan = try ShardPlan([a, b], into: .one, options)
        try plan.write(to: scratch.path.appending("out"), durably: false)
        let header = try SafetensorsFile(scratch.path.appending("out/model.safetensors")).header
        #expect(header.metadata == metadata)
        #expect(header.dataStart == 4096)
        for stem in ["", "../x", "a/b", "con"] {
            options.stem = stem
            #expect(throws: SafetensorsError.self, "\(stem)") { try ShardPlan([a, b], into: .count(2), options) }
        }
    }

    @Test func `orders names as people count`() {
        let names: [TensorName] = ["a", "a.2", "a.02", "a.10", "a.10.b", "b", "b1", "b01x", "b2"]
        let sorted = names.shuffled().sorted(by: NaturalOrder.precedes)
        #expect(sorted == ["a", "a.02", "a.2", "a.10", "a.10.b", "b", "b1", "b01x", "b2"])
        for left in names {
            for right in names {
                #expect(!(NaturalOrder.precedes(left, right) && NaturalOrder.precedes(right, left)))
            }
        }
    }
}
