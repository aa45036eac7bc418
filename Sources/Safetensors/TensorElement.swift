// SPDX-License-Identifier: Apache-2.0

/// A Swift type whose values lie in memory as the elements of a tensor do.
public protocol TensorElement: BitwiseCopyable, Sendable {
    /// Whether elements of this type are these.
    static func represents(_ type: TensorType) -> Bool
}

extension Float: TensorElement {
    /// True for `f32`.
    public static func represents(_ type: TensorType) -> Bool { type == .f32 }
}
extension Double: TensorElement {
    /// True for `f64`.
    public static func represents(_ type: TensorType) -> Bool { type == .f64 }
}
#if !(os(macOS) && arch(x86_64))
    extension Float16: TensorElement {
        /// True for `f16`.
        public static func represents(_ type: TensorType) -> Bool { type == .f16 }
    }
#endif
extension BFloat16: TensorElement {
    /// True for `bf16`.
    public static func represents(_ type: TensorType) -> Bool { type == .bf16 }
}
extension Int8: TensorElement {
    /// True for `i8`.
    public static func represents(_ type: TensorType) -> Bool { type == .i8 }
}
extension Int16: TensorElement {
    /// True for `i16`.
    public static func represents(_ type: TensorType) -> Bool { type == .i16 }
}
extension Int32: TensorElement {
    /// True for `i32`.
    public static func represents(_ type: TensorType) -> Bool { type == .i32 }
}
extension Int64: TensorElement {
    /// True for `i64`.
    public static func represents(_ type: TensorType) -> Bool { type == .i64 }
}
extension UInt8: TensorElement {
    /// True for every type of whole bytes or parts of them: the raw bytes of one-byte and packed elements.
    public static func represents(_ type: TensorType) -> Bool { type.bitWidth <= 8 }
}
extension UInt16: TensorElement {
    /// True for `u16`, and for `f16` and `bf16` as raw bits.
    public static func represents(_ type: TensorType) -> Bool { type == .u16 || type == .f16 || type == .bf16 }
}
extension UInt32: TensorElement {
    /// True for `u32`, and for `f32` as raw bits.
    public static func represents(_ type: TensorType) -> Bool { type == .u32 || type == .f32 }
}
extension UInt64: TensorElement {
    /// True for `u64`, and for `f64` as raw bits.
    public static func represents(_ type: TensorType) -> Bool { type == .u64 || type == .f64 }
}
