// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import Store
package import SystemPackage

extension MirrorRepository {
    /// Commits `files` (and removes `removing`, which makes sense when updating) and moves the branch.
    ///
    /// Contents first, then the record, then the tags, then the branch: a crash leaves the old state or the new one.
    /// When the branch has the same tree already, no commit is made and its head is returned.
    ///
    /// - Throws: `Failure` with code `busy` when another process writes to the repository, `usage` for a tag that is
    ///   taken, `invalidPath` for files that cannot live together.
    @discardableResult
    package func createCommit(
        _ request: CommitRequest, files: [(path: RelativePath, content: CommitRequest.Content)],
        removing: [RelativePath] = []
    ) throws(Failure) -> GitObjectID {
        try request.check()
        let branch = try ReferenceName(branch: request.branch)
        let lock = try File(directory.appending(".lock"), .updating)
        guard try lock.tryLock() else {
            throw Failure(.busy, "another process is writing to `\(id)`", hint: "wait until it has ended and try again")
        }
        // Everything that can be refused is refused before a byte is stored.
        var tags: [ReferenceName] = []
        for tag in request.tags { tags.append(try ReferenceName(.tag, tag)) }
        try checkFree(branch, for: nil)
        let head = try reference(branch)
        let main = try ReferenceName(branch: .main)
        var parent: GitObjectID?
        if request.base != .orphan { if let head { parent = head } else { parent = try reference(main) } }
        var before: MirrorCommit?
        if let parent { before = try self.commit(parent) }

        var kept: [MirrorFile] = []
        if request.base == .updating, let before {
            let replaced = Set(files.map(\.path) + removing)
            kept = before.files.filter { !replaced.contains($0.path) }
        }
        var stored: [MirrorFile] = []
        let rule = try largeFileRule(files, kept)
        for (path, content) in files { stored.append(try store(path, content, rule)) }
        var commit = try MirrorCommit(
            files: kept + stored, parents: parent.map { [$0] } ?? [], title: request.title, message: request.message,
            author: request.author, date: request.date)
        let isUnchanged = before?.tree == commit.tree
        if isUnchanged, let before { commit = before }
        for tag in tags { try checkFree(tag, for: commit.id) }
        if !isUnchanged {
            try record(commit)
            if parent == nil, head == nil { try noteCreation(request.date) }
        }
        for tag in tags { try setReference(tag, to: commit.id) }
        if head != commit.id { try setReference(branch, to: commit.id) }
        return commit.id
    }

    /// The rule of the tree that is being made: its own `.gitattributes` counts.
    private func largeFileRule(
        _ files: [(path: RelativePath, content: CommitRequest.Content)], _ kept: [MirrorFile]
    ) throws(Failure) -> LargeFileRule {
        let path = try RelativePath(".gitattributes")
        if let (_, content) = files.last(where: { $0.path == path }) {
            switch content {
            case .bytes(let bytes): return LargeFileRule(attributes: Array(bytes.prefix(GitAttributes.maximumLength)))
            case .file(let file):
                return LargeFileRule(attributes: try FileSystem.read(file, limit: GitAttributes.maximumLength))
            }
        }
        guard let old = kept.first(where: { $0.path == path }) else { return LargeFileRule(attributes: nil) }
        return LargeFileRule(attributes: try root.store.read(old.sha256, limit: GitAttributes.maximumLength))
    }

    private func store(
        _ path: RelativePath, _ content: CommitRequest.Content, _ rule: LargeFileRule
    ) throws(Failure) -> MirrorFile {
        let digests: (sha256: Digest, git: GitObjectID?, size: ByteCount)
        switch content {
        case .bytes(let bytes):
            let size = ByteCount(clamping: Int64(bytes.count))
            digests = (try root.store.ingest(bytes), GitObjectID(ofBlob: bytes), size)
        case .file(let file):
            let found = try root.store.ingest(copying: file)
            digests = (found.sha256, found.git, found.size)
        }
        let isLarge = rule.isLarge(path, size: digests.size)
        let git = isLarge ? GitObjectID(ofBlob: GitObjects.pointer(digests.sha256, size: digests.size)) : digests.git
        guard let git else { throw Failure(.file, "the git id of `\(Escaped(path.description))` was not computed") }
        return MirrorFile(path: path, size: digests.size, git: git, sha256: digests.sha256, isLarge: isLarge)
    }

    /// A repository without commits has no date of its own yet: the first commit gives it.
    private func noteCreation(_ date: Timestamp) throws(Failure) {
        var settings = try settings()
        guard settings.created.seconds == 0 else { return }
        settings.created = date
        try update(settings)
    }
}

extension MirrorRoot {
    /// Commits a plain folder as the whole tree of a branch, and creates the repository when it is new.
    ///
    /// An import of the same files onto the same branch makes no commit and returns the id that is there.
    ///
    /// - Throws: what `MirrorRepository.createCommit` throws, and `Failure` with code `refused` for a link that
    ///   leaves the folder, `file` for what cannot be read, `usage` for an empty folder.
    @discardableResult
    package func importFolder(
        _ folder: FilePath, into id: RepositoryID, _ request: CommitRequest
    ) throws(Failure) -> GitObjectID {
        let files = try FolderListing(folder).files
        guard !files.isEmpty else {
            throw Failure(
                .usage, "`\(Escaped(folder.string, limit: 1024))` holds no files",
                hint: "name the folder that holds the model")
        }
        try request.check()
        return try createRepository(id).createCommit(request, files: files.map { ($0.path, .file($0.file)) })
    }
}
