// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import FileIO
internal import Origins
internal import Store
internal import Synchronization
internal import SystemPackage
internal import Tensors

/// Reads the files of one side of a comparison: from a directory, from the store, or by ranges from a Hub.
///
/// Nothing is written but notes about blobs that the store has. Documents are checked against their digests and kept in memory.
final class SnapshotFiles: SnapshotReader {
    /// Where a file is when the store has not got it.
    enum Place: Sendable, Hashable {
        case local(FilePath)
        /// At a path, since a side may call the file otherwise.
        case remote(RepositoryID, GitObjectID, RelativePath)
    }

    /// Names a file of a side.
    struct Key: Sendable, Hashable {
        let role: SourceRole
        let path: RelativePath
    }

    /// What was read once.
    private struct Cache {
        var documents: [Key: [UInt8]] = [:]
        var documentBytes = 0
        var tensors: [Key: TensorRecord]
        var remote: [Key: HubFile] = [:]
    }

    /// The most bytes of documents kept; what comes later is read every time.
    static let maximumCache = 256 << 20

    private let places: [Key: Place]
    private let projects: [FilePath]
    private let session: Session
    private let hub: Hub?
    private let cache: Mutex<Cache>

    /// Takes what is known of the tensors already, and where the project's own files may be.
    init(
        _ places: [Key: Place], tensors: [Key: TensorRecord] = [:], projects: [FilePath] = [], session: Session,
        hub: Hub?
    ) {
        (self.places, self.projects, self.session, self.hub) = (places, projects, session, hub)
        cache = Mutex(Cache(tensors: tensors))
    }

    private static func key(_ file: Snapshot.File) -> Key { Key(role: file.role, path: file.path) }

    func localPath(of file: Snapshot.File) -> FilePath? {
        if let digest = file.state.sha256, let path = stored(digest, file.state.size) { return path }
        if case .local(let path) = places[SnapshotFiles.key(file)] { return path }
        return nil
    }

    /// Where the store has a blob of which somebody has seen that its bytes are right, if it has.
    private func stored(_ digest: Digest, _ size: ByteCount) -> FilePath? {
        switch try? session.store.condition(of: digest, size: size) {
        case .attested: session.store.path(of: digest)
        case .unattested, .missing, .wrongSize, nil: nil
        }
    }

    func read(_ file: Snapshot.File, _ range: Range<UInt64>) async throws -> [UInt8] {
        let size = UInt64(clamping: file.state.size.value)
        let (start, end) = (Int64(clamping: min(range.lowerBound, size)), Int64(clamping: min(range.upperBound, size)))
        guard start < end else { return [] }
        if let path = localPath(of: file) { return try File(path, .reading).read(Int(end - start), at: start) }
        let source = try remote(file)
        var bytes: [UInt8] = []
        do {
            try await source.read(from: { start + Int64(bytes.count) }, to: end) { bytes.append(contentsOf: $0) }
        } catch let failure as Failure where failure.code == .offline {
            throw SnapshotFiles.absent(file)
        }
        return bytes
    }

    private static func absent(_ file: Snapshot.File) -> Failure {
        Failure(
            .missing, "`\(Escaped(file.name, limit: 1024))` is not on this machine",
            hint: "run `weighlock sync` first, or let the command use the network")
    }

    private func remote(_ file: Snapshot.File) throws(Failure) -> HubFile {
        let key = SnapshotFiles.key(file)
        if let known = cache.withLock({ $0.remote[key] }) { return known }
        guard case .remote(let repository, let commit, let path) = places[key], let hub else {
            throw SnapshotFiles.absent(file)
        }
        let source = try hub.file(repository, at: commit, path, size: file.state.size)
        // Whoever was first has learnt where the Hub sends its readers.
        return cache.withLock { cache in
            if let known = cache.remote[key] { return known }
            cache.remote[key] = source
            return source
        }
    }

    func document(_ file: Snapshot.File) async throws -> [UInt8] {
        let key = SnapshotFiles.key(file)
        if let known = cache.withLock({ $0.documents[key] }) { return known }
        guard file.state.size.value <= Snapshot.maximumDocument else {
            throw Failure(
                .limitExceeded,
                "`\(Escaped(file.name, limit: 1024))` is too large to be read as a document: \(file.state.size)")
        }
        let bytes: [UInt8]
        if let digest = file.state.sha256, stored(digest, file.state.size) != nil {
            bytes = try session.store.read(digest, limit: Int(clamping: Snapshot.maximumDocument))
        } else {
            bytes = try await read(file, 0..<UInt64(clamping: file.state.size.value))
            try SnapshotFiles.check(bytes, file)
        }
        cache.withLock { cache in
            guard cache.documentBytes + bytes.count <= SnapshotFiles.maximumCache, cache.documents[key] == nil else {
                return
            }
            cache.documents[key] = bytes
            cache.documentBytes += bytes.count
        }
        return bytes
    }

    /// Compares bytes with what the listing says of them: with the SHA-256, or, where that is not known, with the git id, which
    /// then is that of the content.
    private static func check(_ bytes: [UInt8], _ file: Snapshot.File) throws(Failure) {
        func wrong(_ expected: String, _ found: String) -> Failure {
            Failure(
                .mismatch, "`\(Escaped(file.name, limit: 1024))` is not what its listing says",
                hint: "try again; if it stays so, ask who runs the server, or who is writing the file",
                details: ["expected: \(expected)", "found:    \(found)"])
        }
        guard Int64(bytes.count) == file.state.size.value else {
            throw wrong("\(file.state.size.value) bytes", "\(bytes.count) bytes")
        }
        if let expected = file.state.sha256 {
            let found = Digest(of: bytes)
            if found != expected { throw wrong("\(expected)", "\(found)") }
        } else if let expected = file.state.git {
            let found = GitObjectID(ofBlob: bytes)
            if found != expected { throw wrong("\(expected)", "\(found)") }
        }
    }

    /// A project's file as it was locked: from the store, or from a project where it is still the same.
    func localFile(_ file: LocalFile) async throws -> [UInt8] {
        let limit = Int(clamping: Snapshot.maximumLocalFile)
        guard file.size.value <= Snapshot.maximumLocalFile else { throw Snapshot.absent(file) }
        if let bytes = try? session.store.read(file.sha256, limit: limit) { return bytes }
        for project in projects {
            let path = project.appending(file.path.description)
            guard let status = try? FileSystem.status(path), status.kind == .regular, status.size == file.size,
                let bytes = try? FileSystem.read(path, limit: limit), Digest(of: bytes) == file.sha256
            else { continue }
            return bytes
        }
        throw Snapshot.absent(file)
    }

    func tensors(of file: Snapshot.File, progress: @Sendable (Int) -> Bool) async throws -> TensorRecord? {
        let key = SnapshotFiles.key(file)
        if let known = cache.withLock({ $0.tensors[key] }) { return known }
        let digest = file.state.sha256
        if let digest, let note = session.store.note(.tensors, of: digest), let record = TensorRecord(bytes: note) {
            return record
        }
        guard let path = localPath(of: file) else { return nil }
        let record = try await SnapshotTensors.read(path, name: file.path, progress: progress)
        cache.withLock { $0.tensors[key] = record }
        if let record, let digest, stored(digest, file.state.size) == path {
            session.store.keep(.tensors, of: digest, record.bytes)
        }
        return record
    }
}
