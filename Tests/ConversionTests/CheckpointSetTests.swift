// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import ContentModel
import FileIO
import Safetensors
import SystemPackage
import TestKit
import Testing

@testable import Conversion

@Suite struct `Converting checkpoints that are one model` {
    private func convert(
        _ set: CheckpointSet
    ) async throws -> (
        digests: TensorDigests, tensors: [String: (info: TensorInfo, bytes: [UInt8])]
    ) {
        let directory = try TemporaryDirectory()
        let paths = set.files.map { directory.appending($0.name.description) }
        let (digests, tensors) = try await Sample.write(CheckpointConversion(set), to: paths)
        return (try #require(digests), tensors)
    }

    @Test func `each shard becomes one file, with the names and the index that loaders look for`() async throws {
        let (sources, index) = try Sample.sharded()
        let set = try CheckpointSet(sources, index: index)
        #expect(
            set.files.map(\.name.description) == [
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            ])
        let text = try #require(set.index)
        #expect(text.name.description == "model.safetensors.index.json")
        let parsed = try ShardIndex(parsing: text.bytes.span)
        #expect(parsed.totalSize == set.files.reduce(0) { $0 + $1.layout.dataSize })
        #expect(parsed.tensors.map(\.tensor) == parsed.tensors.map(\.tensor).sorted())
        #expect(parsed.tensors.count == set.tensorCount && set.tensorCount == 10)
        #expect(
            parsed.tensors.first { $0.tensor == "wte.weight" } == nil,
            "a name that stands for another is in the metadata")
        let (digests, tensors) = try await convert(set)
        #expect(digests.entries.count == 10 && tensors.count == 10)
    }

    @Test func `however the tensors are divided they are the same, and names stand beside what they stand for`()
        async throws
    {
        let (sources, index) = try Sample.sharded()
        let whole = try await convert(CheckpointSet(sources, index: index)).digests
        for division in [ShardDivision.one, .count(4), .maximumSize(200)] {
            var options = CheckpointSet.Options()
            options.division = division
            options.stem = "other"
            let set = try CheckpointSet(sources, index: index, options)
            #expect(try await convert(set).digests == whole)
            #expect((set.index == nil) == (set.files.count == 1))
            #expect(set.index?.name.description ?? "other.safetensors.index.json" == "other.safetensors.index.json")
            for file in set.files {
                let header = try Header(parsing: file.layout.head.span, fileSize: file.layout.fileSize)
                let standing = header.metadata("wte.weight")
                #expect(standing == (header.tensors.contains { $0.name == "lm_head.weight" } ? "lm_head.weight" : nil))
                #expect(header.metadata("format") == "pt")
            }
        }
    }

    @Test func `metadata are set and removed in every file`() throws {
        let (sources, index) = try Sample.sharded()
        var options = CheckpointSet.Options()
        options.setting = [MetadataEntry("license", "mit"), MetadataEntry("wte.weight", "x")]
        options.removing = ["format"]
        options.alignment = 4096
        for division in [nil, ShardDivision.one] {
            options.division = division
            for file in try CheckpointSet(sources, index: index, options).files {
                let header = try Header(parsing: file.layout.head.span, fileSize: file.layout.fileSize)
                #expect(header.metadata("license") == "mit" && header.metadata("wte.weight") == "x")
                #expect(header.metadata("format") == nil)
                #expect(header.dataStart == 4096)
            }
        }
    }

    @Test func `a set that is not whole, or has a name twice, is refused`() throws {
        let (sources, index) = try Sample.sharded()
        func failure(_ body: () throws -> Void) -> Failure? { #expect(throws: Failure.self) { try body() } }
        let missing = failure { _ = try CheckpointSet([sources[0]], index: index) }
        #expect(
            missing?.code == .invalidCheckpoint && missing?.details.contains { $0.contains("lm_head.weight") } == true)
        let twice = failure {
            _ = try CheckpointSet([
                sources[0], CheckpointSet.Source(sources[1].path, try Sample.source("state_dict-legacy.pt")),
            ])
        }
        #expect(twice?.code == .invalidCheckpoint && twice?.message.contains("two of the checkpoints") == true)
        let clash = failure {
            _ = try CheckpointSet([
                CheckpointSet.Source(RelativePath("model.bin"), try Sample.source("state_dict.pt")),
                CheckpointSet.Source(RelativePath("pytorch_model.bin"), try Sample.source("tied.pt")),
            ])
        }
        #expect(clash != nil)
        let refused = failure {
            let (sources, _) = try Sample.sharded("state_dict.pt", "refused.pt")
            _ = try CheckpointSet(sources)
        }
        #expect(refused?.code == .refused)
    }

    @Test func `a tensor in another file than the index says is named with both`() throws {
        let (sources, index) = try Sample.sharded()
        func failure(_ change: (inout [(tensor: String, file: String)]) -> Void) throws -> Failure? {
            var entries = index.content.tensors.map { (tensor: $0.tensor.string, file: $0.file.description) }
            change(&entries)
            let map = entries.map { "\"\($0.tensor)\": \"\($0.file)\"" }.joined(separator: ", ")
            let content = try ShardIndex(parsing: Array("{\"weight_map\": {\(map)}}".utf8).span)
            return #expect(throws: Failure.self) { _ = try CheckpointSet(sources, index: (index.path, content)) }
        }
        let (first, second) = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
        func move(_ name: String, _ entries: inout [(tensor: String, file: String)], to file: String) {
            for place in entries.indices where entries[place].tensor == name { entries[place].file = file }
        }
        let one = try failure { move("other", &$0, to: first) }
        #expect(one?.code == .invalidCheckpoint && one?.details.isEmpty == true)
        #expect(one?.message == "the index says that `\(first)` has tensor `other`, it is in `\(second)`")
        #expect(one?.hint?.contains("correct the index") == true)
        let alias = try failure { move("wte.weight", &$0, to: first) }
        #expect(alias?.message == "the index says that `\(first)` has tensor `wte.weight`, it is in `\(second)`")
        let absent = try failure { $0.append(("nowhere", second)) }
        #expect(absent?.message == "the index says that `\(second)` has tensor `nowhere`, no file has it")
        #expect(absent?.hint?.hasPrefix("`\(second)` is not complete") == true)
        let both = try failure {
            move("other", &$0, to: first)
            move("0.bias", &$0, to: second)
        }
        #expect(both?.message.contains("2 tensors") == true)
        #expect(
            both?.details == [
                "the index says that `\(second)` has tensor `0.bias`, it is in `\(first)`",
                "the index says that `\(first)` has tensor `other`, it is in `\(second)`",
            ])
    }

    @Test(arguments: [
        ("pytorch_model.bin", "model.safetensors"), ("a/pytorch_model.fp16.bin", "a/model.fp16.safetensors"),
        ("pytorch_model-00002-of-00003.bin", "model-00002-of-00003.safetensors"),
        ("diffusion_pytorch_model.bin", "diffusion_pytorch_model.safetensors"), ("net.pth", "net.safetensors"),
        ("v1.5.ckpt", "v1.5.safetensors"), ("x.npz", "x.safetensors"), ("noending", "noending.safetensors"),
        (".bin", ".bin.safetensors"), ("adapter_model.bin", "adapter_model.safetensors"),
    ])
    func `a converted file is called as loaders expect`(path: String, name: String) throws {
        #expect(try ConvertedName.of(RelativePath(path))?.description == name)
    }

    @Test(arguments: [
        ("pytorch_model.bin.index.json", "model.safetensors.index.json"),
        ("a/pytorch_model.bin.index.fp16.json", "a/model.safetensors.index.fp16.json"), ("config.json", nil),
        ("diffusion_pytorch_model.bin.index.json", "diffusion_pytorch_model.safetensors.index.json"),
    ])
    func `an index is called as loaders expect`(path: String, name: String?) throws {
        #expect(try ConvertedName.ofIndex(RelativePath(path))?.description == name)
    }
}
