// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 digest: the identity of a blob.
///
/// Its text form is exactly 64 lower-case hexadecimal digits, as `sha256sum` prints it.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    private let a, b, c, d: UInt64

    /// Parses 64 lower-case hexadecimal digits; anything else is nil.
    public init?(_ text: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(text, byteCount: 32) else { return nil }
        self.init(bytes: bytes)
    }

    init(words: [UInt32]) { self.init(bytes: Hexadecimal.bigEndian(words)) }

    init(bytes: [UInt8]) {
        precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
        func word(_ index: Int) -> UInt64 { bytes[(index * 8)..<(index * 8 + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
        (a, b, c, d) = (word(0), word(1), word(2), word(3))
    }

    /// The 32 bytes of the digest, most significant first.
    public var bytes: [UInt8] {
        [a, b, c, d].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    /// The 64 lower-case hexadecimal digits.
    public var description: String { Hexadecimal.text(bytes) }

    /// The first twelve digits, for people.
    public var short: String { String(description.prefix(12)) }

    /// Orders digests as their text forms order.
    public static func < (left: Digest, right: Digest) -> Bool {
        (left.a, left.b, left.c, left.d) < (right.a, right.b, right.c, right.d)
    }
}
