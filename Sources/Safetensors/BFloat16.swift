// SPDX-License-Identifier: Apache-2.0

/// A number of 16 bits with the range of a `Float` and 8 bits of precision: the upper half of one.
public struct BFloat16: Sendable, Hashable, BitwiseCopyable {
    /// The bits as they stand in the file.
    public let bitPattern: UInt16

    /// Takes bits as they stand in a file.
    public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// Rounds to the nearest number, halves to the even one; not-a-number stays one.
    public init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
        } else {
            bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
        }
    }

    /// The same number, exactly.
    public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
