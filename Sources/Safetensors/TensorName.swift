// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The name of a tensor: UTF-8 bytes, compared and ordered as bytes.
///
/// Two spellings that look alike (`é` as one scalar or as two) are two names, as they are in the file; `String` would
/// call them equal. Any text is a name: the empty one, `../..`, one with a NUL. Never use one as a path.
public struct TensorName: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The UTF-8 bytes.
    public let bytes: [UInt8]

    /// Takes the UTF-8 of `text`.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Takes the UTF-8 of a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// Accepts bytes that are UTF-8; others are nil.
    public init?(utf8 bytes: [UInt8]) {
        guard UTF8Check.firstInvalid(bytes.span, from: 0) == nil else { return nil }
        self.bytes = bytes
    }

    init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// The name as text, exactly.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// The name for people: control characters escaped, cut after 300 characters.
    public var description: String { Escaped(string).description }

    /// Orders by bytes.
    public static func < (left: TensorName, right: TensorName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
