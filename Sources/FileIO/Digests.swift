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

    /// Puts together what was found.
    package init(sha256: Digest, git: GitObjectID?, size: ByteCount) {
        (self.sha256, self.git, self.size) = (sha256, git, size)
    }
}

/// Hashes files: each byte is read once, in buffers, never as a whole.
package enum Digests {
    static let bufferSize = 256 * 1024

    /// Hashes the file at `path`, with its git blob id when `git` is true.
    package static func of(_ path: FilePath, git: Bool) throws(Failure) -> FileDigests {
        let file = try File(path, .reading)
        let size = try file.status().size
        var sha256 = SHA256()
        var sha1 = git ? SHA1(gitObject: "blob", size: size.value) : nil
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
        // SAFETY: allocated above, freed once, and no span of it outlives the loop.
        defer { unsafe buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = unsafe try file.read(into: buffer, at: offset)
            if count == 0 { break }
            let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
            sha256.update(bytes)
            sha1?.update(bytes)
            offset += Int64(count)
        }
        return FileDigests(sha256: sha256.finalize(), git: sha1?.finalize(), size: ByteCount(clamping: offset))
    }

    /// Hashes many files on all cores, two of them interleaved on each.
    ///
    /// `finished` is called for each file, in no order and from several tasks at once, with its index and what was read or
    /// why not; `progress` with the number of bytes just read. Stops early when the task is cancelled.
    package static func of(
        _ paths: [FilePath], progress: @Sendable @escaping (Int) -> Void,
        finished: @Sendable @escaping (Int, Result<FileDigests, Failure>) -> Void
    ) async {
        let queue = DigestQueue(paths)
        let workers = max(1, min(processorCount(), (paths.count + 1) / 2))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask { await work(queue, progress, finished) }
            }
        }
    }

    @concurrent
    private static func work(
        _ queue: DigestQueue, _ progress: @Sendable (Int) -> Void,
        _ finished: @Sendable (Int, Result<FileDigests, Failure>) -> Void
    ) async {
        var first = DigestLane()
        var second = DigestLane()
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
