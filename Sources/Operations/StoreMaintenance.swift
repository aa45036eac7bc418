// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Deliverable
internal import FileIO
internal import Store
package import SystemPackage

/// `weighlock cache …`: what the store holds, whether it is sound, and what may go.
package struct StoreMaintenance: Sendable {
    /// How much is where.
    package struct Size: Sendable {
        /// Blobs in the store.
        package let blobs: Int
        /// Their bytes.
        package let stored: ByteCount
        /// Unfinished downloads.
        package let partials: Int
        /// The bytes they take on the disk at most.
        package let partialBytes: ByteCount
        /// Views.
        package let views: Int
    }

    /// A blob that is not what its name says, or a file that is no blob.
    package struct Defect: Sendable, Hashable {
        /// The blob, when it is one.
        package let digest: Digest?
        /// Where it is.
        package let path: FilePath
        /// What is wrong.
        package let reason: String
    }

    /// What `gc` removed, or would.
    package struct Collected: Sendable {
        /// Blobs that no view refers to.
        package var blobs: [Digest] = []
        /// Their bytes.
        package var bytes: ByteCount = .zero
        /// Unfinished downloads and temporary files that nobody works on.
        package var partials = 0
        /// Views that were not laid out for a long time.
        package var views: [String] = []
    }

    /// What is younger than this is never collected: a lock may have fetched it a moment ago for a view to come.
    package static let grace: Int64 = 24 * 3600

    let session: Session

    /// Prepares the operation.
    package init(_ session: Session) { self.session = session }

    private var views: FilePath { session.settings.home.appending("views") }
    private var partial: FilePath { session.store.directory.appending("partial") }

    /// Counts what is there.
    package func size() throws(Failure) -> Size {
        let blobs = try session.store.blobs()
        var partialBytes = ByteCount.zero
        var partials = 0
        for name in try FileSystem.list(partial) where !name.hasSuffix(".map") {
            partials += 1
            partialBytes = partialBytes + (try FileSystem.status(partial.appending(name))?.size ?? .zero)
        }
        return Size(
            blobs: blobs.count, stored: blobs.reduce(.zero) { $0 + $1.status.size }, partials: partials,
            partialBytes: partialBytes,
            views: try FileSystem.list(views).count)
    }

    /// Reads every blob of the store and compares it with its name, or with the chunk tree of an earlier reading.
    package func check() async throws -> (checked: Int, total: ByteCount, defects: [Defect]) {
        let found = try await examine()
        return (found.checked, found.total, found.defects)
    }

    private func examine() async throws -> (
        checked: Int, total: ByteCount, defects: [Defect], findings: [Digest: BlobExamination.Finding]
    ) {
        let blobs = try session.store.blobs()
        let total = blobs.reduce(ByteCount.zero) { $0 + $1.status.size }
        session.emit(.began("checking", total: total))
        let results = await BlobExamination.run(
            blobs.map { ($0.digest, $0.status.size) }, in: session.store,
            progress: { session.emit(.advanced(Int64($0))) })
        session.emit(.ended)
        try Task.checkCancellation()
        var defects: [Defect] = []
        var findings: [Digest: BlobExamination.Finding] = [:]
        for (blob, finding) in zip(blobs, results) {
            guard let failure = finding.failure, failure.code != .missing else { continue }  // collected meanwhile
            defects.append(
                Defect(
                    digest: blob.digest, path: session.store.path(of: blob.digest),
                    reason: failure.code == .mismatch ? "is damaged" : failure.message))
            findings[blob.digest] = finding
        }
        for path in try session.store.strangers() {
            defects.append(Defect(digest: nil, path: path, reason: "is not a blob"))
        }
        return (blobs.count, total, defects, findings)
    }

    /// Finds what is damaged or missing of a project's lock, and fetches only that: of a blob with a chunk tree the damaged
    /// chunks, of others the whole.
    ///
    /// Other damaged blobs of the store are removed: nothing can say where they came from.
    package func heal(
        _ project: Project
    ) async throws -> (healed: [RelativePath], removed: [Digest], fetched: ByteCount) {
        let lock = try project.lockIfPresent()
        let found = try await examine()
        let held = try await session.holdStore()
        defer { withExtendedLifetime(held) {} }
        let known = Set(lock.map { $0.deliverables.flatMap(\.sources).flatMap(\.files).map(\.sha256) } ?? [])
        // What can be healed by its chunks stays until it is.
        let healable = found.findings.filter { known.contains($0.key) && !$0.value.damaged.isEmpty }
        for defect in found.defects {
            // What is no blob is somebody else's: it is reported, and stays.
            if let digest = defect.digest, healable[digest] == nil { try session.store.discard(digest) }
        }
        let damaged = Set(found.defects.compactMap(\.digest))
        guard let lock else { return ([], damaged.sorted(), .zero) }
        let sync = Sync(session, project)
        let steps = try sync.plan(lock).filter { $0.kind != .keep }
        let manifest = try project.manifestIfPresent()
        let work = try await sync.fill(lock, manifest, steps, known: healable)
        for part in Layout(
            lock, manifest, project: project.directory, home: session.settings.home, store: session.store
        ).parts {
            try await part.view.lay(part.snapshots)
        }
        return (steps.map(\.file.path), damaged.subtracting(known).sorted(), work.fetched)
    }

    /// Removes blobs that no view refers to and downloads that nobody works on; with `unusedDays`, also the views that were
    /// not synced or run for so many days.
    package func collect(dryRun: Bool, unusedDays: Int?) async throws -> Collected {
        let held = try await FileLock(session.store.directory.appending("collector.lock"), patience: .seconds(60)) {
            session.emit(.note("waiting for other weighlock commands to end"))
        }
        defer { withExtendedLifetime(held) {} }
        guard let now = Timestamp(session.settings.now())?.seconds else { return Collected() }
        var collected = Collected()
        var kept: Set<String> = []
        for name in try FileSystem.list(views) {
            let view = views.appending(name)
            let used = try FileSystem.status(view.appending("used"))?.modified ?? FileSystem.status(view)?.modified ?? 0
            if let unusedDays,
                now - used / 1_000_000_000
                    > Int64(clamping: unusedDays).multipliedReportingOverflow(by: 86_400).partialValue
            {
                collected.views.append(name)
                if !dryRun { try FileSystem.removeTree(view) }
            } else {
                try references(view.appending("hub"), depth: 0, &kept)
            }
        }
        for (digest, status) in try session.store.blobs() {
            // A project's own file is small, and in no view: without it a history cannot show what changed.
            guard !kept.contains(digest.description), session.store.note(.local, of: digest) == nil,
                now - status.modified / 1_000_000_000 > StoreMaintenance.grace
            else { continue }
            collected.blobs.append(digest)
            collected.bytes = collected.bytes + status.size
            if !dryRun { try session.store.discard(digest) }
        }
        for name in try FileSystem.list(partial)
        where [".part", ".map", ".tmp"].contains(where: { name.hasSuffix($0) }) {
            let path = partial.appending(name)
            guard let status = try FileSystem.status(path, followLinks: false), status.kind == .regular,
                now - status.modified / 1_000_000_000 > StoreMaintenance.grace
            else { continue }
            collected.partials += name.hasSuffix(".map") ? 0 : 1
            if !dryRun { try FileSystem.remove(path) }
        }
        return collected
    }

    /// The names of all blobs that links below a view's directory lead to.
    private func references(_ directory: FilePath, depth: Int, _ found: inout Set<String>) throws(Failure) {
        guard depth < 64 else { return }
        for name in try FileSystem.list(directory) {
            let path = directory.appending(name)
            if let target = try FileSystem.readLink(path) {
                if let last = target.split(separator: "/").last { found.insert(String(last)) }
            } else if try FileSystem.status(path, followLinks: false)?.kind == .directory {
                try references(path, depth: depth + 1, &found)
            }
        }
    }
}
