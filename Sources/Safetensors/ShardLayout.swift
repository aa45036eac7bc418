// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// How tensors that are yet to be made are laid out in files: `ShardPlan` without sources, a pure computation.
///
/// The same tensors give the same files, in whatever order they come.
public struct ShardLayout: Sendable {
    /// One file of the set.
    public struct Shard: Sendable {
        /// Its name, such as `model-00001-of-00003.safetensors`; that of a single file has no numbers.
        public let name: RelativePath
        /// Its layout.
        public let layout: WritePlan
    }

    /// The files.
    public let shards: [Shard]

    /// Lays tensors out, by name with numbers in names as numbers. Of the options the order does not count.
    ///
    /// - Parameter metadata: what each file has in `__metadata__`.
    /// - Throws: `invalidShardCount`, `plan`, or `file` for a stem that cannot be used.
    public init(
        _ specs: [TensorSpec], into division: ShardDivision, metadata: [MetadataEntry]?,
        _ options: ShardPlan.Options = ShardPlan.Options()
    ) throws(SafetensorsError) {
        let specs = specs.sorted { NaturalOrder.precedes($0.name, $1.name) }
        var sizes: [UInt64] = []
        sizes.reserveCapacity(specs.count)
        for spec in specs {
            switch spec.type.byteCount(of: spec.shape) {
            case .bytes(let count): sizes.append(count)
            case .overflow: throw .plan(.sizeOverflow(spec.name))
            case .partialByte(let bits): throw .plan(.partialByte(spec.name, spec.type, bits: bits))
            }
        }
        let parts = try division.parts(sizes)
        var shards: [Shard] = []
        for (number, part) in parts.enumerated() {
            let layout: WritePlan
            do throws(WriteError) {
                layout = try WritePlan(
                    part.map { specs[$0] }, metadata: metadata, alignment: options.alignment,
                    reserving: options.reserving)
            } catch { throw .plan(error) }
            shards.append(Shard(name: try ShardPlan.name(options.stem, number, parts.count), layout: layout))
        }
        self.shards = shards
    }

    /// The text of the index of these files, as huggingface_hub lays it out, names sorted by their bytes.
    public static func index(of files: [(name: String, layout: WritePlan)]) -> [UInt8] {
        let entries = files.flatMap { file in file.layout.tensors.map { ($0.name, file.name) } }.sorted { $0.0 < $1.0 }
        let total = files.reduce(0 as UInt64) { $0.addingReportingOverflow($1.layout.dataSize).partialValue }
        let value = JSONValue.object([
            JSONValue.Member("metadata", .object([JSONValue.Member("total_size", .integer(Int64(clamping: total)))])),
            JSONValue.Member(
                "weight_map", .object(entries.map { JSONValue.Member($0.0.string, .string($0.1)) })),
        ])
        return Array(value.text().utf8) + [UInt8(ascii: "\n")]
    }
}
