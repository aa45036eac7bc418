// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
internal import Evidence

/// `weighlock lock`: resolves what the manifest asks for and the lock does not have yet.
package struct LockOperation: Sendable {
    /// What came of it.
    package struct Outcome: Sendable {
        /// The lock that is in force now, or would be.
        package let lock: Lock
        /// Whether it differs from the one before.
        package let isChanged: Bool
        /// The deliverables that are new, changed or gone.
        package let changed: [DeliverableName]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Resolves, and writes the lock unless `check` is true or nothing changed.
    package func run(check: Bool) async throws -> Outcome {
        let manifest = try project.manifest()
        let current = try project.lockIfPresent()
        let resolver = Resolver(
            session: session, hub: try session.hub(for: manifest), project: project, current: current)
        let lock = try await resolver.resolve(manifest, updating: [])
        try manifest.policy.checkLicenses(lock)
        let isChanged = lock != current
        if isChanged, !check {
            try await project.commit(lock, replacing: current, action: .lock, reason: nil, settings: session.settings)
        }
        return Outcome(lock: lock, isChanged: isChanged, changed: LockOperation.changes(from: current, to: lock))
    }

    static func changes(from old: Lock?, to new: Lock) -> [DeliverableName] {
        let names = Set(new.deliverables.map(\.name)).union(old?.deliverables.map(\.name) ?? [])
        return names.filter { new.deliverable($0) != old?.deliverable($0) }.sorted()
    }

    /// Why a lock does not fit a manifest: one line for each difference; nothing when it fits. Asks nobody.
    package static func misfits(_ lock: Lock, _ manifest: Manifest) -> [String] {
        var lines: [String] = []
        for wanted in manifest.deliverables {
            guard let locked = lock.deliverable(wanted.name) else {
                lines.append("`\(wanted.name)` is not in the lock")
                continue
            }
            for source in wanted.sources where locked.source(source.role)?.request != source.request {
                lines.append(
                    "`\(wanted.name)`: `\(source.role)` is locked differently from what weighlock.yaml asks for")
            }
            for source in locked.sources where wanted.request(for: source.role) == nil {
                lines.append("`\(wanted.name)`: `\(source.role)` is locked and not in weighlock.yaml")
            }
            if locked.launch != wanted.launch { lines.append("`\(wanted.name)`: `launch` is locked differently") }
        }
        for locked in lock.deliverables where manifest.deliverable(locked.name) == nil {
            lines.append("`\(locked.name)` is locked and not in weighlock.yaml")
        }
        return lines
    }

    /// The lock in force, after checking that it fits the manifest when there is one.
    ///
    /// - Throws: `Failure` with code `lockOutdated`.
    static func fitting(_ project: Project) throws(Failure) -> (lock: Lock, manifest: Manifest?) {
        let manifest = try project.manifestIfPresent()
        let lock = try project.lock()
        let misfits = manifest.map { LockOperation.misfits(lock, $0) } ?? []
        guard misfits.isEmpty else {
            throw Failure(
                .lockOutdated, "`\(Lock.fileName)` does not fit `\(Manifest.fileName)`", hint: "run `weighlock lock`",
                details: misfits)
        }
        return (lock, manifest)
    }
}
