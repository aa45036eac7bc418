// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Store
import SystemPackage
import TestKit
import Testing

@Suite struct `The blob store` {
    private let directory: TemporaryDirectory
    private let store: BlobStore
    private let bytes = Array("some bytes".utf8)
    private var digest: Digest { Digest(of: bytes) }
    private var size: ByteCount { ByteCount(clamping: Int64(bytes.count)) }

    init() throws {
        directory = try TemporaryDirectory()
        store = BlobStore(directory: directory.appending("store"))
    }

    private func attestation(_ digest: Digest) -> FilePath {
        store.directory.appending("attest/\("\(digest)".prefix(2))/\(digest)")
    }

    /// Everything below the store that is no directory.
    private func files(_ directory: FilePath? = nil) throws -> [String] {
        let root = directory ?? store.directory
        return try FileSystem.list(root).flatMap { name -> [String] in
            let path = root.appending(name)
            return try FileSystem.status(path, followLinks: false)?.kind == .directory ? try files(path) : [name]
        }
    }

    /// Changes a blob behind the store's back.
    private func tamper(_ digest: Digest, _ change: (FilePath) throws -> Void) throws {
        let path = store.path(of: digest)
        try FileSystem.setPermissions(path, 0o644)
        try change(path)
        try FileSystem.setPermissions(path, 0o444)
    }

    @Test func `bytes that were ingested lie under their digest, read-only and attested`() throws {
        #expect(try store.condition(of: digest, size: size) == .missing)
        #expect(!FileSystem.exists(store.directory), "naming a store creates nothing")
        #expect(try store.ingest(bytes) == digest)
        #expect(store.path(of: digest).string.hasSuffix("store/blobs/sha256/\("\(digest)".prefix(2))/\(digest)"))
        #expect(try FileSystem.status(store.path(of: digest))?.mode == 0o444)
        #expect(try store.condition(of: digest, size: size) == .attested)
        #expect(store.contains(digest, size: size))
        #expect(!store.contains(digest, size: ByteCount(clamping: 3)))
        #expect(try store.read(digest, limit: 10) == bytes)
        #expect(try files().sorted() == ["\(digest)", "\(digest)"], "the blob and its note, and no temporary file")
        try store.examine(digest)
    }

    @Test func `a blob that is there and attested is kept`() throws {
        try store.ingest(bytes)
        let before = try FileSystem.status(store.path(of: digest))
        try store.ingest(bytes)
        #expect(try store.ingest(copying: try directory.write("copy", bytes)).sha256 == digest)
        #expect(try FileSystem.status(store.path(of: digest)) == before)
        #expect(try files().count == 2)
    }

    @Test func `a file is copied and its digests told`() throws {
        let file = try directory.write("original", bytes)
        let found = try store.ingest(copying: file)
        #expect(found == FileDigests(sha256: digest, git: GitObjectID(ofBlob: bytes), size: size))
        #expect(try FileSystem.status(file)?.inode != FileSystem.status(store.path(of: digest))?.inode)
        #expect(try FileSystem.status(file)?.mode == 0o644)
        #expect(failure { _ = try store.ingest(copying: directory.appending("none")) }?.code == .file)
        #expect(try files().count == 2)
    }

    @Test func `what is not what was expected is not stored`() throws {
        let other = Digest(of: "other")
        let file = try directory.write("file", bytes)
        let wrong = [
            (ExpectedBlob(name: "f", size: ByteCount(clamping: 9), sha256: digest), "size", "9 bytes", "10 bytes"),
            (ExpectedBlob(name: "f", size: size, sha256: other), "SHA-256", "\(other)", "\(digest)"),
            (
                ExpectedBlob(name: "f", size: size, sha256: digest, git: GitObjectID(ofBlob: [])), "git blob id",
                "\(GitObjectID(ofBlob: []))",
                "\(GitObjectID(ofBlob: bytes))"
            ),
            (
                ExpectedBlob(name: "f", size: size, git: GitObjectID(ofBlob: [])), "git blob id",
                "\(GitObjectID(ofBlob: []))", "\(GitObjectID(ofBlob: bytes))"
            ),
        ]
        for (expected, what, first, second) in wrong {
            for found in [
                failure { _ = try store.ingest(bytes, expecting: expected) },
                failure { _ = try store.ingest(copying: file, expecting: expected) },
            ] {
                #expect(found?.code == .mismatch)
                #expect(found?.message == "`f` has the wrong \(what)")
                #expect(found?.details == ["expected: \(first)", "found:    \(second)"])
            }
        }
        #expect(try files() == [])
        let right = ExpectedBlob(name: "f", size: size, sha256: digest, git: GitObjectID(ofBlob: bytes))
        #expect(try store.ingest(bytes, expecting: right) == digest)
        #expect(
            try store.ingest(
                copying: file, expecting: ExpectedBlob(name: "f", size: size, git: GitObjectID(ofBlob: bytes))
            ).sha256 == digest)
    }

    @Test func `without its note a blob is unattested until it was read`() throws {
        try store.ingest(bytes)
        try FileSystem.remove(attestation(digest))
        #expect(try store.condition(of: digest, size: size) == .unattested)
        try store.examine(digest)
        #expect(try store.condition(of: digest, size: size) == .attested)
    }

    @Test(arguments: [
        "", "weighlock-attestation", "weighlock-attestation 2 1 2 3 4 5\n", "weighlock-attestation 1 1 2 3 4\n",
        "weighlock-attestation 1 -1 -2 3 4 5\n", "weighlock-attestation 1 1 2 3 4 99999999999999999999\n", "\u{0}",
        String(repeating: "1 ", count: 400),
    ])
    func `a note that is not one is not believed`(text: String) throws {
        try store.ingest(bytes)
        try FileSystem.replace(attestation(digest), with: Array(text.utf8))
        #expect(try store.condition(of: digest, size: size) == .unattested)
    }

    @Test func `a blob that was touched after its note is unattested`() throws {
        try store.ingest(bytes)
        let note = try FileSystem.read(attestation(digest), limit: 512)
        // Same length, other bytes.
        try tamper(digest) { try File($0, .updating).write(Array("SOME".utf8), at: 0) }
        #expect(try store.condition(of: digest, size: size) == .unattested)
        let found = try #require(failure { try store.examine(digest) })
        #expect(found.code == .mismatch)
        #expect(found.details.first == "expected: \(digest)")
        #expect(try store.condition(of: digest, size: size) == .unattested)
        #expect(failure { _ = try store.read(digest, limit: 100) }?.code == .mismatch)
        // The note of the blob before does not vouch for a new one.
        try store.ingest(bytes)
        #expect(try store.condition(of: digest, size: size) == .attested)
        #expect(try FileSystem.read(attestation(digest), limit: 512) != note)
        try store.examine(digest)
    }

    @Test func `a cut blob has the wrong size, and the right bytes heal it`() throws {
        try store.ingest(bytes)
        try tamper(digest) { try File($0, .updating).truncate(to: ByteCount(clamping: 4)) }
        #expect(try store.condition(of: digest, size: size) == .wrongSize(ByteCount(clamping: 4)))
        #expect(!store.contains(digest, size: ByteCount(clamping: 4)))
        try store.ingest(bytes)
        #expect(try store.condition(of: digest, size: size) == .attested)
        #expect(try store.read(digest, limit: 10) == bytes)
    }

    @Test func `what is no file is no blob`() throws {
        try FileSystem.createDirectories(store.path(of: digest))
        #expect(try store.condition(of: digest, size: size) == .missing)
    }

    @Test func `reading says what is missing and keeps to its limit`() throws {
        #expect(failure { _ = try store.read(digest, limit: 10) }?.code == .missing)
        #expect(failure { try store.examine(digest) }?.code == .missing)
        try store.ingest(bytes)
        #expect(try store.read(digest, limit: 10).count == 10)
        #expect(failure { _ = try store.read(digest, limit: 9) }?.code == .limitExceeded)
    }

    @Test func `a discarded blob is gone with its note`() throws {
        try store.ingest(bytes)
        try store.discard(digest)
        #expect(try store.condition(of: digest, size: size) == .missing)
        #expect(try files() == [])
        try store.discard(digest)
    }

    @Test func `blobs are listed in order and strangers apart`() throws {
        let digests = try (0..<20).map { try store.ingest(Array("blob \($0)".utf8)) }
        let root = store.directory.appending("blobs/sha256")
        let prefix = "\(digests[0])".prefix(2)
        let wrongFolder = root.appending(prefix == "00" ? "01" : "00")
        try FileSystem.createDirectories(wrongFolder)
        try FileSystem.replace(wrongFolder.appending("\(digests[0])"), with: [])
        try FileSystem.replace(root.appending("\(prefix)/README"), with: [])
        try FileSystem.replace(root.appending("stray"), with: [])
        #expect(try store.blobs().map(\.digest) == digests.sorted())
        #expect(try store.strangers().count == 3)
        #expect(try BlobStore(directory: directory.appending("none")).blobs().isEmpty)
        #expect(try BlobStore(directory: directory.appending("none")).strangers().isEmpty)
    }

    @Test func `a blob of the user's cache is found by its name and size`() throws {
        let cache = HuggingFaceCache(directory: directory.appending("hub"))
        let repository = try RepositoryID("org/tiny")
        let file = ViewFile(
            path: try RelativePath("a"), size: size, sha256: digest, git: GitObjectID(ofBlob: bytes), isLFS: false)
        let large = ViewFile(
            path: try RelativePath("a"), size: size, sha256: digest, git: GitObjectID(ofBlob: bytes), isLFS: true)
        #expect(cache.candidate(repository, file) == nil)
        let path = try directory.write("hub/models--org--tiny/blobs/\(GitObjectID(ofBlob: bytes))", bytes)
        #expect(cache.candidate(repository, file) == path)
        #expect(cache.candidate(repository, large) == nil)
        #expect(cache.candidate(try RepositoryID("org/other"), file) == nil)
        try FileSystem.replace(path, with: bytes + [0])
        #expect(cache.candidate(repository, file) == nil)
    }
}
