// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A file of a source as it was locked.
package struct LockedFile: Hashable, Sendable {
    /// Its path in the repository.
    package let path: RelativePath
    /// The size of its content.
    package let size: ByteCount
    /// The digest of its content.
    package let sha256: Digest
    /// The blob id in git, of the pointer for a file in LFS; nil where the origin has none.
    package let git: GitObjectID?
    /// Whether the origin keeps the content outside git.
    package let isLFS: Bool
    /// The component it belongs to, recorded so that a later classifier does not change an old identity.
    package let component: Component

    /// Creates a file.
    package init(
        path: RelativePath, size: ByteCount, sha256: Digest, git: GitObjectID?, isLFS: Bool, component: Component
    ) {
        self.path = path
        self.size = size
        self.sha256 = sha256
        self.git = git
        self.isLFS = isLFS
        self.component = component
    }
}
