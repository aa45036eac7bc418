// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
package import Drift
internal import FileIO
internal import Synchronization
package import SystemPackage

/// `weighlock diff`: what differs between two deliverables, in the terms of a model. Writes nothing.
package struct DiffOperation: Sendable {
    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Compares two sides, deliverable by deliverable.
    ///
    /// Without sides, every locked deliverable is compared with what its names mean upstream now; with one that is a locked
    /// deliverable, that one is; one lock is compared with the project's, and any other side with the only deliverable of that.
    /// Two locks are compared deliverable by deliverable, and those that are the same in both give no report. Files of the same
    /// digest are not opened; what the store lacks is read from the Hub by ranges.
    ///
    /// - Throws: `Failure` with code `usage` when the sides do not go together; what kept it from looking.
    package func run(
        _ before: DiffSide?, _ after: DiffSide?, options: Comparison.Options = Comparison.Options()
    ) async throws -> [DriftReport] {
        let builder = try SnapshotBuilder(session, project)
        if case .lock(let file, nil)? = before, let second = try wholeLock(after) {
            return try await run(
                from: try DiffOperation.lock(at: file), to: second, projects: projects(before) + projects(after),
                options: options
            ).map(\.report)
        }
        if before == nil, case .lock(let file, nil)? = after {
            return try await run(
                from: try project.lock(), to: try DiffOperation.lock(at: file), projects: projects(after),
                options: options
            ).map(\.report)
        }
        switch (before, after) {
        case (nil, nil):
            var reports: [DriftReport] = []
            for locked in try project.lock().deliverables {
                reports.append(try await againstUpstream(locked, builder, options))
            }
            return reports
        case (.locked(let name)?, nil), (nil, .upstream(let name)?):
            return [try await againstUpstream(try SnapshotBuilder.find(name, in: try project.lock()), builder, options)]
        case (.target(let target)?, nil):
            guard case .deliverable(let name, nil) = target.place else {
                return [try await compare(.locked(try onlyDeliverable()), before, builder, options)]
            }
            return [try await againstUpstream(try SnapshotBuilder.find(name, in: try project.lock()), builder, options)]
        case (.lock(_, .some(let name))?, nil):
            return [try await compare(before, .locked(name), builder, options)]
        case (nil, let after?): return [try await compare(.locked(try onlyDeliverable()), after, builder, options)]
        default: return [try await compare(before, after, builder, options)]
        }
    }

    /// Compares two locks deliverable by deliverable; those that ask for and hold the same give no report.
    ///
    /// - Parameter projects: where files of theirs may be, beside this project's directory.
    package func run(
        from old: Lock, to new: Lock, projects: [FilePath] = [], options: Comparison.Options = Comparison.Options()
    ) async throws -> [(name: DeliverableName, report: DriftReport)] {
        let builder = try SnapshotBuilder(session, project)
        let projects = [project.directory] + projects
        var reports: [(DeliverableName, DriftReport)] = []
        for name in Set(old.deliverables.map(\.name)).union(new.deliverables.map(\.name)).sorted() {
            let (before, after) = (old.deliverable(name), new.deliverable(name))
            if before.map(DiffOperation.decision) == after.map(DiffOperation.decision) { continue }
            var left =
                before.map { SnapshotBuilder.locked($0, label: name.description, projects: projects) }
                ?? SnapshotDraft(label: "nothing")
            var right =
                after.map { SnapshotBuilder.locked($0, label: name.description, projects: projects) }
                ?? SnapshotDraft(label: "nothing")
            if let before, after == nil { right.changes.append(IdentityChanges.removed(before)) }
            if let after, before == nil { right.changes.append(IdentityChanges.added(after)) }
            let isWhole = before != nil && after != nil
            reports.append((name, try await report(&left, &right, builder, options, comparesFiles: isWhole)))
        }
        return reports
    }

    private static func decision(_ locked: LockedDeliverable) -> LockedDeliverable {
        locked.with(tensors: nil, scan: nil, replacements: [])
    }

    // MARK: Sides

    /// The second of two whole locks: a file, or the project's when nothing is said.
    private func wholeLock(_ side: DiffSide?) throws(Failure) -> Lock? {
        switch side {
        case .lock(let file, nil)?: try DiffOperation.lock(at: file)
        case nil: try project.lock()
        default: nil
        }
    }

    /// The directory that a lock file lies in: it may be that of another checkout of the project, with its own files.
    private func projects(_ side: DiffSide?) -> [FilePath] {
        guard case .lock(let file, _)? = side else { return [] }
        return [file.removingLastComponent()]
    }

    private func label(_ file: FilePath) -> String { Escaped(file.string, limit: 1024).description }

    private static func lock(at file: FilePath) throws(Failure) -> Lock {
        let bytes = try FileSystem.read(file, limit: Project.maximumLockSize)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .lockFile, "`\(Escaped(file.string, limit: 1024))` is not UTF-8 text", hint: "take it from git")
        }
        return try Lock.parse(text, file: Escaped(file.string, limit: 1024).description)
    }

    private func onlyDeliverable() throws(Failure) -> DeliverableName {
        let lock = try project.lock()
        guard lock.deliverables.count == 1, let only = lock.deliverables.first else {
            throw DiffOperation.several(lock, "the lock")
        }
        return only.name
    }

    private static func several(_ lock: Lock, _ what: String) -> Failure {
        Failure(
            .usage, "\(what) has \(lock.deliverables.count) deliverables, and one was meant",
            hint: "name one: " + lock.deliverables.map(\.name.description).joined(separator: ", "))
    }

    private func draft(_ side: DiffSide, _ builder: SnapshotBuilder) async throws -> SnapshotDraft {
        switch side {
        case .target(let target): return try await builder.target(target)
        case .locked(let name):
            return SnapshotBuilder.locked(
                try SnapshotBuilder.find(name, in: try project.lock()), label: name.description,
                projects: [project.directory])
        case .upstream(let name):
            return try await builder.upstream(
                of: try SnapshotBuilder.find(name, in: try project.lock()), label: name.description)
        case .lock(let file, let name):
            let lock = try DiffOperation.lock(at: file)
            let found: LockedDeliverable
            if let name {
                found = try SnapshotBuilder.find(name, in: lock)
            } else if lock.deliverables.count == 1, let only = lock.deliverables.first {
                found = only
            } else {
                throw DiffOperation.several(lock, "`\(label(file))`")
            }
            return SnapshotBuilder.locked(
                found, label: found.name.description, projects: projects(side) + [project.directory])
        }
    }

    // MARK: Comparing

    private func againstUpstream(
        _ locked: LockedDeliverable, _ builder: SnapshotBuilder, _ options: Comparison.Options
    ) async throws -> DriftReport {
        var before = SnapshotBuilder.locked(
            locked, label: locked.name.description, projects: [project.directory])
        var after = try await builder.upstream(of: locked, label: locked.name.description)
        return try await report(&before, &after, builder, options)
    }

    private func compare(
        _ before: DiffSide?, _ after: DiffSide?, _ builder: SnapshotBuilder, _ options: Comparison.Options
    ) async throws -> DriftReport {
        guard let before, let after else { throw Failure(.usage, "two sides are needed") }
        var left = try await draft(before, builder)
        var right = try await draft(after, builder)
        // Two files that the user names are compared with each other, whatever they are called.
        if left.isSingleFile, right.isSingleFile, let one = left.files.first, let two = right.files.first {
            right.files = [two.renamed(one.role, one.path)]
        }
        return try await report(&left, &right, builder, options)
    }

    /// Compares two sides, and adds what the files cannot show.
    private func report(
        _ before: inout SnapshotDraft, _ after: inout SnapshotDraft, _ builder: SnapshotBuilder,
        _ options: Comparison.Options, comparesFiles: Bool = true
    ) async throws -> DriftReport {
        let unlisted = before.unlisted.union(after.unlisted)
        before.files.removeAll { unlisted.contains($0.role) }
        after.files.removeAll { unlisted.contains($0.role) }
        if comparesFiles { try await SnapshotDraft.complete(&before, &after, session) }
        let left = before.snapshot(session, builder.hub)
        let right = after.snapshot(session, builder.hub)
        let found = comparesFiles ? try await compare(left, right, options) : nil
        return DriftReport(
            before: DriftReport.Side(left), after: DriftReport.Side(right),
            changes: before.changes + after.changes + (found?.changes ?? []),
            unchecked: before.unchecked + after.unchecked + (found?.unchecked ?? []), sameFiles: found?.sameFiles ?? 0,
            differentFiles: found?.differentFiles ?? max(before.files.count, after.files.count),
            defaults: found?.defaults ?? [])
    }

    /// Compares two sides and says how far it is. Its length is that of the weights on this machine that are not the same on both
    /// sides: what is read of others is too little to wait for.
    private func compare(
        _ before: Snapshot, _ after: Snapshot, _ options: Comparison.Options
    ) async throws -> DriftReport {
        let both = Set(before.files.compactMap(\.state.sha256)).intersection(after.files.compactMap(\.state.sha256))
        var total = ByteCount.zero
        for side in [before, after] {
            for file in side.files
            where file.component == .weights && file.state.sha256.map(both.contains) != true
                && side.reader.localPath(of: file) != nil
            {
                total = total + file.state.size
            }
        }
        guard total > .zero else { return try await Comparison(before, after, options: options).run() }
        session.emit(.began("comparing", total: total))
        defer { session.emit(.ended) }
        let left = Mutex(total.value)
        var options = options
        let listener = options.progress
        options.progress = { count in
            let step = left.withLock { left in
                let step = min(left, Int64(count))
                left -= step
                return step
            }
            session.emit(.advanced(step))
            return listener(count)
        }
        return try await Comparison(before, after, options: options).run()
    }
}

extension SnapshotDraft.File {
    /// The same content in another place.
    fileprivate func renamed(_ role: SourceRole, _ path: RelativePath) -> SnapshotDraft.File {
        SnapshotDraft.File(
            role: role, path: path, size: size, git: git, sha256: sha256, place: place, tensors: tensors)
    }
}
