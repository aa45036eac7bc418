// SPDX-License-Identifier: Apache-2.0

public import ContentModel
internal import FileIO
public import SystemPackage

/// How the tensors of some files are to be laid out in other files: merge, split and reshard are all this.
///
/// Planning reads headers only. The same tensors give the same plan whatever files they lie in. `write` copies, in
/// bounded memory, inside the kernel where it can; the bits of the tensors do not change, so neither does their digest.
public struct ShardPlan: Sendable {
    /// The order in which tensors are dealt out to the files.
    public enum Order: Sendable, Hashable {
        /// By name, numbers in names as numbers: a layer stays together, the layers go up, and it does not matter how the
        /// tensors were spread before.
        case natural
        /// As they stand: file after file, by offset.
        case source
    }

    /// What the new files have in `__metadata__`.
    public enum Metadata: Sendable, Hashable {
        /// What the sources have. Two that contradict each other are an error.
        case kept
        /// This; nil is none.
        case replaced([MetadataEntry]?)
    }

    /// The choices beside the division.
    public struct Options: Sendable, Hashable {
        /// What the files' names begin with.
        public var stem = "model"
        /// How tensors are dealt out.
        public var order = Order.natural
        /// The metadata of each file.
        public var metadata = Metadata.kept
        /// See `WritePlan`.
        public var alignment = 8
        /// See `WritePlan`.
        public var reserving = 0

        /// The usual choices.
        public init() {}
    }

    /// One file of the new set.
    public struct Shard: Sendable {
        /// Its name, such as `model-00001-of-00003.safetensors`; that of a single file has no numbers.
        public let name: RelativePath
        /// Its layout.
        public let layout: WritePlan
        let assembly: Assembly
    }

    /// The new files.
    public let shards: [Shard]
    /// The name of the index; nil when there is one file, which needs none.
    public let indexName: RelativePath?
    /// The number of bytes of all tensors.
    public let totalSize: UInt64
    /// Where the tensors are now.
    public let sources: [FilePath]
    let files: [SourceFile]

    private struct Item {
        let spec: TensorSpec
        let source: Int
        let offset: UInt64
        let size: UInt64
    }

    /// Plans to lay out all tensors of `sources`.
    ///
    /// - Throws: `file` or `header` for a source that cannot be read; `duplicateTensor` when two have a tensor of one name,
    ///   `conflictingMetadata`, `invalidShardCount`, or `plan`.
    public init(
        _ sources: [FilePath], into division: ShardDivision, _ options: Options = Options()
    ) throws(SafetensorsError) {
        var items: [Item] = []
        var files: [SourceFile] = []
        var metadata: [MetadataEntry]?
        for (index, path) in sources.enumerated() {
            files.append(try SourceFile(path))
            let header = try SafetensorsFile(path).header
            if case .kept = options.metadata { try ShardPlan.merge(header.metadata, into: &metadata) }
            for tensor in header.tensors {
                items.append(
                    Item(
                        spec: TensorSpec(tensor), source: index, offset: header.dataStart + tensor.offsets.lowerBound,
                        size: tensor.byteCount))
            }
        }
        if case .replaced(let entries) = options.metadata { metadata = entries }
        if options.order == .natural { items.sort { NaturalOrder.precedes($0.spec.name, $1.spec.name) } }
        var total: UInt64 = 0
        var places: [TensorName: Int] = [:]
        for (index, item) in items.enumerated() {
            guard places.updateValue(index, forKey: item.spec.name) == nil else {
                throw .duplicateTensor(item.spec.name)
            }
            let (sum, overflow) = total.addingReportingOverflow(item.size)
            if overflow { throw .plan(.sizeOverflow(item.spec.name)) }
            total = sum
        }
        let parts = try division.parts(items.map(\.size))
        var shards: [Shard] = []
        for (number, part) in parts.enumerated() {
            let layout: WritePlan
            do throws(WriteError) {
                layout = try WritePlan(
                    part.map { items[$0].spec }, metadata: metadata, alignment: options.alignment,
                    reserving: options.reserving)
            } catch { throw .plan(error) }
            var assembly = Assembly(head: layout.head)
            for tensor in layout.tensors {
                guard let place = places[tensor.name] else { continue }
                let item = items[place]
                assembly.append(Assembly.Run(source: item.source, offset: item.offset, count: item.size))
            }
            let name = try ShardPlan.name(options.stem, number, parts.count)
            shards.append(Shard(name: name, layout: layout, assembly: assembly))
        }
        self.shards = shards
        indexName = parts.count == 1 ? nil : try ShardPlan.path(options.stem + ".safetensors.index.json")
        totalSize = total
        self.sources = sources
        self.files = files
    }

    private static func merge(
        _ entries: [MetadataEntry]?, into all: inout [MetadataEntry]?
    ) throws(SafetensorsError) {
        guard let entries else { return }
        var known: [TensorName: String] = [:]
        for entry in all ?? [] { known[TensorName(entry.key)] = entry.value }
        var merged = all ?? []
        for entry in entries {
            if let value = known[TensorName(entry.key)] {
                guard value.utf8.elementsEqual(entry.value.utf8) else { throw .conflictingMetadata(entry.key) }
            } else {
                merged.append(entry)
            }
        }
        all = merged
    }

    static func name(_ stem: String, _ number: Int, _ count: Int) throws(SafetensorsError) -> RelativePath {
        guard count > 1 else { return try path(stem + ".safetensors") }
        func digits(_ value: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, 5 - text.utf8.count)) + text
        }
        return try path("\(stem)-\(digits(number + 1))-of-\(digits(count)).safetensors")
    }

    private static func path(_ text: String) throws(SafetensorsError) -> RelativePath {
        do throws(Failure) {
            let path = try RelativePath(text)
            guard path.segments.count == 1, path.description.utf8.first != UInt8(ascii: "."),
                path.description.utf8.first != UInt8(ascii: "-")
            else {
                throw Failure(
                    .invalidPath, "file name `\(Escaped(text))` cannot be used: it must be a plain name",
                    hint: "name the files by a word, such as `model`")
            }
            return path
        } catch { throw .file(error) }
    }

    /// The text of the index, as huggingface_hub lays it out, names sorted by their bytes; nil when there is one file.
    public var index: [UInt8]? {
        guard indexName != nil else { return nil }
        let entries = shards.flatMap { shard in shard.layout.tensors.map { ($0.name, shard.name) } }
            .sorted { $0.0 < $1.0 }
        let value = JSONValue.object([
            JSONValue.Member(
                "metadata", .object([JSONValue.Member("total_size", .integer(Int64(clamping: totalSize)))])),
            JSONValue.Member(
                "weight_map", .object(entries.map { JSONValue.Member($0.0.string, .string($0.1.description)) })),
        ])
        return Array(value.text().utf8) + [UInt8(ascii: "\n")]
    }
}
