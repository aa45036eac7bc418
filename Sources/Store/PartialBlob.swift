// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import Synchronization
internal import SystemPackage

/// A blob that is arriving: resumable across processes, checked while it arrives.
///
/// The bytes go to `partial/<digest>.part` at their final place; beside it `partial/<digest>.map` counts how many bytes of
/// each segment have been written. A killed process loses at most what had not reached the kernel. The counters are only
/// believed as far as the final digest confirms them.
package final class PartialBlob: Sendable {
    /// A stretch of the blob that one connection fills, front to back.
    package struct Segment: Sendable {
        let index: Int
        /// Where the next byte goes.
        package fileprivate(set) var offset: Int64
        /// Where the segment ends; not part of it.
        package let end: Int64
    }

    /// The length of a segment of a blob of ordinary size. Large enough that a request is cheap beside its bytes, small
    /// enough that several connections can share one file.
    package static let ordinarySegmentSize: Int64 = 16 << 20
    /// The most segments a blob is cut into; of a larger blob the segments are longer.
    package static let maximumSegments: Int64 = 4096

    private struct Progress {
        var received: [Int64]
        var claimed: Set<Int> = []
    }

    private struct Hashing {
        var frontier: Int64 = 0
        var sha256 = SHA256()
        var sha1: SHA1?
        /// Of blobs longer than a chunk: the tree that is hashed beside the whole.
        var tree: ChunkTree.Builder?
    }

    /// What is expected.
    package let expected: ExpectedBlob
    /// How many bytes were there already when it was opened.
    package let resumed: ByteCount
    private let store: BlobStore
    private let observer: (any BlobObserver)?
    private let data: File
    private let map: File
    private let segmentSize: Int64
    private let progress: Mutex<Progress>
    private let hashing: Mutex<Hashing>

    private static let mapHeaderSize: Int64 = 32

    /// Opens the partial file of `expected`, or begins one; nil while another process works on it.
    ///
    /// `observer` sees every byte of the blob once, in order, from the first one on, whatever an earlier run has left.
    ///
    /// - Throws: `Failure` with code `file` or `noSpace`.
    package init?(
        _ expected: ExpectedBlob, in store: BlobStore, observer: (any BlobObserver)? = nil
    ) throws(Failure) {
        try FileSystem.createDirectories(store.partialDirectory)
        // The counters' file is what is locked: it keeps its name until the blob is in the store and attested, while the data's
        // file is renamed there a moment before.
        let map = try File(store.partialDirectory.appending(expected.key + ".map"), .updating)
        guard try map.tryLock() else { return nil }
        // The holder before us may have removed the very file we opened: then the name means another file now.
        let opened = try map.status()
        guard let named = try FileSystem.status(map.path), named.inode == opened.inode, named.device == opened.device
        else {
            return nil
        }
        let data = try File(store.partialDirectory.appending(expected.key + ".part"), .updating)
        self.expected = expected
        self.store = store
        self.observer = observer
        let size = expected.size.value
        segmentSize = max(
            PartialBlob.ordinarySegmentSize, (size + PartialBlob.maximumSegments - 1) / PartialBlob.maximumSegments)
        let header = PartialBlob.header(segmentSize: segmentSize, size: size)
        let count = Int((size + segmentSize - 1) / segmentSize)
        var received = [Int64](repeating: 0, count: count)
        let stored = try map.read(Int(PartialBlob.mapHeaderSize) + count * 8, at: 0)
        if stored.starts(with: header), try data.status().size == expected.size {
            for index in 0..<count {
                let length = min(segmentSize, size - Int64(index) * segmentSize)
                received[index] = min(
                    length, max(0, PartialBlob.littleEndian(stored.dropFirst(header.count + index * 8).prefix(8))))
            }
        } else {
            try map.truncate(to: .zero)
            try data.truncate(to: .zero)
            try data.truncate(to: expected.size)
            try map.write(header + [UInt8](repeating: 0, count: count * 8), at: 0)
        }
        resumed = ByteCount(clamping: received.reduce(0, +))
        self.data = consume data
        self.map = consume map
        progress = Mutex(Progress(received: received))
        hashing = Mutex(
            Hashing(
                sha1: expected.git.map { _ in SHA1(gitObject: "blob", size: size) },
                tree: size > ChunkTree.chunkSize ? ChunkTree.Builder() : nil))
    }

    private static func header(segmentSize: Int64, size: Int64) -> [UInt8] {
        Array("weighlock-map-1\n".utf8) + bytes(segmentSize) + bytes(size)
    }

    private static func bytes(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64($0 * 8)) }
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> Int64 {
        bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
    }

    /// How many bytes of a blob an earlier run has left, as far as its counters can be believed. Opens and locks nothing.
    package static func arrived(_ expected: ExpectedBlob, in store: BlobStore) -> ByteCount {
        let path = store.partialDirectory.appending(expected.key + ".map")
        let limit = Int(mapHeaderSize + maximumSegments * 8)
        guard let stored = try? FileSystem.read(path, limit: limit), stored.count > Int(mapHeaderSize) else {
            return .zero
        }
        let counters = stored.dropFirst(Int(mapHeaderSize))
        let total = stride(from: counters.startIndex, to: counters.endIndex, by: 8).reduce(ByteCount.zero) {
            sum, index in
            sum + ByteCount(clamping: littleEndian(counters[index...].prefix(8)))
        }
        return min(total, expected.size)
    }

    /// How many bytes are still to come.
    package var missing: ByteCount {
        progress.withLock { ByteCount(clamping: expected.size.value - $0.received.reduce(0, +)) }
    }

    /// Hands out the first segment that is neither complete nor taken; nil when there is none.
    package func claim() -> Segment? {
        progress.withLock { state in
            for index in state.received.indices where !state.claimed.contains(index) {
                let start = Int64(index) * segmentSize
                let end = min(start + segmentSize, expected.size.value)
                guard start + state.received[index] < end else { continue }
                state.claimed.insert(index)
                return Segment(index: index, offset: start + state.received[index], end: end)
            }
            return nil
        }
    }

    /// A segment without bytes, for whoever finds everything there already.
    package var emptySegment: Segment { Segment(index: -1, offset: expected.size.value, end: expected.size.value) }

    /// Gives a segment back, complete or not.
    package func release(_ segment: Segment) {
        progress.withLock { _ = $0.claimed.remove(segment.index) }
    }

    /// Writes the next bytes of a segment and hashes them if they are next in the blob too.
    ///
    /// - Throws: `Failure` with code `protocolViolation` when they would go past the segment's end; `noSpace` or `file`.
    package func write(_ bytes: UnsafeRawBufferPointer, to segment: inout Segment) throws(Failure) {
        guard Int64(bytes.count) <= segment.end - segment.offset else {
            throw Failure(
                .protocolViolation,
                "the server sent more bytes of `\(Escaped(expected.name, limit: 1024))` than were asked for")
        }
        let place = segment.offset
        try data.write(RawSpan(_unsafeBytes: bytes), at: place)
        segment.offset += Int64(bytes.count)
        let index = segment.index
        let received = segment.offset - Int64(index) * segmentSize
        try map.write(PartialBlob.bytes(received), at: PartialBlob.mapHeaderSize + Int64(index) * 8)
        progress.withLock { $0.received[index] = received }
        let complete = segment.offset == segment.end
        if complete { data.beginWriteback(from: Int64(index) * segmentSize, count: received) }
        // Whoever finds the hasher busy leaves its bytes to a later catch-up, from the page cache.
        let outcome = hashing.withLockIfAvailable { state -> Result<Void, Failure> in
            if state.frontier == place {
                hash(RawSpan(_unsafeBytes: bytes), &state)
                return .success(())
            }
            return complete ? catchUp(&state) : .success(())
        }
        try outcome?.get()
    }

    /// Hashes the bytes at the frontier and moves it behind them.
    private func hash(_ bytes: RawSpan, _ state: inout Hashing) {
        if state.tree == nil { state.sha256.update(bytes) } else { state.tree?.update(bytes, with: &state.sha256) }
        state.sha1?.update(bytes)
        observer?.observe(bytes)
        state.frontier += Int64(bytes.byteCount)
    }

    /// Hashes from the disk what has arrived behind the frontier.
    private func catchUp(_ state: inout Hashing) -> Result<Void, Failure> {
        do throws(Failure) {
            while state.frontier < expected.size.value {
                let index = Int(state.frontier / segmentSize)
                let arrived = progress.withLock { Int64(index) * segmentSize + $0.received[index] }
                guard arrived > state.frontier else { break }
                let bytes = try data.read(Int(min(arrived - state.frontier, 256 << 10)), at: state.frontier)
                guard !bytes.isEmpty else { break }
                hash(bytes.span.bytes, &state)
            }
            return .success(())
        } catch { return .failure(error) }
    }

    /// Checks the whole blob and moves it into the store.
    ///
    /// - Throws: `Failure` with code `mismatch`; then the partial file is gone and nothing was stored.
    @concurrent
    package func finish() async throws -> Digest {
        let state = hashing.withLock { state -> Result<Hashing, Failure> in
            catchUp(&state).map { state }
        }
        let done = try state.get()
        let found = FileDigests(
            sha256: done.sha256.finalize(), git: done.sha1?.finalize(), size: ByteCount(clamping: done.frontier),
            tree: done.tree?.finalize())
        do throws(Failure) { try expected.check(found) } catch {
            discard()
            throw error
        }
        try store.publish(data.path, data, as: found)
        try FileSystem.remove(map.path)
        return found.sha256
    }

    /// Forgets what has arrived.
    package func discard() {
        try? FileSystem.remove(data.path)
        try? FileSystem.remove(map.path)
    }
}
