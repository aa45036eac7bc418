// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `Editing a header` {
    private func file(
        _ scratch: Scratch, _ metadata: [MetadataEntry]? = nil, reserving: Int = 0, alignment: Int = 8
    ) throws -> FilePath {
        var random = Seeded(1)
        let path = scratch.path.appending("model.safetensors")
        let plan = try WritePlan(
            [TensorSpec("w", .f32, [10, 7]), TensorSpec("b", .u8, [13])], metadata: metadata, alignment: alignment,
            reserving: reserving)
        var writer = try SafetensorsWriter(path, plan: plan)
        try writer.write(random.bytes(Int(plan.dataSize)))
        try writer.finish(durably: false)
        return path
    }

    private func digest(_ path: FilePath) throws -> Digest? { try TensorDigests(of: try SafetensorsFile(path))?.model }

    private func metadata(_ path: FilePath) throws -> [MetadataEntry]? {
        try SafetensorsFile(path, mode: .strict).header.metadata
    }

    private let pt = MetadataEntry("format", "pt")

    @Test func `writes the header alone where there is room`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 200)
        let before = try digest(path)
        let status = try FileSystem.status(path)
        let edit = try HeaderEditor(path, setting: [pt])
        #expect(edit.method == .inPlace)
        try edit.apply { _ in
            Issue.record("nothing is copied")
            return true
        }
        #expect(try FileSystem.status(path)?.inode == status?.inode)
        #expect(try FileSystem.status(path)?.size == status?.size)
        #expect(try metadata(path) == [pt])
        #expect(try digest(path) == before)
        #expect(try FileSystem.list(scratch.path) == ["model.safetensors"])
        #expect(try HeaderEditor(path).room == edit.room)
    }

    @Test func `copies the data where there is none, keeps the mode, and can reserve room`() throws {
        let scratch = try Scratch()
        let path = try file(scratch)
        try FileSystem.setPermissions(path, 0o640)
        let before = try digest(path)
        let edit = try HeaderEditor(
            path, setting: [MetadataEntry("k", String(repeating: "x", count: 99))], reserving: 5000)
        #expect(edit.method == .rewrite)
        #expect(edit.room >= 5000)
        try edit.apply()
        #expect(try FileSystem.status(path)?.mode == 0o640)
        #expect(try digest(path) == before)
        let next = try HeaderEditor(path, setting: [pt, MetadataEntry("k", "y")])
        #expect(next.method == .inPlace)
        try next.apply()
        #expect(try metadata(path) == [pt, MetadataEntry("k", "y")])
        #expect(try digest(path) == before)
        #expect(try FileSystem.list(scratch.path) == ["model.safetensors"])
    }

    @Test func `removes keys, and the object with the last one`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, [pt, MetadataEntry("a", "1")])
        try HeaderEditor(path, removing: ["a", "absent"]).apply()
        #expect(try metadata(path) == [pt])
        try HeaderEditor(path, removing: ["format"]).apply()
        #expect(try metadata(path) == nil)
        #expect(try HeaderEditor(path, removing: ["format"]).method == .nothing)
    }

    @Test(arguments: [64, 4096]) func `aligns the data`(alignment: Int) throws {
        let scratch = try Scratch()
        let path = try file(scratch, [pt])
        let before = try digest(path)
        try HeaderEditor(path, alignment: alignment).apply()
        let header = try SafetensorsFile(path).header
        #expect(header.dataStart % UInt64(alignment) == 0)
        #expect(try digest(path) == before)
        #expect(try HeaderEditor(path, alignment: alignment).method == .nothing)
        #expect(throws: SafetensorsError.self) { try HeaderEditor(path, alignment: 100) }
    }

    @Test func `any series of edits gives what a dictionary gives`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 100)
        let before = try digest(path)
        var model: [String: String] = [:]
        var random = Seeded(77)
        var methods: Set<HeaderEditor.Method> = []
        for step in 0..<60 {
            let keys = ["a", "b", "c\"\n", "é", "e\u{301}", "\u{0}"]
            var set: [MetadataEntry] = []
            var gone: [String] = []
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let key = keys[Int.random(in: 0..<4, using: &random)]
                if Bool.random(using: &random) {
                    let value = String(repeating: "v", count: Int.random(in: 0...60, using: &random))
                    set.append(MetadataEntry(key, value))
                } else {
                    gone.append(key)
                }
            }
            for key in gone { model[key] = nil }
            for entry in set { model[entry.key] = entry.value }
            let edit = try HeaderEditor(path, setting: set, removing: gone)
            methods.insert(edit.method)
            try edit.apply()
            let found = try metadata(path) ?? []
            #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.value) }) == model, "step \(step)")
            #expect(try digest(path) == before, "step \(step)")
        }
        #expect(methods.count == 3)
    }

    // MARK: Crashes

    @Test func `that was cut off at any byte is finished by the journal`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 100)
        let original = try FileSystem.read(path, limit: 1 << 20)
        try HeaderEditor(path, setting: [pt]).apply()
        let edited = try FileSystem.read(path, limit: 1 << 20)
        let head = Array(edited.prefix(Int(try SafetensorsFile(path).header.dataStart)))
        let journal = HeaderJournal(path).journal
        for cut in 0...head.count {
            let handle = try File(path, .updating)
            try handle.write(original, at: 0)
            let status = try handle.status()
            try FileSystem.replace(journal, with: HeaderJournal.record(head, status), durably: false)
            try handle.write(Array(head.prefix(cut)), at: 0)
            // Whoever edits next finishes it first.
            if cut % 2 == 0 {
                let found = try HeaderEditor.recover(path)
                #expect(found)
            } else {
                #expect(try HeaderEditor(path).method == .nothing)
            }
            #expect(try FileSystem.read(path, limit: 1 << 20) == edited, "cut at \(cut)")
            #expect(!FileSystem.exists(journal))
        }
    }

    @Test func `a damaged or foreign journal changes nothing`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 100)
        let bytes = try FileSystem.read(path, limit: 1 << 20)
        let status = try #require(try FileSystem.status(path))
        let other = try HeaderEditor(path, setting: [pt])
        try other.apply()
        let head = Array(
            try FileSystem.read(path, limit: 1 << 20).prefix(Int(try SafetensorsFile(path).header.dataStart)))
        let journal = HeaderJournal(path).journal
        let record = HeaderJournal.record(head, status)
        let handle = try File(path, .updating)
        try handle.write(bytes, at: 0)
        for place in record.indices {
            var damaged = record
            damaged[place] ^= 0x10
            try FileSystem.replace(journal, with: damaged, durably: false)
            let found = try HeaderEditor.recover(path)
            #expect(!found, "byte \(place)")
            try FileSystem.replace(journal, with: Array(record.prefix(place)), durably: false)
            let cut = try HeaderEditor.recover(path)
            #expect(!cut, "cut at \(place)")
        }
        // Another file of the same size took its place: the journal is not its.
        try FileSystem.replace(path, with: bytes, durably: false)
        try FileSystem.replace(journal, with: record, durably: false)
        let found = try HeaderEditor.recover(path)
        #expect(!found)
        #expect(try FileSystem.read(path, limit: 1 << 20) == bytes)
        #expect(try FileSystem.list(scratch.path) == ["model.safetensors"])
    }

    @Test func `does not write through a link that stands where the journal goes`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 100)
        let victim = try scratch.write("victim", [1, 2, 3])
        let journal = HeaderJournal(path).journal
        try FileSystem.symbolicLink(journal, to: victim.string)
        try HeaderEditor(path, setting: [pt]).apply()
        #expect(try FileSystem.read(victim, limit: 10) == [1, 2, 3])
        #expect(try metadata(path) == [pt])
        #expect(!FileSystem.exists(journal))
    }

    // MARK: Other names

    @Test func `leaves other names of the file and read-only files alone`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 100)
        let second = scratch.path.appending("second")
        _ = try FileSystem.hardLink(path, at: second)
        let bytes = try FileSystem.read(path, limit: 1 << 20)
        let edit = try HeaderEditor(path, setting: [pt])
        #expect(edit.method == .rewrite)
        try edit.apply()
        #expect(try FileSystem.read(second, limit: 1 << 20) == bytes)
        #expect(try metadata(path) == [pt])
        try FileSystem.setPermissions(path, 0o444)
        #expect(throws: SafetensorsError.self) { try HeaderEditor(path, removing: ["format"]) }
    }

    @Test func `goes through a symbolic link`() throws {
        let scratch = try Scratch()
        let path = try file(scratch)
        let link = scratch.path.appending("link")
        try FileSystem.symbolicLink(link, to: "model.safetensors")
        try HeaderEditor(link, setting: [MetadataEntry("k", String(repeating: "x", count: 300))]).apply()
        try HeaderEditor(link, setting: [pt], removing: ["k"]).apply()
        #expect(try FileSystem.readLink(link) == "model.safetensors")
        #expect(try metadata(path) == [pt])
    }

    @Test func `waits for nobody: a locked file is busy, a changed one is refused`() throws {
        let scratch = try Scratch()
        let path = try file(scratch, reserving: 100)
        let edit = try HeaderEditor(path, setting: [pt])
        do {
            let holder = try File(path, .reading)
            let locked = try holder.tryLock()
            #expect(locked)
            #expect { try edit.apply() } throws: { ($0 as? SafetensorsError)?.code == .busy }
        }
        try FileSystem.replace(path, with: try FileSystem.read(path, limit: 1 << 20), durably: false)
        #expect { try edit.apply() } throws: {
            if case SafetensorsError.changed = $0 { true } else { false }
        }
        #expect(try metadata(path) == nil)
        #expect(try FileSystem.list(scratch.path) == ["model.safetensors"])
    }
}
