// SPDX-License-Identifier: Apache-2.0

/// A source of a deliverable as the manifest asks for it.
package struct ManifestSource: Hashable, Sendable {
    /// What it is in the deliverable.
    package let role: SourceRole
    /// What is asked for.
    package let request: SourceRequest

    /// Creates a source.
    package init(role: SourceRole, request: SourceRequest) {
        self.role = role
        self.request = request
    }
}
