// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// Who made a commit.
package struct CommitAuthor: Hashable, Sendable {
    /// The name, as people write it.
    package let name: String
    /// The address, without angle brackets.
    package let email: String

    /// Who commits when nobody is named.
    package static let program = CommitAuthor(unchecked: "weighlock", "weighlock@localhost")
    /// The longest name or address accepted, in bytes.
    package static let maximumLength = 256

    private init(unchecked name: String, _ email: String) {
        self.name = name
        self.email = email
    }

    /// Validates a name and an address by what fits into a git commit.
    ///
    /// - Throws: `Failure` with code `invalidName` for an empty name, a part that is too long, angle brackets, control
    ///   characters, and white space at the ends.
    package init(name: String, email: String) throws(Failure) {
        for part in [name, email] {
            let edges = [part.first, part.last]
            let usable =
                part.utf8.count <= CommitAuthor.maximumLength && !edges.contains { $0?.isWhitespace == true }
                && !part.utf8.contains { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") }
            guard usable else {
                throw Failure(
                    .invalidName, "`\(Escaped(part))` cannot be the author of a commit",
                    hint:
                        "give a name and an address without angle brackets, as in `Ada Lovelace` and `ada@example.org`")
            }
        }
        guard !name.isEmpty else { throw Failure(.invalidName, "the author of a commit needs a name") }
        self.init(unchecked: name, email)
    }
}
