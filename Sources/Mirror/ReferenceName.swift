// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The full name of a reference: `refs/heads/main`, `refs/tags/v1`, `refs/pr/1`, `refs/convert/parquet`.
package struct ReferenceName: Hashable, Sendable, CustomStringConvertible {
    /// What a reference is for; its name is the directory.
    package enum Kind: String, Sendable, CaseIterable {
        case branch = "heads"
        case tag = "tags"
        case pullRequest = "pr"
        case conversion = "convert"
    }

    /// What the reference is for.
    package let kind: Kind
    /// The name without the directory of its kind: `main`, `v1`, `1`, `parquet`.
    package let name: Revision

    /// Names a branch, tag, pull request or conversion.
    ///
    /// - Throws: `Failure` with code `invalidName` when the name is a full commit id, or a pull request's is no number.
    package init(_ kind: Kind, _ name: Revision) throws(Failure) {
        guard name.commit == nil,
            kind != .pullRequest || name.description.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            throw Failure(
                .invalidName, "`\(Escaped(name.description))` cannot be the name of a \(kind.rawValue) reference",
                hint: "a name may not look like a full commit id, and a pull request is named by its number")
        }
        self.kind = kind
        self.name = name
    }

    /// Reads `refs/heads/x`, `refs/tags/x`, `refs/pr/N` or `refs/convert/x`; any other text names a branch.
    package init(branch text: Revision) throws(Failure) {
        let parts = text.description.split(separator: "/", maxSplits: 2)
        if parts.count == 3, parts[0] == "refs", let kind = Kind(rawValue: String(parts[1])) {
            try self.init(kind, try Revision(String(parts[2])))
        } else {
            try self.init(.branch, text)
        }
    }

    /// The full name, which is also the path in the repository's directory.
    package var description: String { "refs/\(kind.rawValue)/\(name)" }
}
