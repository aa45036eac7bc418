// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A file of the project itself that is part of the delivery.
package struct LocalFile: Hashable, Sendable {
    /// `launch`, `packages` or `prompts`.
    package let component: Component
    /// Its path relative to the manifest.
    package let path: RelativePath
    /// The size of its content.
    package let size: ByteCount
    /// The digest of its content.
    package let sha256: Digest

    /// The components a local file can have.
    package static let components: Set<Component> = [.launch, .packages, .prompts]

    /// Creates a file.
    package init(component: Component, path: RelativePath, size: ByteCount, sha256: Digest) {
        self.component = component
        self.path = path
        self.size = size
        self.sha256 = sha256
    }
}
