// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The tensors that one worker hashes at once: as many as its core hashes side by side, where there are so many.
@safe struct TensorLanes: ~Copyable {
    /// All pieces together fill half a megabyte or one, which a core's own cache holds between reading and hashing.
    private static let wideSize = 32 << 10
    private static let pairSize = 512 << 10
    /// With fewer tensors a worker, two at once are faster than more: the wide registers would run half empty.
    private static let worthWide = 10
    /// Pieces lie a little apart, so that the lanes do not all fall on the same lines of the caches.
    private static let gap = 128

    private struct Lane {
        let tensor: TensorInfo
        var offset: UInt64 = 0
        /// Up to here in the file all is known to be zero.
        var hole: UInt64 = 0
    }

    private var lanes: [Lane?]
    private var hashers: [SHA256]
    private var counts: [Int]
    /// Whether the lane's part of the buffer holds nothing but zeros.
    private var isZero: [Bool]
    private let pieceSize: Int
    // SAFETY: allocated with the value and freed with it; no span of it outlives a call.
    private let buffer: UnsafeMutableRawBufferPointer

    /// - Parameter share: how many tensors there are for each worker.
    init(share: Int) {
        let isWide = SHA256.lanes > 2 && share >= TensorLanes.worthWide
        let count = isWide ? min(SHA256.lanes, share) : 2
        pieceSize = isWide ? TensorLanes.wideSize : TensorLanes.pairSize
        lanes = Array(repeating: nil, count: count)
        hashers = Array(repeating: SHA256(), count: count)
        counts = Array(repeating: 0, count: count)
        isZero = Array(repeating: false, count: count)
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: count * (pieceSize + TensorLanes.gap), alignment: 64)
    }

    deinit { unsafe buffer.deallocate() }

    /// Gives the digests of the tensors that are at their end and takes others for their lanes; false when there is nothing to
    /// do any more.
    mutating func prepare(_ queue: TensorQueue, _ found: inout [TensorDigests.Entry]) -> Bool {
        var isBusy = false
        for index in lanes.indices {
            // An empty tensor is at its end when it begins.
            while let lane = lanes[index] ?? queue.take().map({ Lane(tensor: $0) }) {
                if lanes[index] == nil { hashers[index] = TensorHasher(lane.tensor).hasher }
                if lane.offset < lane.tensor.byteCount {
                    lanes[index] = lane
                    isBusy = true
                    break
                }
                found.append(TensorDigests.Entry(lane.tensor.name, hashers[index].finalize()))
                lanes[index] = nil
            }
        }
        return isBusy
    }

    /// Reads and hashes the next piece of every tensor and returns how many bytes those were.
    mutating func step(_ file: borrowing SafetensorsFile) throws(SafetensorsError) -> Int {
        let stride = pieceSize + TensorLanes.gap
        for index in lanes.indices {
            // SAFETY: each lane's piece lies in its own part of the buffer.
            let part = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[index * stride..<index * stride + pieceSize])
            counts[index] = try unsafe fill(index, part, file)
        }
        // SAFETY: the buffer lives as long as the lanes; what lies behind a piece is not looked at.
        let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer))
        SHA256.update(&hashers, from: bytes, stride: stride, counts: counts)
        return counts.reduce(0, +)
    }

    /// Reads the next piece of a lane's tensor and returns how many bytes it has.
    private mutating func fill(
        _ index: Int, _ part: UnsafeMutableRawBufferPointer, _ file: borrowing SafetensorsFile
    ) throws(SafetensorsError) -> Int {
        guard var lane = lanes[index] else { return 0 }
        let count = Int(min(lane.tensor.byteCount - lane.offset, UInt64(pieceSize)))
        let place = file.header.dataStart + lane.tensor.offsets.lowerBound + lane.offset
        lane.offset += UInt64(count)
        // The kernel would fill memory with the zeros of a hole, and keep them.
        if place >= lane.hole { lane.hole = file.endOfHole(at: place) }
        lanes[index] = lane
        if place + UInt64(count) <= lane.hole {
            if !isZero[index] { unsafe part.initializeMemory(as: UInt8.self, repeating: 0) }
            isZero[index] = true
            return count
        }
        isZero[index] = false
        // SAFETY: the count is at most the part's size.
        unsafe try file.fill(UnsafeMutableRawBufferPointer(rebasing: part[..<count]), place)
        return count
    }
}
