// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Store
import SystemPackage
import TestKit
import Testing

@Suite struct `A view` {
    private let shelf: Shelf
    init() throws { shelf = try Shelf() }

    @Test func `a view is the cache layout, with relative links and names without a line end`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot(names: ["main", "refs/pr/1", "v1"])
        try await view.lay([snapshot])
        let commit = snapshot.commit
        #expect(
            try shelf.entries(view.directory)
                == [
                    "CACHEDIR.TAG",
                    "models--org--tiny/blobs/\(Shelf.git("{}")) -> ../../../../../store/blobs/sha256/\(Shelf.place("{}"))",
                    "models--org--tiny/blobs/\(Digest(of: "weights")) -> ../../../../../store/blobs/sha256/\(Shelf.place("weights"))",
                    "models--org--tiny/refs/main", "models--org--tiny/refs/refs/pr/1", "models--org--tiny/refs/v1",
                    "models--org--tiny/snapshots/\(commit)/config.json -> ../../blobs/\(Shelf.git("{}"))",
                    "models--org--tiny/snapshots/\(commit)/onnx/int8/model.onnx -> ../../../../blobs/\(Digest(of: "weights"))",
                    "models--org--tiny/trees/\(commit).json",
                ].sorted())
        for name in ["main", "refs/pr/1", "v1"] {
            #expect(try shelf.text("\(view.directory)/models--org--tiny/refs/\(name)") == commit.description)
        }
        #expect(try shelf.text("\(view.directory)/models--org--tiny/snapshots/\(commit)/config.json") == "{}")
        #expect(
            try shelf.text("\(view.directory)/models--org--tiny/snapshots/\(commit)/onnx/int8/model.onnx") == "weights")
        #expect(
            try shelf.text("\(view.directory)/CACHEDIR.TAG").hasPrefix("Signature: 8a477f597d28d172789f06886806bc55\n"))
        #expect(try view.check([snapshot], deep: true).isEmpty)
    }

    @Test func `the listing is exactly this`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        let file = "\(view.directory)/models--org--tiny/trees/\(snapshot.commit).json"
        #expect(
            try shelf.text(file) == """
                {
                  "format_version": 1,
                  "files": {
                    "config.json": {
                      "size": 2,
                      "blob_id": "\(Shelf.git("{}"))"
                    },
                    "onnx/int8/model.onnx": {
                      "size": 7,
                      "blob_id": "\(Shelf.git("pointer"))",
                      "lfs_sha256": "\(Digest(of: "weights"))",
                      "lfs_size": 7
                    }
                  }
                }

                """)
    }

    @Test func `a view that is in place is not touched`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        let before = try shelf.statuses(view.directory)
        try await view.lay([snapshot])
        #expect(try shelf.statuses(view.directory) == before)
        #expect(before.count == 7 + 8, "files and directories")
    }

    @Test func `a home that is moved as a whole still works`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        let elsewhere = shelf.directory.appending("a/new/home")
        try FileSystem.createDirectories(elsewhere.removingLastComponent())
        try FileSystem.rename(shelf.home, to: elsewhere)
        #expect(
            try shelf.text(
                "\(elsewhere)/views/1/hub/models--org--tiny/snapshots/\(snapshot.commit)/onnx/int8/model.onnx")
                == "weights")
        let moved = View(
            directory: elsewhere.appending("views/1/hub"), mode: .links,
            store: BlobStore(directory: elsewhere.appending("store")))
        #expect(try moved.check([snapshot], deep: true).isEmpty)
    }

    @Test func `a part of a revision gets no listing`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot(isWhole: false)
        try await view.lay([snapshot])
        #expect(try !shelf.entries(view.directory).contains { $0.contains("/trees/") })
        #expect(try view.check([snapshot], deep: true).isEmpty)
    }

    @Test func `a commit id is no name, and datasets have their own folder`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot("org/data", kind: .dataset, names: ["\(Shelf.commit(1))", "main"])
        try await view.lay([snapshot])
        #expect(snapshot.names.map(\.description) == ["main"])
        #expect(try FileSystem.list(view.directory.appending("datasets--org--data/refs")) == ["main"])
    }

    @Test func `two revisions share their blobs and each has its names`() async throws {
        let view = shelf.view()
        let old = try shelf.snapshot(commit: 1, names: ["v1"])
        let new = try shelf.snapshot(commit: 2, names: ["main"], config: "{\"x\":1}")
        try await view.lay([old, new])
        #expect(try view.check([old, new], deep: true).isEmpty)
        #expect(try FileSystem.list(view.directory.appending("models--org--tiny/blobs")).count == 3)
        #expect(try FileSystem.list(view.directory.appending("models--org--tiny/snapshots")).count == 2)
    }

    @Test func `without the blob nothing gets a name`() async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot()
        try shelf.store.discard(Digest(of: "weights"))
        let found = await shelf.failure { try await view.lay([snapshot]) }
        #expect(found?.code == .missing)
        #expect(found?.message.contains("onnx/int8/model.onnx") == true)
        #expect(try FileSystem.list(view.directory.appending("models--org--tiny/refs")) == [])
    }

    /// A way to damage a view, and what the check says of it.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let place: String
        let reason: String
        var isRepaired = true
        let cause: @Sendable (Shelf, FilePath) throws -> Void
    }

    private static let entry = "snapshots/\(Shelf.commit(1))/config.json"
    private static let damages: [Damage] = [
        Damage(testDescription: "an entry removed", place: entry, reason: "is missing") { _, folder in
            try FileSystem.remove(folder.appending(entry))
        },
        Damage(testDescription: "an entry made a file", place: entry, reason: "is not a link") { _, folder in
            try FileSystem.remove(folder.appending(entry))
            try FileSystem.replace(folder.appending(entry), with: Array("{}".utf8))
        },
        Damage(testDescription: "an entry linked elsewhere", place: entry, reason: "links to something else") {
            _, folder in
            try FileSystem.symbolicLink(folder.appending(entry), to: "../../blobs/\(Digest(of: "weights"))")
        },
        Damage(testDescription: "a blob removed", place: entry, reason: "has no blob") { _, folder in
            try FileSystem.remove(folder.appending("blobs/\(Shelf.git("{}"))"))
        },
        Damage(
            testDescription: "a blob made a file", place: entry, reason: "has a blob that is not a link into the store"
        ) { _, folder in
            let blob = folder.appending("blobs/\(Shelf.git("{}"))")
            try FileSystem.remove(blob)
            try FileSystem.replace(blob, with: Array("{}".utf8))
        },
        Damage(
            testDescription: "a blob linked elsewhere", place: entry, reason: "has a blob that links to something else"
        ) { _, folder in
            try FileSystem.symbolicLink(folder.appending("blobs/\(Shelf.git("{}"))"), to: "/etc/passwd")
        },
        Damage(
            testDescription: "a foreign file", place: "snapshots/\(Shelf.commit(1))/onnx/evil.py",
            reason: "is not in the lock", isRepaired: false
        ) { _, folder in
            try FileSystem.replace(folder.appending("snapshots/\(Shelf.commit(1))/onnx/evil.py"), with: [])
        },
        Damage(
            testDescription: "a foreign file with a name that cannot be locked",
            place: "snapshots/\(Shelf.commit(1))/a\\u{a}b", reason: "is not in the lock",
            isRepaired: false
        ) { _, folder in
            try FileSystem.replace(folder.appending("snapshots/\(Shelf.commit(1))/a\nb"), with: [])
        },
        Damage(testDescription: "a name removed", place: "refs/main", reason: "is missing") { _, folder in
            try FileSystem.remove(folder.appending("refs/main"))
        },
        Damage(
            testDescription: "a name moved", place: "refs/main",
            reason: "names \(Shelf.commit(9)) and not the locked commit"
        ) { _, folder in
            try FileSystem.replace(folder.appending("refs/main"), with: Array("\(Shelf.commit(9))".utf8))
        },
        Damage(
            testDescription: "a name with a line end", place: "refs/main",
            reason: "names \(Shelf.commit(1))\\u{a} and not the locked commit"
        ) { _, folder in
            try FileSystem.replace(folder.appending("refs/main"), with: Array("\(Shelf.commit(1))\n".utf8))
        },
        Damage(testDescription: "a listing removed", place: "trees/\(Shelf.commit(1)).json", reason: "is missing") {
            _, folder in
            try FileSystem.remove(folder.appending("trees/\(Shelf.commit(1)).json"))
        },
        Damage(
            testDescription: "a listing changed", place: "trees/\(Shelf.commit(1)).json",
            reason: "is not the locked listing"
        ) { _, folder in
            try FileSystem.append([0x20], to: folder.appending("trees/\(Shelf.commit(1)).json"))
        },
    ]

    @Test(arguments: damages)
    func `every damage is found, and laying out again repairs what is ours`(damage: Damage) async throws {
        let view = shelf.view()
        let snapshot = try shelf.snapshot()
        try await view.lay([snapshot])
        try damage.cause(shelf, view.directory.appending("models--org--tiny"))
        let problems = try view.check([snapshot], deep: false)
        #expect(problems.map { "\($0.place) \($0.reason)" } == ["\(damage.place) \(damage.reason)"])
        #expect(problems.first?.repository == snapshot.repository)
        try await view.lay([snapshot])
        #expect(try view.check([snapshot], deep: false).count == (damage.isRepaired ? 0 : 1))
    }

    @Test func `a view that was never laid out is missing everything`() throws {
        let problems = try shelf.view().check([try shelf.snapshot()], deep: false)
        #expect(problems.count == 4)
        #expect(problems.allSatisfy { $0.reason == "is missing" })
    }
}
