// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One directory of a commit, below the top.
package struct MirrorDirectory: Hashable, Sendable {
    /// Where it is in the repository.
    package let path: RelativePath
    /// The id of its git tree.
    package let git: GitObjectID
}
