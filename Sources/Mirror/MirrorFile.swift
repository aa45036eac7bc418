// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One file of a commit.
package struct MirrorFile: Hashable, Sendable {
    /// Where it is in the repository.
    package let path: RelativePath
    /// The length of its content.
    package let size: ByteCount
    /// The id of its git blob: of the content, or of the pointer when `isLarge`.
    package let git: GitObjectID
    /// The SHA-256 of its content.
    package let sha256: Digest
    /// Whether git holds a pointer in its place (git LFS).
    package let isLarge: Bool

    /// The pointer's text; nil unless `isLarge`.
    package var pointer: [UInt8]? { isLarge ? GitObjects.pointer(sha256, size: size) : nil }

    /// What the Hub calls the file's ETag: the SHA-256 of a large file, the git id of a small one.
    package var etag: String { isLarge ? sha256.description : git.description }
}
