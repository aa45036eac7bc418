// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a block of Zstandard; the decoder adds where.
struct ZstandardFault: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Bits of a stretch of bytes from its end to its beginning, highest first, as the entropy-coded streams of Zstandard are
/// read. The bytes are handed to `fill`, so that the value holds no reference.
///
/// After `fill` 56 bits may be taken. Bits before the beginning are zeros, and counted: `isOverrun`.
struct ZstandardBits {
    private let low: Int
    private var next: Int
    /// The next bit is the highest. Below the `count` highest there may be bits of bytes that were not taken yet.
    private var bits: UInt64 = 0
    private var count = 0

    /// Begins below the highest bit of the last byte of `range`; nil when there is none, or the range is not inside.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
        (low, next) = (range.lowerBound, range.upperBound)
        fill(bytes)
        guard bits >> 56 != 0 else { return nil }
        drop(bits.leadingZeroBitCount + 1)
    }

    /// Whether more bits were taken than there were.
    var isOverrun: Bool { count < 0 }

    /// Whether all bits were taken, and no more.
    var isAtEnd: Bool { count == 0 && next == low }

    @inline(__always) mutating func fill(_ bytes: Span<UInt8>) {
        if next - low >= 8, count >= 0 {
            // SAFETY: any eight bytes are a number, and the span checks that they are there.
            let word = unsafe UInt64(
                littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: next - 8, as: UInt64.self))
            bits |= word &>> UInt64(count)
            let taken = (63 - count) >> 3
            next -= taken
            count += taken * 8
        } else {
            while count <= 56, next > low {
                next -= 1
                bits |= UInt64(bytes[next]) << UInt64(56 - count)
                count += 8
            }
        }
    }

    /// The next bits, at most 32.
    @inline(__always) func peek(_ width: Int) -> Int { Int(truncatingIfNeeded: (bits >> 1) &>> UInt64(63 &- width)) }

    /// Drops bits, at most 32.
    @inline(__always) mutating func drop(_ width: Int) {
        bits = bits &<< UInt64(width)
        count &-= width
    }

    /// Takes bits, at most 32.
    @inline(__always) mutating func take(_ width: Int) -> Int {
        let value = peek(width)
        drop(width)
        return value
    }
}
