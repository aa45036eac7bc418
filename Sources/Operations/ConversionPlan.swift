// SPDX-License-Identifier: Apache-2.0

package import ContentModel
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

    enum Work: Sendable {
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
        let isFile = target.lastComponent?.string.hasSuffix(".safetensors") == true
        if isFile, let division = request.division, division != .merge {
            throw Failure(
                .usage, "`\(Escaped(target.string, limit: 1024))` is one file, and several were asked for",
                hint: "name a directory, or use `--merge`")
        }
        let destination: Destination
        let stem: String
        if isFile {
            // A link stays a link: what it leads to is replaced.
            destination = .file(FileSystem.realPath(target) ?? target)
            stem = ConversionPlan.temporaryStem
        } else {
            destination = .directory(target)
            stem = model.stem
        }
        let plan = try ConversionPlan.shards(model, isFile ? .merge : request.division, request, stem: stem)
        try ConversionPlan.refuseExisting(plan, destination, request)
        action = .write
        sources = model.files
        outputs = ConversionPlan.outputs(plan, destination)
        tensorCount = plan.shards.reduce(0) { $0 + $1.layout.tensors.count }
        work = .set(plan, destination)
        replacing = request.replacing
    }

    /// Plans to change the one file of a model where it is.
    init(inPlace model: Source, _ request: Request) throws {
        guard let path = model.files.first, model.files.count == 1, !model.hasIndex else {
            throw Failure(
                .usage,
                "only one file can be changed in place, and `\(Escaped(model.name, limit: 1024))` has \(model.files.count)",
                hint: "name each file, or a new directory")
        }
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
        let parts: ShardDivision
        switch division {
        case .merge: parts = .one
        case .maximumSize(let size): parts = .maximumSize(UInt64(size.value))
        case .count(let count): parts = .count(count)
        case nil: parts = .count(model.files.count)
        }
        return try ShardPlan(model.files, into: parts, options)
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
        _ plan: ShardPlan, _ destination: Destination, _ request: Request
    ) throws(Failure) {
        if case .directory(let path) = destination, let status = try FileSystem.status(path),
            status.kind != .directory
        {
            throw Failure(
                .file, "`\(Escaped(path.string, limit: 1024))` is not a directory",
                hint: "a file to write must be called `….safetensors`")
        }
        guard !request.replacing else { return }
        let existing = outputs(plan, destination).map(\.path).filter { FileSystem.exists($0) }
        guard existing.isEmpty else {
            throw Failure(
                .file, "\(existing.count == 1 ? "a file is" : "\(existing.count) files are") there already",
                hint: "name another place, or give `--force` to replace what is there",
                details: existing.prefix(20).map { "`\(Escaped($0.string, limit: 1024))`" })
        }
    }
}

extension ConversionPlan.Destination {
    /// Where a file of the set will be.
    func path(of name: String) -> FilePath {
        switch self {
        case .directory(let path): path.appending(name)
        case .file(let path): path
        }
    }
}

extension ConversionPlan {
    /// The tensors that are converted, in the files they lie in.
    struct Source: Sendable {
        /// What kind of files they are.
        let container: InspectionReport.Container
        /// The name of the model for people.
        let name: String
        /// The files.
        let files: [FilePath]
        /// Whether an index puts them together.
        let hasIndex: Bool

        /// What the names of new files begin with: the same as those of the old ones.
        var stem: String {
            let file = name.split(separator: "/").last.map(String.init) ?? name
            var stem = file
            for mark in [".safetensors.index.", "-*-of-", ".safetensors"] {
                guard let range = file.firstRange(of: mark) else { continue }
                stem = String(file[..<range.lowerBound])
                break
            }
            let isPlain = (try? RelativePath(stem))?.segments.count == 1 && !stem.hasPrefix(".") && !stem.hasPrefix("-")
            return isPlain ? stem : "model"
        }
    }
}
