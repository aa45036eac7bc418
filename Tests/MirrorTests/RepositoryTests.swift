// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Mirror
import SystemPackage
import TestKit
import Testing

@Suite struct `a mirror's directory` {
    private func makeRoot() throws -> (TemporaryDirectory, MirrorRoot) {
        let directory = try TemporaryDirectory()
        return (directory, try MirrorRoot(directory.appending("root"), creating: true))
    }
    private let date = Timestamp(clamping: 1_704_067_200)

    @Test func `a folder becomes a commit, and the same folder again does not`() throws {
        let (directory, root) = try makeRoot()
        let folder = directory.appending("model")
        try ModelBuilder.write(ModelBuilder.tinyModel(), to: folder)
        try directory.write("model/.git/config", "not ours")
        try directory.write("model/.cache/huggingface/x", "not ours")
        try directory.write("model/.cache/other", "ours")
        let id = try RepositoryID("org/tiny")
        let first = try root.importFolder(folder, into: id, CommitRequest(title: "Import", date: date))
        let again = try root.importFolder(
            folder, into: id, CommitRequest(title: "Again", date: Timestamp(clamping: 1_800_000_000)))
        #expect(first == again)
        let repository = try #require(try root.repository(id))
        let commit = try #require(try repository.commit(first))
        #expect(commit.files.map(\.path.description).contains(".cache/other"))
        #expect(
            !commit.files.contains {
                $0.path.description.hasPrefix(".git/") || $0.path.description.hasPrefix(".cache/huggingface")
            })
        #expect(commit.file(try RelativePath("model.safetensors"))?.isLarge == true)
        #expect(commit.file(try RelativePath("config.json"))?.isLarge == false)
        try directory.write("model/README.md", "# changed\n")
        let second = try root.importFolder(
            folder, into: id, CommitRequest(tags: [try Revision("v2")], title: "Change", date: date))
        #expect(second != first)
        #expect(try repository.commit(second)?.parents == [first])
        #expect(try repository.resolve(try Revision("v2")) == second)
        #expect(try repository.settings().created == date)
    }

    @Test func `links inside the folder are followed, others are refused`() throws {
        let (directory, root) = try makeRoot()
        try directory.write("outside.txt", "secret")
        try directory.write("model/blobs/abc", "weights")
        let folder = directory.appending("model")
        try FileSystem.symbolicLink(folder.appending("model.bin"), to: "blobs/abc")
        let id = try RepositoryID("org/m")
        let commit = try root.importFolder(folder, into: id, CommitRequest(title: "Import", date: date))
        let file = try root.repository(id)?.commit(commit)?.file(try RelativePath("model.bin"))
        #expect(file?.sha256 == Digest(of: "weights"))
        for target in ["../outside.txt", directory.appending("outside.txt").string, "nowhere", ".", ".."] {
            try FileSystem.symbolicLink(folder.appending("bad"), to: target)
            let failure = #expect(throws: Failure.self) {
                try root.importFolder(folder, into: id, CommitRequest(title: "Import", date: date))
            }
            #expect(failure?.code == .refused, "\(target)")
        }
    }

    @Test func `names are resolved in order, and short ids only when they fit one commit`() throws {
        let gallery = try Gallery()
        let tiny = try #require(try gallery.root.repository(try RepositoryID("org/tiny")))
        let (first, second) = (gallery.first, gallery.second)
        let table: [(String, GitObjectID?)] = [
            ("main", second), ("v1", first), ("dev/x", first), ("refs/heads/main", second), ("refs/heads/dev/x", first),
            ("refs/tags/v1", first),
            ("refs/pr/1", second), ("refs/convert/parquet", first), (first.description, first),
            (String(first.description.prefix(7)), first),
            (String(second.description.prefix(39)), second), (String(first.description.prefix(6)), nil), ("nope", nil),
            ("dev", nil),
            ("refs/pr/2", nil), ("refs/pr/x", nil), ("refs/heads", nil), (String(repeating: "0", count: 40), nil),
            ("0000000", nil),
        ]
        for (name, expected) in table {
            let found = Result { try tiny.resolve(try Revision(name)) }
            if let expected {
                #expect((try? found.get()) == expected, "\(name)")
            } else {
                #expect(throws: Failure.self, "\(name)") { try found.get() }
            }
        }
        // Two records whose ids begin with the same seven digits: made by hand, only their names count here.
        let commits = gallery.root.path.appending("repositories/models/org/tiny/commits")
        for end in ["1", "2"] {
            try FileSystem.replace(commits.appending("abcdef0" + String(repeating: end, count: 33) + ".json"), with: [])
        }
        let failure = #expect(throws: Failure.self) { try tiny.resolve(try Revision("abcdef0")) }
        #expect(failure?.code == .revisionNotFound && failure?.message.contains("ambiguous") == true)
    }

    @Test func `tags do not move, and names that are directories of others are refused`() throws {
        let gallery = try Gallery()
        let tiny = try #require(try gallery.root.repository(try RepositoryID("org/tiny")))
        #expect(throws: Failure.self) {
            try tiny.setReference(try ReferenceName(.tag, try Revision("v1")), to: gallery.second)
        }
        try tiny.setReference(try ReferenceName(.tag, try Revision("v1")), to: gallery.first)
        for name in ["dev", "main/x", "dev/x/y"] {
            let failure = #expect(throws: Failure.self) { try tiny.commit(["a": "b"], day: 9, branch: name) }
            #expect(failure?.code == .usage, "\(name)")
        }
        #expect(try tiny.references(.branch).map(\.name.name.description) == ["dev/x", "main"])
        try tiny.removeReference(try ReferenceName(branch: try Revision("dev/x")))
        let dev = try tiny.commit(["a": "b"], day: 9, branch: "dev")
        #expect(try tiny.resolve(try Revision("dev")) == dev)
        // A new branch goes on from main.
        #expect(try tiny.commit(dev)?.parents == [gallery.second])
    }

    @Test func `updating keeps what is not named, and an orphan forgets the history`() throws {
        let gallery = try Gallery()
        let tiny = try #require(try gallery.root.repository(try RepositoryID("org/tiny")))
        let before = try #require(try tiny.commit(gallery.second))
        let updated = try tiny.commit(["config.json": "{}"], day: 3, base: .updating)
        let after = try #require(try tiny.commit(updated))
        #expect(after.files.map(\.path) == before.files.map(\.path))
        #expect(after.file(try RelativePath("model.safetensors")) == before.file(try RelativePath("model.safetensors")))
        let orphan = try tiny.commit(["config.json": "{}"], day: 4, base: .orphan)
        #expect(try tiny.commit(orphan)?.parents == [])
        #expect(try tiny.history(from: orphan).map(\.id) == [orphan])
        #expect(try tiny.history(from: updated).map(\.id) == [updated, gallery.second, gallery.first])
    }

    @Test func `an edited record is noticed by its id`() throws {
        let gallery = try Gallery()
        let file = gallery.root.path.appending("repositories/models/org/tiny/commits/\(gallery.second).json")
        let text = String(decoding: try FileBytes.read(file), as: UTF8.self)
        for (old, new) in [
            ("Second", "Sekond"), ("config.json", "konfig.json"), ("\"size\": 3000,", "\"size\": 3001,"),
            ("2024-01", "2024-02"),
        ] {
            #expect(text.contains(old))
            try FileSystem.replace(file, with: Array(text.replacing(old, with: new).utf8))
            #expect(throws: Failure.self, "\(old)") {
                _ = try MirrorRoot(gallery.root.path).repository(try RepositoryID("org/tiny"))?.commit(gallery.second)
            }
            let response = gallery.ask("GET", "/org/tiny/resolve/main/config.json")
            #expect(response.status == 500 && response.code == "ServerError")
        }
        try FileSystem.replace(file, with: Array(text.utf8))
        #expect(gallery.ask("GET", "/org/tiny/resolve/main/config.json").status == 200)
    }

    @Test func `one-segment names cannot be confused with namespaces`() throws {
        let (directory, root) = try makeRoot()
        defer { withExtendedLifetime(directory) {} }
        for name in ["gpt2", "gpt2/gpt2", "models", "models/x"] {
            try root.createRepository(try RepositoryID(name)).commit(["a": name], day: 1)
        }
        #expect(try root.repositories(.model).map(\.id.name) == ["gpt2", "gpt2/gpt2", "models", "models/x"])
    }

    @Test func `a directory with other things in it is not taken for a mirror`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("thesis.txt", "important")
        #expect(throws: Failure.self) { try MirrorRoot(directory.path, creating: true) }
        #expect(throws: Failure.self) { try MirrorRoot(directory.appending("new")) }
        _ = try MirrorRoot(directory.appending("new"), creating: true)
        try directory.write("new/mirror.json", "{\"version\": 2}")
        #expect(throws: Failure.self) { try MirrorRoot(directory.appending("new")) }
        #expect(try FileSystem.list(directory.path) == ["new", "thesis.txt"])
    }

    @Test func `files that cannot live together are refused, names that only fold to one are not`() throws {
        let (directory, root) = try makeRoot()
        defer { withExtendedLifetime(directory) {} }
        let repository = try root.createRepository(try RepositoryID("org/m"))
        #expect(throws: Failure.self) { try repository.commit(["a": "1", "a/b": "2", "a.x": "3"], day: 1) }
        try repository.commit(["README.md": "1", "readme.md": "2"], day: 1)
    }

    @Test func `dates are the calendar's`() throws {
        let table: [(Int64, String)] = [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_704_067_199, "2023-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (Timestamp.maximum, "9999-12-31T23:59:59Z"),
        ]
        for (seconds, text) in table {
            #expect(Timestamp(clamping: seconds).description == text)
            #expect(Timestamp(text)?.seconds == seconds)
        }
        for bad in [
            "2023-02-29T00:00:00Z", "2024-01-01 00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00", "", "２024-01-01T00:00:0Z",
        ] {
            #expect(Timestamp(bad) == nil, "\(bad)")
        }
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let date = Timestamp(clamping: Int64.random(in: 0...Timestamp.maximum, using: &generator))
            #expect(Timestamp(date.description) == date, "seed 5, \(date)")
        }
    }
}
