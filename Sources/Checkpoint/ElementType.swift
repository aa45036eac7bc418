// SPDX-License-Identifier: Apache-2.0

package import Safetensors

/// The type of a stored tensor's elements, by the name that PyTorch gives it.
package struct ElementType: Sendable, Hashable {
    /// The name, as in `torch.float32`.
    package let name: String
    /// How many bytes an element takes.
    package let byteCount: Int
    /// The type in safetensors; nil when the format has none.
    package let tensorType: TensorType?
    /// How many bytes make a number, for swapping the byte order: half an element for complex ones.
    package let numberSize: Int
    /// How many logical elements are packed in one: 2 for `float4_e2m1fn_x2`.
    package let packing: UInt64
    /// Whether the numbers mean something only together with a scale that the file keeps elsewhere.
    package let isQuantized: Bool

    private init(
        _ name: String, _ byteCount: Int, _ tensorType: TensorType?, numberSize: Int? = nil, packing: UInt64 = 1,
        isQuantized: Bool = false
    ) {
        self.name = name
        self.byteCount = byteCount
        self.tensorType = tensorType
        self.numberSize = numberSize ?? byteCount
        self.packing = packing
        self.isQuantized = isQuantized
    }

    /// Bytes without a type: what `UntypedStorage` holds.
    package static let byte = ElementType("uint8", 1, .u8)

    /// The types that are known, by name.
    package static let named: [String: ElementType] = {
        let all = [
            ElementType("float64", 8, .f64), ElementType("float32", 4, .f32), ElementType("float16", 2, .f16),
            ElementType("bfloat16", 2, .bf16), ElementType("int64", 8, .i64), ElementType("int32", 4, .i32),
            ElementType("int16", 2, .i16), ElementType("int8", 1, .i8), ElementType("uint8", 1, .u8),
            ElementType("uint16", 2, .u16), ElementType("uint32", 4, .u32), ElementType("uint64", 8, .u64),
            ElementType("bool", 1, .bool), ElementType("complex64", 8, .c64, numberSize: 4),
            ElementType("complex128", 16, nil, numberSize: 8), ElementType("complex32", 4, nil, numberSize: 2),
            ElementType("float8_e4m3fn", 1, .f8e4m3), ElementType("float8_e5m2", 1, .f8e5m2),
            ElementType("float8_e4m3fnuz", 1, .f8e4m3fnuz), ElementType("float8_e5m2fnuz", 1, .f8e5m2fnuz),
            ElementType("float8_e8m0fnu", 1, .f8e8m0), ElementType("float4_e2m1fn_x2", 1, .f4, packing: 2),
            ElementType("qint8", 1, nil, isQuantized: true), ElementType("quint8", 1, nil, isQuantized: true),
            ElementType("qint32", 4, nil, isQuantized: true), ElementType("quint4x2", 1, nil, isQuantized: true),
            ElementType("quint2x4", 1, nil, isQuantized: true),
            ElementType("bits8", 1, nil), ElementType("bits16", 2, nil), ElementType("bits1x8", 1, nil),
            ElementType("bits2x4", 1, nil), ElementType("bits4x2", 1, nil),
            ElementType("bcomplex32", 4, nil, numberSize: 2),
        ]
        let aliases = [
            "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32",
            "short": "int16",
            "cfloat": "complex64", "cdouble": "complex128", "chalf": "complex32",
        ]
        var table = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        for (alias, name) in aliases { table[alias] = table[name] }
        return table
    }()

    private static let storages = [
        "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
        "BFloat16Storage": "bfloat16",
        "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
        "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
        "ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8", "QUInt8Storage": "quint8",
        "QInt32Storage": "qint32", "QUInt4x2Storage": "quint4x2", "QUInt2x4Storage": "quint2x4",
    ]

    /// The type of a storage class, such as `FloatStorage`.
    package static func ofStorage(_ name: String) -> ElementType? {
        guard name != "UntypedStorage" else { return .byte }
        return storages[name].flatMap { named[$0] }
    }

    /// The type of numpy's description, such as `<f4`: the type and whether its bytes are to be swapped; nil for any other.
    static func ofNumpy(_ description: String) -> (type: ElementType, isBigEndian: Bool)? {
        let names = [
            "b1": "bool", "u1": "uint8", "i1": "int8", "u2": "uint16", "i2": "int16", "u4": "uint32", "i4": "int32",
            "u8": "uint64", "i8": "int64", "f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64",
            "c16": "complex128",
        ]
        guard let order = description.utf8.first, let name = names[String(description.dropFirst())],
            let type = named[name]
        else { return nil }
        switch order {
        case UInt8(ascii: "<"): return (type, false)
        case UInt8(ascii: ">"): return (type, true)
        case UInt8(ascii: "|") where type.byteCount == 1: return (type, false)
        default: return nil
        }
    }
}
