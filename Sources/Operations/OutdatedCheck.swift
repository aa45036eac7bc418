// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
package import Drift
internal import Origins

/// `weighlock outdated`: has the entry drifted from the lock? Writes nothing and downloads no file.
package struct OutdatedCheck: Sendable {
    /// What became of one locked source.
    package enum Status: Sendable {
        /// The name still means the locked commit.
        case current
        /// The name means another commit.
        case moved(SourceDrift)
        /// The name cannot be followed any more: gone, gated, disabled, or the revision was deleted.
        case unavailable(Failure)
    }

    /// One locked source.
    package struct Finding: Sendable {
        /// The deliverable.
        package let deliverable: DeliverableName
        /// The locked source.
        package let source: LockedSource
        /// What became of it.
        package let status: Status
        /// The repository's name now, when it was renamed.
        package let renamedTo: String?
        /// Whether the locked commit itself is gone: the history was rewritten.
        package let isHistoryRewritten: Bool
        /// Whether files may be asked for only after accepting conditions.
        package let isGated: Bool

        /// Whether there is anything to report.
        package var isDrift: Bool {
            if case .current = status { return renamedTo != nil || isHistoryRewritten }
            return true
        }
    }

    /// What stands for drift, as opposed to not having been able to look.
    private static let answers: Set<Failure.Code> = [
        .repositoryNotFound, .repositoryGated, .repositoryDisabled, .revisionNotFound,
    ]

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Asks what each name means now; with `names`, only those of these deliverables.
    ///
    /// - Throws: what kept it from looking: it never says "current" of what was not checked.
    package func run(_ names: [DeliverableName]) async throws -> [Finding] {
        let lock = try project.lock()
        let hub = try session.hub(for: try project.manifestIfPresent())
        for name in names where lock.deliverable(name) == nil { throw OutdatedCheck.unknown(name, lock) }
        var findings: [Finding] = []
        for deliverable in lock.deliverables where names.isEmpty || names.contains(deliverable.name) {
            for source in deliverable.sources { findings.append(try await check(deliverable.name, source, hub)) }
        }
        return findings
    }

    static func unknown(_ name: DeliverableName, _ lock: Lock) -> Failure {
        Failure(
            .usage, "the lock has no deliverable `\(name)`",
            hint: lock.deliverables.isEmpty
                ? "run `weighlock add`" : "it has: " + lock.deliverables.map(\.name.description).joined(separator: ", ")
        )
    }

    private func check(_ name: DeliverableName, _ source: LockedSource, _ hub: Hub) async throws -> Finding {
        let request = source.request
        func finding(_ status: Status, _ now: HubRevision?, rewritten: Bool) -> Finding {
            Finding(
                deliverable: name, source: source, status: status, renamedTo: now?.name, isHistoryRewritten: rewritten,
                isGated: now?.isGated ?? false)
        }
        let now: HubRevision
        do { now = try await hub.resolve(request.repository, request.revision) } catch let failure as Failure
            where OutdatedCheck.answers.contains(failure.code)
        {
            return finding(.unavailable(failure), nil, rewritten: false)
        }
        if now.commit == source.commit { return finding(.current, now, rewritten: false) }
        let drift = try await OutdatedCheck.drift(
            source, now.commit, now.date.flatMap(LockedSource.normalisedDate), hub)
        return finding(.moved(drift), now, rewritten: try await isGone(source, hub))
    }

    /// Whether the locked commit can no longer be named: a force push or a squash removed it.
    private func isGone(_ source: LockedSource, _ hub: Hub) async throws -> Bool {
        do {
            _ = try await hub.resolve(source.request.repository, Revision(source.commit))
            return false
        } catch let failure as Failure where failure.code == .revisionNotFound { return true }
    }

    static func drift(
        _ source: LockedSource, _ commit: GitObjectID, _ date: String?, _ hub: Hub
    ) async throws -> SourceDrift {
        guard source.role != .base else { return SourceDrift(source, now: commit, date: date, files: []) }
        let entries = try await hub.files(source.request.repository, at: commit).filter {
            source.request.selects($0.path)
        }
        return SourceDrift(
            source, now: commit, date: date,
            files: entries.map { ($0.path, FileState(size: $0.size, git: $0.git, sha256: $0.sha256)) })
    }
}
