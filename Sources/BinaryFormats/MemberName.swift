// SPDX-License-Identifier: Apache-2.0

/// The name of an archive member, as its bytes. Two names are equal when their bytes are.
public struct MemberName: Sendable, Hashable {
    /// The bytes in the archive.
    public let bytes: [UInt8]

    /// Takes the bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Takes the UTF-8 of `text`.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The name as text; bytes that are not UTF-8 become U+FFFD, so two names can have one text. Not for comparing.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the bytes end with those of `suffix`.
    public func hasSuffix(_ suffix: StaticString) -> Bool {
        bytes.count >= suffix.utf8CodeUnitCount
            && bytes.suffix(suffix.utf8CodeUnitCount).elementsEqual("\(suffix)".utf8)
    }

    /// Whether the name stands for a directory: it ends with `/`.
    public var isDirectory: Bool { bytes.last == UInt8(ascii: "/") }

    /// The name with ASCII letters in lower case and without a final `/`: what many file systems take for the same name.
    public var folded: MemberName {
        var lower = bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        while lower.last == UInt8(ascii: "/") { lower.removeLast() }
        return MemberName(lower)
    }

    /// Why the name must not be used as a path; nil when it may.
    public var problem: Problem? { Problem.find(in: bytes) }

    /// Why a name must not be used as a path.
    public enum Problem: String, Sendable, Hashable {
        /// There is no name.
        case empty = "empty"
        /// It begins at a root, with `/`, `\` or a drive letter.
        case absolute = "absolute"
        /// A part of it is `..`.
        case parent = "leads out of the directory"
        /// It holds a `\`, which some systems take for a separator.
        case backslash = "has a backslash"
        /// It holds a zero byte: some readers end the name there.
        case zeroByte = "has a zero byte"
        /// It holds a control character.
        case control = "has a control character"
        /// It is not UTF-8, so that readers disagree about it.
        case encoding = "is not UTF-8"

        static func find(in bytes: [UInt8]) -> Problem? {
            guard let first = bytes.first else { return .empty }
            if bytes.contains(0) { return .zeroByte }
            if first == UInt8(ascii: "/") || first == UInt8(ascii: "\\") { return .absolute }
            if bytes.count >= 2, bytes[1] == UInt8(ascii: ":"), (first | 0x20) >= 0x61, (first | 0x20) <= 0x7A {
                return .absolute
            }
            let parts = bytes.split(omittingEmptySubsequences: false) { $0 == 0x2F || $0 == 0x5C }
            if parts.contains(where: { $0.elementsEqual("..".utf8) }) { return .parent }
            if bytes.contains(UInt8(ascii: "\\")) { return .backslash }
            if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return .control }
            if String(validating: bytes, as: UTF8.self) == nil { return .encoding }
            return nil
        }
    }
}

extension MemberName: CustomStringConvertible {
    /// The text with control characters and non-ASCII spaces escaped, at most 200 characters of it.
    public var description: String {
        var out = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < 200 else { return out + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
