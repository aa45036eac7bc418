// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Conversion
internal import FileIO
package import Safetensors
package import SystemPackage

/// What `weighlock convert` is going to do; decided from headers alone.
package struct ConversionPlan: Sendable {
    /// Into which files the tensors go.
    package enum Division: Sendable, Hashable {
        /// All into one.
        case merge
        /// Into files whose tensors have at most so many bytes; a larger tensor has a file of its own.
        case maximumSize(ByteCount)
        /// Into so many, as even as the order of the tensors allows.
        case count(Int)

        var parts: ShardDivision {
            switch self {
            case .merge: .one
            case .maximumSize(let size): .maximumSize(UInt64(size.value))
            case .count(let count): .count(count)
            }
        }
    }

    /// What the user asked for.
    package struct Request: Sendable {
        /// The division; nil keeps the number of files.
        package var division: Division?
        /// At a multiple of how many bytes the data begin; nil is the format's 8, or for an edit in place what it is.
        package var alignment: Int?
        /// Metadata to add or change.
        package var setting: [MetadataEntry] = []
        /// Metadata keys to remove.
        package var removing: [String] = []
        /// Room to leave in each header for later edits, in bytes.
        package var reserving = 0
        /// Whether files that are there may be replaced.
        package var replacing = false
        /// Where in a checkpoint's object the tensors are, keys joined by dots; nil finds the usual places.
        package var key: String?

        /// Asks for nothing in particular.
        package init() {}
    }

    /// What will be done.
    package enum Action: String, Sendable, Hashable {
        /// New files are written.
        case write
        /// Only the header of the file is written; not a byte of its data is touched.
        case header
        /// The file is written anew and replaced.
        case rewrite
        /// All is as it was asked for.
        case nothing
    }

    /// A file that will be there.
    package struct Output: Sendable, Hashable {
        /// Where.
        package let path: FilePath
        /// How many bytes.
        package let size: ByteCount
        /// How many tensors; nil for an index.
        package let tensorCount: Int?
    }

    /// What will be done.
    package let action: Action
    /// The files that hold the tensors now.
    package let sources: [FilePath]
    /// The files that will hold them, the index last.
    package let outputs: [Output]
    /// How many tensors there are.
    package let tensorCount: Int
    /// What kind of files the sources are.
    package let container: InspectionReport.Container
    /// What checkpoints hold beside tensors, which is not converted.
    package internal(set) var beside: [InspectionReport.Remark] = []
    /// Names that stand for a tensor written under another one, which is the text: recorded in the metadata of the new files.
    package internal(set) var shared: [InspectionReport.Remark] = []

    enum Work: Sendable {
        /// Checkpoints, and the directory or the file that they become.
        case checkpoints(CheckpointSet, Destination)
        /// A new set, and the directory or the file that it becomes.
        case set(ShardPlan, Destination)
        case header(HeaderEditor)
        case nothing
    }

    enum Destination: Sendable {
        case directory(FilePath)
        case file(FilePath)
    }

    let work: Work
    let replacing: Bool

    /// Plans to write the tensors of a model anew at `target`: a file when its name ends in `.safetensors`, else a
    /// directory.
    init(_ model: Source, to target: FilePath, _ request: Request) throws {
        let destination = try Destination(target, request)
        action = .write
        sources = model.files
        replacing = request.replacing
        container = model.container
        if model.container == .checkpoint {
            let set = try ConversionPlan.set(model, destination, request)
            outputs = ConversionPlan.outputs(set, destination)
            tensorCount = set.tensorCount
            work = .checkpoints(set, destination)
            beside = set.plans.flatMap(\.skipped).map { .init(name: $0.name, text: $0.what) }
            shared = set.plans.flatMap(\.shared).map { .init(name: $0.name.description, text: $0.kept.description) }
        } else {
            guard request.key == nil else {
                throw Failure(
                    .usage, "`\(Escaped(model.name, limit: 1024))` is no checkpoint: it has no places to choose from",
                    hint: "leave out `--key`")
            }
            let plan = try ConversionPlan.shards(
                model, destination.isFile ? .merge : request.division, request,
                stem: destination.isFile ? ConversionPlan.temporaryStem : model.stem)
            outputs = ConversionPlan.outputs(plan, destination)
            tensorCount = plan.shards.reduce(0) { $0 + $1.layout.tensors.count }
            work = .set(plan, destination)
        }
        try ConversionPlan.refuseExisting(outputs, destination, request)
    }

    /// Plans to change the one file of a model where it is.
    init(inPlace model: Source, _ request: Request) throws {
        guard let path = model.files.first, model.files.count == 1, model.index == nil else {
            throw Failure(
                .usage,
                "only one file can be changed in place, and `\(Escaped(model.name, limit: 1024))` has \(model.files.count)",
                hint: "name each file, or a new directory")
        }
        guard model.container == .safetensors else {
            throw Failure(
                .usage, "only safetensors can be changed in place, and `\(Escaped(model.name, limit: 1024))` is none",
                hint: "name a file or a directory to write to")
        }
        container = model.container
        let editor = try HeaderEditor(
            path, setting: request.setting, removing: request.removing, alignment: request.alignment,
            reserving: request.reserving)
        let header = try SafetensorsFile(path).header
        let size = ByteCount(clamping: Int64(clamping: header.fileSize))
        sources = [path]
        replacing = true
        tensorCount = header.tensors.count
        switch editor.method {
        case .nothing, .inPlace:
            action = editor.method == .nothing ? .nothing : .header
            work = editor.method == .nothing ? .nothing : .header(editor)
            outputs = [Output(path: path, size: size, tensorCount: header.tensors.count)]
        case .rewrite:
            let plan = try ConversionPlan.shards(model, .merge, request, stem: ConversionPlan.temporaryStem)
            let destination = Destination.file(FileSystem.realPath(path) ?? path)
            action = .rewrite
            work = .set(plan, destination)
            outputs = ConversionPlan.outputs(plan, destination)
        }
    }

    /// What a single file is called until it gets its name.
    static let temporaryStem = "model"

    private static func shards(
        _ model: Source, _ division: Division?, _ request: Request, stem: String
    ) throws -> ShardPlan {
        var options = ShardPlan.Options()
        options.stem = stem
        options.alignment = request.alignment ?? options.alignment
        options.reserving = request.reserving
        options.metadata = .replaced(try metadata(model.files, request))
        return try ShardPlan(model.files, into: division?.parts ?? .count(model.files.count), options)
    }

    /// What the sources say, with the changes. Sources may contradict one another only in what is changed.
    private static func metadata(_ files: [FilePath], _ request: Request) throws -> [MetadataEntry]? {
        var values: [TensorName: String] = [:]
        let decided = Set(request.setting.map { TensorName($0.key) } + request.removing.map { TensorName($0) })
        for file in files {
            guard let metadata = try SafetensorsFile(file).header.metadata else { continue }
            for entry in metadata where !decided.contains(TensorName(entry.key)) {
                if let other = values.updateValue(entry.value, forKey: TensorName(entry.key)),
                    !other.utf8.elementsEqual(entry.value.utf8)
                {
                    throw Failure(
                        .usage, "the files have different values for the metadata key `\(TensorName(entry.key))`",
                        hint: "say which it shall be with `--metadata`, or leave it out with `--remove-metadata`")
                }
            }
        }
        let removed = Set(request.removing.map { TensorName($0) })
        for entry in request.setting where !removed.contains(TensorName(entry.key)) {
            values[TensorName(entry.key)] = entry.value
        }
        let entries = values.sorted { $0.key < $1.key }.map { MetadataEntry($0.key.string, $0.value) }
        return entries.isEmpty ? nil : entries
    }

    private static func outputs(_ plan: ShardPlan, _ destination: Destination) -> [Output] {
        var outputs = plan.shards.map { shard in
            Output(
                path: destination.path(of: shard.name.description),
                size: ByteCount(clamping: Int64(clamping: shard.layout.fileSize)),
                tensorCount: shard.layout.tensors.count)
        }
        if let name = plan.indexName, let index = plan.index {
            outputs.append(
                Output(
                    path: destination.path(of: name.description), size: ByteCount(clamping: Int64(index.count)),
                    tensorCount: nil))
        }
        return outputs
    }

    private static func refuseExisting(
        _ outputs: [Output], _ destination: Destination, _ request: Request
    ) throws(Failure) {
        if case .directory(let path) = destination, let status = try FileSystem.status(path),
            status.kind != .directory
        {
            throw Failure(
                .file, "`\(Escaped(path.string, limit: 1024))` is not a directory",
                hint: "a file to write must be called `….safetensors`")
        }
        guard !request.replacing else { return }
        let existing = outputs.map(\.path).filter { FileSystem.exists($0) }
        guard existing.isEmpty else {
            throw Failure(
                .file, "\(existing.count == 1 ? "a file is" : "\(existing.count) files are") there already",
                hint: "name another place, or give `--force` to replace what is there",
                details: existing.prefix(20).map { "`\(Escaped($0.string, limit: 1024))`" })
        }
    }
}

extension ConversionPlan.Destination {
    /// What a target is: a file when its name ends in `.safetensors`, else a directory.
    init(_ target: FilePath, _ request: ConversionPlan.Request) throws(Failure) {
        guard target.lastComponent?.string.hasSuffix(".safetensors") == true else {
            self = .directory(target)
            return
        }
        if let division = request.division, division != .merge {
            throw Failure(
                .usage, "`\(Escaped(target.string, limit: 1024))` is one file, and several were asked for",
                hint: "name a directory, or use `--merge`")
        }
        // A link stays a link: what it leads to is replaced.
        self = .file(FileSystem.realPath(target) ?? target)
    }

    /// Whether it is a file.
    var isFile: Bool {
        if case .file = self { true } else { false }
    }

    /// Where a file of the set will be.
    func path(of name: String) -> FilePath {
        switch self {
        case .directory(let path): path.appending(name)
        case .file(let path): path
        }
    }
}
