// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import GGUF
internal import Safetensors

/// Compares the weights of one source: pairs its sets, and judges those that came or went by what programs load.
struct RoleComparison {
    private let role: SourceRole
    private let old: WeightSide
    private let new: WeightSide
    private let measures: Bool
    private let meter: Meter
    private var findings = Comparison.Findings()

    init(_ role: SourceRole, _ old: WeightSide, _ new: WeightSide, measures: Bool, _ meter: Meter) {
        (self.role, self.old, self.new, self.measures, self.meter) = (role, old, new, measures, meter)
    }

    /// Compares; of other directories than these nothing is opened.
    mutating func run(_ directories: Set<TensorDirectory>, budget: inout UInt64) async throws -> Comparison.Findings {
        let isTouched = { (name: String) in directories.contains(TensorDirectory(name)) }
        let before = try await WeightGrouping(old, role, isTouched: isTouched)
        let after = try await WeightGrouping(new, role, isTouched: isTouched)
        for problem in before.unchecked + after.unchecked where !findings.unchecked.contains(problem) {
            findings.unchecked.append(problem)
        }
        let pairing = SetPairing(before.sets, after.sets)
        for pair in pairing.pairs {
            try meter.check()
            try await compare(pair.before, pair.after, budget: &budget)
        }
        for set in pairing.added {
            try meter.check()
            try await judge(added: set, before.sets, after.sets, budget: &budget)
        }
        for set in pairing.removed {
            try meter.check()
            try await judge(removed: set, before.sets, after.sets, budget: &budget)
        }
        try await compareConversion(pairing, budget: &budget)
        return findings
    }

    /// Compares the one set that is gone with the one that came, when only one of them is GGUF and their tensors have the same
    /// names. Converters of language models give them others, and turn some round: those are not compared.
    private mutating func compareConversion(_ pairing: SetPairing, budget: inout UInt64) async throws {
        func models(_ sets: [WeightSet]) -> [WeightSet] {
            sets.filter { $0.container <= .gguf && !$0.isProjector && !$0.files.isEmpty }
        }
        let (removed, added) = (models(pairing.removed), models(pairing.added))
        guard removed.count == 1, added.count == 1, let before = removed.first, let after = added.first,
            (before.container == .gguf) != (after.container == .gguf)
        else { return }
        do {
            if try await names(before, old) == names(after, new) {
                return try await compare(before, after, budget: &budget)
            }
            findings.unchecked.append(
                DriftReport.Unchecked(
                    file: after.title,
                    reason:
                        "its tensors have other names than those of `\(before.title)`: their numbers were not compared",
                    hint: "compare files of one container"))
        } catch let problem as WeightSide.Unreadable {
            findings.unchecked.append(
                DriftReport.Unchecked(
                    file: after.title, reason: "it was not compared with `\(before.title)`: \(problem.reason)",
                    hint: problem.hint))
        }
    }

    private func names(_ set: WeightSet, _ side: WeightSide) async throws -> Set<TensorName> {
        var names: Set<TensorName> = []
        for file in set.files { names.formUnion(try await side.head(of: file, set.container).names) }
        return names
    }

    private mutating func compare(
        _ before: WeightSet, _ after: WeightSet, lead: String? = nil, budget: inout UInt64
    ) async throws {
        // An index whose shards are all elsewhere says nothing to compare.
        guard !before.files.isEmpty || !after.files.isEmpty else { return }
        var comparison = SetComparison(before, old, after, new, measures: measures, meter)
        var outcome = try await comparison.run(budget: &budget)
        var metadata: [DriftChange] = []
        if before.container == .gguf, after.container == .gguf, let file = outcome.restAfter.first,
            let former = outcome.restBefore.first
        {
            do {
                metadata = try await compareMetadata(former, file)
            } catch let problem as WeightSide.Unreadable {
                outcome.isWhole = false
                outcome.unchecked.append(
                    DriftReport.Unchecked(
                        file: file.name, reason: "its metadata were not compared: \(problem.reason)", hint: problem.hint
                    ))
            }
            outcome.hasOtherMetadata = metadata.contains { $0.severity < .cosmetic }
            if outcome.isEqual, metadata.isEmpty, WeightPackaging(outcome).equalChange == nil {
                // The template is compared elsewhere; padding is left.
                metadata = [RoleComparison.rewritten(file)]
            }
        }
        findings += WeightChanges(outcome, lead: lead).findings
        findings.changes += metadata
        if after.missingCount > 0, after.missingCount != before.missingCount || !outcome.restAfter.isEmpty {
            findings.unchecked.append(
                DriftReport.Unchecked(
                    file: after.title,
                    reason:
                        "\(Figures.count(after.missingCount, "shard")) of the series \(after.missingCount == 1 ? "is" : "are") missing",
                    hint: "name all shards in `include`"))
        }
    }

    private func compareMetadata(_ former: Snapshot.File, _ file: Snapshot.File) async throws -> [DriftChange] {
        guard case .gguf(let one, _, let source) = try await old.head(of: former, .gguf),
            case .gguf(let other, _, let newSource) = try await new.head(of: file, .gguf)
        else { return [] }
        return GGUFMetadataComparison((one, source), (other, newSource), file: file.name).changes
    }

    private static func rewritten(_ file: Snapshot.File) -> DriftChange {
        DriftChange(
            "weights-metadata", .packaging, .cosmetic, .weights, [DriftChange.Place(file.name)],
            "the same tensors and the same metadata beside the templates, in other bytes",
            consequence: "order, padding or templates differ; templates are compared on their own")
    }

    // MARK: - Sets that came or went

    /// The set of the same model in the same place that programs load from.
    private static func twin(of set: WeightSet, _ sets: [WeightSet]) -> WeightSet? {
        guard set.container < .gguf else { return nil }
        let near = sets.filter {
            $0.container < .gguf && $0.directory.utf8.elementsEqual(set.directory.utf8) && !$0.files.isEmpty
        }
        let named = near.filter { $0.stem.utf8.elementsEqual(set.stem.utf8) }
        return (named.isEmpty ? (near.count == 1 ? near : []) : named).min { $0.container < $1.container }
    }

    private mutating func judge(
        added set: WeightSet, _ before: [WeightSet], _ after: [WeightSet], budget: inout UInt64
    ) async throws {
        if let twin = RoleComparison.twin(of: set, before) {
            if set.container < twin.container {
                return try await compare(
                    twin, set, lead: "programs that prefer \(set.container.words) load `\(set.title)` now",
                    budget: &budget)
            }
            return add(
                "weights-added", .packaging, set.container == .checkpoint ? .security : .cosmetic, set,
                "\(RoleComparison.named(set)) was added beside `\(twin.title)`",
                set.container == .checkpoint
                    ? "programs that prefer safetensors do not read it; loading a pickle can run code"
                    : "programs load `\(twin.title)` as before")
        }
        if set.container == .gguf {
            let (choice, now) = (RoleComparison.choice(before), RoleComparison.choice(after))
            let isOther = choice.map { !$0.utf8.elementsEqual((now ?? "").utf8) } ?? true
            return add(
                "weights-added", isOther || set.isProjector ? .weights : .packaging,
                isOther || set.isProjector ? .behaviour : .cosmetic, set, "\(RoleComparison.named(set)) was added",
                set.isProjector
                    ? "llama.cpp loads a projector that it finds beside the model"
                    : isOther
                        ? "who names no quantisation gets `\(now ?? set.title)` now"
                        : "who names no quantisation gets `\(choice ?? "")` as before")
        }
        let hasOthers = before.contains { $0.container < .other && !$0.files.isEmpty }
        if set.container == .other, hasOthers {
            return add(
                "weights-added", .packaging, .cosmetic, set,
                "\(RoleComparison.named(set)) was added: the model in another container, or more of it",
                "programs that load the files that were there do not read it")
        }
        add(
            "weights-added", .weights, .behaviour, set, "\(RoleComparison.named(set)) was added",
            "a program that finds it may load it")
    }

    private mutating func judge(
        removed set: WeightSet, _ before: [WeightSet], _ after: [WeightSet], budget: inout UInt64
    ) async throws {
        if let twin = RoleComparison.twin(of: set, after) {
            if set.container < twin.container {
                return try await compare(
                    set, twin, lead: "`\(set.title)` is gone, and programs load `\(twin.title)` now", budget: &budget)
            }
            return add(
                "weights-removed", .packaging, .cosmetic, set,
                "\(RoleComparison.named(set)) was removed beside `\(twin.title)`",
                "programs that prefer \(twin.container.words) did not read it")
        }
        add(
            "weights-removed", .weights, .breaking, set, "\(RoleComparison.named(set)) was removed",
            "a program that loads it finds nothing")
    }

    /// The file that llama.cpp takes when nobody names a quantisation.
    private static func choice(_ sets: [WeightSet]) -> String? {
        let models = sets.filter { $0.container == .gguf && !$0.isProjector && !$0.files.isEmpty }
        return (models.first { $0.quantization == "q4_k_m" } ?? models.first)?.title
    }

    /// The set and its size: `model.gguf` (4.37 GB).
    private static func named(_ set: WeightSet) -> String {
        set.files.isEmpty ? "`\(set.title)`" : "`\(set.title)` (\(WeightChanges.size(set.files)))"
    }

    private mutating func add(
        _ rule: String, _ kind: DriftClass, _ severity: DriftSeverity, _ set: WeightSet, _ summary: String,
        _ consequence: String
    ) {
        let places = set.files.isEmpty ? [DriftChange.Place(set.title)] : set.places()
        findings.changes.append(
            DriftChange(rule, kind, severity, .weights, places, summary, consequence: consequence))
    }
}
