// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import ContentModel
package import Safetensors

/// What becomes of a model whose tensors lie in one checkpoint or in several: which files, with which names and an index.
package struct CheckpointSet: Sendable {
    /// What is wanted beside the tensors.
    package struct Options: Sendable {
        /// Where the tensors are, keys joined by dots; nil finds the usual places.
        package var key: String?
        /// Into which files; nil makes one of each checkpoint.
        package var division: ShardDivision?
        /// What the names of divided files begin with.
        package var stem = "model"
        /// See `WritePlan`.
        package var alignment = 8
        /// See `WritePlan`.
        package var reserving = 0
        /// Metadata to add or change.
        package var setting: [MetadataEntry] = []
        /// Metadata keys to leave out.
        package var removing: [String] = []

        /// The usual choices.
        package init() {}
    }

    /// A checkpoint and its path below the model.
    package struct Source: Sendable {
        /// Its path, from which the new file's name is made.
        package let path: RelativePath
        /// Its bytes.
        package let bytes: any ByteSource

        /// Names a checkpoint.
        package init(_ path: RelativePath, _ bytes: any ByteSource) { (self.path, self.bytes) = (path, bytes) }
    }

    /// A file that will be made.
    package struct File: Sendable {
        /// Its name.
        package let name: RelativePath
        /// Its layout.
        package let layout: WritePlan
    }

    /// The plan of each checkpoint.
    package let plans: [CheckpointPlan]
    /// The files.
    package let files: [File]
    /// The index with its name; nil when there is one file, which needs none.
    package let index: (name: RelativePath, bytes: [UInt8])?

    /// Plans to convert checkpoints that are one model.
    ///
    /// - Parameter index: what says which checkpoint holds which tensor, with its path, when there is one. Every tensor that it
    ///   names must be where it says.
    /// - Throws: what `CheckpointPlan` throws; `invalidCheckpoint` when two checkpoints have a tensor of one name, or the index does
    ///   not fit; `usage` for a division that cannot be.
    package init(
        _ sources: [Source], index: (path: RelativePath, content: ShardIndex)? = nil, _ options: Options = Options()
    ) throws(Failure) {
        var plans: [CheckpointPlan] = []
        for source in sources {
            plans.append(try CheckpointPlan(source.bytes, name: source.path.description, key: options.key))
        }
        try CheckpointSet.checkDistinct(plans)
        if let index { try CheckpointSet.check(index.content, sources, plans) }
        var files: [File] = []
        if let division = options.division {
            var shardOptions = ShardPlan.Options()
            (shardOptions.stem, shardOptions.alignment) = (options.stem, options.alignment)
            shardOptions.reserving = options.reserving
            let specs = plans.flatMap { $0.items.values.map(\.spec) }
            do throws(SafetensorsError) {
                files = try CheckpointSet.divided(
                    try ShardLayout(specs, into: division, metadata: nil, shardOptions), plans, options)
            } catch { throw Failure(.usage, error.message, hint: error.hint, details: error.details) }
        } else {
            for (place, plan) in plans.enumerated() {
                guard let name = ConvertedName.of(sources[place].path) else {
                    throw Failure(.invalidPath, "`\(sources[place].path)` has no name for a converted file")
                }
                do throws(WriteError) {
                    files.append(
                        File(
                            name: name,
                            layout: try WritePlan(
                                plan.items.values.map(\.spec), metadata: CheckpointSet.metadata(plan.metadata, options),
                                alignment: options.alignment, reserving: options.reserving)))
                } catch {
                    throw Failure(
                        .refused, "`\(sources[place].path)` cannot be written as safetensors: \(error.message)")
                }
            }
        }
        try RelativePath.checkDistinct(files.map(\.name))
        if files.count > 1 {
            let known = index.flatMap { options.division == nil ? ConvertedName.ofIndex($0.path) : nil }
            let name: RelativePath
            if let known { name = known } else { name = try RelativePath("\(options.stem).safetensors.index.json") }
            self.index = (name, ShardLayout.index(of: files.map { ($0.name.description, $0.layout) }))
        } else {
            self.index = nil
        }
        (self.plans, self.files) = (plans, files)
    }

    /// How many tensors the files hold.
    package var tensorCount: Int { files.reduce(0) { $0 + $1.layout.tensors.count } }

    private static func metadata(_ entries: [MetadataEntry], _ options: Options) -> [MetadataEntry]? {
        var values: [TensorName: MetadataEntry] = [:]
        for entry in entries + options.setting { values[TensorName(entry.key)] = entry }
        for key in options.removing { values[TensorName(key)] = nil }
        return values.isEmpty ? nil : Array(values.values)
    }

    /// The files of a layout, each with the names that stand for a tensor which is in it.
    private static func divided(
        _ layout: ShardLayout, _ plans: [CheckpointPlan], _ options: Options
    ) throws(SafetensorsError) -> [File] {
        var standing: [TensorName: [MetadataEntry]] = [:]
        for shared in plans.flatMap(\.shared) where shared.name != "format" {
            standing[shared.kept, default: []].append(MetadataEntry(shared.name.string, shared.kept.string))
        }
        var files: [File] = []
        for shard in layout.shards {
            let entries = [MetadataEntry("format", "pt")] + shard.layout.tensors.flatMap { standing[$0.name] ?? [] }
            do throws(WriteError) {
                files.append(
                    File(
                        name: shard.name,
                        layout: try WritePlan(
                            shard.layout.tensors.map { TensorSpec($0) }, metadata: metadata(entries, options),
                            alignment: options.alignment, reserving: options.reserving)))
            } catch { throw .plan(error) }
        }
        return files
    }

    private static func checkDistinct(_ plans: [CheckpointPlan]) throws(Failure) {
        guard plans.count > 1 else { return }
        var seen: Set<TensorName> = []
        for plan in plans {
            for name in Array(plan.items.keys) + plan.shared.map(\.name) where !seen.insert(name).inserted {
                throw Failure(.invalidCheckpoint, "two of the checkpoints have a tensor `\(name)`")
            }
        }
    }

    private static func check(_ index: ShardIndex, _ sources: [Source], _ plans: [CheckpointPlan]) throws(Failure) {
        var held: [RelativePath: Set<TensorName>] = [:]
        for (source, plan) in zip(sources, plans) {
            held[source.path] = Set(plan.items.keys).union(plan.shared.map(\.name))
        }
        let wrong = index.tensors.filter { held[$0.file]?.contains($0.tensor) != true }
        guard let first = wrong.first else { return }
        // Among a model's tensors few are wrong, or all: the files are asked for those that are shown.
        let findings = wrong.prefix(20).map { entry -> ShardFinding in
            let found = sources.first { held[$0.path]?.contains(entry.tensor) == true }?.path
            return found.map { .misplacedTensor(entry.tensor, expectedIn: entry.file, foundIn: $0) }
                ?? .missingTensor(entry.tensor, expectedIn: entry.file)
        }
        let isComplete = findings.allSatisfy { if case .misplacedTensor = $0 { true } else { false } }
        let more = wrong.count > findings.count ? ["and \(wrong.count - findings.count) more"] : []
        throw Failure(
            .invalidCheckpoint,
            wrong.count == 1
                ? findings[0].message : "the index names \(wrong.count) tensors that are not where it says",
            hint: isComplete
                ? "correct the index, or move it away: without one the files are taken as they are"
                : "`\(first.file)` is not complete, or not the one that the index belongs to: fetch it again",
            details: wrong.count == 1 ? [] : findings.map(\.message) + more)
    }
}
