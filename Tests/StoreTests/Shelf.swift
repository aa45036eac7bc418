// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Store
import SystemPackage
import TestKit

/// A home with a store, and revisions of one small repository to lay out.
final class Shelf: Sendable {
    let directory: TemporaryDirectory
    let store: BlobStore
    var home: FilePath { directory.appending("home") }

    init() throws {
        directory = try TemporaryDirectory()
        store = BlobStore(directory: directory.appending("home/store"))
    }

    func view() -> View { View(directory: home.appending("views/1/hub"), mode: .links, store: store) }

    static func git(_ text: String) -> GitObjectID { GitObjectID(ofBlob: Array(text.utf8)) }
    static func commit(_ number: Int) -> GitObjectID { git("commit \(number)") }
    static func place(_ text: String) -> String { "\("\(Digest(of: text))".prefix(2))/\(Digest(of: text))" }

    /// A revision with a small file and a large one below two directories, whose bytes are put into the store.
    func snapshot(
        _ name: String = "org/tiny", kind: RepositoryID.Kind = .model, commit: Int = 1, names: [String] = ["main"],
        config: String = "{}",
        isWhole: Bool = true
    ) throws -> ViewSnapshot {
        let small = Array(config.utf8)
        let large = Array("weights".utf8)
        try store.ingest(small)
        try store.ingest(large)
        return ViewSnapshot(
            repository: try RepositoryID(name, kind: kind), commit: Shelf.commit(commit),
            names: try names.map { try Revision($0) },
            files: [
                ViewFile(
                    path: try RelativePath("onnx/int8/model.onnx"), size: ByteCount(clamping: 7),
                    sha256: Digest(of: large), git: Shelf.git("pointer"),
                    isLFS: true),
                ViewFile(
                    path: try RelativePath("config.json"), size: ByteCount(clamping: Int64(small.count)),
                    sha256: Digest(of: small),
                    git: GitObjectID(ofBlob: small), isLFS: false),
            ], isWhole: isWhole)
    }

    func text(_ path: String) throws -> String {
        String(decoding: try FileSystem.read(FilePath(path), limit: 1 << 20), as: UTF8.self)
    }

    /// Every path below `root` that is no directory, links with what they say.
    func entries(_ root: FilePath) throws -> [String] {
        try walk(root, "").filter { $0.status.kind != .directory }.map { path, _ in
            try FileSystem.readLink(root.appending(path)).map { "\(path) -> \($0)" } ?? path
        }.sorted()
    }

    /// What `stat` says of everything below `root`, directories included, without the time of the last reading.
    func statuses(_ root: FilePath) throws -> [String: [Int64]] {
        var found: [String: [Int64]] = [:]
        for (path, status) in try walk(root, "") {
            found[path] = [
                status.size.value, Int64(status.mode), Int64(bitPattern: status.inode), status.modified, status.changed,
            ]
        }
        return found
    }

    private func walk(_ directory: FilePath, _ prefix: String) throws -> [(path: String, status: FileStatus)] {
        var found: [(path: String, status: FileStatus)] = []
        for name in try FileSystem.list(directory) {
            guard let status = try FileSystem.status(directory.appending(name), followLinks: false) else { continue }
            found.append((prefix + name, status))
            if status.kind == .directory { found += try walk(directory.appending(name), prefix + name + "/") }
        }
        return found
    }

    /// The failure that `body` throws; nil when it throws none.
    func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure ?? Failure(.usage, "not a Failure: \(error)") }
        return nil
    }
}
