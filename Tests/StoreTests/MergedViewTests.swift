// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Store
import SystemPackage
import TestKit
import Testing

@Suite struct `A view in a cache of the user's` {
    private let shelf: Shelf
    private let view: View
    private var folder: FilePath { view.directory.appending("models--org--tiny") }

    init() throws {
        shelf = try Shelf()
        view = View(directory: shelf.directory.appending("cache"), mode: .merged, store: shelf.store)
    }

    private func replace(_ relative: String, _ text: String) throws -> FilePath {
        try shelf.directory.write("cache/models--org--tiny/\(relative)", text)
    }

    @Test func `blobs are files that share their bytes with the store and stay attested`() async throws {
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        #expect(try view.check([snapshot], deep: true).isEmpty)
        let blob = try #require(
            try FileSystem.status(folder.appending("blobs/\(Digest(of: "weights"))"), followLinks: false))
        #expect(blob.kind == .regular && blob.mode == 0o444)
        #expect(shelf.store.contains(Digest(of: "weights"), size: ByteCount(clamping: 7)))
        #expect(try shelf.text(folder.appending("snapshots/\(snapshot.commit)/config.json").string) == "{}")
        // The client's own lock files lie where it looks for them.
        #expect(FileSystem.exists(view.directory.appending(".locks/models--org--tiny/\(Shelf.git("{}")).lock")))
        let before = try shelf.statuses(folder)
        try await view.lay([snapshot])
        #expect(try shelf.statuses(folder) == before)
    }

    @Test func `an update moves our own name and keeps the old revision`() async throws {
        let old = try shelf.snapshot(commit: 1)
        let new = try shelf.snapshot(commit: 2, config: "{\"x\":1}")
        try await view.lay([old])
        try await view.lay([new])
        #expect(try shelf.text(folder.appending("refs/main").string) == new.commit.description)
        #expect(try view.check([new], deep: true).isEmpty)
        #expect(try shelf.text(folder.appending("snapshots/\(old.commit)/config.json").string) == "{}")
        try await view.lay([old])
        #expect(try shelf.text(folder.appending("refs/main").string) == old.commit.description)
    }

    @Test func `a name of somebody else's is not moved`() async throws {
        let ref = try replace("refs/main", "\(Shelf.commit(9))")
        let snapshot = try shelf.snapshot()
        let found = await shelf.failure { try await view.lay([snapshot]) }
        #expect(found?.code == .refused)
        #expect(found?.message.contains(ref.string) == true)
        #expect(found?.details == ["locked: \(snapshot.commit)", "there:  \(Shelf.commit(9))"])
        #expect(try shelf.text(ref.string) == "\(Shelf.commit(9))")
    }

    @Test func `a name that means the same already does not become ours`() async throws {
        let ref = try replace("refs/main", "\(Shelf.commit(1))")
        let inode = try FileSystem.status(ref)?.inode
        try await view.lay([try shelf.snapshot(commit: 1)])
        #expect(try FileSystem.status(ref)?.inode == inode)
        let found = await shelf.failure { try await view.lay([try shelf.snapshot(commit: 2)]) }
        #expect(found?.code == .refused)
        #expect(try shelf.text(ref.string) == "\(Shelf.commit(1))")
    }

    @Test(arguments: [true, false])
    func `an entry of somebody else's is refused and left alone`(isLink: Bool) async throws {
        let snapshot = try shelf.snapshot()
        let entry = folder.appending("snapshots/\(snapshot.commit)/config.json")
        if isLink {
            try FileSystem.createDirectories(entry.removingLastComponent())
            try FileSystem.symbolicLink(entry, to: "../../blobs/other")
        } else {
            _ = try replace("snapshots/\(snapshot.commit)/config.json", "theirs")
        }
        let found = await shelf.failure { try await view.lay([snapshot]) }
        #expect(found?.code == .refused)
        #expect(found?.message.contains(isLink ? "another link" : "a file") == true)
        #expect(
            isLink ? try FileSystem.readLink(entry) == "../../blobs/other" : try shelf.text(entry.string) == "theirs")
        #expect(!FileSystem.exists(folder.appending("refs/main")), "no name before everything is in place")
    }

    @Test func `a blob that is there is used when it is right and an error when it is not`() async throws {
        let snapshot = try shelf.snapshot()
        let right = try replace("blobs/\(Shelf.git("{}"))", "{}")
        let inode = try FileSystem.status(right)?.inode
        let wrong = try replace("blobs/\(Digest(of: "weights"))", "WEIGHTS")
        let found = await shelf.failure { try await view.lay([snapshot]) }
        #expect(found?.code == .mismatch)
        #expect(found?.message.contains(wrong.string) == true)
        #expect(try shelf.text(wrong.string) == "WEIGHTS")
        try FileSystem.remove(wrong)
        try await view.lay([snapshot])
        #expect(try FileSystem.status(right)?.inode == inode)
        #expect(try view.check([snapshot], deep: true).isEmpty)
    }

    @Test func `other repositories, names and files are not touched`() async throws {
        let files = [
            try shelf.directory.write("cache/models--other--x/refs/main", "theirs"), try replace("refs/dev", "theirs"),
            try replace("snapshots/\(Shelf.commit(1))/extra.txt", "theirs"), try replace("notes.txt", "theirs"),
        ]
        let before = try files.map { try FileSystem.status($0) }
        let snapshot = try shelf.snapshot(isWhole: false)
        try await view.lay([snapshot])
        #expect(try files.map { try FileSystem.status($0) } == before)
        #expect(try view.check([snapshot], deep: true).isEmpty)
    }

    @Test func `a foreign file in a whole revision is reported`() async throws {
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        _ = try replace("snapshots/\(snapshot.commit)/extra.py", "")
        #expect(try view.check([snapshot], deep: false).map(\.reason) == ["is not in the lock"])
    }

    @Test func `a blob that was changed in place is found by its bytes`() async throws {
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        let blob = folder.appending("blobs/\(Digest(of: "weights"))")
        try FileSystem.remove(blob)
        try FileSystem.replace(blob, with: Array("WEIGHTS".utf8))
        #expect(try view.check([snapshot], deep: false).isEmpty)
        let deep = try view.check([snapshot], deep: true)
        #expect(deep.map(\.reason) == ["has the SHA-256 \(Digest(of: "WEIGHTS")), expected \(Digest(of: "weights"))"])
        try FileSystem.replace(blob, with: Array("short".utf8))
        #expect(try view.check([snapshot], deep: false).map(\.reason) == ["has 5 bytes, expected 7"])
        try FileSystem.remove(blob)
        #expect(try view.check([snapshot], deep: false).map(\.reason) == ["has no blob"])
    }
}
