// SPDX-License-Identifier: Apache-2.0

/// A metadata value.
public enum GGUFValue: Sendable, Hashable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case uint64(UInt64)
    case int64(Int64)
    case float32(Float)
    case float64(Double)
    case bool(Bool)
    /// A string that is UTF-8.
    case string(String)
    /// A string that is not.
    case bytes([UInt8])
    /// An array; a long one is not in memory.
    case array(GGUFArray)

    /// The text, when the value is a string of UTF-8.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number, when the value is a whole one that fits.
    public var integer: Int64? {
        switch self {
        case .uint8(let number): Int64(number)
        case .int8(let number): Int64(number)
        case .uint16(let number): Int64(number)
        case .int16(let number): Int64(number)
        case .uint32(let number): Int64(number)
        case .int32(let number): Int64(number)
        case .uint64(let number): Int64(exactly: number)
        case .int64(let number): number
        default: nil
        }
    }

    /// The number, when the value is a floating one.
    public var number: Double? {
        switch self {
        case .float32(let number): Double(number)
        case .float64(let number): number
        default: nil
        }
    }

    /// The truth value, when the value is one.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The array, when the value is one.
    public var array: GGUFArray? {
        guard case .array(let array) = self else { return nil }
        return array
    }
}
