// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// The files of a plain folder that is to become a commit.
struct FolderListing {
    /// Each file's path in the repository, and where it is.
    private(set) var files: [(path: RelativePath, file: FilePath)] = []
    private let top: FilePath
    /// Where the entries of a Hugging Face cache's snapshot lead: the `blobs` of the same repository.
    private let blobs: FilePath?

    /// How deep folders may be nested.
    static let maximumDepth = 64

    /// Lists a folder without `.git` and `.cache/huggingface`, following links that stay inside, and those of a
    /// Hugging Face cache's snapshot into its own blobs.
    ///
    /// - Throws: `Failure` with code `refused` for a link that leaves the folder or leads nowhere, `invalidPath` for
    ///   a name that no repository can have, `limitExceeded` for too many files or levels, `file` for what cannot be
    ///   read.
    init(_ folder: FilePath) throws(Failure) {
        guard let top = FileSystem.realPath(folder), try FileSystem.status(top)?.kind == .directory else {
            throw Failure(
                .file, "`\(Escaped(folder.string, limit: 1024))` is not a folder",
                hint: "name the folder that holds the model")
        }
        self.top = top
        let parent = top.removingLastComponent()
        blobs = parent.lastComponent == "snapshots" ? parent.removingLastComponent().appending("blobs") : nil
        try walk(top, prefix: "", depth: 0)
    }

    private mutating func walk(_ directory: FilePath, prefix: String, depth: Int) throws(Failure) {
        guard depth <= FolderListing.maximumDepth else {
            throw Failure(
                .limitExceeded, "`\(Escaped(prefix))` is nested deeper than \(FolderListing.maximumDepth) folders",
                hint: "look for a link that leads back to a folder above it")
        }
        for name in try FileSystem.list(directory) {
            let text = prefix + name
            if name == ".git" || text == ".cache/huggingface" { continue }
            var place = directory.appending(name)
            guard var status = try FileSystem.status(place, followLinks: false) else {
                throw Failure(
                    .file,
                    "`\(Escaped(text, limit: 1024))` cannot be opened: its name is not UTF-8, or it has just vanished",
                    hint: "rename the file")
            }
            if status.kind == .symbolicLink {
                guard let real = FileSystem.realPath(place), real != top, let target = try FileSystem.status(real),
                    real.starts(with: top) || (target.kind == .regular && blobs.map { real.starts(with: $0) } == true)
                else {
                    throw Failure(
                        .refused, "`\(Escaped(text, limit: 1024))` is a link that leads nowhere or out of the folder",
                        hint: "replace it with a copy of what it points to")
                }
                (place, status) = (real, target)
            }
            switch status.kind {
            case .directory: try walk(place, prefix: text + "/", depth: depth + 1)
            case .regular:
                guard files.count < MirrorCommit.maximumFiles else {
                    throw Failure(.limitExceeded, "the folder holds more than \(MirrorCommit.maximumFiles) files")
                }
                files.append((try RelativePath(text), place))
            default:
                throw Failure(
                    .refused, "`\(Escaped(text, limit: 1024))` is neither a file nor a folder",
                    hint: "remove it from the folder")
            }
        }
    }
}
