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
    var partialDirectory: FilePath { directory.appending("partial") }

    private func place(_ folder: String, _ name: String) -> FilePath {
        directory.appending("\(folder)/\(name.prefix(2))/\(name)")
    }

    /// What is known of a blob without reading it: one or two `stat`s and a short read.
    package func condition(of digest: Digest, size: ByteCount) throws(Failure) -> BlobCondition {
        guard let status = try FileSystem.status(path(of: digest)), status.kind == .regular else { return .missing }
        guard status.size == size else { return .wrongSize(status.size) }
        guard let bytes = try? FileSystem.read(attestationPath(of: digest), limit: 512), let note = Attestation(bytes)
        else {
            return .unattested
        }
        return note == Attestation(status) ? .attested : .unattested
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
        let digest = Digest(of: bytes)
        if contains(digest, size: ByteCount(clamping: Int64(bytes.count))) { return digest }
        let temporary = try temporaryPath()
        do throws(Failure) {
            let file = try File(temporary, .creating(permissions: 0o444))
            try file.write(bytes, at: 0)
            try publish(temporary, file, as: digest)
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

    /// Copies a file into the store, sharing its blocks where the file system can, and returns what it is.
    ///
    /// - Throws: `Failure` with code `mismatch` when `expected` is given and the file is not that; then nothing was stored.
    package func ingest(copying file: FilePath, expecting expected: ExpectedBlob? = nil) throws(Failure) -> FileDigests
    {
        let temporary = try temporaryPath()
        do throws(Failure) {
            try FileSystem.copy(file, to: temporary, permissions: 0o444)
            // The copy is hashed, not the original: somebody may be writing to that.
            let found = try Digests.of(temporary, git: expected == nil || expected?.git != nil)
            try expected?.check(found)
            try publish(temporary, try File(temporary, .reading), as: found.sha256)
            return found
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }

    /// The last step of every arrival: durable bytes get their name, then the note that vouches for them.
    ///
    /// The caller has hashed the very bytes of `file`. An attested blob that is already there is kept, a damaged one replaced.
    func publish(_ temporary: FilePath, _ file: borrowing File, as digest: Digest) throws(Failure) {
        let size = try file.status().size
        if contains(digest, size: size) { return try FileSystem.remove(temporary) }
        let target = path(of: digest)
        let folder = target.removingLastComponent()
        try FileSystem.createDirectories(folder)
        try file.setPermissions(0o444)
        try file.synchronize()
        try FileSystem.rename(temporary, to: target)
        try FileSystem.synchronizeDirectory(folder)
        try attest(digest)
    }

    /// Notes that the bytes of a blob have just been found right.
    package func attest(_ digest: Digest) throws(Failure) {
        guard let status = try FileSystem.status(path(of: digest)) else { return }
        let note = attestationPath(of: digest)
        try FileSystem.createDirectories(note.removingLastComponent())
        // Losing the note in a crash costs one reading of the blob, so it need not be durable.
        try FileSystem.replace(note, with: Array(Attestation(status).text.utf8), durably: false)
    }

    /// Reads a blob and compares it with its name; attests it when it is right.
    ///
    /// - Throws: `Failure` with code `missing` or `mismatch`.
    package func examine(_ digest: Digest) throws(Failure) {
        guard FileSystem.exists(path(of: digest)) else {
            throw Failure(.missing, "blob `\(digest)` is not in the store", hint: "run `weighlock sync`")
        }
        let found = try Digests.of(path(of: digest), git: false).sha256
        guard found == digest else { throw BlobStore.damage(digest, found: found) }
        try attest(digest)
    }

    /// Takes a blob that is not what its name says out of the store.
    package func discard(_ digest: Digest) throws(Failure) {
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

    private func temporaryPath() throws(Failure) -> FilePath {
        try FileSystem.createDirectories(partialDirectory)
        return FileSystem.temporaryName(beside: partialDirectory.appending("incoming"))
    }
}
