// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Bits of packed bytes, the lowest of each byte first, as deflate has them.
struct BitInput {
    var input: PackedInput
    private var bits: UInt64 = 0
    private var count = 0
    /// How many of the bits are zeros invented after the end of the input.
    private var invented = 0

    init(_ input: PackedInput) { self.input = input }

    /// The place of the first byte of which no bit was used.
    var position: UInt64 { input.position - UInt64(max(0, count - invented) / 8) }

    /// Makes 32 bits available, with zeros after the end.
    @inline(__always) mutating func fill() throws(ExpansionError) {
        while count <= 48 {
            if let byte = try input.byteOrNil() {
                bits |= UInt64(byte) << UInt64(count)
            } else {
                invented += 8
            }
            count += 8
            if invented > 64 { return }
        }
    }

    /// The lowest bits, at most 32, after `fill`.
    @inline(__always) func peek(_ width: Int) -> Int { Int(truncatingIfNeeded: bits & (1 << UInt64(width) - 1)) }

    /// Drops bits that were looked at.
    @inline(__always) mutating func drop(_ width: Int) throws(ExpansionError) {
        bits >>= UInt64(width)
        count -= width
        guard count >= invented else {
            throw .bytes(.truncated(offset: input.size, count: 1, size: input.size))
        }
    }

    /// Takes up to 16 bits.
    @inline(__always) mutating func take(_ width: Int) throws(ExpansionError) -> Int {
        if count < width { try fill() }
        let value = peek(width)
        try drop(width)
        return value
    }

    /// Moves to the next whole byte.
    mutating func align() throws(ExpansionError) { try drop(count % 8) }

    /// The next byte, when at a whole byte; nil at the end.
    mutating func byteOrNil() throws(ExpansionError) -> UInt8? {
        if count - invented >= 8 { return UInt8(truncatingIfNeeded: try take(8)) }
        if invented > 0 { return nil }
        return try input.byteOrNil()
    }

    mutating func byte() throws(ExpansionError) -> UInt8 {
        guard let byte = try byteOrNil() else {
            throw .bytes(.truncated(offset: input.size, count: 1, size: input.size))
        }
        return byte
    }
}
