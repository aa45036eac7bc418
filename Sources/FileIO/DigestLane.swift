// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import SystemPackage

/// One of the two streams of a worker that reads whole files: an open file, its hashers and its buffer.
@safe struct DigestLane: ~Copyable {
    private let isSecond: Bool
    private var file: File?
    private var index = 0
    private var offset: Int64 = 0
    private var hasher = SHA256()
    private var tree: ChunkTree.Builder?
    private var exhausted = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Digests.bufferSize, alignment: 64)

    init(second: Bool) { isSecond = second }

    // SAFETY: allocated with the value and freed with it; no span of it outlives a call.
    deinit { unsafe buffer.deallocate() }

    var isOpen: Bool { file != nil }

    /// Opens the next file of the queue when there is none open.
    mutating func prepare(_ queue: DigestQueue, _ finished: DigestQueue.Finished) {
        while file == nil, !exhausted {
            guard let (index, path, wantsTree) = queue.takeWhole(second: isSecond) else {
                exhausted = true
                return
            }
            do throws(Failure) {
                let opened = try File(path, .reading)
                opened.willReadSequentially()
                let size = try opened.status().size.value
                file = consume opened
                self.index = index
                offset = 0
                hasher = SHA256()
                tree = wantsTree && size > ChunkTree.chunkSize ? ChunkTree.Builder() : nil
            } catch { finished(index, .failure(error)) }
        }
    }

    /// Fills the buffer and returns how many bytes it holds; fewer than its size means that the file has ended.
    mutating func fill(_ finished: DigestQueue.Finished) -> Int {
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

    /// Hashes what both buffers hold: two streams, or a stream and its tree, interleaved.
    static func update(_ a: inout DigestLane, _ countA: Int, _ b: inout DigestLane, _ countB: Int) {
        // SAFETY: the counts come from `fill` and lie within the buffers, which live as long as the lanes.
        let first = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: a.buffer[0..<countA]))
        let second = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: b.buffer[0..<countB]))
        if a.tree == nil, b.tree == nil { return SHA256.update(&a.hasher, first, &b.hasher, second) }
        a.update(first)
        b.update(second)
    }

    private mutating func update(_ bytes: RawSpan) {
        if tree == nil { hasher.update(bytes) } else { tree?.update(bytes, with: &hasher) }
    }

    mutating func finishIfAtEnd(_ count: Int, _ finished: DigestQueue.Finished) {
        guard file != nil, count < Digests.bufferSize else { return }
        let found = FileDigests(
            sha256: hasher.finalize(), git: nil, size: ByteCount(clamping: offset), tree: tree?.finalize())
        finished(index, .success(.whole(found)))
        file = nil
    }
}
