// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `A sharded model` {
    private func shard(_ names: [String]) -> [UInt8] {
        let entries = names.enumerated().map {
            #""\#($1)":{"dtype":"U8","shape":[4],"data_offsets":[\#($0 * 4),\#($0 * 4 + 4)]}"#
        }
        return Sample.file("{" + entries.joined(separator: ",") + "}", Array(repeating: 0, count: names.count * 4))
    }

    private func check(_ index: String, _ files: [String: [UInt8]]) throws -> [ShardFinding] {
        let scratch = try Scratch()
        for (name, bytes) in files { _ = try scratch.write(name, bytes) }
        let path = try scratch.write("model.safetensors.index.json", Array(index.utf8))
        return try ShardCheck(try ShardIndex(path), in: scratch.path).findings
    }

    private func file(_ name: String) throws -> RelativePath { try RelativePath(name) }

    private let index =
        #"{"metadata":{"total_size":12},"weight_map":{"c":"2.safetensors","a":"1.safetensors","b":"1.safetensors"}}"#

    @Test func `that agrees with its index has no findings`() throws {
        #expect(try check(index, ["1.safetensors": shard(["a", "b"]), "2.safetensors": shard(["c"])]) == [])
        let parsed = try ShardIndex(parsing: Array(index.utf8).span)
        #expect(parsed.totalSize == 12)
        #expect(parsed.files.map(\.description) == ["1.safetensors", "2.safetensors"])
        #expect(parsed.tensors.map(\.tensor) == ["a", "b", "c"])
    }

    @Test func `that lacks a file or has a damaged one says so`() throws {
        #expect(try check(index, ["1.safetensors": shard(["a", "b"])]) == [.missingFile(try file("2.safetensors"))])
        let found = try check(index, ["1.safetensors": shard(["a", "b"]), "2.safetensors": [1, 2, 3]])
        #expect(
            found == [
                .invalidFile(
                    try file("2.safetensors"), message: "not a safetensors file: 3 bytes, at least 8 are needed")
            ])
    }

    @Test func `with missing, stray, misplaced or doubled tensors says so`() throws {
        let (one, two) = (try file("1.safetensors"), try file("2.safetensors"))
        #expect(
            try check(index, ["1.safetensors": shard(["a"]), "2.safetensors": shard(["c"])])
                == [.missingTensor("b", expectedIn: one), .wrongTotalSize(expected: 12, found: 8)])
        #expect(
            try check(index, ["1.safetensors": shard(["a", "b"]), "2.safetensors": shard(["c", "d"])])
                == [.strayTensor("d", foundIn: two), .wrongTotalSize(expected: 12, found: 16)])
        #expect(
            try check(index, ["1.safetensors": shard(["a"]), "2.safetensors": shard(["c", "b"])])
                == [.misplacedTensor("b", expectedIn: one, foundIn: two)])
        #expect(
            try check(index, ["1.safetensors": shard(["a", "b"]), "2.safetensors": shard(["c", "b"])])
                == [.duplicateTensor("b", one, two), .wrongTotalSize(expected: 12, found: 16)])
        #expect(
            try check(
                index,
                ["1.safetensors": shard(["a", "b"]), "2.safetensors": shard(["c"]), "3.safetensors": shard(["x"])])
                == [.strayFile(try file("3.safetensors"))])
    }

    @Test func `whose index spells a name in two ways keeps both`() throws {
        let text = "{\"weight_map\":{\"\u{e9}\":\"a.safetensors\",\"e\u{301}\":\"b.safetensors\"}}"
        #expect(try ShardIndex(parsing: Array(text.utf8).span).tensors.count == 2)
    }

    @Test(arguments: [
        ("", "invalid index: it ends too early at byte 0"),
        ("{}", "invalid index: field `weight_map` is missing at byte 0"),
        (#"{"weight_map":[]}"#, "invalid index: expected an object of file names, found `[` at byte 14"),
        (#"{"weight_map":{"a":1}}"#, "invalid index: expected a file name, found `1` at byte 19"),
        (#"{"weight_map":{"a":"x","a":"y"}}"#, "the index names tensor `a` twice"),
        (#"{"weight_map":{},"weight_map":{}}"#, "invalid index: field `weight_map` is there twice at byte 17"),
        (#"{"weight_map":{}} x"#, "invalid index: something follows its object at byte 18"),
    ])
    func `whose index is malformed is refused with the place`(_ text: String, _ message: String) throws {
        do throws(Failure) {
            _ = try ShardIndex(parsing: Array(text.utf8).span)
            Issue.record("accepted")
        } catch { #expect(error.message == message) }
    }

    @Test(arguments: ["../x.safetensors", "/etc/x", "a//b", "", "a/./b", "c\\u0000d"])
    func `whose index leads outside its directory is refused`(_ name: String) throws {
        #expect(throws: Failure.self) {
            try ShardIndex(parsing: Array("{\"weight_map\":{\"a\":\"\(name)\"}}".utf8).span)
        }
    }

    @Test func `tolerates other metadata, null and totals that are no whole numbers`() throws {
        for metadata in ["null", "{}", #"{"total_size":1.2e10}"#, #"{"total_size":"12","x":[{}]}"#, "3"] {
            let text = #"{"x":[1,{"y":null}],"metadata":\#(metadata),"weight_map":{"a":"a"}}"#
            #expect(try ShardIndex(parsing: Array(text.utf8).span).totalSize == nil)
        }
    }

    @Test func `whose index is mutated at random never traps`() throws {
        var generator = Seeded(99)
        let text = Array(index.utf8)
        for _ in 0..<5000 {
            var bytes = text
            for _ in 0...Int(generator.next() % 3) {
                let place = Int(generator.next() % UInt64(bytes.count))
                bytes[place] = UInt8(truncatingIfNeeded: generator.next())
            }
            _ = try? ShardIndex(parsing: bytes.span)
        }
    }
}
