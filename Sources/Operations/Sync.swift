// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import FileIO
internal import Origins
internal import Store
package import SystemPackage

/// What `sync` is going to do with one file.
package struct SyncStep: Sendable, Hashable {
    /// What to do.
    package enum Kind: Sendable, Hashable {
        /// The store has it, attested.
        case keep
        /// The store has it and nobody vouches for its bytes: read it, and fetch it when it is damaged.
        case examine
        /// The user's Hugging Face cache seems to have it: hash it, and fetch it when it is something else.
        case adopt(FilePath)
        /// Fetch it.
        case fetch
    }

    /// What to do.
    package let kind: Kind
    /// Where the file comes from.
    package let repository: RepositoryID
    /// At which commit.
    package let commit: GitObjectID
    /// The file.
    package let file: LockedFile
}

/// `weighlock sync`: brings the bytes of the lock to this machine and lays out the view.
package struct Sync: Sendable {
    /// What came of it.
    package struct Outcome: Sendable {
        /// The files of the lock and their bytes.
        package let files: Int
        /// Their bytes.
        package let total: ByteCount
        /// The bytes that came over the network.
        package let fetched: ByteCount
        /// The bytes that came from the user's Hugging Face cache.
        package let adopted: ByteCount
        /// Files that the store had, damaged, and that were fetched again.
        package let healed: [RelativePath]
        /// The views that are in place now.
        package let views: [FilePath]
        /// The lock's identity.
        package let identity: Digest
        /// The deliverables whose tensor digest the lock did not have before.
        package let completed: [DeliverableName]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// The lock that would be synced, after checking that it fits the manifest.
    package func lock() throws(Failure) -> Lock { try LockOperation.fitting(project).lock }

    /// Decides what to do with each blob of a lock; reads no blob and asks nobody.
    package func plan(_ lock: Lock) throws(Failure) -> [SyncStep] {
        var seen: Set<Digest> = []
        var steps: [SyncStep] = []
        let cache = HuggingFaceCache(directory: session.settings.hubCache)
        for source in lock.deliverables.flatMap(\.sources) {
            for file in source.files where seen.insert(file.sha256).inserted {
                let kind: SyncStep.Kind =
                    switch try session.store.condition(of: file.sha256, size: file.size) {
                    case .attested: .keep
                    case .unattested: .examine
                    case .missing, .wrongSize:
                        cache.candidate(source.request.repository, ViewFile(file)).map { .adopt($0) } ?? .fetch
                    }
                steps.append(
                    SyncStep(kind: kind, repository: source.request.repository, commit: source.commit, file: file))
            }
        }
        return steps
    }

    /// Does it, and notes the tensor digests of weights that were seen for the first time in the lock, unless `locked`.
    package func run(locked: Bool = false) async throws -> Outcome {
        let (lock, manifest) = try LockOperation.fitting(project)
        try manifest?.policy.checkLicenses(lock)
        let held = try await session.holdStore()
        defer { withExtendedLifetime(held) {} }
        let work = try await fill(lock, manifest, try plan(lock))
        let weighed = try await Sync.examine(lock, manifest, session, project)
        guard !locked || weighed.deliverables.map(\.replacements) == lock.deliverables.map(\.replacements) else {
            throw Failure(
                .lockOutdated, "the lock does not say yet what the view is to show instead of pickles",
                hint: "run `weighlock sync` without --locked, and commit `\(Lock.fileName)`")
        }
        let layout = Layout(
            weighed, manifest, project: project.directory, home: session.settings.home, store: session.store)
        for part in layout.parts { try await part.view.lay(part.snapshots) }
        session.markUsed(layout)
        let completed = LockOperation.changes(from: lock, to: weighed)
        if !completed.isEmpty { try await complete(lock, weighed, locked: locked) }
        let files = lock.deliverables.flatMap(\.sources).flatMap(\.files)
        return Outcome(
            files: files.count, total: files.reduce(.zero) { $0 + $1.size }, fetched: work.fetched,
            adopted: work.adopted,
            healed: work.healed, views: layout.parts.map(\.view.directory), identity: lock.identity,
            completed: locked ? [] : completed)
    }

    /// Replaces a lock by the same one with its tensor digests. Everything is in place without it: where the project may
    /// not be written, it is said and no more.
    private func complete(_ lock: Lock, _ weighed: Lock, locked: Bool) async throws {
        guard !locked else {
            session.emit(
                .note("the lock has no tensor digests yet; `weighlock sync` without --locked notes them in it"))
            return
        }
        do {
            try await project.complete(weighed, replacing: lock)
        } catch let failure as Failure where failure.code == .file || failure.code == .busy {
            session.emit(.warning("the tensor digests could not be noted in the lock: \(failure.message)"))
        }
    }

    /// The lock with what its bytes, which are all in the store, show: scanned, weighed, and converted where the policy says so.
    static func examine(
        _ lock: Lock, _ manifest: Manifest?, _ session: Session, _ project: Project
    ) async throws -> Lock {
        let screening = try Screening(session: session, policy: manifest?.policy ?? Policy(), project: project)
        return try await Weighing(session: session).complete(try await screening.screen(lock))
    }

    struct Work {
        var fetched: ByteCount = .zero
        var adopted: ByteCount = .zero
        var healed: [RelativePath] = []
    }

    /// Carries out the steps that bring bytes into the store. Of blobs in `known` it has just been found out which chunks are
    /// damaged: they are not read again before they are healed.
    func fill(
        _ lock: Lock, _ manifest: Manifest?, _ steps: [SyncStep], known: [Digest: BlobExamination.Finding] = [:]
    ) async throws -> Work {
        var work = Work()
        var toFetch: [SyncStep] = []
        let total = steps.filter { $0.kind != .keep }.reduce(ByteCount.zero) { $0 + $1.file.size }
        guard total > .zero || steps.contains(where: { $0.kind != .keep }) else { return work }
        session.emit(.began("syncing", total: total))
        defer { session.emit(.ended) }
        let examined = steps.filter { $0.kind == .examine }
        var repaired = ByteCount.zero
        for (step, finding) in zip(examined, await examine(examined, known)) {
            guard let failure = finding.failure else { continue }
            guard failure.code == .mismatch else { throw failure }
            let part = finding.damaged.isEmpty ? "it" : "its damaged chunks"
            session.emit(.note("`\(step.file.path)` is damaged in the store; fetching \(part) again"))
            work.healed.append(step.file.path)
            if !finding.damaged.isEmpty,
                let fetched = try await ChunkHeal(session: session, hub: try session.hub(for: manifest))
                    .run(step, damaged: finding.damaged)
            {
                repaired = repaired + fetched
                continue
            }
            session.emit(.advanced(-step.file.size.value))
            toFetch.append(step)
        }
        for step in steps {
            try Task.checkCancellation()
            switch step.kind {
            case .keep, .examine: break
            case .fetch: toFetch.append(step)
            case .adopt(let path):
                do throws(Failure) {
                    _ = try session.store.ingest(copying: path, expecting: step.expected)
                    work.adopted = work.adopted + step.file.size
                    session.emit(.advanced(step.file.size.value))
                } catch {
                    guard error.code != .noSpace else { throw error }
                    session.emit(
                        .note("`\(step.file.path)` in the Hugging Face cache is not what the lock says; fetching it"))
                    toFetch.append(step)
                }
            }
        }
        let wanted = toFetch.reduce(ByteCount.zero) { $0 + $1.file.size }
        // What an earlier run has left takes its space already.
        let arrived = toFetch.reduce(ByteCount.zero) { $0 + PartialBlob.arrived($1.expected, in: session.store) }
        let needed = ByteCount(clamping: wanted.value - arrived.value)
        try FileSystem.createDirectories(session.settings.home)
        if let free = FileSystem.freeSpace(at: session.settings.home), needed > free {
            throw Failure(
                .noSpace, "\(needed) have to be fetched, and \(free) are free at `\(session.settings.home.string)`",
                hint: "free some space, or set WEIGHLOCK_HOME to a directory on a larger disk")
        }
        if !toFetch.isEmpty {
            let download = Download(session: session, hub: try session.hub(for: manifest))
            _ = try await download.run(
                toFetch.map {
                    DownloadItem(
                        repository: $0.repository, commit: $0.commit, path: $0.file.path, expected: $0.expected,
                        isWeights: $0.file.component == .weights)
                })
        }
        work.fetched = needed + repaired
        return work
    }

    /// Reads blobs that nobody vouches for, except those of which the state is known already.
    private func examine(
        _ steps: [SyncStep], _ known: [Digest: BlobExamination.Finding]
    ) async -> [BlobExamination.Finding] {
        let unread = steps.filter { known[$0.file.sha256] == nil }
        let found = await BlobExamination.run(
            unread.map { ($0.file.sha256, $0.file.size) }, in: session.store,
            progress: { session.emit(.advanced(Int64($0))) })
        var findings = known
        for (step, finding) in zip(unread, found) { findings[step.file.sha256] = finding }
        for step in steps where known[step.file.sha256] != nil { session.emit(.advanced(step.file.size.value)) }
        return steps.map { findings[$0.file.sha256] ?? BlobExamination.Finding() }
    }
}

extension SyncStep {
    /// What the bytes must be. The git id of an LFS file is that of its pointer, and says nothing of the bytes.
    var expected: ExpectedBlob {
        ExpectedBlob(
            name: file.path.description, size: file.size, sha256: file.sha256, git: file.isLFS ? nil : file.git)
    }
}
