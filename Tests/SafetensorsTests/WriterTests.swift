// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `The writer` {
    struct Case: Decodable {
        struct Tensor: Decodable {
            let name: String
            let dtype: String
            let shape: [UInt64]
            let data: String
        }
        let tensors: [Tensor]
        let metadata: [String: String]?
        let file: String
        let readable: Bool
    }

    private let one = TensorSpec("a", .u8, [4])

    @Test func `writes the bytes that the reference writes`() throws {
        let scratch = try Scratch()
        let cases: [Case] = try Sample.vector("writer.json")
        #expect(cases.count == 40)
        for (number, entry) in cases.enumerated() {
            let specs = try entry.tensors.map {
                TensorSpec(TensorName($0.name), try #require(TensorType(rawValue: $0.dtype)), $0.shape)
            }
            let data = Dictionary(
                uniqueKeysWithValues: entry.tensors.map { (TensorName($0.name), Sample.bytes(hexadecimal: $0.data)) })
            let plan = try WritePlan(
                specs.reversed(), metadata: entry.metadata.map { $0.map { MetadataEntry($0.key, $0.value) } })
            let path = scratch.path.appending("out")
            var writer = try SafetensorsWriter(path, plan: plan)
            for tensor in plan.tensors { try writer.write(tensor.name, (data[tensor.name] ?? [])) }
            try writer.finish(durably: false)
            let written = try FileSystem.read(path, limit: 1 << 20)
            // One case the reference writes so that nobody can read it.
            #expect((written == Sample.bytes(hexadecimal: entry.file)) == entry.readable, "case \(number)")
            _ = try Header(written, .strict)
        }
        #expect(try FileSystem.list(scratch.path) == ["out"])
    }

    @Test func `writes the vectors of the reference's own tests`() throws {
        func head(_ specs: [TensorSpec], _ metadata: [MetadataEntry]? = nil) throws -> [UInt8] {
            try WritePlan(specs, metadata: metadata).head
        }
        #expect(try head([]) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
        #expect(try head([TensorSpec("attn.0", .f32, [1, 2, 3])])[0] == 0x40)
        #expect(try head([TensorSpec("attn0", .f32, [1, 1, 2, 3])])[0] == 72)
        #expect(try head([TensorSpec("attn.0", .f4, [1, 2])])[0] == 64)
        #expect(try head([], [MetadataEntry("framework", "pt")])[0] == 40)
        #expect(try head([TensorSpec("test2", .f16, [2, 2]), TensorSpec("test1", .i32, [2, 2])])[0] == 128)
    }

    @Test func `sorts metadata, so that its bytes do not depend on their order`() throws {
        let entries = [
            MetadataEntry("b", "1"), MetadataEntry("a", "2"), MetadataEntry("e\u{301}", "3"),
            MetadataEntry("\u{e9}", "4"),
        ]
        let plan = try WritePlan([one], metadata: entries)
        #expect(try WritePlan([one], metadata: entries.reversed()).head == plan.head)
        #expect(try Header(plan.head + [0, 0, 0, 0]).metadata?.map(\.value) == ["2", "1", "3", "4"])
    }

    @Test(arguments: [8, 64, 4096, 65536])
    func `begins the data where it was asked to`(_ alignment: Int) throws {
        let plan = try WritePlan([one], alignment: alignment, reserving: 100)
        #expect(plan.head.count % alignment == 0)
        let header = try Header(plan.head + [1, 2, 3, 4], .strict)
        #expect(header.dataStart == UInt64(plan.head.count))
        #expect(plan.head.suffix(100).allSatisfy { $0 == 0x20 })
    }

    @Test func `refuses what no reader could read`() throws {
        #expect(throws: WriteError.duplicateName("a")) { try WritePlan([one, TensorSpec("a", .f32, [1])]) }
        #expect(throws: WriteError.reservedName) { try WritePlan([TensorSpec("__metadata__", .u8, [1])]) }
        #expect(throws: WriteError.duplicateMetadataKey("k")) {
            try WritePlan([], metadata: [MetadataEntry("k", "1"), MetadataEntry("k", "2")])
        }
        #expect(throws: WriteError.sizeOverflow("a")) { try WritePlan([TensorSpec("a", .u8, [1 << 32, 1 << 32])]) }
        #expect(throws: WriteError.sizeOverflow("b")) {
            try WritePlan((0..<9).map { TensorSpec($0 == 8 ? "b" : TensorName("a\($0)"), .u8, [UInt64.max / 8 - 7]) })
        }
        let half = UInt64.max / 16
        #expect(throws: WriteError.sizeOverflow("a9")) {
            try WritePlan((0..<10).map { TensorSpec(TensorName("a\($0)"), .u8, [half]) })
        }
        #expect(throws: WriteError.partialByte("a", .f4, bits: 12)) { try WritePlan([TensorSpec("a", .f4, [3])]) }
        for alignment in [-8, 0, 4, 24, 131072] {
            #expect(throws: WriteError.invalidAlignment(alignment)) { try WritePlan([], alignment: alignment) }
        }
        #expect(throws: WriteError.headerTooLarge(length: 100_000_008, limit: 100_000_000)) {
            try WritePlan([], reserving: .max)
        }
    }

    @Test func `is atomic: an unfinished file leaves nothing and touches nothing`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("out", [1, 2, 3])
        do {
            var writer = try SafetensorsWriter(path, plan: try WritePlan([one]))
            try writer.write([9])
            do throws(SafetensorsError) {
                try writer.finish()
                Issue.record("accepted")
            } catch { #expect(error.code == .usage) }
        }
        #expect(try FileSystem.read(path, limit: 100) == [1, 2, 3])
        #expect(try FileSystem.list(scratch.path) == ["out"])
    }

    @Test func `accepts neither more bytes than planned nor another order`() throws {
        let scratch = try Scratch()
        let plan = try WritePlan([one, TensorSpec("b", .u8, [2]), TensorSpec("empty", .f32, [0])])
        var writer = try SafetensorsWriter(scratch.path.appending("out"), plan: plan)
        do throws(SafetensorsError) {
            try writer.write("b", [0, 0])
            Issue.record("accepted")
        } catch { #expect(error.code == .usage) }
        do throws(SafetensorsError) {
            try writer.write("a", [0, 0])
            Issue.record("accepted")
        } catch { #expect(error.code == .usage) }
        try writer.write("empty", ([] as [UInt8]))
        try writer.write("a", [1, 2, 3, 4])
        try writer.write("b", [5, 6])
        do throws(SafetensorsError) {
            try writer.write([7])
            Issue.record("accepted")
        } catch { #expect(error.code == .usage) }
        try writer.finish()
        let file = try SafetensorsFile(scratch.path.appending("out"), mode: .strict)
        let found = try file.raw("b")
        #expect(found == [5, 6])
    }

    @Test func `writes through a symbolic link and keeps the permissions of what it replaces`() throws {
        let scratch = try Scratch()
        let target = try scratch.write("target", [0])
        try FileSystem.setPermissions(target, 0o640)
        let link = scratch.path.appending("link")
        try FileSystem.symbolicLink(link, to: "target")
        let dangling = scratch.path.appending("dangling")
        try FileSystem.symbolicLink(dangling, to: "new")
        for path in [link, dangling] {
            var writer = try SafetensorsWriter(path, plan: try WritePlan([one]))
            try writer.write([1, 2, 3, 4])
            try writer.finish()
        }
        #expect(try FileSystem.readLink(link) == "target")
        #expect(try FileSystem.readLink(dangling) == "new")
        #expect(try FileSystem.status(target)?.mode == 0o640)
        let file = try SafetensorsFile(scratch.path.appending("new"))
        let count = file.header.tensors.count
        #expect(count == 1)
        #expect(try FileSystem.list(scratch.path) == ["dangling", "link", "new", "target"])
    }

    @Test func `streams pieces of any size in bounded memory`() throws {
        let scratch = try Scratch()
        var generator = Seeded(5)
        let data = generator.bytes(3 << 20)
        let specs = [TensorSpec("a", .u8, [1 << 20]), TensorSpec("b", .u8, [UInt64(data.count - (1 << 20))])]
        let path = scratch.path.appending("out")
        var writer = try SafetensorsWriter(path, plan: try WritePlan(specs))
        var place = 0
        while place < data.count {
            let size = min(data.count - place, Int([1, 1000, 70_001, 1 << 20, 1_500_000][Int(generator.next() % 5)]))
            try writer.write(Array(data[place..<(place + size)]))
            place += size
        }
        try writer.finish(durably: false)
        let file = try SafetensorsFile(path)
        do {
            let found = try file.raw("a")
            #expect(found == Array(data[..<(1 << 20)]))
        }
        do {
            let found = try file.raw("b")
            #expect(found == Array(data[(1 << 20)...]))
        }
    }
}
