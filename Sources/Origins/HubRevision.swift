// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a name on a Hub means now.
package struct HubRevision: Sendable, Hashable {
    /// The commit.
    package let commit: GitObjectID
    /// When the commit was made, in the words of the Hub, when it says.
    package let date: String?
    /// The repository's name now; another one than was asked for when it was renamed.
    package let name: String?
    /// Whether files may be asked for only after accepting conditions.
    package let isGated: Bool
}
