// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import SystemPackage

/// What is to become a commit, and who says so.
package struct CommitRequest: Sendable {
    /// Where the bytes of a file come from.
    package enum Content: Sendable {
        case bytes([UInt8])
        /// A file on this machine, copied into the store.
        case file(FilePath)

        /// The UTF-8 bytes of `text`.
        package static func text(_ text: String) -> Content { .bytes(Array(text.utf8)) }
    }

    /// What the new tree begins with, and which commit the new one follows.
    package enum Base: Sendable, Hashable {
        /// An empty tree; follows the head of the branch, or of `main` when the branch is new.
        case replacing
        /// The files of the branch's head (or of `main`'s); follows it.
        case updating
        /// An empty tree and no parent: the branch forgets its history.
        case orphan
    }

    /// The branch that will name the commit: `main`, `dev/x`, `refs/pr/1`, `refs/convert/parquet`.
    package var branch: Revision
    /// Tags that will name it too.
    package var tags: [Revision]
    /// The first line of the message; not empty, one line.
    package var title: String
    /// What follows the title.
    package var message: String
    /// Who makes the commit.
    package var author: CommitAuthor
    /// When; with the same date, author, message and files a commit gets the same id.
    package var date: Timestamp
    /// What the new tree begins with.
    package var base: Base

    /// The longest title and message together, in bytes.
    package static let maximumMessage = 64 << 10

    /// Describes a commit.
    package init(
        branch: Revision = .main, tags: [Revision] = [], title: String, message: String = "",
        author: CommitAuthor = .program,
        date: Timestamp, base: Base = .replacing
    ) {
        self.branch = branch
        self.tags = tags
        self.title = title
        self.message = message
        self.author = author
        self.date = date
        self.base = base
    }

    func check() throws(Failure) {
        let text = title + message
        let isOneLine = !title.unicodeScalars.contains { $0 == "\n" || $0 == "\r" }
        guard !title.isEmpty, isOneLine, text.utf8.count <= CommitRequest.maximumMessage, !text.utf8.contains(0) else {
            throw Failure(
                .usage, "`\(Escaped(title))` cannot be the title of a commit",
                hint: "write one line without NUL, and at most \(CommitRequest.maximumMessage) bytes with the message")
        }
    }
}
