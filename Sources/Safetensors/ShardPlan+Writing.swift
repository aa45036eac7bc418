// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
public import SystemPackage

extension ShardPlan {
    /// Writes the new set into `directory`.
    ///
    /// Atomic: all of it is written under other names first. A directory that is not there yet appears with the whole set
    /// in it, at once. In one that is there, the files get their names when all of them are complete, the index last; on
    /// an error nothing of the new set stays. With `replacing`, an old index of that name goes first, so that a set which
    /// is half old and half new, should the machine stop in between, is never announced as a whole. Other files in the
    /// directory, shards of an old set with other names among them, are left alone.
    ///
    /// - Parameters:
    ///   - replacing: whether files that have the names of new ones may be replaced.
    ///   - durably: whether to return only when everything is on the disk.
    ///   - progress: called with the number of bytes just copied; when it returns false the work ends with `stopped`.
    /// - Throws: `targetExists`, `stopped`, `changed` when a source is no longer what was planned with, `cut`, `file`.
    public func write(
        to directory: FilePath, replacing: Bool = false, durably: Bool = true,
        progress: (UInt64) -> Bool = { _ in true }
    ) throws(SafetensorsError) {
        var placement = try ShardPlacement(directory, names, replacing: replacing, durably: durably)
        for shard in shards {
            try placement.add(shard.name.description) { file throws(SafetensorsError) in
                try shard.assembly.write(to: file, from: files, progress: progress)
            }
        }
        if let index, let indexName {
            try placement.add(indexName.description) { file throws(SafetensorsError) in
                do throws(Failure) { try file.write(index, at: 0) } catch { throw .file(error) }
            }
        }
        try placement.publish(index: indexName?.description)
    }

    /// The names of all files of the new set, the index last.
    public var names: [String] { shards.map(\.name.description) + (indexName.map { [$0.description] } ?? []) }

    /// Reads the sources and the set in `directory` and returns the names of the tensors that are not the same bit for bit,
    /// sorted; none when all is well.
    ///
    /// - Throws: what reading them throws; `stopped` when `progress`, called with the number of bytes just read, says so.
    public func verify(
        in directory: FilePath, progress: (UInt64) -> Bool = { _ in true }
    ) throws(SafetensorsError) -> [TensorName] {
        let before = try ShardPlan.digests(sources, progress)
        let after = try ShardPlan.digests(shards.map { directory.appending($0.name.description) }, progress)
        return after.differences(from: before)
    }

    private static func digests(
        _ paths: [FilePath], _ progress: (UInt64) -> Bool
    ) throws(SafetensorsError) -> TensorDigests {
        var parts: [TensorDigests] = []
        for path in paths {
            guard let part = try TensorDigests(of: try SafetensorsFile(path), progress: { progress(UInt64($0)) }) else {
                throw .stopped
            }
            parts.append(part)
        }
        return try TensorDigests(merging: parts)
    }
}
