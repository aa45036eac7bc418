// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import Evidence
internal import Operations
internal import SystemPackage

/// The documents that `--json` prints. Each begins with `schema`, whose number changes when a field changes its meaning or
/// goes away; fields may be added. They are described in docs/reference/json.md.
enum JSON {
    static func document(_ name: String, _ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object([.init("schema", .string("weighlock/\(name)/1"))] + (JSONValue.object(members).members ?? []))
    }

    static func error(_ failure: any Diagnosable) -> JSONValue {
        document(
            "error",
            [
                "code": .string(failure.code.rawValue), "message": .string(failure.message),
                "hint": failure.hint.map { .string($0) },
                "details": .array(failure.details.map { .string($0) }),
            ])
    }

    static func lock(_ outcome: LockOperation.Outcome) -> JSONValue {
        document(
            "lock",
            [
                "changed": .bool(outcome.isChanged), "identity": digest(outcome.lock.identity),
                "deliverables": .array(
                    outcome.lock.deliverables.map { deliverable($0, isChanged: outcome.changed.contains($0.name)) }),
                "removed": .array(
                    outcome.changed.filter { outcome.lock.deliverable($0) == nil }.map { .string($0.description) }),
            ])
    }

    private static func deliverable(_ locked: LockedDeliverable, isChanged: Bool) -> JSONValue {
        .object([
            "name": .string(locked.name.description), "changed": .bool(isChanged), "identity": digest(locked.identity),
            "behaviour": digest(locked.behaviour),
            "sources": .array(
                locked.sources.map { source in
                    .object([
                        "role": .string(source.role.description),
                        "repository": .string(source.request.repository.description),
                        "revision": .string(source.request.revision.description),
                        "commit": .string(source.commit.description),
                        "date": source.date.map { .string($0) }, "files": .integer(Int64(source.files.count)),
                        "size": .integer(source.size.value),
                    ])
                }),
        ])
    }

    static func plan(_ steps: [SyncStep]) -> JSONValue {
        document(
            "sync-plan",
            [
                "steps": .array(
                    steps.map { step in
                        .object([
                            "action": .string(step.kind.word), "repository": .string(step.repository.description),
                            "commit": .string(step.commit.description), "path": .string(step.file.path.description),
                            "size": .integer(step.file.size.value), "sha256": digest(step.file.sha256),
                        ])
                    })
            ])
    }

    static func sync(_ outcome: Sync.Outcome) -> JSONValue {
        document(
            "sync",
            [
                "identity": digest(outcome.identity), "files": .integer(Int64(outcome.files)),
                "size": .integer(outcome.total.value),
                "fetched": .integer(outcome.fetched.value), "adopted": .integer(outcome.adopted.value),
                "healed": .array(outcome.healed.map { .string($0.description) }),
                "views": .array(outcome.views.map { .string($0.string) }),
                "completed": .array(outcome.completed.map { .string($0.description) }),
            ])
    }

    static func verification(_ report: Verification.Report, deep: Bool) -> JSONValue {
        document(
            "verify",
            [
                "ok": .bool(report.problems.isEmpty), "deep": .bool(deep), "identity": digest(report.identity),
                "files": .integer(Int64(report.files)), "size": .integer(report.total.value),
                "read": .integer(Int64(report.read)),
                "problems": .array(
                    report.problems.map { problem in
                        .object([
                            "kind": .string(problem.kind.rawValue),
                            "deliverable": problem.deliverable.map { .string($0.description) },
                            "place": .string(problem.place), "reason": .string(problem.reason),
                            "details": .array(problem.details.map { .string($0) }),
                        ])
                    }),
            ])
    }

    static func outdated(_ findings: [OutdatedCheck.Finding], _ summaries: [OutdatedCheck.Summary]) -> JSONValue {
        document(
            "outdated",
            [
                "drift": .bool(findings.contains(where: \.isDrift)),
                "deliverables": .array(
                    summaries.map { summary in
                        .object([
                            "name": .string(summary.deliverable.description),
                            "severity": summary.classes.severity.map { .string($0.rawValue) },
                            "behaviour": .string(summary.verdict.rawValue), "deep": .bool(summary.report != nil),
                            "classes": classes(summary.classes),
                            "report": summary.report.map { driftReport(DriftView($0)) },
                        ])
                    }),
                "sources": .array(
                    findings.map { finding in
                        var drift: SourceDrift?
                        var failure: Failure?
                        switch finding.status {
                        case .current: break
                        case .moved(let found): drift = found
                        case .unavailable(let found): failure = found
                        }
                        return .object([
                            "deliverable": .string(finding.deliverable.description),
                            "role": .string(finding.source.role.description),
                            "repository": .string(finding.source.request.repository.description),
                            "revision": .string(finding.source.request.revision.description),
                            "status": .string(finding.word), "locked": .string(finding.source.commit.description),
                            "now": drift.map { .string($0.after.description) }, "date": drift?.date.map { .string($0) },
                            "affects_behaviour": drift.map { .bool($0.affectsBehaviour) },
                            "renamed_to": finding.renamedTo.map { .string($0) },
                            "history_rewritten": .bool(finding.isHistoryRewritten), "gated": .bool(finding.isGated),
                            "error": failure.map { .string($0.code.rawValue) },
                            "changes": drift.map { .array($0.files.map(change)) },
                        ])
                    }),
            ])
    }

    static func classes(_ classes: ReviewClasses) -> JSONValue {
        .array(
            classes.entries.map { entry in
                .object([
                    "class": .string(entry.word), "severity": .string(entry.severity.rawValue),
                    "changes": .integer(Int64(entry.count)),
                ])
            })
    }

    static func update(_ review: Update.Review, isAccepted: Bool, plan: FilePath?) -> JSONValue {
        document(
            "update",
            [
                "accepted": .bool(isAccepted), "identity": digest(review.lock.identity),
                "to_fetch": .integer(review.toFetch.value), "classes": classes(review.classes),
                "plan": plan.map { .string($0.string) },
                "deliverables": .array(
                    review.changes.map { item in
                        .object([
                            "name": .string(item.deliverable.description), "behaviour_before": item.before.map(digest),
                            "behaviour_after": item.after.map(digest),
                            "sources": .array(
                                item.sources.map { drift in
                                    .object([
                                        "role": .string(drift.role.description),
                                        "repository": .string(drift.repository.description),
                                        "revision": .string(drift.revision.description),
                                        "before": .string(drift.before.description),
                                        "after": .string(drift.after.description),
                                        "changes": .array(drift.files.map(change)),
                                    ])
                                }),
                            "defaults": .array(
                                item.report.defaults.map { change in
                                    .object([
                                        "name": .string(change.name), "before": change.before?.value,
                                        "after": change.after?.value,
                                        "file": (change.after ?? change.before).map { .string($0.file.description) },
                                        "key": (change.after ?? change.before)?.key.map { .string($0) },
                                    ])
                                }),
                            "report": driftReport(DriftView(item.report)),
                        ])
                    }),
            ])
    }

    static func applied(_ outcome: UpdateFromPlan.Outcome) -> JSONValue {
        document(
            "update",
            [
                "accepted": .bool(!outcome.wasInForce), "identity": digest(outcome.lock.identity),
                "classes": classes(outcome.plan.classes),
                "deliverables": .array(outcome.plan.entries.map { .object(["name": .string($0.name.description)]) }),
            ])
    }

    private static func change(_ change: FileChange) -> JSONValue {
        .object([
            "change": .string(change.kind.rawValue), "path": .string(change.path.description),
            "former_path": change.formerPath.map { .string($0.description) },
            "component": .string(change.component.rawValue),
            "size_before": change.before.map { .integer($0.size.value) },
            "size_after": change.after.map { .integer($0.size.value) },
        ])
    }

    static func history(_ history: History, inForce: Digest?) -> JSONValue {
        document(
            "log",
            [
                "in_force": inForce.map(digest), "entries": .array(history.entries.map(entry)),
            ])
    }

    static func entry(_ entry: HistoryEntry) -> JSONValue {
        .object([
            "sequence": .integer(Int64(entry.sequence)), "time": .string(entry.time),
            "action": .string(entry.action.rawValue),
            "author": .string(entry.author), "reason": entry.reason.map { .string($0) }, "from": entry.from.map(digest),
            "accepted": entry.accepted.map { .array($0.map { .string($0) }) }, "lock": digest(entry.lock),
            "identity": digest(entry.identity),
        ])
    }

    static func digest(_ digest: Digest) -> JSONValue { .string(digest.description) }
}
