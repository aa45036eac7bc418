// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One file of a Hub's listing.
package struct HubEntry: Sendable, Hashable {
    /// Where it lies.
    package let path: RelativePath
    /// Its length.
    package let size: ByteCount
    /// The git id of the content, or of the LFS pointer.
    package let git: GitObjectID
    /// The SHA-256 of the content; only large files (LFS) have one in a listing.
    package let sha256: Digest?
}
