// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import GGUF
internal import Safetensors
internal import SystemPackage
internal import Tensors

/// Compares two sets of weights: files by digest, tensors by digest, headers, and numbers where those leave questions.
struct SetComparison {
    private typealias Difference = DriftEvidence.TensorDifference

    private let old: WeightSide
    private let new: WeightSide
    private let measures: Bool
    private let meter: Meter
    private var outcome: SetOutcome

    init(_ before: WeightSet, _ old: WeightSide, _ after: WeightSet, _ new: WeightSide, measures: Bool, _ meter: Meter)
    {
        (self.old, self.new, self.measures, self.meter) = (old, new, measures, meter)
        outcome = SetOutcome(before, after)
    }

    /// Compares them. `budget` is what may still be fetched.
    ///
    /// - Throws: `CancellationError`; what cannot be read is in the outcome.
    mutating func run(budget: inout UInt64) async throws -> SetOutcome {
        matchFiles()
        guard !outcome.restBefore.isEmpty || !outcome.restAfter.isEmpty else { return outcome }
        guard outcome.before.container != .other, outcome.after.container != .other else {
            outcome.foreign = outcome.restAfter.isEmpty ? outcome.after.files : outcome.restAfter
            outcome.isWhole = false
            return outcome
        }
        try await readDigests()
        let before = try await TensorList(outcome.restBefore, outcome.before.container, old)
        let after = try await TensorList(outcome.restAfter, outcome.after.container, new)
        note(before, isNew: false)
        note(after, isNew: true)
        let join = TensorJoin(before, after)
        (outcome.equal, outcome.substitution) = (join.equal, join.substitution)
        let hasQuestions = !(join.pairs + join.renamed).isEmpty || !(join.removed + join.added).isEmpty
        let heads = try await Heads(before, after, outcome, old, new, withCheckpoints: hasQuestions)
        if before.isWhole, after.isWhole, outcome.repeated.isEmpty, join.pairs.isEmpty, join.renamed.isEmpty,
            join.removed.isEmpty, join.added.isEmpty
        {
            packaging(heads, before, after, hasSameNames: true)
            return outcome
        }
        for pair in join.renamed {
            let (one, other) = (before.items[pair.before], after.items[pair.after])
            outcome.add(
                Difference(
                    name: other.name, formerName: one.name, kind: .renamed, before: heads.before(one)?.evidence,
                    after: heads.after(other)?.evidence))
        }
        // What is missing in a file that could not be read is not known to be gone.
        if after.isWhole {
            for place in join.removed {
                let item = before.items[place]
                outcome.add(
                    Difference(name: item.name, kind: .removed, before: heads.before(item)?.evidence, after: nil))
            }
            findTies(join.removed.map { before.items[$0] }, after)
        }
        if before.isWhole {
            for place in join.added {
                let item = after.items[place]
                outcome.add(Difference(name: item.name, kind: .added, before: nil, after: heads.after(item)?.evidence))
            }
        }
        try await judge(join.pairs, before, after, heads, &budget)
        let hasSameNames =
            join.renamed.isEmpty && join.removed.isEmpty && join.added.isEmpty
            && join.pairs.allSatisfy { before.items[$0.before].name == after.items[$0.after].name }
        packaging(heads, before, after, hasSameNames: hasSameNames)
        return outcome
    }

    // MARK: - Files

    /// Sets aside the files that are the same, at the same path or at another.
    private mutating func matchFiles() {
        let newPlaces = Dictionary(
            outcome.after.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var (restBefore, same): ([Snapshot.File], Set<RelativePath>) = ([], [])
        for file in outcome.before.files {
            if let other = newPlaces[file.path], file.state.sameContent(as: other.state) {
                same.insert(file.path)
            } else {
                restBefore.append(file)
            }
        }
        var restAfter = outcome.after.files.filter { !same.contains($0.path) }
        var byDigest: [Digest: [Snapshot.File]] = [:]
        for file in restAfter { if let sha256 = file.state.sha256 { byDigest[sha256, default: []].append(file) } }
        var gone: Set<RelativePath> = []
        outcome.restBefore = restBefore.filter { file in
            guard let sha256 = file.state.sha256, let other = byDigest[sha256]?.popLast() else { return true }
            outcome.moved.append((file, other))
            gone.insert(other.path)
            return false
        }
        restBefore = []
        restAfter.removeAll { gone.contains($0.path) }
        outcome.restAfter = restAfter
    }

    /// Asks for the digests of both sides, two files at a time; what goes wrong is found again later.
    private func readDigests() async throws {
        var wanted = outcome.restBefore.map { (old, $0) } + outcome.restAfter.map { (new, $0) }
        // The largest first, so that no processor is left alone with one at the end.
        wanted.sort { $0.1.state.size < $1.1.state.size }
        try await withThrowingTaskGroup(of: Void.self) { group in
            func start() {
                guard let (side, file) = wanted.popLast() else { return }
                group.addTask { try await SetComparison.read(file, side) }
            }
            for _ in 0..<2 { start() }
            while try await group.next() != nil { start() }
        }
    }

    @concurrent
    private static func read(_ file: Snapshot.File, _ side: WeightSide) async throws {
        do { _ = try await side.record(of: file) } catch is WeightSide.Unreadable {}
    }

    private mutating func note(_ list: TensorList, isNew: Bool) {
        if isNew { outcome.tensorsAfter = list.items.count } else { outcome.tensorsBefore = list.items.count }
        for problem in list.unreadable {
            outcome.unchecked.append(
                DriftReport.Unchecked(
                    file: problem.file.name, reason: "its tensors were not compared: \(problem.reason)",
                    hint: problem.hint ?? "run `weighlock sync`, and compare what is on this machine"))
        }
        outcome.foreign += list.foreign
        if !list.isWhole { outcome.isWhole = false }
        if isNew { outcome.repeated = list.repeated } else if !list.repeated.isEmpty { outcome.repeated = [] }
    }

    // MARK: - Headers

    /// The headers of the files of both lists; a file whose tensors are known by digest alone may have none.
    private struct Heads {
        var old: [Int: WeightSide.Head] = [:]
        var new: [Int: WeightSide.Head] = [:]

        init(
            _ before: TensorList, _ after: TensorList, _ outcome: SetOutcome, _ oldSide: WeightSide,
            _ newSide: WeightSide, withCheckpoints: Bool
        ) async throws {
            func isWanted(_ set: WeightSet) -> Bool {
                switch set.container {
                case .safetensors, .gguf: true
                case .checkpoint: withCheckpoints
                case .other: false
                }
            }
            for (place, file) in before.files.enumerated() where isWanted(outcome.before) {
                old[place] = try await Heads.head(file, outcome.before.container, oldSide)
            }
            for (place, file) in after.files.enumerated() where isWanted(outcome.after) {
                new[place] = try await Heads.head(file, outcome.after.container, newSide)
            }
        }

        private static func head(
            _ file: Snapshot.File, _ container: WeightSet.Container, _ side: WeightSide
        ) async throws -> WeightSide.Head? {
            do { return try await side.head(of: file, container) } catch is WeightSide.Unreadable { return nil }
        }

        func before(_ item: TensorList.Item) -> TensorForm? { old[item.file]?.form(of: item.name) }
        func after(_ item: TensorList.Item) -> TensorForm? { new[item.file]?.form(of: item.name) }
    }

    /// What differs in the headers beside the tensors.
    private mutating func packaging(
        _ heads: Heads, _ before: TensorList, _ after: TensorList, hasSameNames: Bool
    ) {
        if hasSameNames, before.files.count == 1, after.files.count == 1, let one = heads.old[0],
            let other = heads.new[0], outcome.before.container == outcome.after.container
        {
            outcome.isReordered = one.names != other.names
        }
        let types = (SetComparison.histogram(heads.old), SetComparison.histogram(heads.new))
        if outcome.before.container == .gguf, outcome.after.container == .gguf { outcome.histograms = types }
        func metadata(_ heads: [Int: WeightSide.Head]) -> [TensorName: String]? {
            var found: [TensorName: String] = [:]
            for place in heads.keys.sorted() {
                guard case .safetensors(let header) = heads[place] else { return nil }
                for entry in header.metadata ?? [] { found[TensorName(entry.key)] = entry.value }
            }
            return found
        }
        guard let one = metadata(heads.old), let other = metadata(heads.new), !heads.old.isEmpty, !heads.new.isEmpty
        else { return }
        outcome.hasMetadata = !other.isEmpty
        for key in Set(one.keys).union(other.keys).sorted() {
            let (value, now) = (one[key], other[key])
            if value.map({ Array($0.utf8) }) != now.map({ Array($0.utf8) }) {
                outcome.metadata.append(SetOutcome.MetadataChange(key: key.string, before: value, after: now))
            }
        }
    }

    private static func histogram(_ heads: [Int: WeightSide.Head]) -> [String: Int] {
        var counts: [String: Int] = [:]
        for case .gguf(let header, _, _) in heads.values {
            for tensor in header.tensors { counts[TensorForm(tensor).type, default: 0] += 1 }
        }
        return counts
    }

    /// Finds tensors that are gone and whose numbers another one has that was there before: tied weights.
    private mutating func findTies(_ gone: [TensorList.Item], _ after: TensorList) {
        let wanted = Set(gone.compactMap(\.digest))
        guard !wanted.isEmpty else { return }
        var stays: [Digest: TensorName] = [:]
        for item in after.items {
            if let digest = item.digest, wanted.contains(digest), stays[digest] == nil { stays[digest] = item.name }
        }
        for item in gone {
            guard let name = item.digest.flatMap({ stays[$0] }) else { continue }
            outcome.tied += 1
            if outcome.tie == nil { outcome.tie = (item.name, name) }
        }
    }

    // MARK: - Numbers

    /// A pair with what the headers say of it.
    private struct Candidate {
        let pair: TensorJoin.Pair
        let before: TensorForm?
        let after: TensorForm?
        /// Whether only the bytes can be compared, since nothing here reads them as numbers.
        var isRaw = false
    }

    /// Says what became of tensors that differ, or may.
    private mutating func judge(
        _ pairs: [TensorJoin.Pair], _ before: TensorList, _ after: TensorList, _ heads: Heads, _ budget: inout UInt64
    ) async throws {
        var (local, remote): ([Candidate], [Candidate]) = ([], [])
        var (localJobs, remoteJobs): ([MeasureJob], [MeasureJob]) = ([], [])
        var (compared, sameLayout) = (0, 0)
        for pair in pairs {
            let (one, other) = (before.items[pair.before], after.items[pair.after])
            var candidate = Candidate(pair: pair, before: heads.before(one), after: heads.after(other))
            if let form = candidate.before, let now = candidate.after {
                compared += 1
                if form.type == now.type, form.shape == now.shape, let begin = form.begin, begin == now.begin {
                    sameLayout += 1
                }
            }
            let remotes = (heads.old[one.file]?.remote, heads.new[other.file]?.remote)
            guard measures, let job = job(&candidate, before.files[one.file], after.files[other.file], remotes) else {
                conclude(candidate, before, after, nil)
                continue
            }
            if job.before.path != nil, job.after.path != nil {
                local.append(candidate)
                localJobs.append(job)
            } else {
                remote.append(candidate)
                remoteJobs.append(job)
            }
        }
        outcome.hasSameLayout =
            compared == before.items.count && sameLayout == compared && compared == after.items.count
        // Tensors of one file one after another.
        let results = try await LocalMeasure(localJobs, meter).run()
        for (candidate, result) in zip(local, results) { conclude(candidate, before, after, result) }
        guard !remoteJobs.isEmpty else { return }
        var measure = RemoteMeasure(old, new, meter, budget: budget)
        let found = try await measure.run(remoteJobs)
        budget = measure.budget
        for (candidate, result) in zip(remote, found) { conclude(candidate, before, after, result) }
    }

    /// What has to be compared of a pair; nil when that would say nothing.
    private func job(
        _ candidate: inout Candidate, _ file: Snapshot.File, _ other: Snapshot.File,
        _ remotes: (before: RemoteWindow?, after: RemoteWindow?)
    ) -> MeasureJob? {
        guard let before = candidate.before, let after = candidate.after, let size = before.byteCount,
            let newSize = after.byteCount
        else { return nil }
        var types = (before.number, after.number)
        var count = before.elementCount
        if before.type == after.type {
            if before.shape != after.shape, before.elementCount != after.elementCount { return nil }
            if before.number == nil || after.number == nil {
                // Their bytes can be compared, and whether they differ may be known already.
                guard candidate.pair.differs == nil, size == newSize else { return nil }
                candidate.isRaw = true
                (types, count) = ((.plain(.u8), .plain(.u8)), size)
            }
        } else if before.shape != after.shape {
            return nil
        }
        guard let one = types.0, let two = types.1, let count, one.canBeCompared(with: two),
            one.byteCount(count) == size, two.byteCount(count) == newSize
        else { return nil }
        return MeasureJob(
            before: .init(
                file: file, path: old.path(of: file), place: before.place, encoding: one, remote: remotes.before),
            after: .init(
                file: other, path: new.path(of: other), place: after.place, encoding: two, remote: remotes.after),
            count: count)
    }

    /// Adds a pair to the outcome.
    private mutating func conclude(
        _ candidate: Candidate, _ before: TensorList, _ after: TensorList,
        _ result: Result<MeasuredDistance, WeightSide.Unreadable>?
    ) {
        let (one, other) = (before.items[candidate.pair.before], after.items[candidate.pair.after])
        var found: MeasuredDistance?
        if case .success(let distance) = result { found = distance }
        if case .failure(let problem) = result, outcome.unknownReason == nil { outcome.unknownReason = problem.reason }
        let (form, now) = (candidate.before, candidate.after)
        let isRetyped = form != nil && now != nil && form?.type != now?.type
        let isReshaped = form != nil && now != nil && form?.shape != now?.shape
        if candidate.pair.differs == nil, !isRetyped, !isReshaped {
            guard let found else {
                outcome.unknown += 1
                let (sum, overflow) = outcome.unknownBytes.addingReportingOverflow(now?.byteCount ?? 0)
                outcome.unknownBytes = overflow ? .max : sum
                return
            }
            if found.isSame {
                outcome.equal += 1
                return
            }
        }
        let kind: Difference.Kind
        if isReshaped {
            kind = .reshaped
            if !isRetyped, let found, found.isSame { outcome.onlyShape += 1 }
        } else if isRetyped {
            // Nobody quantises without changing numbers; of plain ones only a comparison tells.
            var areNumbers = false
            if case .plain = form?.number, case .plain = now?.number { areNumbers = true }
            kind = found.map { $0.isCast ? .cast : .requantised } ?? (areNumbers ? .changed : .requantised)
        } else {
            kind = .changed
        }
        let distance = candidate.isRaw ? nil : found?.distance(count: now?.elementCount ?? 0)
        outcome.add(
            Difference(
                name: other.name, formerName: one.name == other.name ? nil : one.name, kind: kind,
                before: form?.evidence, after: now?.evidence, distance: distance), found)
    }
}
