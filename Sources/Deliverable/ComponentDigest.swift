// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What one component of a deliverable amounts to.
package struct ComponentDigest: Hashable, Sendable {
    /// The component.
    package let component: Component
    /// The digest of its listing, the text that `sha256sum` prints for its files.
    package let sha256: Digest
    /// How many files it has.
    package let files: Int
    /// The sum of their sizes.
    package let size: ByteCount
    /// The digest of the weights' tensors, once they have been seen; always nil for other components.
    package let tensors: Digest?
}
