// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import TestKit

/// Small models for the tests of `inspect`, `digest` and `convert`.
enum ModelFolder {
    static let first = ModelBuilder.Tensor("layers.0.weight", shape: [4, 4], floats: (0..<16).map { Float($0) })
    static let second = ModelBuilder.Tensor("layers.1.weight", shape: [2, 4], floats: (0..<8).map { -Float($0) })
    static let third = ModelBuilder.Tensor("tokens", dtype: "I64", shape: [3], data: Array(0..<24))

    /// One file with three tensors.
    static let single = ModelBuilder.safetensors([first, second, third])

    /// The same tensors in two files, with an index.
    static func sharded(total: Int = 120) -> [String: [UInt8]] {
        [
            "model-00001-of-00002.safetensors": ModelBuilder.safetensors([first]),
            "model-00002-of-00002.safetensors": ModelBuilder.safetensors([second, third]),
            "model.safetensors.index.json": Array(
                """
                {"metadata": {"total_size": \(total)}, "weight_map": {
                "layers.0.weight": "model-00001-of-00002.safetensors",
                "layers.1.weight": "model-00002-of-00002.safetensors",
                "tokens": "model-00002-of-00002.safetensors"}}
                """.utf8),
        ]
    }

    /// A safetensors file with this header and data.
    static func file(_ header: String, data: [UInt8] = []) -> [UInt8] {
        let json = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: UInt64(json.count) >> (UInt64($0) * 8)) } + json + data
    }
}

extension Workspace {
    /// Writes files into a folder of the project.
    func write(_ files: [String: [UInt8]], to folder: String) throws {
        try ModelBuilder.write(files, to: project.appending(folder))
    }
}
