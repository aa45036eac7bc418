// SPDX-License-Identifier: Apache-2.0

/// The type of a tensor's elements, as ggml numbers it.
///
/// Quantised types store blocks: a fixed number of elements of one row in a fixed number of bytes.
public enum GGMLType: UInt32, Sendable, CaseIterable, Hashable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q8_1 = 9
    case q2_k = 10
    case q3_k = 11
    case q4_k = 12
    case q5_k = 13
    case q6_k = 14
    case q8_k = 15
    case iq2_xxs = 16
    case iq2_xs = 17
    case iq3_xxs = 18
    case iq1_s = 19
    case iq4_nl = 20
    case iq3_s = 21
    case iq2_s = 22
    case iq4_xs = 23
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    case f64 = 28
    case iq1_m = 29
    case bf16 = 30
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39
    case nvfp4 = 40
    case q1_0 = 41

    /// The name that ggml gives it: `Q4_K`, `IQ2_XXS`, `BF16`.
    public var name: String { traits.name }

    /// How many elements of a row a block holds: 1 for plain numbers.
    public var blockSize: UInt64 { traits.elements }

    /// How many bytes a block takes.
    public var blockBytes: UInt64 { traits.bytes }

    /// Whether a block holds more than one element.
    public var isQuantized: Bool { blockSize > 1 }

    /// The name in the prefix of a tensor digest: the one of safetensors for plain numbers (`F32`), so that the same
    /// numbers have the same digest in both containers, and `ggml/Q4_K` for blocks. At most 16 bytes of ASCII.
    public var digestName: String { isQuantized ? "ggml/" + name : name }

    /// The name of a type that llama.cpp has dropped again, when `code` is one.
    public static func removedName(_ code: UInt32) -> String? {
        switch code {
        case 4: "Q4_2"
        case 5: "Q4_3"
        case 31: "Q4_0_4_4"
        case 32: "Q4_0_4_8"
        case 33: "Q4_0_8_8"
        case 36: "IQ4_NL_4_4"
        case 37: "IQ4_NL_4_8"
        case 38: "IQ4_NL_8_8"
        default: nil
        }
    }

    private var traits: (name: String, elements: UInt64, bytes: UInt64) {
        switch self {
        case .f32: ("F32", 1, 4)
        case .f16: ("F16", 1, 2)
        case .q4_0: ("Q4_0", 32, 18)
        case .q4_1: ("Q4_1", 32, 20)
        case .q5_0: ("Q5_0", 32, 22)
        case .q5_1: ("Q5_1", 32, 24)
        case .q8_0: ("Q8_0", 32, 34)
        // The Python package says 40: a layout from before two of its fields became half precision. ggml reads 36.
        case .q8_1: ("Q8_1", 32, 36)
        case .q2_k: ("Q2_K", 256, 84)
        case .q3_k: ("Q3_K", 256, 110)
        case .q4_k: ("Q4_K", 256, 144)
        case .q5_k: ("Q5_K", 256, 176)
        case .q6_k: ("Q6_K", 256, 210)
        case .q8_k: ("Q8_K", 256, 292)
        case .iq2_xxs: ("IQ2_XXS", 256, 66)
        case .iq2_xs: ("IQ2_XS", 256, 74)
        case .iq3_xxs: ("IQ3_XXS", 256, 98)
        case .iq1_s: ("IQ1_S", 256, 50)
        case .iq4_nl: ("IQ4_NL", 32, 18)
        case .iq3_s: ("IQ3_S", 256, 110)
        case .iq2_s: ("IQ2_S", 256, 82)
        case .iq4_xs: ("IQ4_XS", 256, 136)
        case .i8: ("I8", 1, 1)
        case .i16: ("I16", 1, 2)
        case .i32: ("I32", 1, 4)
        case .i64: ("I64", 1, 8)
        case .f64: ("F64", 1, 8)
        case .iq1_m: ("IQ1_M", 256, 56)
        case .bf16: ("BF16", 1, 2)
        case .tq1_0: ("TQ1_0", 256, 54)
        case .tq2_0: ("TQ2_0", 256, 66)
        case .mxfp4: ("MXFP4", 32, 17)
        case .nvfp4: ("NVFP4", 64, 36)
        case .q1_0: ("Q1_0", 128, 18)
        }
    }
}
