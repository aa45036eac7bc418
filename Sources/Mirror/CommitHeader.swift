// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a commit says of itself, without its files.
package struct CommitHeader: Hashable, Sendable {
    /// The commit's id.
    package let id: GitObjectID
    /// The commits it follows; empty for the first.
    package let parents: [GitObjectID]
    /// The first line of the message.
    package let title: String
    /// What follows the title, or nothing.
    package let message: String
    /// Who made it.
    package let author: CommitAuthor
    /// When.
    package let date: Timestamp

    init(_ commit: MirrorCommit) {
        id = commit.id
        parents = commit.parents
        title = commit.title
        message = commit.message
        author = commit.author
        date = commit.date
    }
}
