// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import TestKit
import Testing

@Suite struct `The file system` {
    private let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    private func text(_ path: FilePath) throws -> String {
        String(decoding: try FileSystem.read(path, limit: 1 << 20), as: UTF8.self)
    }

    @Test func `a directory lists its names in the order of their bytes, and what stands there`() throws {
        // Alike in eight bytes, in sixteen and beyond, shorter and longer, with bytes above 127, and a letter in two parts.
        let names = [
            "a", "aa", "part-001", "part-0010", "part-00100", "part-0011", "sixteen-letters.", "sixteen-letters.a",
            "sixteen-letters.b", "sixteen-letterS.a", "sixteen-lettérs.a", "\u{E9}", "e\u{301}", "~", "-", " ",
            ".hidden",
        ]
        for name in names.reversed() { try directory.write(name, "") }
        try FileSystem.createDirectories(directory.appending("folder"))
        try FileSystem.symbolicLink(directory.appending("link"), to: "a")
        let entries = try FileSystem.entries(directory.path)
        let wanted = (names + ["folder", "link"]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(entries.map { Array($0.name.utf8) } == wanted.map { Array($0.utf8) })
        #expect(try FileSystem.list(directory.path).map { Array($0.utf8) } == wanted.map { Array($0.utf8) })
        // A file system may leave it open what stands under a name; it may not say something else.
        for entry in entries {
            let kind: FileStatus.Kind =
                entry.name == "folder" ? .directory : entry.name == "link" ? .symbolicLink : .regular
            #expect(entry.kind == nil || entry.kind == kind, "\(entry.name)")
        }
    }

    @Test func `a pipe that took the place of a file is refused without waiting for its other end`() throws {
        let pipe = directory.appending("pipe")
        #expect(mkfifo(pipe.string, 0o644) == 0)
        for wasRegular in [false, true] {
            let found = failure { _ = try FileSource(pipe, wasRegular: wasRegular) }
            #expect(found?.message.contains("is not a file") == true)
        }
    }

    @Test func `an atomic replace gives the new bytes in a new file and leaves nothing beside it`() throws {
        let file = directory.appending("a.txt")
        try FileSystem.replace(file, with: Array("one".utf8))
        let before = try #require(try FileSystem.status(file))
        #expect(before.mode == 0o644)
        try FileSystem.replace(file, with: Array("two!".utf8))
        let after = try #require(try FileSystem.status(file))
        #expect(try text(file) == "two!")
        #expect(after.inode != before.inode)
        #expect(try FileSystem.list(directory.path) == ["a.txt"])
    }

    @Test(arguments: [0o600, 0o755, 0o444, 0o640] as [UInt16])
    func `a replaced file keeps its permissions`(mode: UInt16) throws {
        let file = try directory.write("a", "one")
        try FileSystem.setPermissions(file, mode)
        try FileSystem.replace(file, with: Array("two".utf8), mode: 0o666)
        #expect(try FileSystem.status(file)?.mode == mode)
        #expect(try text(file) == "two")
        let new = directory.appending("new")
        try FileSystem.replace(new, with: [], mode: mode)
        #expect(try FileSystem.status(new)?.mode == mode)
    }

    @Test func `a replaced link stays one and its target gets the bytes`() throws {
        let target = try directory.write("real/a", "one")
        let link = directory.appending("link")
        try FileSystem.symbolicLink(link, to: "real/a")
        try FileSystem.replace(link, with: Array("two".utf8))
        #expect(try FileSystem.readLink(link) == "real/a")
        #expect(try text(target) == "two")
        #expect(try FileSystem.list(directory.appending("real")) == ["a"])
    }

    @Test func `a replace that fails leaves the old file and no temporary one`() throws {
        // A directory in the place of the file: the rename at the end cannot succeed.
        try directory.write("a/inside", "kept")
        let found = try #require(failure { try FileSystem.replace(directory.appending("a"), with: Array("new".utf8)) })
        #expect(found.code == .file)
        #expect(found.message.contains(directory.appending("a").string))
        #expect(try FileSystem.list(directory.path) == ["a"])
        #expect(try text(directory.appending("a/inside")) == "kept")
        // A directory that is gone.
        #expect(failure { try FileSystem.replace(directory.appending("gone/a"), with: []) }?.code == .file)
        #expect(!FileSystem.exists(directory.appending("gone")))
    }

    @Test func `what is appended comes after what is there`() throws {
        let file = directory.appending("log")
        try FileSystem.append(Array("one\n".utf8), to: file)
        try FileSystem.append(Array("two\n".utf8), to: file)
        #expect(try text(file) == "one\ntwo\n")
    }

    @Test func `a file at the limit is read, one byte more is refused`() throws {
        let file = try directory.write("a", [UInt8](repeating: 7, count: 100))
        #expect(try FileSystem.read(file, limit: 100).count == 100)
        #expect(failure { _ = try FileSystem.read(file, limit: 99) }?.code == .limitExceeded)
        #expect(try FileSystem.read(try directory.write("empty", ""), limit: 0) == [])
        #expect(failure { _ = try FileSystem.read(directory.path, limit: 100) }?.code == .file)
        #expect(failure { _ = try FileSystem.read(directory.appending("none"), limit: 100) }?.code == .file)
    }

    @Test func `names are listed in byte order, links and hidden ones too`() throws {
        for name in ["b", "a", "B", ".x", "é", "a.b", "z"] { try directory.write(name, "") }
        try FileSystem.symbolicLink(directory.appending("broken"), to: "nowhere")
        #expect(try FileSystem.list(directory.path) == [".x", "B", "a", "a.b", "b", "broken", "z", "é"])
        #expect(try FileSystem.list(directory.appending("none")) == [])
        #expect(failure { _ = try FileSystem.list(directory.appending("a")) }?.code == .file)
    }

    @Test func `a status tells files, directories and links apart`() throws {
        let file = try directory.write("file", "123")
        let link = directory.appending("link")
        try FileSystem.symbolicLink(link, to: "file")
        #expect(try FileSystem.status(file)?.kind == .regular)
        #expect(try FileSystem.status(file)?.size.value == 3)
        #expect(try FileSystem.status(directory.path)?.kind == .directory)
        #expect(try FileSystem.status(link)?.kind == .regular)
        #expect(try FileSystem.status(link, followLinks: false)?.kind == .symbolicLink)
        #expect(try FileSystem.status(directory.appending("none")) == nil)
        #expect(try FileSystem.status(file.appending("below")) == nil)
        try FileSystem.symbolicLink(directory.appending("broken"), to: "nowhere")
        #expect(FileSystem.exists(directory.appending("broken")))
        #expect(try FileSystem.status(directory.appending("broken")) == nil)
        #expect(FileSystem.freeSpace(at: directory.path) != nil)
        #expect(FileSystem.freeSpace(at: directory.appending("none")) == nil)
    }

    @Test func `directories are created with those above them, and a file in the way is an error`() throws {
        let deep = directory.appending("a/b/c")
        try FileSystem.createDirectories(deep)
        try FileSystem.createDirectories(deep)
        #expect(try FileSystem.status(deep)?.kind == .directory)
        try directory.write("file", "")
        #expect(failure { try FileSystem.createDirectories(directory.appending("file")) }?.code == .file)
        #expect(failure { try FileSystem.createDirectories(directory.appending("file/x")) }?.code == .file)
    }

    @Test func `removing a tree never follows a link`() throws {
        try directory.write("kept/file", "kept")
        try directory.write("tree/a/b", "gone")
        try FileSystem.symbolicLink(directory.appending("tree/link"), to: "../kept")
        try FileSystem.removeTree(directory.appending("tree"))
        #expect(try FileSystem.list(directory.path) == ["kept"])
        #expect(try text(directory.appending("kept/file")) == "kept")
        try FileSystem.removeTree(directory.appending("none"))
        try FileSystem.remove(directory.appending("none"))
        #expect(!FileSystem.removeEmptyDirectory(directory.appending("kept")))
    }

    @Test func `a link that is right is not touched, and another one is replaced`() throws {
        let link = directory.appending("link")
        try FileSystem.symbolicLink(link, to: "one")
        let first = try #require(try FileSystem.status(link, followLinks: false))
        try FileSystem.symbolicLink(link, to: "one")
        let second = try #require(try FileSystem.status(link, followLinks: false))
        #expect(second.inode == first.inode && second.changed == first.changed)
        try FileSystem.symbolicLink(link, to: "two")
        #expect(try FileSystem.readLink(link) == "two")
        #expect(try FileSystem.readLink(try directory.write("file", "")) == nil)
        #expect(try FileSystem.readLink(directory.appending("none")) == nil)
        #expect(try FileSystem.list(directory.path) == ["file", "link"])
    }

    @Test func `a hard link is the same file under a second name`() throws {
        let file = try directory.write("a", "one")
        #expect(try FileSystem.hardLink(file, at: directory.appending("b")))
        #expect(try FileSystem.status(directory.appending("b"))?.inode == FileSystem.status(file)?.inode)
        #expect(failure { _ = try FileSystem.hardLink(file, at: directory.appending("b")) }?.code == .file)
    }

    @Test(arguments: [0, 1, 4_095, 4_096, 1 << 20, (1 << 20) + 1, 3_000_001])
    func `a copy equals its original`(size: Int) throws {
        var random = SeededGenerator(seed: UInt64(size))
        let bytes = random.bytes(size)
        let source = try directory.write("source", bytes)
        let target = directory.appending("target")
        try FileSystem.copy(source, to: target, permissions: 0o444)
        #expect(try FileSystem.read(target, limit: 4 << 20) == bytes)
        #expect(try FileSystem.status(target)?.mode == 0o444)
        #expect(failure { try FileSystem.copy(source, to: target) }?.code == .file)
    }

    @Test func `a copy of a file with holes has its length and its bytes`() throws {
        let source = directory.appending("holes")
        let file = try File(source, .creating(permissions: 0o644))
        try file.write(Array("end".utf8), at: 5_000_000)
        try FileSystem.copy(source, to: directory.appending("copy"))
        #expect(try FileSystem.status(directory.appending("copy"))?.size.value == 5_000_003)
        #expect(try Digests.of(directory.appending("copy"), git: false) == Digests.of(source, git: false))
    }

    @Test func `an open file reads and writes at places`() throws {
        let path = directory.appending("a")
        let file = try File(path, .creating(permissions: 0o600))
        try file.write(Array("hello".utf8), at: 3)
        #expect(try file.status().size.value == 8)
        #expect(try file.read(100, at: 0) == [0, 0, 0] + Array("hello".utf8))
        #expect(try file.read(2, at: 4) == Array("el".utf8))
        #expect(try file.read(5, at: 8) == [])
        #expect(try file.read(5, at: 1_000) == [])
        #expect(try file.read(-1, at: 0) == [])
        try file.truncate(to: ByteCount(clamping: 4))
        #expect(try file.read(100, at: 0) == [0, 0, 0, UInt8(ascii: "h")])
        try file.synchronize()
        #expect(failure { _ = try File(path, .creating(permissions: 0o600)) }?.code == .file)
        #expect(failure { _ = try File(directory.appending("none"), .reading) }?.code == .file)
        let again = try File(path, .updating)
        #expect(try again.status().size.value == 4)
    }

    @Test func `an error names the path, escaped`() throws {
        let path = directory.appending("evil\u{1B}[31m")
        let found = try #require(failure { _ = try File(path, .reading) })
        #expect(found.message.hasPrefix("could not open `"))
        #expect(found.message.contains("evil\\u{1b}[31m`: no such file"))
        #expect(!found.message.contains("\u{1B}"))
    }

    @Test func `temporary names differ and lie beside their file`() {
        let names = (0..<50).map { _ in FileSystem.temporaryName(beside: directory.appending("x/file.bin")) }
        #expect(Set(names).count == 50)
        for name in names {
            #expect(name.removingLastComponent() == directory.appending("x"))
            #expect(name.lastComponent?.string.hasPrefix(".file.bin.") == true && name.string.hasSuffix(".tmp"))
        }
    }
}
