// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The files still to hash, handed out to the workers one at a time.
final class DigestQueue: Sendable {
    private let paths: [FilePath]
    private let next = Atomic<Int>(0)

    init(_ paths: [FilePath]) { self.paths = paths }

    func take() -> (index: Int, path: FilePath)? {
        let index = next.add(1, ordering: .relaxed).oldValue
        return index < paths.count ? (index, paths[index]) : nil
    }
}

/// One of the two interleaved streams of a worker: an open file, its hasher and its buffer.
@safe struct DigestLane: ~Copyable {
    private var file: File?
    private var index = 0
    private var offset: Int64 = 0
    private var hasher = SHA256()
    private var exhausted = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Digests.bufferSize, alignment: 64)

    // SAFETY: allocated with the value and freed with it; no span of it outlives a call.
    deinit { unsafe buffer.deallocate() }

    var isOpen: Bool { file != nil }

    /// Opens the next file of the queue when there is none open.
    mutating func prepare(_ queue: DigestQueue, _ finished: (Int, Result<FileDigests, Failure>) -> Void) {
        while file == nil, !exhausted {
            guard let (index, path) = queue.take() else {
                exhausted = true
                return
            }
            do throws(Failure) {
                let opened = try File(path, .reading)
                opened.willReadSequentially()
                file = consume opened
                self.index = index
                offset = 0
                hasher = SHA256()
            } catch { finished(index, .failure(error)) }
        }
    }

    /// Fills the buffer and returns how many bytes it holds; fewer than its size means that the file has ended.
    mutating func fill(_ finished: (Int, Result<FileDigests, Failure>) -> Void) -> Int {
        guard file != nil else { return 0 }
        do throws(Failure) {
            let count = unsafe try file!.read(into: buffer, at: offset)
            offset += Int64(count)
            return count
        } catch {
            finished(index, .failure(error))
            file = nil
            return 0
        }
    }

    /// Hashes what both buffers hold, interleaved as far as they are equally long.
    static func update(_ a: inout DigestLane, _ countA: Int, _ b: inout DigestLane, _ countB: Int) {
        // SAFETY: the counts come from `fill` and lie within the buffers, which live as long as the lanes.
        let first = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: a.buffer[0..<countA]))
        let second = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: b.buffer[0..<countB]))
        SHA256.update(&a.hasher, first, &b.hasher, second)
    }

    mutating func finishIfAtEnd(_ count: Int, _ finished: (Int, Result<FileDigests, Failure>) -> Void) {
        guard file != nil, count < Digests.bufferSize else { return }
        finished(index, .success(FileDigests(sha256: hasher.finalize(), git: nil, size: ByteCount(clamping: offset))))
        file = nil
    }
}

/// How many processors this process may use.
func processorCount() -> Int {
    max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
