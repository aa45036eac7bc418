// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
package import Drift
internal import Evidence
internal import Store

/// `weighlock update`: accepts what a name means now, after a review.
package struct Update: Sendable {
    /// What would change in one deliverable.
    package struct Change: Sendable {
        /// The deliverable.
        package let deliverable: DeliverableName
        /// Its sources that moved.
        package let sources: [SourceDrift]
        /// Its behaviour before.
        package let before: Digest?
        /// Its behaviour after.
        package let after: Digest?
        /// What changed in the terms of a model.
        package let report: DriftReport
    }

    /// What would change.
    package struct Review: Sendable {
        /// The deliverables that change.
        package let changes: [Change]
        /// The lock that it starts from.
        package let from: Lock
        /// The lock that would come into force.
        package let lock: Lock
        /// The bytes that the store does not have yet.
        package let toFetch: ByteCount
        /// The classes that changed in all deliverables together.
        package let classes: ReviewClasses
        /// The classes that the policy accepts; nil when it says nothing.
        package let policy: [String]?
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Resolves the names anew and shows what changes to `accept`; only when that returns true is the lock written.
    ///
    /// The old lock and its blobs stay, for `rollback`. With no names, all deliverables are updated.
    ///
    /// - Returns: the review, and whether the new lock is in force.
    package func run(
        _ names: [DeliverableName], reason: String?, dryRun: Bool, accept: (Review) async throws -> Bool
    ) async throws -> (review: Review, isAccepted: Bool) {
        let review = try await review(names)
        guard review.lock != review.from else { return (review, false) }
        guard !dryRun, try await accept(review) else { return (review, false) }
        try Task.checkCancellation()
        try await project.commit(
            review.lock, replacing: review.from, action: .update, reason: reason,
            review: HistoryEntry.Review(from: review.from.digest, accepted: review.classes.decisive),
            settings: session.settings)
        return (review, true)
    }

    /// Resolves the names anew and compares what they mean with the lock. Writes nothing but small files into the store.
    package func review(_ names: [DeliverableName]) async throws -> Review {
        let manifest = try project.manifest()
        let current = try project.lock()
        for name in names where manifest.deliverable(name) == nil { throw OutdatedCheck.unknown(name, current) }
        let updating = names.isEmpty ? Set(manifest.deliverables.map(\.name)) : Set(names)
        let resolver = Resolver(
            session: session, hub: try session.hub(for: manifest), project: project, current: current)
        let lock = try await resolver.resolve(manifest, updating: updating)
        try manifest.policy.checkLicenses(lock)
        return try await review(from: current, to: lock, manifest.policy)
    }

    private func review(from old: Lock, to new: Lock, _ policy: Policy) async throws -> Review {
        let reports = try await DiffOperation(session, project).run(from: old, to: new)
        let changes = reports.map { name, report -> Change in
            let (before, after) = (old.deliverable(name), new.deliverable(name))
            let drifts = (after?.sources ?? []).compactMap { source -> SourceDrift? in
                guard let locked = before?.source(source.role), locked.request.repository == source.request.repository
                else { return nil }
                let drift = SourceDrift(
                    locked, now: source.commit, date: source.date,
                    files: source.files.map { ($0.path, FileState(size: $0.size, git: $0.git, sha256: $0.sha256)) })
                return drift.isEmpty ? nil : drift
            }
            return Change(
                deliverable: name, sources: drifts, before: before?.behaviour, after: after?.behaviour,
                report: report)
        }
        return Review(
            changes: changes, from: old, lock: new, toFetch: try missing(new),
            classes: ReviewClasses(reports.map(\.report)),
            policy: policy.accept)
    }

    /// The bytes of a lock that the store does not have.
    private func missing(_ lock: Lock) throws(Failure) -> ByteCount {
        var toFetch = ByteCount.zero
        var seen: Set<Digest> = []
        for file in lock.deliverables.flatMap(\.sources).flatMap(\.files) where seen.insert(file.sha256).inserted {
            if try session.store.condition(of: file.sha256, size: file.size) == .missing {
                toFetch = toFetch + file.size
            }
        }
        return toFetch
    }
}
