// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Looks whether the files that an index of weights names are there.
struct IndexComparison {
    /// The most names reported.
    static let maximumListed = 50

    /// The files that an index names and `snapshot` does not have, sorted.
    static func missing(_ index: JSONNode, _ file: Snapshot.File, in snapshot: Snapshot) -> [String] {
        let directory = file.path.segments.dropLast().map { $0 + "/" }.joined()
        var names: Set<TextKey> = []
        for member in index["weight_map"]?.members ?? [] {
            if let name = member.value.string { names.insert(TextKey(name)) }
        }
        return names.filter { name in
            guard let path = try? RelativePath(directory + name.text) else { return true }
            return snapshot.file(path, role: file.role) == nil
        }.map(\.text).sorted { TextKey($0) < TextKey($1) }
    }

    /// The change for files that are missing now and were not before; nil when there are none.
    static func change(_ file: Snapshot.File, before: [String], after: [String]) -> DriftChange? {
        let old = Set(before.map(TextKey.init))
        let new = after.filter { !old.contains(TextKey($0)) }
        guard let first = new.first else { return nil }
        return DriftChange(
            "index-names-missing", .weights, .breaking, .weights, [.init(file.name, "weight_map")],
            "the index names \(new.count) \(new.count == 1 ? "file that is" : "files that are") not there"
                + " (`\(Escaped(first, limit: 100))`\(new.count > 1 ? ", …" : ""))",
            consequence: "the weights do not load; `include` may leave the file out, or it was never uploaded",
            evidence: .names(added: [], removed: Array(new.prefix(maximumListed)), changed: []))
    }
}
