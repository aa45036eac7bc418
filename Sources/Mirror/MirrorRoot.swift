// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import FoundationEssentials
package import Store
package import SystemPackage

/// A mirror's directory: repositories, and the store that holds their contents.
package struct MirrorRoot: Sendable {
    /// The directory.
    package let path: FilePath
    /// The contents of all files of all repositories.
    package let store: BlobStore
    let cache = CommitCache()

    private struct Marker: Decodable { let version: Int }

    /// Opens the mirror at `path`, and with `creating` makes one of a directory that is missing or empty.
    ///
    /// - Throws: `Failure` with code `file` when there is no mirror, or one of another version; nothing is changed
    ///   then.
    package init(_ path: FilePath, creating: Bool = false) throws(Failure) {
        self.path = path
        store = BlobStore(directory: path.appending("store"))
        let marker = path.appending("mirror.json")
        if try FileSystem.status(marker) == nil {
            guard creating else {
                throw Failure(
                    .file, "`\(Escaped(path.string, limit: 1024))` is not a mirror: it has no `mirror.json`",
                    hint: "name the directory of a mirror, or a new one")
            }
            guard try FileSystem.list(path).isEmpty else {
                throw Failure(
                    .file, "`\(Escaped(path.string, limit: 1024))` is not a mirror, and not empty either",
                    hint: "name a new or an empty directory for the mirror; folders with models are imported into it")
            }
            try FileSystem.createDirectories(path.appending("repositories"))
            try FileSystem.replace(marker, with: Array("{\"version\": 1}\n".utf8))
        }
        let bytes = try FileSystem.read(marker, limit: 4096)
        guard let version = try? JSONDecoder().decode(Marker.self, from: Data(bytes)).version, version == 1 else {
            throw Failure(
                .file, "`\(Escaped(marker.string, limit: 1024))` is not the marker of a mirror of version 1",
                hint: "use the version of weighlock that made the mirror, or a newer one")
        }
    }

    /// Where a repository lies, whether it is there or not. `@` stands for the namespace of a name that has none.
    func directory(of id: RepositoryID) -> FilePath {
        let name = id.name.utf8.contains(UInt8(ascii: "/")) ? id.name : "@/" + id.name
        return path.appending("repositories/\(id.kind.plural)/\(name)")
    }

    /// The repository called `id`; nil when there is none.
    ///
    /// - Throws: `Failure` with code `file` when its settings cannot be read.
    package func repository(_ id: RepositoryID) throws(Failure) -> MirrorRepository? {
        guard try FileSystem.status(directory(of: id).appending("repository.json"))?.kind == .regular else {
            return nil
        }
        return MirrorRepository(root: self, id: id)
    }

    /// Creates a repository, or returns the one that is there with the settings it has.
    @discardableResult
    package func createRepository(
        _ id: RepositoryID, settings: RepositorySettings = .init()
    ) throws(Failure) -> MirrorRepository {
        if let known = try repository(id) { return known }
        let repository = MirrorRepository(root: self, id: id)
        try FileSystem.createDirectories(repository.directory)
        try repository.update(settings)
        return repository
    }

    /// All repositories of a kind, sorted by the bytes of their names. Directories that are none are passed over.
    package func repositories(_ kind: RepositoryID.Kind) throws(Failure) -> [MirrorRepository] {
        let top = path.appending("repositories/\(kind.plural)")
        var found: [MirrorRepository] = []
        for namespace in try FileSystem.list(top)
        where try FileSystem.status(top.appending(namespace))?.kind == .directory {
            for name in try FileSystem.list(top.appending(namespace)) {
                let full = namespace == "@" ? name : namespace + "/" + name
                guard let id = try? RepositoryID(full, kind: kind), let repository = try repository(id) else {
                    continue
                }
                found.append(repository)
            }
        }
        return found.sorted { $0.id < $1.id }
    }
}
