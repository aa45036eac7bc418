// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials
internal import Safetensors

/// What an index of shards says, as far as a comparison cares.
struct ShardIndexContent: Sendable {
    /// The tensors with their files, sorted by name.
    let map: ShardIndex
    /// The `metadata` object, sorted by key; empty when there is none or it is too large to look at.
    let metadata: [JSONValue.Member]

    /// The largest index whose metadata is looked at: 16 MiB.
    private static let metadataLimit = 16 << 20

    /// - Throws: `Failure` for what is no index.
    init(_ bytes: [UInt8]) throws(Failure) {
        map = try ShardIndex(parsing: bytes.span)
        guard bytes.count <= ShardIndexContent.metadataLimit else {
            metadata = []
            return
        }
        struct Outer: Decodable { let metadata: JSONValue? }
        let outer = try? JSONDecoder().decode(Outer.self, from: Data(bytes))
        metadata = outer?.metadata?.members ?? []
    }

    /// The tensors of which only one of two indexes speaks, by name; names that moved to another file do not count.
    static func difference(_ before: ShardIndex, _ after: ShardIndex) -> (added: [TensorName], removed: [TensorName]) {
        var (added, removed): ([TensorName], [TensorName]) = ([], [])
        var (i, j) = (0, 0)
        while i < before.tensors.count || j < after.tensors.count {
            if j == after.tensors.count
                || i < before.tensors.count && before.tensors[i].tensor < after.tensors[j].tensor
            {
                removed.append(before.tensors[i].tensor)
                i += 1
            } else if i == before.tensors.count || after.tensors[j].tensor < before.tensors[i].tensor {
                added.append(after.tensors[j].tensor)
                j += 1
            } else {
                i += 1
                j += 1
            }
        }
        return (added, removed)
    }
}
