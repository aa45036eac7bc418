// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The name of a deliverable in a project.
///
/// 1–64 characters of `a–z A–Z 0–9 _ . -`, the first a letter or a digit; so a name is ASCII and one path segment.
package struct DeliverableName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as it was written.
    package let description: String

    /// The longest name accepted, in characters.
    package static let maximumLength = 64

    /// Validates `text`.
    ///
    /// - Throws: `Failure` with code `invalidName` that says which rule was broken.
    package init(_ text: String) throws(Failure) {
        if let reason = DeliverableName.defect(of: text) {
            throw Failure(
                .invalidName, "`\(Escaped(text))` cannot name a deliverable: \(reason)",
                hint: "use letters, digits, `_`, `-` and `.`, as in `chat` or `all-minilm-l6-v2`")
        }
        description = text
    }

    private init(unchecked text: String) { description = text }

    /// The name of the one deliverable of a manifest in the short form.
    static let shortForm = DeliverableName(unchecked: "model")

    private static func defect(of text: String) -> String? {
        guard let first = text.utf8.first else { return "it is empty" }
        guard text.utf8.count <= maximumLength else { return "it is longer than \(maximumLength) characters" }
        guard isAlphanumeric(first) else { return "it begins with something else than a letter or a digit" }
        for scalar in text.unicodeScalars where !isAllowed(scalar) { return "it contains `\(Escaped(String(scalar)))`" }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isAllowed(_ scalar: UnicodeScalar) -> Bool {
        guard let byte = UInt8(exactly: scalar.value) else { return false }
        return isAlphanumeric(byte) || "_.-".utf8.contains(byte)
    }

    /// Proposes a name for a deliverable made of `repository`: the last part of its name in lower case.
    package static func suggested(for repository: RepositoryID) -> DeliverableName {
        let last = repository.name.split(separator: "/").last.map(String.init) ?? ""
        let bytes = last.lowercased().utf8.filter { isAllowed(UnicodeScalar($0)) }
            .drop { !isAlphanumeric($0) }.prefix(maximumLength)
        return bytes.isEmpty ? shortForm : DeliverableName(unchecked: String(decoding: bytes, as: UTF8.self))
    }

    /// Orders by bytes.
    package static func < (left: DeliverableName, right: DeliverableName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
