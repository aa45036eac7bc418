// SPDX-License-Identifier: Apache-2.0

/// The name of a revision: a branch, a tag, `refs/pr/1`, or a short or full commit id.
public struct Revision: Hashable, Sendable, CustomStringConvertible {
    /// The name as it was written.
    public let description: String

    /// What a Hub calls its default branch.
    public static let main = Revision(unchecked: "main")
    /// The longest name accepted, in bytes.
    public static let maximumLength = 255

    private init(unchecked text: String) { description = text }

    /// Names a commit.
    public init(_ commit: GitObjectID) { description = commit.description }

    /// Validates `text` by git's rules for reference names.
    ///
    /// - Throws: `Failure` with code `invalidName` that says which rule was broken.
    public init(_ text: String) throws(Failure) {
        if let reason = Revision.defect(of: text) {
            throw Failure(
                .invalidName, "`\(Escaped(text))` is not a revision: \(reason)",
                hint: "a revision is a branch, a tag, `refs/pr/N` or a commit id")
        }
        description = text
    }

    private static func defect(of text: String) -> String? {
        guard !text.isEmpty else { return "it is empty" }
        guard text.utf8.count <= maximumLength else { return "it is longer than \(maximumLength) bytes" }
        for byte in text.utf8 {
            if byte <= 0x20 || byte == 0x7f { return "it contains a space or a control character" }
            if "~^:?*[\\%".utf8.contains(byte) { return "it contains `\(UnicodeScalar(byte))`" }
        }
        if text.hasPrefix("-") { return "it begins with `-`" }
        if text.contains("..") || text.contains("@{") || text == "@" { return "it contains `..` or `@`" }
        for segment in text.split(separator: "/", omittingEmptySubsequences: false) {
            if segment.isEmpty { return "it has an empty part" }
            if segment.hasPrefix(".") || segment.hasSuffix(".") || segment.hasSuffix(".lock") {
                return "a part begins or ends with `.`, or ends in `.lock`"
            }
        }
        return (try? RelativePath(text)) == nil ? "it cannot be a file name" : nil
    }

    /// The full commit id, when the name is one.
    public var commit: GitObjectID? { GitObjectID(description) }

    /// Whether the name can be a shortened commit id: 7 to 39 lower-case hexadecimal digits.
    public var mayBeShortCommit: Bool {
        (7...39).contains(description.utf8.count)
            && description.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Byte equality.
    public static func == (left: Revision, right: Revision) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }
}
