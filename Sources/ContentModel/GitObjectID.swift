// SPDX-License-Identifier: Apache-2.0

/// A git object id (SHA-1): names commits, and on a Hub the small files.
///
/// Its text form is exactly 40 lower-case hexadecimal digits.
public struct GitObjectID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 20 bytes of the id, most significant first.
    public let bytes: [UInt8]

    /// Parses 40 lower-case hexadecimal digits; anything else is nil.
    public init?(_ text: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(text, byteCount: 20) else { return nil }
        self.bytes = bytes
    }

    init(words: [UInt32]) { bytes = Hexadecimal.bigEndian(words) }

    /// The 40 lower-case hexadecimal digits.
    public var description: String { Hexadecimal.text(bytes) }

    /// The first seven digits, for people.
    public var short: String { String(description.prefix(7)) }

    /// Orders ids as their text forms order.
    public static func < (left: GitObjectID, right: GitObjectID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
