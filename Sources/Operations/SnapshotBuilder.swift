// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import FileIO
internal import Origins
internal import SystemPackage

/// Lists one side of a comparison: a locked deliverable, what its names mean now, or what a user points at.
struct SnapshotBuilder: Sendable {
    let session: Session
    let project: Project
    /// The Hub to ask; nothing is asked before it is needed.
    let hub: Hub

    init(_ session: Session, _ project: Project) throws(Failure) {
        (self.session, self.project) = (session, project)
        hub = try session.hub(for: try project.manifestIfPresent())
    }

    // MARK: Locked

    /// A deliverable as a lock has it. What the store lacks is read from the Hub at the locked commit.
    ///
    /// - Parameter projects: where the project's own files may be that belong to it.
    static func locked(_ locked: LockedDeliverable, label: String, projects: [FilePath] = []) -> SnapshotDraft {
        SnapshotDraft(
            label: label,
            sources: locked.sources.map { source in
                Snapshot.Source(
                    role: source.role, repository: source.request.repository, revision: source.request.revision,
                    commit: source.commit, date: source.date)
            },
            files: locked.sources.filter { $0.role != .base }.flatMap { files(of: $0) }, launch: locked.launch,
            localFiles: locked.localFiles, projects: projects, behaviour: locked.behaviour, identity: locked.identity)
    }

    private static func files(of source: LockedSource) -> [SnapshotDraft.File] {
        source.files.map { file in
            SnapshotDraft.File(
                role: source.role, path: file.path, size: file.size, git: file.git, sha256: file.sha256,
                place: .remote(source.request.repository, source.commit, file.path))
        }
    }

    // MARK: Upstream

    /// What the names of a locked deliverable mean now. A source that cannot be followed any more stays as it was locked, and
    /// `changes` says what became of it.
    ///
    /// - Throws: what kept it from looking: that is no answer.
    func upstream(of locked: LockedDeliverable, label: String) async throws -> SnapshotDraft {
        var draft = SnapshotDraft(
            label: label, launch: locked.launch, localFiles: locked.localFiles, projects: [project.directory])
        for source in locked.sources {
            let request = source.request
            let now: HubRevision
            do { now = try await hub.resolve(request.repository, request.revision) } catch let failure as Failure
                where OutdatedCheck.answers.contains(failure.code)
            {
                draft.changes.append(IdentityChanges.unavailable(source, failure))
                draft.unchecked.append(
                    DriftReport.Unchecked(
                        file: nil,
                        reason: "what `\(request.repository)` at `\(request.revision)` holds now could not be listed"))
                draft.sources.append(SnapshotBuilder.source(source, source.commit, source.date))
                draft.unlisted.insert(source.role)
                continue
            }
            if let name = now.name { draft.changes.append(IdentityChanges.renamed(source, name)) }
            draft.sources.append(
                SnapshotBuilder.source(
                    source, now.commit,
                    now.commit == source.commit ? source.date : now.date.flatMap(LockedSource.normalisedDate)))
            if now.commit == source.commit || source.role == .base {
                if source.role != .base { draft.files += SnapshotBuilder.files(of: source) }
            } else {
                draft.files += try await files(source, at: now.commit)
            }
            if now.commit != source.commit, try await isGone(source) {
                draft.changes.append(IdentityChanges.rewritten(source))
            }
        }
        return draft
    }

    private static func source(_ source: LockedSource, _ commit: GitObjectID, _ date: String?) -> Snapshot.Source {
        Snapshot.Source(
            role: source.role, repository: source.request.repository, revision: source.request.revision, commit: commit,
            date: date)
    }

    /// Whether the locked commit can no longer be named.
    private func isGone(_ source: LockedSource) async throws -> Bool {
        do {
            _ = try await hub.resolve(source.request.repository, Revision(source.commit))
            return false
        } catch let failure as Failure where failure.code == .revisionNotFound { return true }
    }

    /// The selected files of another commit of a locked source. Of small files the SHA-256 is known where the lock has the same
    /// git id.
    private func files(_ source: LockedSource, at commit: GitObjectID) async throws -> [SnapshotDraft.File] {
        var known: [GitObjectID: LockedFile] = [:]
        for file in source.files where !file.isLFS { if let git = file.git { known[git] = file } }
        return try await hub.files(source.request.repository, at: commit).filter { source.request.selects($0.path) }
            .map { entry in
                let same = known[entry.git].flatMap { $0.size == entry.size ? $0.sha256 : nil }
                return SnapshotDraft.File(
                    role: source.role, path: entry.path, size: entry.size, git: entry.git,
                    sha256: entry.sha256 ?? same, place: .remote(source.request.repository, commit, entry.path))
            }
    }

    // MARK: Targets

    /// What a user points at. A path inside a deliverable or a repository leaves the files below it, or the one it names.
    func target(_ target: ModelTarget) async throws -> SnapshotDraft {
        switch target.place {
        case .local(let path): return try await local(path, target)
        case .deliverable(let name, let path):
            var draft = SnapshotBuilder.locked(
                try SnapshotBuilder.find(name, in: try project.lock()), label: target.text,
                projects: [project.directory])
            try SnapshotBuilder.select(path, in: &draft)
            return draft
        case .repository(let repository, let revision, let path):
            let now = try await hub.resolve(repository, revision)
            let files = try await hub.files(repository, at: now.commit).map { entry in
                SnapshotDraft.File(
                    role: .model, path: entry.path, size: entry.size, git: entry.git, sha256: entry.sha256,
                    place: .remote(repository, now.commit, entry.path))
            }
            var draft = SnapshotDraft(
                label: target.text,
                sources: [
                    Snapshot.Source(
                        role: .model, repository: repository, revision: revision, commit: now.commit,
                        date: now.date.flatMap(LockedSource.normalisedDate))
                ], files: files)
            try SnapshotBuilder.select(path, in: &draft)
            return draft
        }
    }

    private func local(_ path: FilePath, _ target: ModelTarget) async throws -> SnapshotDraft {
        guard let status = try FileSystem.status(path) else {
            throw Failure(.file, "`\(Escaped(path.string, limit: 1024))` does not exist", hint: "check the path")
        }
        var draft = SnapshotDraft(label: target.text, sources: [Snapshot.Source(role: .model)])
        if status.kind == .regular {
            let name = try RelativePath(path.lastComponent?.string ?? path.string)
            draft.files = [SnapshotDraft.File(role: .model, path: name, size: status.size, place: .local(path))]
            draft.isSingleFile = true
            return draft
        }
        let found = try await ModelFiles(target, session, project)
        var unnamed = found.unnamed
        for (index, entry) in found.entries.enumerated() {
            // What the Hub's own client keeps beside a copy is no part of the model.
            if entry.name.hasPrefix(".cache/huggingface/") { continue }
            guard let name = entry.path, let place = found.localPath(index) else {
                unnamed += 1
                continue
            }
            draft.files.append(SnapshotDraft.File(role: .model, path: name, size: entry.size, place: .local(place)))
        }
        if unnamed > 0 {
            draft.unchecked.append(
                DriftReport.Unchecked(
                    file: nil,
                    reason:
                        "\(unnamed) file\(unnamed == 1 ? "" : "s") of `\(Escaped(target.text, limit: 1024))` have names that no repository could have, or are broken links"
                ))
        }
        return draft
    }

    private static func select(_ path: RelativePath?, in draft: inout SnapshotDraft) throws(Failure) {
        guard let path else { return }
        let prefix = Array((path.description + "/").utf8)
        func name(_ file: SnapshotDraft.File) -> String { file.role.pathPrefix + file.path.description }
        if let file = draft.files.first(where: { name($0).utf8.elementsEqual(path.description.utf8) }) {
            draft.files = [file]
            draft.isSingleFile = true
        } else {
            draft.files = draft.files.filter { name($0).utf8.starts(with: prefix) }
        }
        // The digests are those of the whole.
        (draft.behaviour, draft.identity, draft.launch, draft.localFiles) = (nil, nil, nil, [])
        guard !draft.files.isEmpty else {
            throw Failure(
                .entryNotFound, "`\(Escaped(draft.label))` has no file or directory `\(path)`",
                hint: "leave out the path to compare all files")
        }
    }

    static func find(_ name: DeliverableName, in lock: Lock) throws(Failure) -> LockedDeliverable {
        guard let found = lock.deliverable(name) else { throw OutdatedCheck.unknown(name, lock) }
        return found
    }
}
