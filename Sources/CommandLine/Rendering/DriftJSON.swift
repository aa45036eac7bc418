// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import Safetensors

/// The document `weighlock/diff/1`: docs/formats/diff-json.md and docs/schemas/weighlock-diff-1.json describe it.
package enum DriftJSON {
    /// The text of the document, without a line end.
    package static func text(_ views: [DriftView]) -> String { JSON.diff(views).text() }
}

extension JSON {
    /// The reports with the changes that are listed; counts and verdicts are those of the whole.
    static func diff(_ views: [DriftView]) -> JSONValue {
        document("diff", ["reports": .array(views.map(driftReport))])
    }

    /// One report: also a part of other documents.
    static func driftReport(_ view: DriftView) -> JSONValue {
        let report = view.report
        return .object([
            "before": side(report.before), "after": side(report.after), "verdict": .string(report.verdict.rawValue),
            "headline": .string(view.headline), "severity": report.severity.map { .string($0.rawValue) },
            "counts": .object(
                DriftSeverity.allCases.map { JSONValue.Member($0.rawValue, .integer(Int64(view.count($0)))) }
                    + [JSONValue.Member("unchecked", .integer(Int64(report.unchecked.count)))]),
            "classes": .array(report.kinds.map { .string($0.rawValue) }),
            "same_files": .integer(Int64(report.sameFiles)), "different_files": .integer(Int64(report.differentFiles)),
            "changes": .array(view.changes.map(change)),
            "hidden": view.hidden > 0 ? .integer(Int64(view.hidden)) : nil,
            "unchecked": .array(
                report.unchecked.map { item in
                    .object([
                        "file": item.file.map { .string($0) }, "reason": .string(item.reason),
                        "hint": item.hint.map { .string($0) },
                    ])
                }),
            "defaults": .array(
                report.defaults.map { change in
                    .object([
                        "name": .string(change.name), "before": change.before.map(setting),
                        "after": change.after.map(setting),
                    ])
                }),
        ])
    }

    private static func side(_ side: DriftReport.Side) -> JSONValue {
        .object([
            "label": .string(side.label),
            "sources": .array(
                side.sources.map { source in
                    .object([
                        "role": .string(source.role.description),
                        "repository": source.repository.map { .string($0.description) },
                        "revision": source.revision.map { .string($0.description) },
                        "commit": source.commit.map { .string($0.description) },
                        "date": source.date.map { .string($0) },
                    ])
                }),
            "behaviour": side.behaviour.map(digest), "identity": side.identity.map(digest),
        ])
    }

    private static func setting(_ value: EffectiveDefault) -> JSONValue {
        .object([
            "value": value.value, "file": .string(value.file.description), "key": value.key.map { .string($0) },
        ])
    }

    private static func change(_ change: DriftChange) -> JSONValue {
        .object([
            "rule": .string(change.rule), "class": .string(change.kind.rawValue),
            "severity": .string(change.severity.rawValue), "component": .string(change.component.rawValue),
            "places": .array(
                change.places.map { .object(["file": .string($0.file), "key": $0.key.map { .string($0) }]) }),
            "summary": .string(change.summary), "consequence": change.consequence.map { .string($0) },
            "before": change.before, "after": change.after, "evidence": change.evidence.map(evidence),
        ])
    }

    // MARK: - What proves it

    private static func evidence(_ evidence: DriftEvidence) -> JSONValue {
        switch evidence {
        case .text(let diff): .object(["kind": "text", "diff": text(diff)])
        case .prompts(let prompts):
            .object([
                "kind": "prompts",
                "conversations": .array(
                    prompts.map { prompt in
                        .object([
                            "name": .string(prompt.conversation), "title": .string(prompt.title),
                            "before": outcome(prompt.before), "after": outcome(prompt.after), "diff": text(prompt.diff),
                        ])
                    }),
            ])
        case .tensors(let tensors): .object(["kind": "tensors", "tensors": .array(tensors.map(tensor))])
        case .vocabulary(let difference): vocabulary(difference)
        case .symbols(let symbols):
            .object([
                "kind": "symbols",
                "symbols": .array(
                    symbols.map {
                        .object([
                            "name": .string($0.name), "change": .string($0.kind.rawValue),
                            "line": .integer(Int64($0.line)),
                        ])
                    }),
            ])
        case .names(let added, let removed, let changed):
            .object([
                "kind": "names", "added": .array(added.map { .string($0) }),
                "removed": .array(removed.map { .string($0) }),
                "changed": .array(changed.map { .string($0) }),
            ])
        }
    }

    private static func text(_ diff: TextDiff) -> JSONValue {
        .object([
            "added": .integer(Int64(diff.added)), "removed": .integer(Int64(diff.removed)),
            "coarse": .bool(diff.isCoarse),
            "hunks": .array(
                diff.hunks.map { hunk in
                    .object([
                        "old_start": .integer(Int64(hunk.oldStart)), "old_count": .integer(Int64(hunk.oldCount)),
                        "new_start": .integer(Int64(hunk.newStart)), "new_count": .integer(Int64(hunk.newCount)),
                        "lines": .array(hunk.lines.map { .string(raw($0)) }),
                    ])
                }),
        ])
    }

    /// The line as a unified diff has it, byte for byte.
    private static func raw(_ line: TextDiff.Line) -> String {
        switch line {
        case .context(let text): " " + text
        case .removed(let text): "-" + text
        case .added(let text): "+" + text
        case .noLineEnd: line.unified()
        }
    }

    private static func outcome(_ outcome: DriftEvidence.PromptDifference.Outcome) -> JSONValue {
        switch outcome {
        case .prompt(let text): .object(["state": "prompt", "text": .string(text)])
        case .failed(let error): .object(["state": "failed", "error": .string(error)])
        case .absent: .object(["state": "absent"])
        }
    }

    private static func tensor(_ tensor: DriftEvidence.TensorDifference) -> JSONValue {
        func form(_ form: DriftEvidence.TensorDifference.Form) -> JSONValue {
            .object(["type": .string(form.type), "shape": .array(form.shape.map(number))])
        }
        return .object([
            "name": .string(tensor.name.string), "former_name": tensor.formerName.map { .string($0.string) },
            "change": .string(tensor.kind.rawValue), "before": tensor.before.map(form), "after": tensor.after.map(form),
            "distance": tensor.distance.map { distance in
                .object([
                    "maximum": .number(distance.maximum), "mean": .number(distance.mean),
                    "relative": .number(distance.relative), "share": .number(distance.share),
                    "non_finite": number(distance.nonFinite),
                ])
            },
        ])
    }

    private static func vocabulary(_ difference: DriftEvidence.VocabularyDifference) -> JSONValue {
        func token(_ token: DriftEvidence.VocabularyDifference.Token, now: Int64? = nil) -> JSONValue {
            .object(["token": .string(token.text), "id": .integer(token.id), "now": now.map { .integer($0) }])
        }
        return .object([
            "kind": "vocabulary", "added_count": .integer(Int64(difference.addedCount)),
            "removed_count": .integer(Int64(difference.removedCount)),
            "renumbered_count": .integer(Int64(difference.renumberedCount)),
            "added": .array(difference.added.map { token($0) }),
            "removed": .array(difference.removed.map { token($0) }),
            "renumbered": .array(difference.renumbered.map { token($0.token, now: $0.now) }),
        ])
    }
}
