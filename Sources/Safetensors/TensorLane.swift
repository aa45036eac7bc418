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

    deinit { unsafe buffer.deallocate() }

    var isBusy: Bool { tensor != nil }

    /// Gives the digest of a tensor that is at its end, and takes the next one.
    mutating func prepare(
        _ file: borrowing SafetensorsFile, _ next: inout Int, _ found: inout [TensorDigests.Entry]
    ) throws(SafetensorsError) {
        while true {
            if let tensor, let hasher {
                if offset < tensor.byteCount { return }
                found.append(TensorDigests.Entry(tensor.name, hasher.finalize()))
            }
            tensor = nil
            guard next < file.header.tensors.count else { return }
            let taken = file.header.tensors[next]
            next += 1
            tensor = taken
            hasher = TensorHasher(taken)
            offset = 0
        }
    }

    /// Reads the next bytes and returns how many there are.
    mutating func fill(_ file: borrowing SafetensorsFile) throws(SafetensorsError) -> Int {
        guard let tensor else { return 0 }
        let count = Int(min(tensor.byteCount - offset, UInt64(Self.bufferSize)))
        // SAFETY: the count is at most the buffer's size.
        unsafe try file.fill(
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]),
            file.header.dataStart + tensor.offsets.lowerBound + offset)
        offset += UInt64(count)
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
