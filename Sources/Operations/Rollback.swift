// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
package import Evidence
internal import FileIO
internal import Store

/// `weighlock rollback`: brings an earlier lock back into force, with its view, offline.
package struct Rollback: Sendable {
    /// What came of it.
    package struct Outcome: Sendable {
        /// The lock that is in force now.
        package let lock: Lock
        /// The entry of the history that it came from.
        package let entry: HistoryEntry
        /// Why the manifest does not fit it; empty when it does.
        package let misfits: [String]
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Goes back to the lock before the one in force, or to the one that `target` names: an entry's number, or the
    /// beginning of its lock's digest or identity.
    ///
    /// The view is laid out first: when the store lacks a blob nothing changes, unless `lockOnly` is true.
    package func run(to target: String?, reason: String?, lockOnly: Bool) async throws -> Outcome {
        let current = try project.lock()
        let history = try project.history()
        let entry = try choose(target, history, current)
        var lock = try history.lock(of: entry)
        let manifest = try project.manifestIfPresent()
        if !lockOnly {
            let held = try await session.holdStore()
            defer { withExtendedLifetime(held) {} }
            try checkBlobs(lock)
            lock = try await Sync.examine(lock, manifest, session, project)
            for part in Layout(
                lock, manifest, project: project.directory, home: session.settings.home, store: session.store
            ).parts {
                try await part.view.lay(part.snapshots)
            }
        }
        try await project.commit(
            lock, replacing: current, action: .rollback, reason: reason, settings: session.settings)
        return Outcome(lock: lock, entry: entry, misfits: manifest.map { LockOperation.misfits(lock, $0) } ?? [])
    }

    private func choose(_ target: String?, _ history: History, _ current: Lock) throws(Failure) -> HistoryEntry {
        guard let target else {
            guard let entry = history.previous(to: current.digest) else {
                throw Failure(
                    .usage, "there is no earlier lock to go back to", hint: "`weighlock log` shows the history")
            }
            return entry
        }
        let matches = history.entries.filter {
            String($0.sequence) == target
                || (target.utf8.count >= 6 && ("\($0.lock)".hasPrefix(target) || "\($0.identity)".hasPrefix(target)))
        }
        guard let entry = matches.last, Set(matches.map(\.lock)).count == 1 else {
            throw Failure(
                .usage, "`\(Escaped(target))` names \(matches.isEmpty ? "no entry" : "several entries") of the history",
                hint: "`weighlock log` shows their numbers")
        }
        guard entry.lock != current.digest else {
            throw Failure(.usage, "the lock of entry \(entry.sequence) is in force already")
        }
        return entry
    }

    private func checkBlobs(_ lock: Lock) throws(Failure) {
        var missing: [String] = []
        for source in lock.deliverables.flatMap(\.sources) {
            for file in source.files {
                switch try session.store.condition(of: file.sha256, size: file.size) {
                case .attested, .unattested: break
                case .missing, .wrongSize: missing.append("`\(file.path)` of `\(source.request.repository)`")
                }
            }
        }
        guard missing.isEmpty else {
            throw Failure(
                .missing, "the store does not have all of the earlier lock's files; nothing was changed",
                hint: "run `weighlock rollback --lock-only`, then `weighlock sync`", details: missing)
        }
    }
}
