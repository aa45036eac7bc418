// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors

/// Says which set of weights became which: like with like, the closest names first.
struct SetPairing {
    /// Sets that are each other's before and after.
    private(set) var pairs: [(before: WeightSet, after: WeightSet)] = []
    /// Sets that have no successor.
    private(set) var removed: [WeightSet]
    /// Sets that have no predecessor.
    private(set) var added: [WeightSet]

    init(_ before: [WeightSet], _ after: [WeightSet]) {
        (removed, added) = (before, after)
        // The same name in the same place.
        match { "\(SetPairing.kind($0, withExtension: true)) \($0.directory) \($0.stem)" }
        match { "\(SetPairing.kind($0)) \($0.directory) \($0.stem)" }
        matchContent()
        // A quantisation is the same one under whatever name of the model.
        match(onlyOne: true) { set in
            set.quantization.map { "\(set.directory) \(set.isProjector) \($0)" }
        }
        match(onlyOne: true) { set in set.quantization.map { "\(set.isProjector) \($0)" } }
        // Renamed or moved, when nothing else could be meant.
        match(onlyOne: true) { $0.quantization == nil ? "\(SetPairing.kind($0)) \($0.directory)" : nil }
        match(onlyOne: true) { $0.quantization == nil ? "\(SetPairing.kind($0)) \($0.stem)" : nil }
        match(onlyOne: true) { $0.container < .gguf ? SetPairing.kind($0) : nil }
        // Converted.
        match { $0.container < .gguf ? "\($0.directory) \($0.stem)" : nil }
        match(onlyOne: true) { $0.container < .gguf ? $0.directory : nil }
        pairs.sort { ($0.after.files.first?.name ?? "") < ($1.after.files.first?.name ?? "") }
    }

    /// Containers that nothing is read from are told apart by their extensions.
    private static func kind(_ set: WeightSet, withExtension: Bool = false) -> String {
        let isNamed = withExtension || set.container == .other
        return "\(set.container.rawValue) \(isNamed ? set.files.first?.path.fileExtension ?? "" : "")"
    }

    /// Pairs what has the same key; with `onlyOne` where one set on each side has it.
    private mutating func match(onlyOne: Bool = false, _ key: (WeightSet) -> String?) {
        guard !removed.isEmpty, !added.isEmpty else { return }
        // Names are bytes, and a `String` as a key would fold some of them.
        func groups(_ sets: [WeightSet]) -> [TensorName: [Int]] {
            var found: [TensorName: [Int]] = [:]
            for (place, set) in sets.enumerated() {
                if let key = key(set) { found[TensorName(key), default: []].append(place) }
            }
            return found
        }
        let (old, new) = (groups(removed), groups(added))
        var (goneOld, goneNew): (Set<Int>, Set<Int>) = ([], [])
        for (key, places) in old {
            guard let others = new[key], !onlyOne || places.count == 1 && others.count == 1 else { continue }
            for (before, after) in zip(places, others) { take(before, after, &goneOld, &goneNew) }
        }
        drop(goneOld, goneNew)
    }

    /// Pairs sets of which one file is the same.
    private mutating func matchContent() {
        guard !removed.isEmpty, !added.isEmpty else { return }
        var places: [Digest: Int] = [:]
        for (place, set) in removed.enumerated() {
            for file in set.files {
                if let sha256 = file.state.sha256, places[sha256] == nil { places[sha256] = place }
            }
        }
        var (goneOld, goneNew): (Set<Int>, Set<Int>) = ([], [])
        for (after, set) in added.enumerated() {
            for file in set.files {
                guard let before = file.state.sha256.flatMap({ places[$0] }), !goneOld.contains(before),
                    removed[before].container == set.container
                else { continue }
                take(before, after, &goneOld, &goneNew)
                break
            }
        }
        drop(goneOld, goneNew)
    }

    private mutating func take(_ before: Int, _ after: Int, _ goneOld: inout Set<Int>, _ goneNew: inout Set<Int>) {
        pairs.append((removed[before], added[after]))
        goneOld.insert(before)
        goneNew.insert(after)
    }

    private mutating func drop(_ goneOld: Set<Int>, _ goneNew: Set<Int>) {
        removed = removed.indices.filter { !goneOld.contains($0) }.map { removed[$0] }
        added = added.indices.filter { !goneNew.contains($0) }.map { added[$0] }
    }
}
