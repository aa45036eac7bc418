// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import ContentModel
import FileIO
import Foundation
import Safetensors
import SystemPackage
import TestKit

@testable import Conversion

/// The checkpoints of `Tests/Corpus/checkpoint`, with the digests of what PyTorch and numpy load from them.
enum Sample {
    struct Row: Sendable {
        let file: String
        let path: String
        let type: String
        let shape: String
        let digest: String
    }

    static let directory = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .appending("Corpus/checkpoint")

    static let rows: [Row] = {
        let text = (try? String(contentsOfFile: directory.appending("expected.tsv").string, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Row(file: fields[0], path: fields[1], type: fields[2], shape: fields[3], digest: fields[4])
        }
    }()

    /// Files of which every tensor has a name and a place in safetensors.
    static let convertible: [String] = Set(rows.map(\.file)).filter { file in
        rows.allSatisfy { $0.file != file || $0.type != "refused" && !$0.path.isEmpty }
    }.sorted()

    static func bytes(_ name: String) throws -> [UInt8] {
        try FileSystem.read(directory.appending(name), limit: 1 << 24)
    }

    static func source(_ name: String) throws -> MemorySource { MemorySource(try bytes(name)) }

    /// A model of two checkpoints with an index, as transformers writes them.
    static func sharded(
        _ first: String = "state_dict.pt", _ second: String = "tied.pt"
    ) throws -> (
        sources: [CheckpointSet.Source], index: (path: RelativePath, content: ShardIndex)
    ) {
        let names = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
        let paths = try names.map { try RelativePath($0) }
        let sources = [
            CheckpointSet.Source(paths[0], try source(first)), CheckpointSet.Source(paths[1], try source(second)),
        ]
        let entries = zip([first, second], names).flatMap { file, name in
            rows.filter { $0.file == file }.map { "\"\($0.path)\": \"\(name)\"" }
        }
        let text = "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {\(entries.joined(separator: ", "))}}"
        let index = try ShardIndex(parsing: Array(text.utf8).span)
        return (sources, (try RelativePath("pytorch_model.bin.index.json"), index))
    }

    /// Writes what a plan gives into a directory, and returns the tensors' bytes by name.
    static func write(
        _ conversion: CheckpointConversion, to paths: [FilePath]
    ) async throws -> (digests: TensorDigests?, tensors: [String: (info: TensorInfo, bytes: [UInt8])]) {
        let digests = try await conversion.write(to: paths) { _ in true }
        var tensors: [String: (info: TensorInfo, bytes: [UInt8])] = [:]
        for path in paths where digests != nil {
            let header = try SafetensorsFile(path, mode: .strict).header
            let bytes = try FileSystem.read(path, limit: 1 << 24)
            for info in header.tensors {
                let start = Int(header.dataStart + info.offsets.lowerBound)
                tensors[info.name.string] = (info, Array(bytes[start..<start + Int(info.byteCount)]))
            }
        }
        return (digests, tensors)
    }
}
