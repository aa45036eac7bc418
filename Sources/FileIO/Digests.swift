// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import SystemPackage

/// What one reading of a file's bytes proves.
package struct FileDigests: Sendable, Hashable {
    /// The SHA-256 of the content.
    package let sha256: Digest
    /// The git blob id, when it was asked for.
    package let git: GitObjectID?
    /// How many bytes were read.
    package let size: ByteCount
    /// The chunk tree, when it was asked for and the file is longer than a chunk.
    package let tree: ChunkTree?

    /// Puts together what was found.
    package init(sha256: Digest, git: GitObjectID?, size: ByteCount, tree: ChunkTree? = nil) {
        (self.sha256, self.git, self.size, self.tree) = (sha256, git, size, tree)
    }
}

/// Hashes files: each byte is read once, in buffers, never as a whole.
///
/// The one place that keeps all cores hashing. Its memory is at most a few megabytes a core, whatever the files' sizes.
package enum Digests {
    static let bufferSize = 256 * 1024

    /// Hashes the file at `path`, with its git blob id when `git` is true, and with its chunk tree in the same pass when `tree`
    /// is true and the file is longer than a chunk.
    package static func of(_ path: FilePath, git: Bool, tree wantsTree: Bool = false) throws(Failure) -> FileDigests {
        let file = try File(path, .reading)
        let size = try file.status().size
        var sha256 = SHA256()
        var sha1 = git ? SHA1(gitObject: "blob", size: size.value) : nil
        var tree = wantsTree && size.value > ChunkTree.chunkSize ? ChunkTree.Builder() : nil
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
        // SAFETY: allocated above, freed once, and no span of it outlives the loop.
        defer { unsafe buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = unsafe try file.read(into: buffer, at: offset)
            if count == 0 { break }
            let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
            if tree == nil { sha256.update(bytes) } else { tree?.update(bytes, with: &sha256) }
            sha1?.update(bytes)
            offset += Int64(count)
        }
        return FileDigests(
            sha256: sha256.finalize(), git: sha1?.finalize(), size: ByteCount(clamping: offset), tree: tree?.finalize())
    }

    /// Hashes many files on all cores, two of them interleaved on each.
    ///
    /// `finished` is called for each file, in no order and from several tasks at once, with its index and what was read or
    /// why not; `progress` with the number of bytes just read. Stops early when the task is cancelled.
    package static func of(
        _ paths: [FilePath], progress: @Sendable @escaping (Int) -> Void,
        finished: @Sendable @escaping (Int, Result<FileDigests, Failure>) -> Void
    ) async {
        await run(paths.map { .whole($0, tree: false) }, progress: progress) { index, result in
            switch result {
            case .success(.whole(let found)): finished(index, .success(found))
            case .success(.chunks): break  // not among these jobs
            case .failure(let failure): finished(index, .failure(failure))
            }
        }
    }

    /// Does all jobs on all cores: whole files, two interleaved on a core or one with its tree, and the chunks of files with a
    /// known tree, as many at once as a core hashes side by side. One huge file with a tree keeps all cores busy.
    ///
    /// Put long files first. `finished` is called for each job, in no order, from several tasks at once and perhaps under a lock:
    /// it must not wait; `progress` with the number of bytes just read. Stops early when the task is cancelled; jobs that were
    /// not finished are not reported then.
    package static func run(
        _ jobs: [DigestJob], progress: @Sendable @escaping (Int) -> Void,
        finished: @Sendable @escaping (Int, Result<DigestFinding, Failure>) -> Void
    ) async {
        let queue = DigestQueue(jobs, processors: Processors.count, finished)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<queue.workers {
                group.addTask { await work(queue, progress, finished) }
            }
        }
    }

    @concurrent
    private static func work(
        _ queue: DigestQueue, _ progress: @Sendable (Int) -> Void, _ finished: DigestQueue.Finished
    ) async {
        readWholes(queue, progress, finished)
        var lanes = ChunkLanes()
        while !Task.isCancelled, lanes.fill(queue) { progress(lanes.step(queue)) }
    }

    private static func readWholes(
        _ queue: DigestQueue, _ progress: @Sendable (Int) -> Void, _ finished: DigestQueue.Finished
    ) {
        var first = DigestLane(second: false)
        var second = DigestLane(second: true)
        while !Task.isCancelled {
            first.prepare(queue, finished)
            second.prepare(queue, finished)
            let counts = (first.fill(finished), second.fill(finished))
            guard first.isOpen || second.isOpen else { break }
            DigestLane.update(&first, counts.0, &second, counts.1)
            progress(counts.0 + counts.1)
            // A lane that is at its end gives its digest now and takes the next file in the next turn.
            first.finishIfAtEnd(counts.0, finished)
            second.finishIfAtEnd(counts.1, finished)
        }
    }
}
