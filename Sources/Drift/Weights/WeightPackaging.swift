// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors

/// Says how weights were repacked: other files, another container, another order, other metadata.
struct WeightPackaging {
    private typealias Place = DriftChange.Place
    private let outcome: SetOutcome

    init(_ outcome: SetOutcome) { self.outcome = outcome }

    /// The ways in which the files are others, in words; the header's metadata are not among them.
    private var ways: [String] {
        let (before, after) = (outcome.before, outcome.after)
        var ways: [String] = []
        if before.container != after.container {
            ways.append("converted from \(before.container.words) to \(after.container.words)")
        }
        if before.files.count != after.files.count {
            ways.append("\(Figures.count(before.files.count, "file")) → \(after.files.count)")
        } else if before.files.map(\.name) != after.files.map(\.name), before.container == after.container {
            let pair = outcome.moved.first ?? zip(before.files, after.files).first { $0.path != $1.path }
            ways.append(
                after.files.count == 1 || pair == nil
                    ? "renamed `\(before.title)` → `\(after.title)`"
                    : "files renamed, such as `\(pair?.before.name ?? "")` → `\(pair?.after.name ?? "")`")
        } else if !outcome.moved.isEmpty {
            ways.append("the same shards under other numbers")
        }
        if outcome.isReordered == true { ways.append("tensors in another order") }
        return ways
    }

    /// The change when every tensor is what it was; nil when nothing that counts here is different.
    var equalChange: DriftChange? {
        let (before, after) = (outcome.before, outcome.after)
        guard !outcome.restBefore.isEmpty || !outcome.restAfter.isEmpty || !outcome.moved.isEmpty else { return nil }
        let ways = ways
        let count =
            outcome.total.count > 0 ? "the same \(Figures.count(outcome.total.count, "tensor"))" : "the same tensors"
        if ways.isEmpty {
            // The metadata have changes of their own.
            guard outcome.metadata.isEmpty, outcome.after.container != .gguf else { return nil }
            return DriftChange(
                "weights-metadata", .packaging, .cosmetic, .weights,
                outcome.restAfter.prefix(20).map { Place($0.name) },
                "\(count) under a header that is spelled otherwise", consequence: WeightPackaging.harmless)
        }
        return DriftChange(
            "weights-repackaged", .packaging, severity, .weights, after.places(),
            "\(count): " + ways.joined(separator: ", "),
            consequence: severity == .security
                ? "no behaviour change, but loading a pickle can run code: `weighlock scan` looks into it"
                : outcome.hasOtherMetadata
                    ? "the tensors are the same; the metadata are not" : WeightPackaging.harmless,
            before: .array(before.files.prefix(20).map { .string($0.name) }),
            after: .array(after.files.prefix(20).map { .string($0.name) }))
    }

    private static let harmless = "no behaviour change: names, types, shapes and every bit of every tensor are the same"

    /// The change beside those of tensors.
    var accompanyingChange: DriftChange? {
        let ways = ways
        // Files that are missing are tensors that are gone.
        guard !ways.isEmpty, !outcome.after.isIncomplete, !outcome.before.isIncomplete else { return nil }
        return DriftChange(
            "weights-repackaged", .packaging, severity, .weights, outcome.after.places(),
            "also " + ways.joined(separator: ", "),
            consequence: severity == .security
                ? "loading a pickle can run code: `weighlock scan` looks into it" : "by itself no behaviour change",
            before: .array(outcome.before.files.prefix(20).map { .string($0.name) }),
            after: .array(outcome.after.files.prefix(20).map { .string($0.name) }))
    }

    /// A pickle where none was is no matter of taste.
    private var severity: DriftSeverity {
        outcome.after.container == .checkpoint && outcome.before.container != .checkpoint ? .security : .cosmetic
    }

    // MARK: - Metadata

    /// What `format` may be for programs that look at it.
    private static let formats = ["pt", "tf", "flax", "np", "mlx"]

    /// The changes of headers and indexes that are not tensors.
    var metadataChanges: [DriftChange] { headerChanges + indexChanges }

    private var headerChanges: [DriftChange] {
        guard !outcome.metadata.isEmpty else { return [] }
        var changes: [DriftChange] = []
        let places = outcome.restAfter.prefix(20).map { Place($0.name, "__metadata__") }
        for entry in outcome.metadata where entry.key.utf8.elementsEqual("format".utf8) {
            let isKnown = entry.after.map { value in
                WeightPackaging.formats.contains { $0.utf8.elementsEqual(value.utf8) }
            }
            // Without any metadata nobody looks for the key.
            guard isKnown == false || (isKnown == nil && outcome.hasMetadata) else { continue }
            changes.append(
                DriftChange(
                    "weights-metadata", .packaging, .behaviour, .weights,
                    outcome.restAfter.prefix(20).map { Place($0.name, "__metadata__.format") },
                    entry.after.map { "`format` is `\(Escaped($0, limit: 60))` now" }
                        ?? "`format` is gone from the metadata",
                    consequence: "releases of transformers before 5 refuse such a file",
                    before: entry.before.map { .string($0) },
                    after: entry.after.map { .string($0) }))
        }
        let others = outcome.metadata.filter { entry in
            !entry.key.utf8.elementsEqual("format".utf8) || changes.isEmpty
        }
        guard !others.isEmpty else { return changes }
        let shown = Figures.list(others.prefix(4).map { "`\(Escaped($0.key, limit: 60))`" }, limit: 3)
        func keys(_ isWanted: (SetOutcome.MetadataChange) -> Bool) -> [String] {
            others.filter(isWanted).prefix(100).map { Escaped($0.key).description }
        }
        changes.append(
            DriftChange(
                "weights-metadata", .packaging, .cosmetic, .weights, Array(places),
                "metadata of the header: \(shown)\(others.count > 4 ? ", \(others.count) keys in all" : "")",
                consequence: "no tensor depends on it",
                evidence: .names(
                    added: keys { $0.before == nil }, removed: keys { $0.after == nil },
                    changed: keys { $0.before != nil && $0.after != nil })))
        return changes
    }

    /// What two indexes say otherwise although the shards say the same.
    private var indexChanges: [DriftChange] {
        guard let before = outcome.before.index, let after = outcome.after.index,
            !before.file.state.sameContent(as: after.file.state)
        else { return [] }
        var changes: [DriftChange] = []
        let areShardsSame = outcome.restBefore.isEmpty && outcome.restAfter.isEmpty
        let names = ShardIndexContent.difference(before.content.map, after.content.map)
        if areShardsSame, !names.added.isEmpty || !names.removed.isEmpty {
            changes.append(
                DriftChange(
                    "weights-metadata", .weights, .behaviour, .weights, [Place(after.file.name, "weight_map")],
                    "the index names \(Figures.count(names.added.count, "tensor")) more and \(names.removed.count) fewer; the shards are the same",
                    consequence: "programs that go by the index load other tensors",
                    evidence: .names(
                        added: names.added.prefix(100).map(\.description),
                        removed: names.removed.prefix(100).map(\.description),
                        changed: [])))
        }
        func value(_ members: [JSONValue.Member], _ key: String) -> JSONValue? {
            members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
        }
        let keys = Set((before.content.metadata + after.content.metadata).map { TensorName($0.key) })
        for name in keys.sorted() where !name.bytes.elementsEqual("total_size".utf8) {
            let key = name.string
            let (old, new) = (value(before.content.metadata, key), value(after.content.metadata, key))
            guard old != new, changes.count < 20 else { continue }
            // The dtype that transformers takes where config.json has none.
            let isType = name.bytes.elementsEqual("dtype".utf8) || name.bytes.elementsEqual("torch_dtype".utf8)
            changes.append(
                DriftChange(
                    "weights-metadata", isType ? .architecture : .packaging, isType ? .behaviour : .cosmetic, .weights,
                    [Place(after.file.name, "metadata.\(key)")], "`\(Escaped(key, limit: 60))` of the index changed",
                    consequence: isType
                        ? "transformers computes in it where `config.json` says nothing" : "no tensor depends on it",
                    before: old, after: new))
        }
        if changes.isEmpty, areShardsSame, outcome.moved.isEmpty {
            changes.append(
                DriftChange(
                    "weights-metadata", .packaging, .cosmetic, .weights, [Place(after.file.name)],
                    "the index is written otherwise; it names the same tensors and the shards are the same",
                    consequence: WeightPackaging.harmless))
        }
        return changes
    }
}
