// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One file of a locked revision, as a view shows it.
package struct ViewFile: Sendable, Hashable {
    /// Where it lies in the repository.
    package let path: RelativePath
    /// Its length.
    package let size: ByteCount
    /// Its content.
    package let sha256: Digest
    /// The git id of the content, or of its LFS pointer.
    package let git: GitObjectID
    /// Whether git holds a pointer instead of the content.
    package let isLFS: Bool

    /// Describes a file.
    package init(path: RelativePath, size: ByteCount, sha256: Digest, git: GitObjectID, isLFS: Bool) {
        (self.path, self.size, self.sha256, self.git, self.isLFS) = (path, size, sha256, git, isLFS)
    }

    /// The name of the blob in a Hugging Face cache: the SHA-256 of large files, the git id of small ones.
    package var etag: String { isLFS ? sha256.description : git.description }
}

/// One revision of one repository, as a view shows it.
package struct ViewSnapshot: Sendable, Hashable {
    /// The repository.
    package let repository: RepositoryID
    /// The revision.
    package let commit: GitObjectID
    /// The names that mean this revision in the view; a commit id is no name.
    package let names: [Revision]
    /// The files, in path order.
    package let files: [ViewFile]
    /// Whether `files` is all that the revision holds; only then a listing of it is written.
    package let isWhole: Bool
    /// The files of the revision that are not shown, in path order.
    package let withheld: [RelativePath]

    /// Describes a revision.
    package init(
        repository: RepositoryID, commit: GitObjectID, names: [Revision], files: [ViewFile], isWhole: Bool,
        withheld: [RelativePath] = []
    ) {
        self.repository = repository
        self.commit = commit
        self.names = names.filter { $0.commit == nil }
        self.files = files.sorted { $0.path < $1.path }
        self.isWhole = isWhole
        self.withheld = withheld.sorted()
    }

    /// The text of `trees/<commit>.json`. There is never a Xet hash in it: a client that sees one stops using plain HTTP.
    var treeText: String {
        let entries = files.map { file -> JSONValue.Member in
            JSONValue.Member(
                file.path.description,
                .object([
                    "size": .integer(file.size.value),
                    "blob_id": .string(file.git.description),
                    "lfs_sha256": file.isLFS ? .string(file.sha256.description) : nil,
                    "lfs_size": file.isLFS ? .integer(file.size.value) : nil,
                ]))
        }
        return JSONValue.object([.init("format_version", 1), .init("files", .object(entries))]).text(
            .indented(breakDepth: 3)) + "\n"
    }
}
