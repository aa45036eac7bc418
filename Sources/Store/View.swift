// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
package import SystemPackage

/// A directory in the Hugging Face cache layout, in which a name means the locked revision.
package struct View: Sendable {
    /// How the blobs of a view are made.
    package enum Mode: Sendable {
        /// Relative symbolic links into the store. For views that live beside it.
        case links
        /// Files of their own (hard links where that works, else copies), merged into a cache that others may use too:
        /// nothing that Weighlock did not write is changed or removed.
        case merged
    }

    /// The cache directory: what `HF_HUB_CACHE` points at.
    package let directory: FilePath
    /// How its blobs are made.
    package let mode: Mode
    let store: BlobStore

    /// Names a view; nothing is created yet.
    package init(directory: FilePath, mode: Mode, store: BlobStore) {
        (self.directory, self.mode, self.store) = (directory, mode, store)
    }

    func folder(_ snapshot: ViewSnapshot) -> FilePath { directory.appending(snapshot.repository.cacheFolder) }
    func blob(_ snapshot: ViewSnapshot, _ file: ViewFile) -> FilePath {
        folder(snapshot).appending("blobs/\(file.etag)")
    }
    func entry(_ snapshot: ViewSnapshot, _ file: ViewFile) -> FilePath {
        folder(snapshot).appending("snapshots/\(snapshot.commit)/\(file.path)")
    }
    func tree(_ snapshot: ViewSnapshot) -> FilePath { folder(snapshot).appending("trees/\(snapshot.commit).json") }
    func reference(_ snapshot: ViewSnapshot, _ name: Revision) -> FilePath {
        folder(snapshot).appending("refs/\(name)")
    }
    /// What of this repository folder is ours, when others use it too.
    func ownership(_ snapshot: ViewSnapshot) -> FilePath { folder(snapshot).appending(".weighlock/refs") }

    /// The text of the link in `snapshots/<commit>/<path>`.
    func entryTarget(_ file: ViewFile) -> String {
        String(repeating: "../", count: file.path.segments.count + 1) + "blobs/\(file.etag)"
    }

    /// The text of the link in `blobs`, in `links` mode.
    func blobTarget(_ snapshot: ViewSnapshot, _ file: ViewFile) -> String {
        View.relativeTarget(from: folder(snapshot).appending("blobs"), to: store.path(of: file.sha256))
    }

    static func relativeTarget(from directory: FilePath, to target: FilePath) -> String {
        let from = directory.lexicallyNormalized().components.map(\.string)
        let to = target.lexicallyNormalized().components.map(\.string)
        let common = zip(from, to).prefix { $0.0.utf8.elementsEqual($0.1.utf8) }.count
        return (Array(repeating: "..", count: from.count - common) + to[common...]).joined(separator: "/")
    }

    /// Lays out the snapshots: blobs, then entries, then listings, and the names last, so that whoever reads by name finds
    /// a whole revision or the one before. Does nothing where everything is in place already.
    ///
    /// The blobs must be in the store; their bytes are not read here.
    ///
    /// - Throws: `Failure` with code `missing` when a blob is not in the store, `refused` when a merged cache holds
    ///   something of somebody else's in the way.
    package func lay(_ snapshots: [ViewSnapshot]) async throws {
        try FileSystem.createDirectories(directory)
        let tag = directory.appending("CACHEDIR.TAG")
        if !FileSystem.exists(tag) { try FileSystem.replace(tag, with: Array(View.cacheTag.utf8)) }
        for snapshot in snapshots {
            for name in ["blobs", "refs", "snapshots/\(snapshot.commit)"] {
                try FileSystem.createDirectories(folder(snapshot).appending(name))
            }
            for file in snapshot.files {
                try await layBlob(snapshot, file)
                let entry = entry(snapshot, file)
                try FileSystem.createDirectories(entry.removingLastComponent())
                try checkNotForeign(entry, expected: entryTarget(file))
                try FileSystem.symbolicLink(entry, to: entryTarget(file))
            }
            if mode == .links {
                // A view of ours may be from before the file was withheld; in a shared cache it may be somebody else's.
                for path in snapshot.withheld {
                    try FileSystem.remove(folder(snapshot).appending("snapshots/\(snapshot.commit)/\(path)"))
                }
            }
            if snapshot.isWhole {
                try FileSystem.createDirectories(folder(snapshot).appending("trees"))
                try writeIfDifferent(tree(snapshot), snapshot.treeText)
            }
        }
        for snapshot in snapshots { try layNames(snapshot) }
    }

    private static let cacheTag = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This file is a cache directory tag created by huggingface_hub.
        # For information about cache directory tags, see:
        #\thttps://bford.info/cachedir/

        """

    private func layBlob(_ snapshot: ViewSnapshot, _ file: ViewFile) async throws {
        let source = store.path(of: file.sha256)
        guard let stored = try FileSystem.status(source) else {
            throw Failure(
                .missing, "`\(file.path)` of `\(snapshot.repository)` is not in the store: blob `\(file.sha256)`",
                hint: "run `weighlock sync`")
        }
        let target = blob(snapshot, file)
        switch mode {
        case .links: try FileSystem.symbolicLink(target, to: blobTarget(snapshot, file))
        case .merged:
            // The lock that the Python client takes round a blob; its name and its never being removed are its protocol.
            let lock = try await FileLock(
                directory.appending(".locks/\(snapshot.repository.cacheFolder)/\(file.etag).lock"),
                patience: .seconds(600))
            defer { withExtendedLifetime(lock) {} }
            if let present = try FileSystem.status(target) {
                if present.inode == stored.inode, present.device == stored.device { return }
                if let found = try? Digests.of(target, git: false), found.sha256 == file.sha256 { return }
                throw Failure(
                    .mismatch, "`\(target.string)` was there before and is not what the lock says",
                    hint: "remove it, or name another `cache_dir`, then run `weighlock sync`",
                    details: ["expected: \(file.sha256)"])
            }
            try FileSystem.remove(target)  // a broken link cannot be anybody's content
            if try FileSystem.hardLink(source, at: target) {
                // A new name changes the time that the attestation compares.
                return try store.attest(file.sha256)
            }
            let temporary = FileSystem.temporaryName(beside: target)
            do throws(Failure) {
                try FileSystem.copy(source, to: temporary, permissions: 0o444)
                guard try Digests.of(temporary, git: false).sha256 == file.sha256 else {
                    throw Failure(
                        .mismatch, "blob `\(file.sha256)` in the store is damaged", hint: "run `weighlock cache heal`")
                }
                try FileSystem.rename(temporary, to: target)
            } catch {
                try? FileSystem.remove(temporary)
                throw error
            }
        }
    }

    private func checkNotForeign(_ entry: FilePath, expected: String) throws(Failure) {
        guard mode == .merged, let status = try FileSystem.status(entry, followLinks: false) else { return }
        if let target = try FileSystem.readLink(entry), target.utf8.elementsEqual(expected.utf8) { return }
        throw Failure(
            .refused,
            "`\(entry.string)` was put there by another program and is \(status.kind == .symbolicLink ? "another link" : "a file")",
            hint: "remove it, or name another `cache_dir`, then run `weighlock sync`")
    }

    private func layNames(_ snapshot: ViewSnapshot) throws(Failure) {
        let commit = snapshot.commit.description
        var ours = mode == .merged ? try ownedNames(snapshot) : []
        for name in snapshot.names {
            let path = reference(snapshot, name)
            if mode == .merged, let present = try? FileSystem.read(path, limit: 256) {
                let text = String(decoding: present, as: UTF8.self)
                if text == commit { continue }
                guard ours.contains(name.description) else {
                    throw Failure(
                        .refused, "`\(path.string)` names another commit and was written by another program",
                        hint: "remove it if nobody needs it, or name another `cache_dir`, then run `weighlock sync`",
                        details: ["locked: \(commit)", "there:  \(Escaped(text, limit: 80))"])
                }
            }
            if mode == .merged, !ours.contains(name.description) {
                ours.append(name.description)
                try FileSystem.createDirectories(ownership(snapshot).removingLastComponent())
                try FileSystem.replace(ownership(snapshot), with: Array((ours.joined(separator: "\n") + "\n").utf8))
            }
            try FileSystem.createDirectories(path.removingLastComponent())
            try writeIfDifferent(path, commit)
        }
    }

    private func ownedNames(_ snapshot: ViewSnapshot) throws(Failure) -> [String] {
        guard FileSystem.exists(ownership(snapshot)) else { return [] }
        return String(decoding: try FileSystem.read(ownership(snapshot), limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    private func writeIfDifferent(_ path: FilePath, _ text: String) throws(Failure) {
        if let present = try? FileSystem.read(path, limit: 64 << 20), present.elementsEqual(text.utf8) { return }
        try FileSystem.replace(path, with: Array(text.utf8))
    }
}
