// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A commit: a whole tree of files and who put it there, under the id that git would give it.
package struct MirrorCommit: Sendable {
    /// A file or a directory of the tree.
    package enum Entry: Hashable, Sendable {
        case file(MirrorFile)
        case directory(MirrorDirectory)

        /// Where it is in the repository.
        package var path: RelativePath {
            switch self {
            case .file(let file): file.path
            case .directory(let directory): directory.path
            }
        }

        /// The id of its git blob or tree.
        package var git: GitObjectID {
            switch self {
            case .file(let file): file.git
            case .directory(let directory): directory.git
            }
        }
    }

    /// The commit's id.
    package let id: GitObjectID
    /// The id of the tree.
    package let tree: GitObjectID
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
    /// All files, sorted by path.
    package let files: [MirrorFile]
    /// All files and directories, sorted by path.
    package let entries: [Entry]

    /// The largest number of files in a commit.
    package static let maximumFiles = 100_000

    /// Makes a commit of `files`, in any order, and computes its ids.
    ///
    /// - Throws: `Failure` with code `invalidPath` when a path is there twice or is a directory of another one,
    ///   `limitExceeded` when there are too many files. Names that only fold to one are accepted: git knows no such
    ///   rule.
    package init(
        files: [MirrorFile], parents: [GitObjectID], title: String, message: String, author: CommitAuthor,
        date: Timestamp
    ) throws(Failure) {
        guard files.count <= MirrorCommit.maximumFiles else {
            throw Failure(.limitExceeded, "a commit can hold \(MirrorCommit.maximumFiles) files, not \(files.count)")
        }
        let sorted = files.sorted { $0.path < $1.path }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.path == next.path {
            throw Failure(.invalidPath, "file name `\(Escaped(one.path.description))` is listed twice")
        }
        let (tree, directories) = GitObjects.tree(of: sorted)
        let entries = (sorted.map(Entry.file) + directories.map(Entry.directory)).sorted { $0.path < $1.path }
        for (one, next) in zip(entries, entries.dropFirst()) where one.path == next.path {
            throw Failure(.invalidPath, "`\(Escaped(one.path.description))` cannot be a file and a directory at once")
        }
        id = GitObjects.commit(tree: tree, parents: parents, title: title, message: message, author: author, date: date)
        self.tree = tree
        self.parents = parents
        self.title = title
        self.message = message
        self.author = author
        self.date = date
        self.files = sorted
        self.entries = entries
    }

    /// The file or directory at `path`, found in logarithmic time.
    package func entry(_ path: RelativePath) -> Entry? {
        let index = firstIndex(notBefore: path.description)
        return index < entries.count && entries[index].path == path ? entries[index] : nil
    }

    /// The file at `path`.
    package func file(_ path: RelativePath) -> MirrorFile? {
        guard case .file(let file)? = entry(path) else { return nil }
        return file
    }

    /// What is below `directory` (nil: the top), sorted by path; one level, or all of them when `recursive`.
    package func entries(below directory: RelativePath?, recursive: Bool) -> [Entry] {
        let prefix = directory.map { $0.description.utf8.count + 1 } ?? 0
        let range: Range<Int>
        if let directory {
            // `0` follows `/` in ASCII, so this is everything that begins with the directory's name and a slash.
            range =
                firstIndex(notBefore: directory.description + "/")..<firstIndex(notBefore: directory.description + "0")
        } else {
            range = 0..<entries.count
        }
        if recursive { return Array(entries[range]) }
        return entries[range].filter { !$0.path.description.utf8.dropFirst(prefix).contains(UInt8(ascii: "/")) }
    }

    private func firstIndex(notBefore text: String) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].path.description.utf8.lexicographicallyPrecedes(text.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
