// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The ids that git gives to trees and commits, and the pointers of git LFS.
enum GitObjects {
    /// The text that git stores in place of a large file.
    static func pointer(_ sha256: Digest, size: ByteCount) -> [UInt8] {
        Array("version https://git-lfs.github.com/spec/v1\noid sha256:\(sha256)\nsize \(size.value)\n".utf8)
    }

    /// Computes the tree of `files`, which are sorted by path and without conflicts, and of every directory below it.
    ///
    /// Sorted by the bytes of the whole path, entries are in git's order already: git sorts a directory as if its name
    /// ended in `/`, and that is what follows the name in the paths below it.
    static func tree(of files: [MirrorFile]) -> (root: GitObjectID, directories: [MirrorDirectory]) {
        var directories: [MirrorDirectory] = []
        let paths = files.map { Array($0.path.description.utf8) }
        let root = tree(files, paths, 0..<files.count, prefix: 0, &directories)
        return (root, directories.sorted { $0.path < $1.path })
    }

    // The depth of the recursion is that of the directories: at most half of `RelativePath.maximumLength`.
    private static func tree(
        _ files: [MirrorFile], _ paths: [[UInt8]], _ range: Range<Int>, prefix: Int,
        _ directories: inout [MirrorDirectory]
    ) -> GitObjectID {
        var content: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let rest = paths[index][prefix...]
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else {
                content += Array("100644 ".utf8) + rest + [0] + files[index].git.bytes
                index += 1
                continue
            }
            let name = paths[index][..<slash]
            var end = index + 1
            while end < range.upperBound, paths[end].count > slash, paths[end][...slash] == paths[index][...slash] {
                end += 1
            }
            let id = tree(files, paths, index..<end, prefix: slash + 1, &directories)
            content += Array("40000 ".utf8) + rest[..<slash] + [0] + id.bytes
            // A directory of a valid path is a valid path.
            if let path = try? RelativePath(String(decoding: name, as: UTF8.self)) {
                directories.append(MirrorDirectory(path: path, git: id))
            }
            index = end
        }
        return id(ofObject: "tree", content)
    }

    /// Computes the id of a commit.
    static func commit(
        tree: GitObjectID, parents: [GitObjectID], title: String, message: String, author: CommitAuthor,
        date: Timestamp
    ) -> GitObjectID {
        var text = "tree \(tree)\n"
        for parent in parents { text += "parent \(parent)\n" }
        let person = "\(author.name) <\(author.email)> \(date.seconds) +0000"
        text += "author \(person)\ncommitter \(person)\n\n\(title)\n"
        if !message.isEmpty { text += "\n\(message)\n" }
        return id(ofObject: "commit", Array(text.utf8))
    }

    private static func id(ofObject kind: String, _ content: [UInt8]) -> GitObjectID {
        var hasher = SHA1(gitObject: kind, size: Int64(content.count))
        hasher.update(content.span.bytes)
        return hasher.finalize()
    }
}
