// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Safetensors

/// The files of one model: a single file, or the shards that an index or their names put together.
package struct TensorSet: Sendable {
    /// The directory of the files with a `/` at its end; empty for the top.
    package let directory: String
    /// The files, sorted.
    package let files: [RelativePath]
    /// The digests of all their tensors.
    package let digests: TensorDigests

    /// The files' tensors can be told apart neither by an index nor by the names, so each file is a set of its own, except
    /// for what an index names and for names such as `model-00001-of-00003.safetensors`.
    ///
    /// Files whose tensors clash inside one set are left out: they have no tensor digest.
    package static func group(
        _ files: [(path: RelativePath, digests: TensorDigests)],
        indexes: [(path: RelativePath, files: Set<RelativePath>)]
    ) -> [TensorSet] {
        var keys: [RelativePath: String] = [:]
        for index in indexes {
            let folder = TensorSet.directory(of: index.path)
            for name in index.files {
                if let path = try? RelativePath(folder + name.description) { keys[path] = "index:\(index.path)" }
            }
        }
        var groups: [String: [(path: RelativePath, digests: TensorDigests)]] = [:]
        for file in files {
            let key =
                keys[file.path] ?? ShardName(file.path.description).map { "shards:\($0.series)" } ?? "file:\(file.path)"
            groups[key, default: []].append(file)
        }
        return groups.values.compactMap { members -> TensorSet? in
            guard let digests = try? TensorDigests(merging: members.map(\.digests)) else { return nil }
            let paths = members.map(\.path).sorted()
            return TensorSet(directory: paths.first.map { directory(of: $0) } ?? "", files: paths, digests: digests)
        }.sorted { $0.files.lexicographicallyPrecedes($1.files) }
    }

    /// The directory of a path with a `/` at its end; empty for the top.
    package static func directory(of path: RelativePath) -> String {
        let text = path.description
        return text.lastIndex(of: "/").map { String(text[...$0]) } ?? ""
    }
}
