// SPDX-License-Identifier: Apache-2.0

/// The part of a Merkle–Damgård hash that is the same for SHA-1 and SHA-256: the unfinished block, the length, the padding.
struct BlockTail: Sendable {
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    /// How many bytes are missing of the block that was begun; 0 at a block's boundary.
    var missing: Int { pending.isEmpty ? 0 : 64 - pending.count }

    mutating func count(blocks: Int) { length &+= UInt64(blocks) &* 64 }

    /// Cuts `bytes` into whole 64-byte blocks for `compress` and keeps the rest for the next call.
    mutating func feed(_ bytes: RawSpan, _ compress: (UnsafePointer<UInt8>, Int) -> Void) {
        guard bytes.byteCount > 0 else { return }
        length &+= UInt64(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { buffer in
            var offset = 0
            if !pending.isEmpty {
                let take = min(64 - pending.count, buffer.count)
                unsafe pending.append(contentsOf: buffer[0..<take])
                offset = take
                guard pending.count == 64 else { return }
                // SAFETY: `pending` holds exactly one block for the duration of the call.
                unsafe pending.withUnsafeBufferPointer { unsafe compress($0.baseAddress!, 1) }
                pending.removeAll(keepingCapacity: true)
            }
            let blocks = (buffer.count - offset) / 64
            if blocks > 0 {
                // SAFETY: `blocks` whole blocks lie between `offset` and the end of the buffer.
                unsafe compress(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self) + offset, blocks)
                offset += blocks * 64
            }
            if offset < buffer.count { unsafe pending.append(contentsOf: buffer[offset...]) }
        }
    }

    /// The bytes that close the message: a one bit, zeros, and the length in bits, big-endian.
    var padding: [UInt8] {
        let used = Int(length % 64)
        var bytes: [UInt8] = [0x80]
        bytes.append(contentsOf: repeatElement(0, count: used < 56 ? 55 - used : 119 - used))
        let bits = length &* 8
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        return bytes
    }
}
