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

    /// Does it.
    package func run() async throws -> Outcome {
        let (lock, manifest) = try LockOperation.fitting(project)
        if let manifest { LockOperation.warnOfUnchecked(manifest.policy, session) }
        let held = try await session.holdStore()
        defer { withExtendedLifetime(held) {} }
        let work = try await fill(lock, manifest, try plan(lock))
        let layout = Layout(
            lock, manifest, project: project.directory, home: session.settings.home, store: session.store)
        for part in layout.parts { try await part.view.lay(part.snapshots) }
        session.markUsed(layout)
        let files = lock.deliverables.flatMap(\.sources).flatMap(\.files)
        return Outcome(
            files: files.count, total: files.reduce(.zero) { $0 + $1.size }, fetched: work.fetched,
            adopted: work.adopted,
            healed: work.healed, views: layout.parts.map(\.view.directory), identity: lock.identity)
    }

    struct Work {
        var fetched: ByteCount = .zero
        var adopted: ByteCount = .zero
        var healed: [RelativePath] = []
    }

    /// Carries out the steps that bring bytes into the store.
    func fill(_ lock: Lock, _ manifest: Manifest?, _ steps: [SyncStep]) async throws -> Work {
        var work = Work()
        var toFetch: [SyncStep] = []
        let total = steps.filter { $0.kind != .keep }.reduce(ByteCount.zero) { $0 + $1.file.size }
        guard total > .zero || steps.contains(where: { $0.kind != .keep }) else { return work }
        session.emit(.began("syncing", total: total))
        defer { session.emit(.ended) }
        let examined = steps.filter { $0.kind == .examine }
        for (step, failure) in zip(examined, await examine(examined)) {
            guard let failure else { continue }
            guard failure.code == .mismatch else { throw failure }
            session.emit(.note("`\(step.file.path)` is damaged in the store; fetching it again"))
            session.emit(.advanced(-step.file.size.value))
            work.healed.append(step.file.path)
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
                        repository: $0.repository, commit: $0.commit, path: $0.file.path, expected: $0.expected)
                })
        }
        work.fetched = needed
        return work
    }

    /// Reads blobs that nobody vouches for; the failure of each, or nil.
    private func examine(_ steps: [SyncStep]) async -> [Failure?] {
        await BlobExamination.run(
            steps.map { ($0.file.sha256, $0.file.size) }, in: session.store,
            progress: { session.emit(.advanced(Int64($0))) })
    }
}

extension SyncStep {
    /// What the bytes must be. The git id of an LFS file is that of its pointer, and says nothing of the bytes.
    var expected: ExpectedBlob {
        ExpectedBlob(
            name: file.path.description, size: file.size, sha256: file.sha256, git: file.isLFS ? nil : file.git)
    }
}
