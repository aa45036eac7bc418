// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors

/// Finds tensors that are gone among those that are new: by digest, and by a change of all names.
struct RenameMatch {
    /// Places of tensors with the same digest.
    private(set) var equal: [(old: Int, new: Int)] = []
    /// Places of tensors that a change of many names makes the same, with other or unknown numbers.
    private(set) var other: [(old: Int, new: Int)] = []
    /// The most frequent change of names.
    private(set) var substitution: NameSubstitution?

    /// How many changes of names are tried on one tensor.
    private static let triedLimit = 8
    /// How many names decide which change of all names it is.
    private static let sampleSize = 1000

    init(_ removed: [TensorList.Item], _ added: [TensorList.Item]) {
        let tally = matchDigests(removed, added)
        substitution = tally.first
        matchNames(removed, added)
        // A change that explains fewer than half of them is none that a summary could name.
        guard let change = substitution else { return }
        let explained = (equal + other).count { change(removed[$0.old].name) == added[$0.new].name }
        if explained < (equal.count + other.count + 1) / 2 { substitution = nil }
    }

    /// Returns the changes of names, the most frequent first.
    private mutating func matchDigests(
        _ removed: [TensorList.Item], _ added: [TensorList.Item]
    ) -> [NameSubstitution] {
        var groups: [Digest: (old: [Int], new: [Int])] = [:]
        for (place, item) in removed.enumerated() {
            if let digest = item.digest { groups[digest, default: ([], [])].old.append(place) }
        }
        for (place, item) in added.enumerated() {
            // Nobody who is gone has this one.
            if let digest = item.digest, groups[digest] != nil { groups[digest, default: ([], [])].new.append(place) }
        }
        var counts: [NameSubstitution: Int] = [:]
        var unclear: [(old: [Int], new: [Int])] = []
        for group in groups.values where !group.new.isEmpty {
            guard group.old.count == 1, group.new.count == 1 else {
                unclear.append(group)
                continue
            }
            equal.append((group.old[0], group.new[0]))
            if let change = NameSubstitution(removed[group.old[0]].name, added[group.new[0]].name) {
                counts[change, default: 0] += 1
            }
        }
        // Zeros and ones are many: which is which follows from the names.
        if counts.isEmpty, let first = unclear.min(by: { $0.old[0] < $1.old[0] }) {
            for (old, new) in zip(first.old, first.new) {
                if let change = NameSubstitution(removed[old].name, added[new].name) { counts[change, default: 0] += 1 }
            }
        }
        let tried = counts.sorted { left, right in
            left.value != right.value ? left.value > right.value : left.key.description < right.key.description
        }.prefix(RenameMatch.triedLimit).map(\.key)
        for group in unclear {
            var places: [TensorName: Int] = [:]
            for place in group.new { places[added[place].name] = place }
            var rest: [Int] = []
            for old in group.old {
                let found = tried.lazy.compactMap { $0(removed[old].name).flatMap { places[$0] } }.first
                if let found {
                    equal.append((old, found))
                    places[added[found].name] = nil
                } else {
                    rest.append(old)
                }
            }
            for (old, new) in zip(rest, group.new.filter { places[added[$0].name] != nil }) { equal.append((old, new)) }
        }
        equal.sort { $0.old < $1.old }
        return tried
    }

    /// Pairs what is left when one change of the first parts explains at least half of it.
    private mutating func matchNames(_ removed: [TensorList.Item], _ added: [TensorList.Item]) {
        let (goneOld, goneNew) = (Set(equal.map(\.old)), Set(equal.map(\.new)))
        let old = removed.indices.filter { !goneOld.contains($0) }
        let new = added.indices.filter { !goneNew.contains($0) }
        guard !old.isEmpty, !new.isEmpty else { return }
        var places: [TensorName: Int] = [:]
        for place in new { places[added[place].name] = place }
        // The first names show which change it is.
        let sample = old.prefix(RenameMatch.sampleSize)
        var best: (change: NameSubstitution, count: Int)?
        for change in candidates(sample.map { removed[$0].name }, new.map { added[$0].name }) {
            let count = sample.count { place in change(removed[place].name).map { places[$0] != nil } ?? false }
            // One part for another is a coincidence where it is seen once or twice.
            let needed = max(change.from.isEmpty || change.to.isEmpty ? 1 : 4, (min(sample.count, new.count) + 1) / 2)
            if count >= needed, count > best?.count ?? 0 { best = (change, count) }
        }
        guard let best else { return }
        var taken: Set<Int> = []
        for place in old {
            if let found = best.change(removed[place].name).flatMap({ places[$0] }), taken.insert(found).inserted {
                other.append((place, found))
            }
        }
        if substitution == nil || other.count > equal.count { substitution = best.change }
    }

    /// The changes of names that are worth trying: what was seen, and prefixes of up to two parts more, fewer or others.
    private func candidates(_ old: [TensorName], _ new: [TensorName]) -> [NameSubstitution] {
        var found: [NameSubstitution] = substitution.map { [$0] } ?? []
        // The first names of either side stand for all.
        let oldParts = old.prefix(8).map { NameSubstitution.parts($0) }
        let newParts = new.prefix(8).map { NameSubstitution.parts($0) }
        for length in 1...2 {
            for parts in newParts where parts.count > length {
                found.append(NameSubstitution(prefix: [], by: Array(parts[..<length])))
            }
            for parts in oldParts where parts.count > length {
                found.append(NameSubstitution(prefix: Array(parts[..<length]), by: []))
            }
        }
        for one in oldParts where one.count > 1 {
            for other in newParts where other.count > 1 && other[0] != one[0] {
                found.append(NameSubstitution(prefix: [one[0]], by: [other[0]]))
            }
        }
        var seen: Set<NameSubstitution> = []
        return found.filter { seen.insert($0).inserted }
    }
}
