// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import FileIO
package import SystemPackage

/// Immutable bytes, each under its SHA-256.
package struct BlobStore: Sendable {
    /// The directory that holds `blobs`, `partial` and `attest`.
    package let directory: FilePath

    /// Names a store; nothing is created before something is stored.
    package init(directory: FilePath) { self.directory = directory }

    /// Where a blob lies, whether it is there or not.
    package func path(of digest: Digest) -> FilePath { place("blobs/sha256", digest.description) }

    func attestationPath(of digest: Digest) -> FilePath { place("attest", digest.description) }
    func treePath(of digest: Digest) -> FilePath {
        directory.appending("attest/\(digest.description.prefix(2))/\(digest).tree")
    }
    var partialDirectory: FilePath { directory.appending("partial") }

    private func place(_ folder: String, _ name: String) -> FilePath {
        directory.appending("\(folder)/\(name.prefix(2))/\(name)")
    }

    /// What is known of a blob without reading it: one or two `stat`s and a short read.
    package func condition(of digest: Digest, size: ByteCount) throws(Failure) -> BlobCondition {
        guard let status = try FileSystem.status(path(of: digest)), status.kind == .regular else { return .missing }
        guard status.size == size else { return .wrongSize(status.size) }
        return attestation(of: digest)?.fits(status) == true ? .attested : .unattested
    }

    /// Whether a blob is there, attested, with that size.
    package func contains(_ digest: Digest, size: ByteCount) -> Bool {
        (try? condition(of: digest, size: size)) == .attested
    }

    /// Reads a small blob whole and checks its bytes.
    ///
    /// - Throws: `Failure` with code `missing`, `mismatch` or `limitExceeded`.
    package func read(_ digest: Digest, limit: Int) throws(Failure) -> [UInt8] {
        guard FileSystem.exists(path(of: digest)) else {
            throw Failure(.missing, "blob `\(digest)` is not in the store", hint: "run `weighlock sync`")
        }
        let bytes = try FileSystem.read(path(of: digest), limit: limit)
        let found = Digest(of: bytes)
        guard found == digest else { throw BlobStore.damage(digest, found: found) }
        return bytes
    }

    static func damage(_ digest: Digest, found: Digest) -> Failure {
        Failure(
            .mismatch, "blob `\(digest)` in the store is damaged",
            hint: "run `weighlock cache heal`", details: ["expected: \(digest)", "found:    \(found)"])
    }

    /// Stores `bytes` under their digest.
    @discardableResult
    package func ingest(_ bytes: [UInt8]) throws(Failure) -> Digest {
        let found = BlobStore.digests(bytes)
        let digest = found.sha256
        if contains(digest, size: found.size) { return digest }
        let temporary = try temporaryPath()
        do throws(Failure) {
            let file = try File(temporary, .creating(permissions: 0o444))
            try file.write(bytes, at: 0)
            try publish(temporary, file, as: found)
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
        return digest
    }

    /// Stores `bytes` if they are what is expected.
    ///
    /// - Throws: `Failure` with code `mismatch`; then nothing was stored.
    package func ingest(_ bytes: [UInt8], expecting expected: ExpectedBlob) throws(Failure) -> Digest {
        let found = FileDigests(
            sha256: Digest(of: bytes), git: expected.git == nil ? nil : GitObjectID(ofBlob: bytes),
            size: ByteCount(clamping: Int64(bytes.count)))
        try expected.check(found)
        return try ingest(bytes)
    }

    /// The digests of bytes in memory, with the tree when they are longer than a chunk.
    private static func digests(_ bytes: [UInt8]) -> FileDigests {
        var sha256 = SHA256()
        var tree = Int64(bytes.count) > ChunkTree.chunkSize ? ChunkTree.Builder() : nil
        if tree == nil { sha256.update(bytes.span.bytes) } else { tree?.update(bytes.span.bytes, with: &sha256) }
        return FileDigests(
            sha256: sha256.finalize(), git: nil, size: ByteCount(clamping: Int64(bytes.count)), tree: tree?.finalize())
    }

    /// Copies a file into the store, sharing its blocks where the file system can, and returns what it is.
    ///
    /// - Throws: `Failure` with code `mismatch` when `expected` is given and the file is not that; then nothing was stored.
    package func ingest(copying file: FilePath, expecting expected: ExpectedBlob? = nil) throws(Failure) -> FileDigests
    {
        let temporary = try temporaryPath()
        do throws(Failure) {
            try FileSystem.copy(file, to: temporary, permissions: 0o444)
            // The copy is hashed, not the original: somebody may be writing to that.
            let found = try Digests.of(temporary, git: expected == nil || expected?.git != nil, tree: true)
            try expected?.check(found)
            try publish(temporary, try File(temporary, .reading), as: found)
            return found
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }

    /// The last step of every arrival: durable bytes get their name, then the note that vouches for them.
    ///
    /// The caller has hashed the very bytes of `file`. An attested blob that is already there is kept, a damaged one replaced.
    /// With `replacing`, an attested one is replaced too: its bytes were read and are damaged, though `stat` says nothing of it.
    func publish(
        _ temporary: FilePath, _ file: borrowing File, as found: FileDigests, replacing: Bool = false
    ) throws(Failure) {
        let digest = found.sha256
        let size = try file.status().size
        if !replacing, contains(digest, size: size) { return try FileSystem.remove(temporary) }
        let target = path(of: digest)
        let folder = target.removingLastComponent()
        try FileSystem.createDirectories(folder)
        try file.setPermissions(0o444)
        try file.synchronize()
        try FileSystem.rename(temporary, to: target)
        try FileSystem.synchronizeDirectory(folder)
        try attest(found)
    }

    /// Reads a blob and compares it with its name; attests it, with its chunk tree, when it is right.
    ///
    /// - Throws: `Failure` with code `missing` or `mismatch`.
    package func examine(_ digest: Digest) throws(Failure) {
        guard FileSystem.exists(path(of: digest)) else {
            throw Failure(.missing, "blob `\(digest)` is not in the store", hint: "run `weighlock sync`")
        }
        let found = try Digests.of(path(of: digest), git: false, tree: true)
        guard found.sha256 == digest else { throw BlobStore.damage(digest, found: found.sha256) }
        try attest(found)
    }

    /// Takes a blob that is not what its name says out of the store.
    package func discard(_ digest: Digest) throws(Failure) {
        removeNotes(of: digest)
        try FileSystem.remove(treePath(of: digest))
        try FileSystem.remove(attestationPath(of: digest))
        try FileSystem.remove(path(of: digest))
    }

    /// All blobs, in the order of their digests; names that are no digests are left out.
    package func blobs() throws(Failure) -> [(digest: Digest, status: FileStatus)] {
        let root = directory.appending("blobs/sha256")
        var found: [(Digest, FileStatus)] = []
        for folder in try FileSystem.list(root) where folder.utf8.count == 2 {
            for name in try FileSystem.list(root.appending(folder)) {
                guard let digest = Digest(name), name.hasPrefix(folder) else { continue }
                guard let status = try FileSystem.status(path(of: digest), followLinks: false) else { continue }
                found.append((digest, status))
            }
        }
        return found
    }

    /// Names in the blob folders that are no blobs: left there by something else.
    package func strangers() throws(Failure) -> [FilePath] {
        let root = directory.appending("blobs/sha256")
        var found: [FilePath] = []
        for folder in try FileSystem.list(root) {
            guard try FileSystem.status(root.appending(folder), followLinks: false)?.kind == .directory else {
                found.append(root.appending(folder))
                continue
            }
            for name in try FileSystem.list(root.appending(folder)) where Digest(name) == nil || !name.hasPrefix(folder)
            {
                found.append(root.appending(folder).appending(name))
            }
        }
        return found
    }

    func temporaryPath() throws(Failure) -> FilePath {
        try FileSystem.createDirectories(partialDirectory)
        return FileSystem.temporaryName(beside: partialDirectory.appending("incoming"))
    }
}
