// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors

/// Says in words what the comparison of two sets of weights has shown.
struct WeightChanges {
    private typealias Place = DriftChange.Place
    private let outcome: SetOutcome
    /// What stands in front of each consequence; for a copy that programs load from now on.
    private let lead: String?

    init(_ outcome: SetOutcome, lead: String? = nil) { (self.outcome, self.lead) = (outcome, lead) }

    /// The changes, and what was not looked at.
    var findings: Comparison.Findings {
        var findings = Comparison.Findings()
        findings.unchecked = outcome.unchecked
        if outcome.isEqual {
            if let change = WeightPackaging(outcome).equalChange { findings.changes.append(change) }
        } else {
            let ordered: [SetOutcome.Kind] = [.removed, .reshaped, .renamed, .changed, .requantised, .cast, .added]
            for kind in ordered {
                if let group = outcome.groups[kind] { findings.changes.append(change(kind, group)) }
            }
            findings.changes += [unread, foreign, repeated].compactMap { $0 }
            if let change = WeightPackaging(outcome).accompanyingChange { findings.changes.append(change) }
            if let unchecked = notCompared { findings.unchecked.append(unchecked) }
        }
        findings.changes += WeightPackaging(outcome).metadataChanges
        return findings
    }

    // MARK: - Tensors

    private func change(_ kind: SetOutcome.Kind, _ group: DifferenceGroup) -> DriftChange {
        switch kind {
        case .changed: changed(group)
        case .cast: cast(group)
        case .requantised: requantised(group)
        case .reshaped: reshaped(group)
        case .removed: removed(group)
        case .added: added(group)
        case .renamed: renamed(group)
        }
    }

    private func change(
        _ rule: String, _ severity: DriftSeverity, _ group: DifferenceGroup, _ summary: String, _ consequence: String?,
        isGone: Bool = false, before: JSONValue? = nil, after: JSONValue? = nil
    ) -> DriftChange {
        let key = group.count == 1 ? group.kept.first?.name.string : nil
        var places = (isGone ? outcome.restBefore : outcome.restAfter).prefix(20).map { Place($0.name, key) }
        if places.isEmpty { places = (isGone ? outcome.before : outcome.after).places(key) }
        let text = [lead, consequence].compactMap { $0 }.joined(separator: "; ")
        return DriftChange(
            rule, .weights, severity, .weights, places, summary, consequence: text.isEmpty ? nil : text, before: before,
            after: after, evidence: group.evidence)
    }

    /// `12 of 103 tensors`.
    private func share(_ count: Int, ofBefore: Bool = false) -> String {
        let total =
            ofBefore ? (outcome.before.index?.content.map.tensors.count ?? outcome.tensorsBefore) : outcome.total.count
        guard total >= count, total > 0 else { return Figures.count(count, "tensor") }
        let isPart = !ofBefore && outcome.total.isOfChangedFiles
        return "\(count) of \(Figures.count(total, "tensor"))\(isPart ? " in the files that changed" : "")"
    }

    private func names(_ group: DifferenceGroup) -> String {
        let shown = group.kept.prefix(3).map { "`\($0.name)`" }
        return group.count > shown.count
            ? shown.joined(separator: ", ") + " and \(group.count - shown.count) more" : shown.joined(separator: ", ")
    }

    /// How far the worst tensor moved.
    private func distance(_ group: DifferenceGroup) -> String {
        guard let worst = group.worst, let distance = worst.distance else { return ": \(names(group))" }
        let figures =
            "max |Δ| \(Figures.text(distance.maximum)), relative \(Figures.text(distance.relative)), "
            + "\(Figures.share(distance.share)) of its elements"
        return group.count == 1 ? ": `\(worst.name)`, \(figures)" : ", the most `\(worst.name)`: \(figures)"
    }

    private func changed(_ group: DifferenceGroup) -> DriftChange {
        var notes: [String] = []
        if group.onlyBits == group.count {
            notes.append(
                outcome.after.container == .gguf
                    ? "no number is another one: the same numbers are written otherwise"
                    : "no number is another one: only signs of zeros or bits of not-a-numbers differ")
        } else if let note = unmeasured(group) {
            notes.append(note)
        }
        if !group.retypings.isEmpty {
            notes.append("among them other types, \(group.retypingText): a cast or not was not looked at")
        }
        notes += nonFinite(group)
        if notes.isEmpty { notes.append("outputs can differ") }
        return change(
            "weights-changed", .behaviour, group, "\(share(group.count)) changed\(distance(group))",
            notes.joined(separator: "; "))
    }

    private func unmeasured(_ group: DifferenceGroup) -> String? {
        guard group.measured < group.count else { return nil }
        let which = group.measured == 0 ? "they are" : "\(group.count - group.measured) of them are"
        return "how far \(which) apart was not measured"
    }

    private func nonFinite(_ group: DifferenceGroup) -> [String] {
        let count = group.kept.reduce(0 as UInt64) { $0 &+ ($1.distance?.nonFinite ?? 0) }
        return count > 0 ? ["\(count) numbers on either side are infinite or not a number"] : []
    }

    private func cast(_ group: DifferenceGroup) -> DriftChange {
        let isLossless = group.lossless == group.count
        var summary = "\(share(group.count)) cast from \(group.retypingText)"
        var consequence: String
        if isLossless {
            summary += ", every number kept"
            consequence = "the numbers are the same; programs may compute in the new type"
        } else {
            summary += ", rounded to the nearest"
            if let worst = group.worst?.distance {
                summary += ": max |Δ| \(Figures.text(worst.maximum)), relative \(Figures.text(worst.relative))"
            }
            consequence = "each number is the nearest one of the new type; outputs differ by rounding"
        }
        if group.overflows > 0 {
            summary += "; \(group.overflows) numbers became infinite"
            consequence = "numbers that the new type cannot hold became infinite: outputs can be not a number"
        }
        let types = group.retypings.count == 1 ? group.retypings.keys.first : nil
        return change(
            "weights-cast", group.overflows > 0 ? .breaking : .behaviour, group, summary, consequence,
            before: types.map { .string($0.before) }, after: types.map { .string($0.after) })
    }

    private func requantised(_ group: DifferenceGroup) -> DriftChange {
        let isGGUF = outcome.after.container == .gguf
        let histogram = isGGUF ? outcome.histograms : nil
        return change(
            isGGUF ? "gguf-requantised" : "weights-changed", .behaviour, group,
            "\(share(group.count)) have another type and other numbers: \(group.retypingText)"
                + (group.worst == nil ? "" : distance(group)),
            [
                isGGUF
                    ? "the model was quantised anew: every output can differ"
                    : "this is no cast by rounding to the nearest: the numbers were computed anew", unmeasured(group),
            ].compactMap { $0 }.joined(separator: "; "),
            before: histogram.map { WeightChanges.json($0.before) },
            after: histogram.map { WeightChanges.json($0.after) })
    }

    private static func json(_ histogram: [String: Int]) -> JSONValue {
        .object(
            histogram.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { JSONValue.Member($0.key, .integer(Int64($0.value))) })
    }

    private func reshaped(_ group: DifferenceGroup) -> DriftChange {
        let shown = group.kept.prefix(3).map { difference in
            "`\(difference.name)` \(WeightChanges.shape(difference.before)) → \(WeightChanges.shape(difference.after))"
        }
        return change(
            "weights-reshaped", .breaking, group,
            "\(share(group.count)) \(group.count == 1 ? "has" : "have") another shape: "
                + Figures.list(Array(shown), limit: 3) + (group.count > 3 ? " and \(group.count - 3) more" : ""),
            outcome.onlyShape == group.count
                ? "every number is the same; a program that checks shapes refuses to load them"
                : "a program that expects the old shape refuses to load them")
    }

    private static func shape(_ form: DriftEvidence.TensorDifference.Form?) -> String {
        "[" + (form?.shape.prefix(8).map(String.init).joined(separator: ", ") ?? "") + "]"
    }

    private func removed(_ group: DifferenceGroup) -> DriftChange {
        let isTied = outcome.tied == group.count
        var notes: [String] = []
        if let tie = outcome.tie {
            notes.append(
                "the numbers of \(isTied ? "all of them" : "\(outcome.tied)") are still there under another name (`\(tie.gone)` is `\(tie.stays)`): tied weights"
            )
        }
        if !isTied { notes.append("a program that needs them fails, or fills in numbers of its own") }
        return change(
            "weights-removed", isTied ? .behaviour : .breaking, group,
            "\(share(group.count, ofBefore: true)) \(group.count == 1 ? "is" : "are") gone: \(names(group))",
            notes.joined(separator: "; "), isGone: true)
    }

    private func added(_ group: DifferenceGroup) -> DriftChange {
        change(
            "weights-added", .behaviour, group,
            "\(share(group.count)) \(group.count == 1 ? "is" : "are") new: \(names(group))",
            "a program that knows them computes with them")
    }

    private func renamed(_ group: DifferenceGroup) -> DriftChange {
        let change = outcome.substitution
        let example = group.kept.first.map { "`\($0.formerName ?? $0.name)` → `\($0.name)`" } ?? ""
        let isPrefix = change?.isPrefix ?? false
        return self.change(
            "weights-renamed", isPrefix ? .behaviour : .breaking, group,
            "\(share(group.count)) \(group.count == 1 ? "has" : "have") another name"
                + (change.map { ": \($0.description)" } ?? "") + (example.isEmpty ? "" : " (\(example))"),
            isPrefix
                ? "the numbers are the same; some programs find them under either prefix, others do not"
                : "the numbers are the same; a program finds them only under the names it knows")
    }

    // MARK: - What was not looked at

    /// Other bytes in which nothing was found, since not everything was compared.
    private var unread: DriftChange? {
        guard outcome.groups.isEmpty, outcome.unknown > 0 || (!outcome.isWhole && outcome.foreign.isEmpty) else {
            return nil
        }
        let isCertain = outcome.unknown > 0 && outcome.hasSameLayout && outcome.metadata.isEmpty && outcome.isWhole
        return DriftChange(
            "weights-changed", .weights, .behaviour, .weights, outcome.after.places(),
            "`\(outcome.after.title)` has other bytes" + (isCertain ? " under the same header" : sizes),
            consequence: [
                lead,
                isCertain
                    ? "numbers changed; which ones was not compared"
                    : "which tensors changed, if any, was not compared",
            ].compactMap { $0 }.joined(separator: "; "))
    }

    /// The bytes of all files together.
    static func size(_ files: [Snapshot.File]) -> ByteCount { files.reduce(.zero) { $0 + $1.state.size } }

    /// ` (3 B → 4 B)`, or nothing when the size is what it was.
    private var sizes: String {
        let (before, after) = (WeightChanges.size(outcome.restBefore), WeightChanges.size(outcome.restAfter))
        return before == after ? "" : " (\(before) → \(after))"
    }

    private var foreign: DriftChange? {
        guard let first = outcome.foreign.first else { return nil }
        return DriftChange(
            "weights-changed", .weights, .behaviour, .weights, outcome.foreign.prefix(20).map { Place($0.name) },
            "`\(first.name)` has other bytes\(sizes); the tensors of this container are not compared",
            consequence: "it may be the packaging alone that changed")
    }

    private var repeated: DriftChange? {
        guard let first = outcome.repeated.first else { return nil }
        return DriftChange(
            "weights-repeated", .weights, .behaviour, .weights, outcome.after.places(),
            "\(Figures.count(outcome.repeated.count, "tensor")) \(outcome.repeated.count == 1 ? "is" : "are") in two files now: `\(first)`",
            consequence: "which of the two counts depends on the program")
    }

    private var notCompared: DriftReport.Unchecked? {
        guard outcome.unknown > 0 else { return nil }
        let size = ByteCount(clamping: Int64(clamping: outcome.unknownBytes))
        return DriftReport.Unchecked(
            file: outcome.after.title,
            reason: "the numbers of \(Figures.count(outcome.unknown, "tensor")) (\(size)) were not compared"
                + (outcome.unknownReason.map { ": \($0)" } ?? ""),
            hint: "fetch both sides with `weighlock sync`, and compare what is on this machine")
    }
}
