// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a listing says of one file.
package struct FileState: Sendable, Hashable {
    /// Its length.
    package let size: ByteCount
    /// The git id of the content or of its LFS pointer.
    package let git: GitObjectID?
    /// The SHA-256, when it is known.
    package let sha256: Digest?

    /// Describes a file.
    package init(size: ByteCount, git: GitObjectID?, sha256: Digest?) {
        (self.size, self.git, self.sha256) = (size, git, sha256)
    }

    /// Whether two states have the same content, by the strongest digest that both have.
    func sameContent(as other: FileState) -> Bool {
        if let mine = sha256, let theirs = other.sha256 { return mine == theirs }
        return size == other.size && git != nil && git == other.git
    }
}

/// One file that is not what it was.
package struct FileChange: Sendable, Hashable {
    /// How it changed.
    package enum Kind: String, Sendable, Hashable {
        case added, removed, changed
        /// The same content under another path.
        case renamed
    }

    /// How it changed.
    package let kind: Kind
    /// Where it is now, or was when it is gone.
    package let path: RelativePath
    /// Where it was, when it was renamed.
    package let formerPath: RelativePath?
    /// The layer of the deliverable it belongs to.
    package let component: Component
    /// What it was.
    package let before: FileState?
    /// What it is now.
    package let after: FileState?
}
