// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Safetensors
internal import Tensors

/// Puts the files of weights of one source together to sets.
struct WeightGrouping {
    private(set) var sets: [WeightSet] = []
    /// What could not be read while doing so.
    private(set) var unchecked: [DriftReport.Unchecked] = []

    private let side: WeightSide
    private let role: SourceRole

    /// - Parameter isTouched: whether anything differs in a directory; indexes of others are not read.
    /// - Throws: `CancellationError`; what cannot be read is `unchecked`.
    init(_ side: WeightSide, _ role: SourceRole, isTouched: (String) -> Bool) async throws {
        (self.side, self.role) = (side, role)
        let files = side.snapshot.files.filter { $0.role == role && $0.component == .weights }
        let places = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var claimed: Set<RelativePath> = []
        for file in files {
            guard let index = WeightGrouping.indexStem(file.path) else { continue }
            claimed.insert(file.path)
            let directory = TensorSet.directory(of: file.path)
            guard isTouched(directory) else { continue }
            guard let content = try await content(of: file) else { continue }
            var (members, absent): ([Snapshot.File], [String]) = ([], [])
            for name in content.map.files {
                guard let path = try? RelativePath(directory + name.description), let member = places[path] else {
                    absent.append(role.pathPrefix + directory + name.description)
                    continue
                }
                // Two indexes may name one file; the first has it.
                if claimed.insert(path).inserted { members.append(member) }
            }
            let stem = members.first.map { WeightGrouping.stem(of: $0.path) } ?? index.stem
            add(
                directory, members.first.map { WeightSet.Container($0.path) } ?? index.container, stem, members,
                index: WeightIndex(file: file, content: content), absent: absent)
        }
        var series: [TensorName: [Snapshot.File]] = [:]
        for file in files where !claimed.contains(file.path) {
            // Names are bytes, and a `String` as a key would fold some of them.
            let key = ShardName(file.path.description).map { "s\($0.series)" } ?? "f\(file.path)"
            series[TensorName(key), default: []].append(file)
        }
        for members in series.values {
            guard let first = members.first else { continue }
            add(
                TensorSet.directory(of: first.path), WeightSet.Container(first.path),
                WeightGrouping.stem(of: first.path), members, index: nil, absent: [])
        }
        sets.sort { left, right in
            let (a, b) = (left.files.first?.path, right.files.first?.path)
            guard let a, let b else { return a == nil && b != nil }
            return a < b
        }
    }

    private mutating func add(
        _ directory: String, _ container: WeightSet.Container, _ stem: String, _ files: [Snapshot.File],
        index: WeightIndex?, absent: [String]
    ) {
        let sorted = files.sorted { $0.path < $1.path }
        var missing = 0
        if index == nil, let total = sorted.first.flatMap({ ShardName($0.path.description)?.total }) {
            missing = max(0, total - sorted.count)
        }
        sets.append(
            WeightSet(
                role: role, directory: directory, container: container, stem: stem, files: sorted, index: index,
                absent: absent, missingCount: missing))
    }

    private mutating func content(of file: Snapshot.File) async throws -> ShardIndexContent? {
        do {
            guard file.state.size.value <= Snapshot.maximumDocument else {
                throw Failure(.limitExceeded, "the index is too large: \(file.state.size)")
            }
            return try ShardIndexContent(try await side.snapshot.reader.document(file))
        } catch let failure as Failure {
            unchecked.append(
                DriftReport.Unchecked(
                    file: file.name, reason: "the index could not be read: \(failure.message)", hint: failure.hint))
            return nil
        }
    }

    /// What an index is called before its extension, and the container that it is about; nil for other files.
    static func indexStem(_ path: RelativePath) -> (stem: String, container: WeightSet.Container)? {
        let name = path.name.lowercased()
        guard name.hasSuffix(".json") else { return nil }
        for (infix, container) in [
            (".safetensors.index.", WeightSet.Container.safetensors), (".bin.index.", .checkpoint),
        ] {
            if let stem = WeightGrouping.part(of: name, before: infix) { return (canonical(stem), container) }
        }
        return nil
    }

    private static func part(of name: String, before infix: String) -> String? {
        let (bytes, wanted) = (Array(name.utf8), Array(infix.utf8))
        guard bytes.count > wanted.count else { return nil }
        for place in 0...(bytes.count - wanted.count) where bytes[place..<place + wanted.count].elementsEqual(wanted) {
            return String(decoding: bytes[..<place], as: UTF8.self)
        }
        return nil
    }

    /// What the name of a file says beside its number and extension.
    static func stem(of path: RelativePath) -> String {
        let name = path.name
        if let shard = ShardName(name) { return canonical(shard.stem) }
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return canonical(name) }
        return canonical(String(name[..<dot]))
    }

    /// `pytorch_model` and its kin are `model` under the name that its program gives it.
    private static func canonical(_ stem: String) -> String {
        for prefix in ["pytorch_", "tf_", "flax_", "rust_"] where stem.hasPrefix(prefix + "model") {
            return String(stem.dropFirst(prefix.count))
        }
        return stem
    }
}
