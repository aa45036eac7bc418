// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// The types of numbers that can be compared, with the kernel's numbers for them.
enum NumberType: UInt32, Sendable, Hashable, CaseIterable {
    case f64 = 0
    case f32, f16, bf16, f8e4m3, f8e5m2, f8e8m0, f8e4m3fnuz, f8e5m2fnuz
    case i8, u8, bool, i16, u16, i32, u32, i64, u64, c64
    case f4, f6e2m3, f6e3m2

    /// The type with the name that safetensors or ggml gives it; nil for blocks and for what is not known.
    init?(named name: String) {
        guard let found = NumberType.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// The name that safetensors gives it; ggml's is the same where it has the type.
    var name: String {
        switch self {
        case .f64: "F64"
        case .f32: "F32"
        case .f16: "F16"
        case .bf16: "BF16"
        case .f8e4m3: "F8_E4M3"
        case .f8e5m2: "F8_E5M2"
        case .f8e8m0: "F8_E8M0"
        case .f8e4m3fnuz: "F8_E4M3FNUZ"
        case .f8e5m2fnuz: "F8_E5M2FNUZ"
        case .i8: "I8"
        case .u8: "U8"
        case .bool: "BOOL"
        case .i16: "I16"
        case .u16: "U16"
        case .i32: "I32"
        case .u32: "U32"
        case .i64: "I64"
        case .u64: "U64"
        case .c64: "C64"
        case .f4: "F4"
        case .f6e2m3: "F6_E2M3"
        case .f6e3m2: "F6_E3M2"
        }
    }

    /// The size of an element in bits.
    var bitWidth: UInt64 {
        switch self {
        case .f4: 4
        case .f6e2m3, .f6e3m2: 6
        case .f8e4m3, .f8e5m2, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz, .i8, .u8, .bool: 8
        case .f16, .bf16, .i16, .u16: 16
        case .f32, .i32, .u32: 32
        case .f64, .i64, .u64, .c64: 64
        }
    }

    /// Whether numbers of this type can be those of another one, rounded: every pair but complex and plain ones.
    func canBeCast(to other: NumberType) -> Bool { self != other && self != .c64 && other != .c64 }

    /// The bytes of `count` elements, `count` being a multiple of 8 or the whole of a tensor; nil when they are too many.
    func byteCount(_ count: UInt64) -> UInt64? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
        return overflow ? nil : bits / 8 + (bits % 8 == 0 ? 0 : 1)
    }
}
