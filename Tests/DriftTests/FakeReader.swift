// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Synchronization
import SystemPackage
import Tensors

/// Reads files that lie in memory, and remembers which were opened.
final class FakeReader: SnapshotReader {
    private let contents: [String: [UInt8]]
    private let opened = Mutex<Set<String>>([])
    /// Digests of tensors by file name; a file without an entry has none.
    private let records: [String: TensorRecord]
    /// Names of files that only a download would bring.
    private let absent: Set<String>

    /// The contents of the project's own files.
    private let locals: [String: [UInt8]]

    init(
        _ contents: [String: [UInt8]], records: [String: TensorRecord] = [:], absent: Set<String> = [],
        locals: [String: [UInt8]] = [:]
    ) {
        (self.contents, self.records, self.absent, self.locals) = (contents, records, absent, locals)
    }

    func localFile(_ file: LocalFile) async throws -> [UInt8] {
        guard let bytes = locals[file.path.description] else { throw Snapshot.absent(file) }
        return bytes
    }

    /// The names of the files that were read, with the role in front when it is not the model's.
    var openedFiles: Set<String> { opened.withLock { $0 } }

    private func content(_ file: Snapshot.File) throws(Failure) -> [UInt8] {
        guard let bytes = contents[file.name], !absent.contains(file.name) else {
            throw Failure(.missing, "`\(file.name)` is not on this machine", hint: "run `weighlock sync`")
        }
        opened.withLock { _ = $0.insert(file.name) }
        return bytes
    }

    func read(_ file: Snapshot.File, _ range: Range<UInt64>) async throws -> [UInt8] {
        let bytes = try content(file)
        let start = min(Int(clamping: range.lowerBound), bytes.count)
        return Array(bytes[start..<max(start, min(Int(clamping: range.upperBound), bytes.count))])
    }

    func document(_ file: Snapshot.File) async throws -> [UInt8] { try content(file) }

    func tensors(of file: Snapshot.File, progress: @Sendable (Int) -> Bool) async throws -> TensorRecord? {
        records[file.name]
    }

    func localPath(of file: Snapshot.File) -> FilePath? { nil }
}

extension Snapshot {
    /// A deliverable made of files in memory; `tokenizer/…` and `adapters/0/…` belong to those sources only when `roles` has
    /// them.
    init(
        label: String, files: [String: [UInt8]], sources: [Source] = [], roles: [SourceRole] = [.model],
        launch: LaunchRequest? = nil, localFiles: [LocalFile] = [], reader: FakeReader? = nil
    ) throws {
        let entries = try files.map { name, bytes in
            let role = roles.first { $0 != .model && name.hasPrefix($0.pathPrefix) } ?? .model
            return File(
                role: role, path: try RelativePath(String(name.dropFirst(role.pathPrefix.count))),
                state: FileState(
                    size: ByteCount(clamping: Int64(bytes.count)), git: GitObjectID(ofBlob: bytes),
                    sha256: Digest(of: bytes)))
        }
        self.init(
            label: label, sources: sources, files: entries, launch: launch, localFiles: localFiles,
            reader: reader ?? FakeReader(files))
    }

    /// A deliverable made of texts in memory.
    init(label: String, texts: [String: String]) throws {
        try self.init(label: label, files: texts.mapValues { Array($0.utf8) })
    }
}
