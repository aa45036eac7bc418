// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable

/// One side of a comparison: the files of a deliverable as somebody listed them, and a way to read them.
///
/// A lock, a directory, a revision of a repository and a bundle all become one of these.
package struct Snapshot: Sendable {
    /// A repository that files come from.
    package struct Source: Sendable, Hashable {
        /// What it is for.
        package let role: SourceRole
        /// Its name; nil for a directory.
        package let repository: RepositoryID?
        /// The name that was followed.
        package let revision: Revision?
        /// What it means.
        package let commit: GitObjectID?
        /// When the commit was made.
        package let date: String?

        /// Describes a source.
        package init(
            role: SourceRole, repository: RepositoryID? = nil, revision: Revision? = nil, commit: GitObjectID? = nil,
            date: String? = nil
        ) {
            (self.role, self.repository, self.revision, self.commit) = (role, repository, revision, commit)
            self.date = date
        }
    }

    /// A file.
    package struct File: Sendable, Hashable {
        /// The source that it belongs to.
        package let role: SourceRole
        /// Its path in the source.
        package let path: RelativePath
        /// The layer of the deliverable that it belongs to.
        package let component: Component
        /// Its size and what is known of its digest.
        package let state: FileState

        /// Describes a file; its component follows from its path.
        package init(role: SourceRole = .model, path: RelativePath, state: FileState) {
            (self.role, self.path, self.state) = (role, path, state)
            component = ComponentClassifier.component(of: path, role: role)
        }

        /// Its name in a report: the path, with the role in front when it is not the model's.
        package var name: String { role.pathPrefix + path.description }
    }

    /// What people call it: `minilm`, `./model`, `org/model@main`.
    package let label: String
    /// Where it comes from.
    package let sources: [Source]
    /// Its files, sorted by role and path, each once.
    package let files: [File]
    /// How it is started.
    package let launch: LaunchRequest?
    /// The project's files that are part of it.
    package let localFiles: [LocalFile]
    /// The digest over what can change an output, where it is known.
    package let behaviour: Digest?
    /// The digest over everything, where it is known.
    package let identity: Digest?
    /// Reads the files.
    package let reader: any SnapshotReader

    /// Puts one together; sorts the files.
    package init(
        label: String, sources: [Source], files: [File], launch: LaunchRequest? = nil, localFiles: [LocalFile] = [],
        behaviour: Digest? = nil, identity: Digest? = nil, reader: any SnapshotReader
    ) {
        (self.label, self.sources, self.launch, self.localFiles) = (label, sources, launch, localFiles)
        self.files = files.sorted { ($0.role, $0.path) < ($1.role, $1.path) }
        (self.behaviour, self.identity, self.reader) = (behaviour, identity, reader)
    }

    /// The file at a path, if there is one.
    package func file(_ path: RelativePath, role: SourceRole = .model) -> File? {
        files.first { $0.path == path && $0.role == role }
    }

    /// The largest document that is read whole.
    package static let maximumDocument: Int64 = 64 << 20

    /// The largest file of a project whose content is kept when it is locked, and compared.
    package static let maximumLocalFile: Int64 = 4 << 20

    /// Says that of a project's file only the digest is left.
    package static func absent(_ file: LocalFile) -> Failure {
        let isLarge = file.size.value > maximumLocalFile
        return Failure(
            .missing,
            isLarge
                ? "it is larger than \(ByteCount(clamping: maximumLocalFile))"
                : "the lock has its digest, and its content is not on this machine any more",
            hint: isLarge
                ? nil
                : "check out the version that the lock belongs to in another directory, and name the lock there: `weighlock diff OLD/weighlock.lock`"
        )
    }

    /// The whole of a small file; nil when there is none at this path, or it is larger than `maximumDocument`.
    package func document(_ path: RelativePath, role: SourceRole = .model) async throws -> [UInt8]? {
        guard let file = file(path, role: role), file.state.size.value <= Snapshot.maximumDocument else { return nil }
        return try await reader.document(file)
    }
}
