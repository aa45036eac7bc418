// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import SystemPackage

/// The chunks that one worker checks at once: as many as its core hashes side by side.
@safe struct ChunkLanes: ~Copyable {
    /// Short enough that the buffers of all lanes stay in the second level cache between reading and hashing.
    private static let pieceSize = 32 * 1024
    /// A little more than a piece, so that the lanes do not all fall on the same lines of the caches.
    private static let stride = pieceSize + 128

    private struct Lane {
        let chunk: DigestQueue.Chunk
        var offset: Int64
    }

    private var lanes: [Lane?]
    private var hashers: [SHA256]
    // SAFETY: allocated with the value and freed with it; no span of it outlives a call.
    private let buffer: UnsafeMutableRawBufferPointer

    init() {
        let count = SHA256.lanes
        lanes = Array(repeating: nil, count: count)
        hashers = Array(repeating: SHA256(), count: count)
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count * ChunkLanes.stride, alignment: 64)
    }

    deinit { unsafe buffer.deallocate() }

    /// Takes chunks for the lanes that are free; false when there is nothing to do any more.
    mutating func fill(_ queue: DigestQueue) -> Bool {
        var busy = lanes.count { $0 != nil }
        let share = queue.share(lanes.count)
        for index in lanes.indices where lanes[index] == nil && busy < share {
            guard let chunk = queue.takeChunk() else { break }
            chunk.file.file.willRead(
                from: chunk.range.lowerBound, count: chunk.range.upperBound - chunk.range.lowerBound)
            lanes[index] = Lane(chunk: chunk, offset: chunk.range.lowerBound)
            hashers[index] = SHA256()
            busy += 1
        }
        return busy > 0
    }

    /// Reads and hashes the next piece of every lane and returns how many bytes that were.
    mutating func step(_ queue: DigestQueue) -> Int {
        var counts = Array(repeating: 0, count: lanes.count)
        for index in lanes.indices {
            guard let lane = lanes[index] else { continue }
            let wanted = Int(min(Int64(ChunkLanes.pieceSize), lane.chunk.range.upperBound - lane.offset))
            do throws(Failure) {
                let start = index * ChunkLanes.stride
                // SAFETY: a piece is shorter than a lane's part of the buffer.
                let place = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + wanted])
                counts[index] = unsafe try lane.chunk.file.file.read(into: place, at: lane.offset)
                guard counts[index] == wanted else {
                    // The file was cut while it was read.
                    counts[index] = 0
                    lanes[index] = nil
                    queue.report(lane.chunk, .success(false))
                    continue
                }
                lanes[index]?.offset += Int64(wanted)
            } catch {
                lanes[index] = nil
                queue.report(lane.chunk, .failure(error))
            }
        }
        // SAFETY: the buffer lives as long as the lanes; what lies between the pieces is not looked at.
        let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer))
        SHA256.update(&hashers, from: bytes, stride: ChunkLanes.stride, counts: counts)
        for index in lanes.indices {
            guard let lane = lanes[index], lane.offset == lane.chunk.range.upperBound else { continue }
            lanes[index] = nil
            queue.report(lane.chunk, .success(hashers[index].finalize() == lane.chunk.expected))
        }
        return counts.reduce(0, +)
    }
}
