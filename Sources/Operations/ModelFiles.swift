// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Origins
internal import Safetensors
internal import Store
internal import SystemPackage

/// The files of a target, wherever they are: listed now, read by ranges when somebody asks.
struct ModelFiles: Sendable {
    /// A file.
    struct Entry: Sendable {
        /// Its name for people: its path below the target.
        let name: String
        /// The same as a value; nil for a name on this machine that no repository could have. Such a file is never a shard.
        let path: RelativePath?
        let size: ByteCount
        let source: Source

        var component: Component { path.map { ComponentClassifier.component(of: $0) } ?? .other }
    }

    /// Where the bytes of a file are.
    enum Source: Sendable {
        case local(FilePath)
        case remote(RepositoryID, GitObjectID)
        /// Nowhere that could be read from, and why.
        case absent(Failure)
    }

    /// What the target turned out to be.
    let origin: InspectionReport.Origin
    /// The files in the order of their names.
    let entries: [Entry]
    /// The one file that was asked for; nil when all of them were.
    let focus: Int?
    /// How many files have names that cannot be read back.
    let unnamed: Int
    private let hub: Hub?

    /// The most files of a directory.
    static let maximumFiles = 100_000
    /// How deep directories are followed.
    static let maximumDepth = 32

    /// Finds the files of a target. Of a repository only the listing is read.
    init(_ target: ModelTarget, _ session: Session, _ project: Project) async throws {
        switch target.place {
        case .local(let path): try self.init(local: path)
        case .deliverable(let name, let path):
            guard let locked = try project.lock().deliverable(name) else {
                throw Failure(.lockFile, "the lock has no deliverable `\(name)`", hint: "run `weighlock lock`")
            }
            try self.init(locked, path, session)
        case .repository(let repository, let revision, let path):
            let hub = try session.hub(for: try project.manifestIfPresent())
            let found = try await hub.resolve(repository, revision)
            let entries = try await hub.files(repository, at: found.commit).map { entry in
                Entry(
                    name: entry.path.description, path: entry.path, size: entry.size,
                    source: .remote(repository, found.commit))
            }
            try self.init(
                .repository(repository, revision, found.commit), entries, hub: hub, selecting: path,
                of: "`\(repository)` at `\(revision)`")
        }
    }

    private init(
        _ origin: InspectionReport.Origin, _ all: [Entry], hub: Hub? = nil, selecting path: RelativePath?,
        of owner: String
    ) throws(Failure) {
        self.origin = origin
        self.hub = hub
        unnamed = 0
        guard let path else {
            (entries, focus) = (all, nil)
            return
        }
        if let index = all.firstIndex(where: { $0.path == path }) {
            (entries, focus) = (all, index)
            return
        }
        let prefix = Array((path.description + "/").utf8)
        let below = all.filter { $0.name.utf8.starts(with: prefix) }
        guard !below.isEmpty else {
            throw Failure(
                .entryNotFound, "\(owner) has no file or directory `\(path)`",
                hint: "leave out the path to see all files")
        }
        (entries, focus) = (below, nil)
    }

    /// The locked files; those that the store has can be read.
    private init(_ locked: LockedDeliverable, _ path: RelativePath?, _ session: Session) throws(Failure) {
        var entries: [Entry] = []
        for source in locked.sources where source.role != .base {
            for file in source.files {
                let name = source.role.pathPrefix + file.path.description
                let isThere: Bool
                switch try session.store.condition(of: file.sha256, size: file.size) {
                case .attested, .unattested: isThere = true
                case .missing, .wrongSize(_): isThere = false
                }
                let absent = Failure(
                    .missing, "`\(name)` is not in the store", hint: "run `weighlock sync`, or inspect the repository")
                entries.append(
                    Entry(
                        name: name, path: try? RelativePath(name), size: file.size,
                        source: isThere ? .local(session.store.path(of: file.sha256)) : .absent(absent)))
            }
        }
        try self.init(.deliverable(locked.name, locked.identity), entries, selecting: path, of: "`\(locked.name)`")
    }

    private init(local path: FilePath) throws(Failure) {
        hub = nil
        let shown = "`\(Escaped(path.string, limit: 1024))`"
        guard let status = try FileSystem.status(path) else {
            throw Failure(.file, "\(shown) does not exist", hint: "check the path")
        }
        switch status.kind {
        case .directory:
            var walk = Walk()
            try walk.add(path, "", depth: 0)
            origin = .directory(path)
            entries = walk.entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            unnamed = walk.unnamed
            focus = nil
        case .regular:
            origin = .file(path)
            let name = path.lastComponent?.string ?? path.string
            let file = Entry(name: name, path: try? RelativePath(name), size: status.size, source: .local(path))
            unnamed = 0
            focus = 0
            entries = [file] + (ModelGroup.isIndex(file) ? try ModelFiles.shards(beside: path, size: status.size) : [])
        default: throw Failure(.file, "\(shown) is neither a file nor a directory")
        }
    }

    /// The files that an index on this machine names, and those of its kind beside it. An index that cannot be read has
    /// none: whoever reads it next says why.
    private static func shards(beside index: FilePath, size: ByteCount) throws(Failure) -> [Entry] {
        let folder = index.removingLastComponent()
        var names = Set<RelativePath>()
        if let bytes = try? FileSystem.read(index, limit: ModelGroup.maximumIndexSize),
            let parsed = try? ModelGroup.parse(bytes)
        {
            names = Set(parsed.files)
        }
        let suffix = ContainerGuess.ofIndex(index.lastComponent?.string ?? "") == .checkpoint ? ".bin" : ".safetensors"
        for name in try FileSystem.list(folder.isEmpty ? "." : folder) where name.hasSuffix(suffix) {
            if let path = try? RelativePath(name) { names.insert(path) }
        }
        var entries: [Entry] = []
        for name in names.sorted() {
            let path = folder.appending(name.description)
            guard let status = try FileSystem.status(path), status.kind == .regular else { continue }
            entries.append(Entry(name: name.description, path: name, size: status.size, source: .local(path)))
        }
        return entries
    }

    /// The place of a file on this machine; nil when it is elsewhere.
    func localPath(_ index: Int) -> FilePath? {
        if case .local(let path) = entries[index].source { path } else { nil }
    }

    /// Reads a range of a file: less than was asked for only where the file has become shorter.
    func read(_ index: Int, _ range: Range<UInt64>) async throws -> [UInt8] {
        try await reader(index).read(range)
    }

    /// Reads ranges of one file, from any number of tasks; of a remote one it remembers where the Hub sent it.
    struct Reader: Sendable {
        fileprivate enum Source: Sendable {
            case local(FilePath)
            case remote(HubFile)
        }

        fileprivate let name: String
        fileprivate let size: ByteCount
        fileprivate let source: Source

        /// Reads a range: less than was asked for only where the file has become shorter.
        func read(_ range: Range<UInt64>) async throws -> [UInt8] {
            guard let start = Int64(exactly: range.lowerBound), let end = Int64(exactly: range.upperBound),
                end <= size.value
            else { throw Failure(.limitExceeded, "`\(Escaped(name))` is shorter than what was asked of it") }
            switch source {
            case .local(let path): return try File(path, .reading).read(Int(end - start), at: start)
            case .remote(let file):
                guard start < end else { return [] }
                var bytes: [UInt8] = []
                bytes.reserveCapacity(Int(end - start))
                try await file.read(from: { start + Int64(bytes.count) }, to: end) { bytes.append(contentsOf: $0) }
                return bytes
            }
        }
    }

    /// A reader of one file.
    ///
    /// - Throws: why its bytes are nowhere.
    func reader(_ index: Int) throws(Failure) -> Reader {
        let entry = entries[index]
        switch entry.source {
        case .local(let path): return Reader(name: entry.name, size: entry.size, source: .local(path))
        case .absent(let failure): throw failure
        case .remote(let repository, let commit):
            guard let hub, let path = entry.path else { throw Failure(.entryNotFound, "`\(entry.name)` is not there") }
            return Reader(
                name: entry.name, size: entry.size,
                source: .remote(try hub.file(repository, at: commit, path, size: entry.size)))
        }
    }

    /// Collects the files below a directory. Links to files are followed, since a Hugging Face cache is made of them; links
    /// to directories are not, since they can lead in circles.
    private struct Walk {
        var entries: [Entry] = []
        var unnamed = 0

        mutating func add(_ directory: FilePath, _ prefix: String, depth: Int) throws(Failure) {
            for name in try FileSystem.list(directory) where name != ".git" {
                let path = directory.appending(name)
                guard let own = try FileSystem.status(path, followLinks: false) else {
                    unnamed += 1
                    continue
                }
                if own.kind == .directory {
                    guard depth < ModelFiles.maximumDepth else {
                        throw Failure(
                            .limitExceeded,
                            "directories below `\(Escaped(path.string, limit: 1024))` are nested more than \(ModelFiles.maximumDepth) deep",
                            hint: "name a directory further down")
                    }
                    try add(path, prefix + name + "/", depth: depth + 1)
                } else if let status = try FileSystem.status(path), status.kind == .regular {
                    let full = prefix + name
                    entries.append(
                        Entry(name: full, path: try? RelativePath(full), size: status.size, source: .local(path)))
                }
                guard entries.count <= ModelFiles.maximumFiles else {
                    throw Failure(
                        .limitExceeded, "there are more than \(ModelFiles.maximumFiles) files below the directory",
                        hint: "name a directory further down")
                }
            }
        }
    }
}
