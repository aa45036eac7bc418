// SPDX-License-Identifier: Apache-2.0

/// What is wrong with the JSON of a header.
public enum JSONProblem: Sendable, Hashable {
    /// The text ends too early.
    case unexpectedEnd
    /// Another byte was expected here; the expectation for people.
    case unexpected(UInt8, expected: String)
    /// After the object comes something other than white space.
    case trailingBytes
    /// A comma before a closing bracket.
    case trailingComma
    /// A control character stands unescaped in a string.
    case controlCharacter(UInt8)
    /// No such escape sequence.
    case invalidEscape
    /// Half of a surrogate pair.
    case loneSurrogate
    /// Not a number as JSON writes it.
    case invalidNumber
    /// A number that no 64-bit float can hold.
    case numberOutOfRange
    /// A count or an offset must be a whole number from 0 to 2⁶⁴−1, without sign, fraction or exponent.
    case notUnsignedInteger
    /// Deeper than 127 containers.
    case nestingTooDeep
    /// A field that may be there once is there twice.
    case duplicateField(String)
    /// A field that must be there is not.
    case missingField(String)
    /// No such data type.
    case unknownType(String)
    /// `data_offsets` or an entry in array form has another number of elements.
    case wrongCount(expected: Int)

    /// What it is, for people.
    public var message: String {
        switch self {
        case .unexpectedEnd: "it ends too early"
        case .unexpected(let byte, let expected): "expected \(expected), found `\(JSONProblem.text(byte))`"
        case .trailingBytes: "something follows its object"
        case .trailingComma: "trailing comma"
        case .controlCharacter(let byte): "unescaped control character `\(JSONProblem.text(byte))` in a string"
        case .invalidEscape: "no such escape sequence"
        case .loneSurrogate: "half of a surrogate pair"
        case .invalidNumber: "malformed number"
        case .numberOutOfRange: "number out of range"
        case .notUnsignedInteger: "expected a whole number from 0 to 18446744073709551615"
        case .nestingTooDeep: "more than \(HeaderLimits.depth) containers in one another"
        case .duplicateField(let name): "field `\(name)` is there twice"
        case .missingField(let name): "field `\(name)` is missing"
        case .unknownType(let name): "unknown data type `\(TensorName(name))`"
        case .wrongCount(let expected): "expected \(expected) elements"
        }
    }

    private static func text(_ byte: UInt8) -> String {
        byte > 0x20 && byte < 0x7F ? String(UnicodeScalar(byte)) : "0x" + String(byte, radix: 16)
    }
}

/// The limits of a header.
enum HeaderLimits {
    /// Bytes of JSON: the reference's, inclusive.
    static let length: UInt64 = 100_000_000
    /// Containers in one another, the outermost counted.
    static let depth = 127
    /// Findings that are kept; the rest are only counted.
    static let findings = 100
}
