// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
internal import Drift
internal import Evidence
package import SystemPackage

/// `weighlock update --apply`: brings into force exactly what a plan holds. Asks no Hub and resolves no name.
package struct UpdateFromPlan: Sendable {
    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// What came of it.
    package struct Outcome: Sendable {
        /// The plan.
        package let plan: UpdatePlan
        /// The lock that is in force now.
        package let lock: Lock
        /// Whether the plan had been applied before: then nothing was written.
        package let wasInForce: Bool
    }

    /// Checks the plan, lets `accept` decide, and writes the lock. `accept` gets the plan and the classes that the manifest's
    /// policy accepts.
    ///
    /// - Throws: `Failure` with code `mismatch` when the plan was altered, `refused` when another lock is in force than the plan
    ///   starts from or the policy forbids it, `lockOutdated` when the manifest asks for something else by now; what `accept`
    ///   throws. Then nothing was written.
    package func run(
        _ file: FilePath, reason: String?, accept: (UpdatePlan, [String]?) async throws -> Bool
    ) async throws -> Outcome {
        let plan = try UpdatePlan.read(file)
        let current = try project.lock()
        if current.digest == plan.lock.digest { return Outcome(plan: plan, lock: current, wasInForce: true) }
        guard current.digest == plan.from else {
            throw Failure(
                .refused, "the plan starts from another lock than the one in force: nothing was written",
                hint:
                    "somebody changed `\(Lock.fileName)` since the review: make the plan anew with `weighlock update --plan FILE`",
                details: ["expected: \(plan.from)", "found:    \(current.digest)"])
        }
        let manifest = try project.manifest()
        let misfits = LockOperation.misfits(plan.lock, manifest)
        guard misfits.isEmpty else {
            throw Failure(
                .lockOutdated, "the plan does not fit `\(Manifest.fileName)`: nothing was written",
                hint:
                    "the manifest was changed since the review: make the plan anew with `weighlock update --plan FILE`",
                details: misfits)
        }
        try manifest.policy.checkLicenses(plan.lock)
        try checkCooldown(plan, manifest.policy)
        guard try await accept(plan, manifest.policy.accept) else {
            throw Failure(.declined, "the plan was not accepted: nothing was written")
        }
        // What has been found out since about bytes that both locks have is still true.
        let lock = Lock(
            deliverables: plan.lock.deliverables.map { $0.adoptingKnowledge(of: current.deliverable($0.name)) })
        try Task.checkCancellation()
        try await project.commit(
            lock, replacing: current, action: .update, reason: reason,
            review: HistoryEntry.Review(from: current.digest, accepted: plan.classes.decisive),
            settings: session.settings)
        return Outcome(plan: plan, lock: lock, wasInForce: false)
    }

    /// The cool-down may have been made longer since the review.
    private func checkCooldown(_ plan: UpdatePlan, _ policy: Policy) throws(Failure) {
        guard let cooldown = policy.cooldown, let now = Timestamp(session.settings.now()) else { return }
        for entry in plan.entries {
            for source in entry.sources where source.before != source.after {
                guard let date = plan.lock.deliverable(entry.name)?.source(source.role)?.date,
                    let made = Timestamp(date),
                    now.seconds - made.seconds < cooldown.components.seconds
                else { continue }
                throw Failure(
                    .refused, "`\(source.repository)` at `\(source.revision)` is too young: it was made at \(date)",
                    hint: "apply the plan later; `policy.cooldown` forbids younger revisions")
            }
        }
    }
}
