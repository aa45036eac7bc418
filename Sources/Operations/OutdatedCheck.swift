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
    static let answers: Set<Failure.Code> = [
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

    /// What differs in one deliverable, in the classes of a review.
    package struct Summary: Sendable {
        /// The deliverable.
        package let deliverable: DeliverableName
        /// The classes, each with the worst that a change of it does or, when no file was read, can do.
        package let classes: ReviewClasses
        /// Whether an output can differ: `unknown` until files have been read, or when some could not be compared.
        package let verdict: DriftReport.Verdict
        /// The whole comparison, when files were read.
        package let report: DriftReport?
    }

    /// Sums findings up by deliverable. With `deep` the documents and the headers that changed are read, by ranges from the Hub:
    /// kilobytes, and no numbers; otherwise nothing is, and a file that changed counts as the worst that its component can do.
    package func summaries(_ findings: [Finding], deep: Bool) async throws -> [Summary] {
        var names: [DeliverableName] = []
        for finding in findings where !names.contains(finding.deliverable) { names.append(finding.deliverable) }
        var summaries: [Summary] = []
        for name in names {
            let own = findings.filter { $0.deliverable == name }
            guard deep, own.contains(where: \.isDrift) else {
                summaries.append(OutdatedCheck.summary(name, own))
                continue
            }
            var options = Comparison.Options()
            options.measures = false
            let reports = try await DiffOperation(session, project).run(
                .locked(name), .upstream(name), options: options)
            guard let report = reports.first else { continue }
            summaries.append(
                Summary(deliverable: name, classes: ReviewClasses([report]), verdict: report.verdict, report: report))
        }
        return summaries
    }

    private static func summary(_ name: DeliverableName, _ findings: [Finding]) -> Summary {
        var classes = ReviewClasses([ReviewClasses.Entry]())
        for finding in findings {
            switch finding.status {
            case .current: break
            case .moved(let drift): classes = classes + ReviewClasses(files: drift.files)
            case .unavailable: classes = classes + ReviewClasses.identity(.breaking)
            }
            if finding.renamedTo != nil || finding.isHistoryRewritten {
                classes = classes + ReviewClasses.identity(.security)
            }
        }
        // What a name means that cannot be followed is not known either.
        let isUnknown =
            findings.contains { if case .unavailable = $0.status { true } else { false } }
            || classes.entries.contains { $0.severity == .behaviour }
        return Summary(deliverable: name, classes: classes, verdict: isUnknown ? .unknown : .unchanged, report: nil)
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
