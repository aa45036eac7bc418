// SPDX-License-Identifier: Apache-2.0

/// The type of a tensor's elements: the 22 that the format knows.
///
/// The raw value is the name in the file. Elements are little-endian; those smaller than a byte are packed, and a
/// tensor of them must fill whole bytes.
public enum TensorType: String, Sendable, CaseIterable, Hashable {
    // In the reference's order, which is the writer's sort key: do not rearrange.
    /// One byte, zero or one by convention; no reader checks the value.
    case bool = "BOOL"
    /// Four bits: two exponent bits, one of mantissa.
    case f4 = "F4"
    /// Six bits: two exponent bits, three of mantissa.
    case f6e2m3 = "F6_E2M3"
    /// Six bits: three exponent bits, two of mantissa.
    case f6e3m2 = "F6_E3M2"
    /// Unsigned, 8 bits.
    case u8 = "U8"
    /// Signed, 8 bits.
    case i8 = "I8"
    /// Eight bits: five exponent bits, two of mantissa.
    case f8e5m2 = "F8_E5M2"
    /// Eight bits: four exponent bits, three of mantissa, no infinities.
    case f8e4m3 = "F8_E4M3"
    /// Eight bits, all exponent: a scale.
    case f8e8m0 = "F8_E8M0"
    /// `f8e4m3` with one not-a-number and no negative zero.
    case f8e4m3fnuz = "F8_E4M3FNUZ"
    /// `f8e5m2` with one not-a-number, no infinities and no negative zero.
    case f8e5m2fnuz = "F8_E5M2FNUZ"
    /// Signed, 16 bits.
    case i16 = "I16"
    /// Unsigned, 16 bits.
    case u16 = "U16"
    /// IEEE 754 half precision.
    case f16 = "F16"
    /// The upper half of a single precision number.
    case bf16 = "BF16"
    /// Signed, 32 bits.
    case i32 = "I32"
    /// Unsigned, 32 bits.
    case u32 = "U32"
    /// IEEE 754 single precision.
    case f32 = "F32"
    /// A complex number of two `f32`.
    case c64 = "C64"
    /// IEEE 754 double precision.
    case f64 = "F64"
    /// Signed, 64 bits.
    case i64 = "I64"
    /// Unsigned, 64 bits.
    case u64 = "U64"

    /// The size of one element in bits: 4, 6, 8, 16, 32 or 64.
    public var bitWidth: Int {
        switch self {
        case .f4: 4
        case .f6e2m3, .f6e3m2: 6
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        }
    }

    /// The boundary that an element wants in memory, in bytes: 1, 2, 4 or 8. `c64` is two numbers of four bytes.
    public var alignment: Int { self == .c64 ? 4 : max(1, bitWidth / 8) }

    /// The place in the reference's order; the writer puts the highest first.
    var order: Int { TensorType.allCases.firstIndex(of: self) ?? 0 }

    /// The number of bytes of a tensor of this type and shape.
    ///
    /// The product runs from the left and may not leave 64 bits at any step, as in the reference: `[0, 2⁶³, 2⁶³]` has
    /// zero bytes, `[2⁶³, 2⁶³, 0]` is an overflow.
    public func byteCount(of shape: some Sequence<UInt64>) -> TensorSize {
        var elements: UInt64 = 1
        for dimension in shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
            if overflow { return .overflow }
            elements = product
        }
        let (bits, overflow) = elements.multipliedReportingOverflow(by: UInt64(bitWidth))
        if overflow { return .overflow }
        return bits % 8 == 0 ? .bytes(bits / 8) : .partialByte(bits: bits)
    }
}

/// What a type and a shape come to.
public enum TensorSize: Sendable, Hashable {
    /// So many whole bytes.
    case bytes(UInt64)
    /// A number of bits that does not end at a byte: no file can hold such a tensor.
    case partialByte(bits: UInt64)
    /// More than 64 bits can count.
    case overflow
}
