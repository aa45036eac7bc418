// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// One of the two interleaved streams of a digest: a tensor, how far it is read, and a buffer.
@safe struct TensorLane: ~Copyable {
    private static let bufferSize = 512 * 1024

    private var tensor: TensorInfo?
    private var hasher: TensorHasher?
    private var offset: UInt64 = 0
    // SAFETY: allocated with the value and freed with it; no span of it outlives a call.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: TensorLane.bufferSize, alignment: 64)

    /// Whether the buffer holds nothing but zeros.
    private var isZero = false
    /// Up to here in the file all is known to be zero.
    private var hole: UInt64 = 0

    deinit { unsafe buffer.deallocate() }

    var isBusy: Bool { tensor != nil }

    /// Gives the digest of a tensor that is at its end, and takes the next one.
    mutating func prepare(_ queue: TensorQueue, _ found: inout [TensorDigests.Entry]) {
        while true {
            if let tensor, let hasher {
                if offset < tensor.byteCount { return }
                found.append(TensorDigests.Entry(tensor.name, hasher.finalize()))
            }
            tensor = nil
            guard let taken = queue.take() else { return }
            tensor = taken
            hole = 0
            hasher = TensorHasher(taken)
            offset = 0
        }
    }

    /// Reads the next bytes and returns how many there are.
    mutating func fill(_ file: borrowing SafetensorsFile) throws(SafetensorsError) -> Int {
        guard let tensor else { return 0 }
        let count = Int(min(tensor.byteCount - offset, UInt64(Self.bufferSize)))
        let place = file.header.dataStart + tensor.offsets.lowerBound + offset
        offset += UInt64(count)
        // The kernel would fill memory with the zeros of a hole, and keep them.
        if place >= hole { hole = file.endOfHole(at: place) }
        if place + UInt64(count) <= hole {
            if !isZero { unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0) }
            isZero = true
            return count
        }
        isZero = false
        // SAFETY: the count is at most the buffer's size.
        unsafe try file.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), place)
        return count
    }

    /// Hashes what both buffers hold.
    static func update(_ a: inout TensorLane, _ countA: Int, _ b: inout TensorLane, _ countB: Int) {
        // SAFETY: the counts come from `fill` and lie within the buffers, which live as long as the lanes.
        let first = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: a.buffer[..<countA]))
        let second = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: b.buffer[..<countB]))
        guard var left = a.hasher, var right = b.hasher else {
            a.hasher?.update(first)
            b.hasher?.update(second)
            return
        }
        TensorHasher.update(&left, first, &right, second)
        (a.hasher, b.hasher) = (left, right)
    }
}
