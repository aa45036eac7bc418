// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import SystemPackage

/// One repository of a mirror: its settings, references and commits.
///
/// A value that holds no state: every call reads the disk, commits through the cache of the `MirrorRoot`.
package struct MirrorRepository: Sendable {
    let root: MirrorRoot
    /// The repository's name.
    package let id: RepositoryID

    var directory: FilePath { root.directory(of: id) }
    private var commits: FilePath { directory.appending("commits") }

    /// The longest history that is walked, in commits.
    package static let maximumHistory = 100_000

    /// Reads the settings.
    package func settings() throws(Failure) -> RepositorySettings {
        let file = directory.appending("repository.json")
        return try RepositorySettings(try FileSystem.read(file, limit: RepositorySettings.maximumLength), of: id)
    }

    /// Replaces the settings, atomically.
    package func update(_ settings: RepositorySettings) throws(Failure) {
        try FileSystem.replace(directory.appending("repository.json"), with: settings.bytes)
    }

    // MARK: Commits

    /// The commit called `commit`, proven to be what its id says; nil when the repository has no such commit.
    package func commit(_ commit: GitObjectID) throws(Failure) -> MirrorCommit? {
        try root.cache.commit(commit, at: commits.appending("\(commit).json"))
    }

    func header(_ commit: GitObjectID) throws(Failure) -> CommitHeader? {
        try root.cache.header(commit, at: commits.appending("\(commit).json"))
    }

    /// The commit and those it follows, newest first, along the first parents, at most `maximumHistory`.
    package func history(from commit: GitObjectID) throws(Failure) -> [CommitHeader] {
        var found: [CommitHeader] = []
        var next: GitObjectID? = commit
        // A record proves its id, which covers its parents' ids: there can be no circle, only a long way.
        while let id = next, found.count < MirrorRepository.maximumHistory, let header = try header(id) {
            found.append(header)
            next = header.parents.first
        }
        return found
    }

    func record(_ commit: MirrorCommit) throws(Failure) {
        try FileSystem.createDirectories(commits)
        let bytes = CommitRecord.bytes(of: commit)
        guard bytes.count <= CommitRecord.maximumLength else {
            throw Failure(
                .limitExceeded,
                "the record of a commit can have \(CommitRecord.maximumLength) bytes, not \(bytes.count)")
        }
        try FileSystem.replace(commits.appending("\(commit.id).json"), with: bytes)
    }

    // MARK: References

    /// The commit that a reference names; nil when there is no such reference.
    ///
    /// - Throws: `Failure` with code `file` when its file holds something else than a commit id.
    package func reference(_ name: ReferenceName) throws(Failure) -> GitObjectID? {
        let file = directory.appending(name.description)
        guard try FileSystem.status(file)?.kind == .regular else { return nil }
        var text = String(decoding: try FileSystem.read(file, limit: 128), as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        guard let commit = GitObjectID(text) else {
            throw Failure(
                .file, "`\(name)` of `\(id)` does not hold a commit id",
                hint: "restore the file from a backup of the mirror")
        }
        return commit
    }

    /// All references of a kind, sorted by the bytes of their names.
    package func references(_ kind: ReferenceName.Kind) throws(Failure) -> [(name: ReferenceName, commit: GitObjectID)]
    {
        var found: [(ReferenceName, GitObjectID)] = []
        var pending = [""]
        while let prefix = pending.popLast() {
            let folder = directory.appending("refs/\(kind.rawValue)\(prefix.isEmpty ? "" : "/" + prefix)")
            for entry in try FileSystem.list(folder) {
                let text = prefix.isEmpty ? entry : prefix + "/" + entry
                // What no revision can be called is not ours: a temporary file, an editor's copy.
                guard let revision = try? Revision(text), let name = try? ReferenceName(kind, revision) else {
                    continue
                }
                switch try FileSystem.status(folder.appending(entry))?.kind {
                case .directory: pending.append(text)
                case .regular: if let commit = try reference(name) { found.append((name, commit)) }
                default: break
                }
            }
        }
        return found.sorted { $0.0.description.utf8.lexicographicallyPrecedes($1.0.description.utf8) }
    }

    /// Makes a reference name a commit, atomically; a tag that names another commit already does not move.
    ///
    /// - Throws: `Failure` with code `revisionNotFound` when there is no such commit, `usage` when the tag is taken
    ///   or one name is a directory of another.
    package func setReference(_ name: ReferenceName, to commit: GitObjectID) throws(Failure) {
        guard try header(commit) != nil else {
            throw Failure(.revisionNotFound, "`\(id)` has no commit `\(commit)`")
        }
        try checkFree(name, for: commit)
        let file = directory.appending(name.description)
        try FileSystem.createDirectories(file.removingLastComponent())
        try FileSystem.replace(file, with: Array("\(commit)\n".utf8))
    }

    /// Checks that `setReference` would accept the name.
    func checkFree(_ name: ReferenceName, for commit: GitObjectID?) throws(Failure) {
        if name.kind == .tag, let old = try reference(name), old != commit {
            throw Failure(
                .usage, "tag `\(name.name)` of `\(id)` names commit `\(old.short)` already, and tags do not move",
                hint: "choose another name for the tag")
        }
        var prefix = "refs/\(name.kind.rawValue)"
        let segments = name.name.description.split(separator: "/").map(String.init)
        for (index, segment) in segments.enumerated() {
            prefix += "/" + segment
            let kind = try FileSystem.status(directory.appending(prefix))?.kind
            if index < segments.count - 1 ? kind == .regular : kind == .directory {
                throw Failure(
                    .usage, "`\(name)` cannot be created in `\(id)`: one name would be a directory of another",
                    hint: "choose a name that does not begin with another one and a `/`")
            }
        }
    }

    /// Removes a reference; does nothing when it is not there. Its commits stay.
    package func removeReference(_ name: ReferenceName) throws(Failure) {
        var path = directory.appending(name.description)
        guard try FileSystem.status(path)?.kind == .regular else { return }
        try FileSystem.remove(path)
        for _ in name.name.description.split(separator: "/").dropFirst() {
            path.removeLastComponent()
            guard FileSystem.removeEmptyDirectory(path) else { break }
        }
    }

    // MARK: Names

    /// Finds the commit that a name means: a full reference, a branch, a tag, a full commit id, or the beginning of one
    /// (at least seven digits, fitting a single commit).
    ///
    /// - Throws: `Failure` with code `revisionNotFound`, saying whether the name is unknown or ambiguous.
    package func resolve(_ revision: Revision) throws(Failure) -> GitObjectID {
        if let full = revision.commit {
            if try header(full) != nil { return full }
            throw unknown(revision)
        }
        if let name = try? ReferenceName(branch: revision), let commit = try reference(name) { return commit }
        if let tag = try? ReferenceName(.tag, revision), let commit = try reference(tag) { return commit }
        guard revision.mayBeShortCommit else { throw unknown(revision) }
        let matches = try FileSystem.list(commits).filter {
            $0.hasPrefix(revision.description) && $0.hasSuffix(".json")
        }
        .compactMap { GitObjectID($0.dropLast(5)) }
        guard let first = matches.first else { throw unknown(revision) }
        guard matches.count == 1 else {
            throw Failure(
                .revisionNotFound, "`\(revision)` is ambiguous in `\(id)`: \(matches.count) commits begin with it",
                hint: "write more digits of the commit id", details: matches.prefix(8).map { $0.description })
        }
        return first
    }

    private func unknown(_ revision: Revision) -> Failure {
        Failure(
            .revisionNotFound, "`\(id)` has no branch, tag or commit `\(Escaped(revision.description))`",
            hint: "ask the mirror for the names it has: `/api/\(id.kind.plural)/\(id.name)/refs`")
    }
}
