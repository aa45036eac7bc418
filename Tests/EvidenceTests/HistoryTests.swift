// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import FileIO
import SystemPackage
import TestKit
import Testing

@testable import Evidence

@Suite struct `The history` {
    private let directory: TemporaryDirectory
    private var state: FilePath { directory.appending(".weighlock") }
    private var file: FilePath { state.appending("history.jsonl") }
    init() throws { directory = try TemporaryDirectory() }

    /// A lock that differs from the others by one byte of one file.
    private static func lock(_ number: Int) throws -> Lock {
        let content = Array("content \(number)".utf8)
        let locked = LockedFile(
            path: try RelativePath("config.json"), size: ByteCount(clamping: Int64(content.count)),
            sha256: Digest(of: content),
            git: GitObjectID(ofBlob: content), isLFS: false, component: .config)
        let source = LockedSource(
            role: .model, request: SourceRequest(repository: try RepositoryID("org/tiny")),
            commit: GitObjectID(ofBlob: content),
            date: "2024-01-01T00:00:00Z", files: [locked])
        return Lock(deliverables: [LockedDeliverable(name: try DeliverableName("tiny"), sources: [source])])
    }

    @discardableResult
    private func append(_ number: Int, _ action: HistoryEntry.Action = .lock, reason: String? = nil) throws -> History {
        try History(directory: state).appending(
            try Self.lock(number), action: action, reason: reason, author: "somebody",
            time: "2026-01-31T12:00:0\(number % 10)Z")
    }

    private var lines: [String] {
        get throws {
            String(decoding: try FileSystem.read(file, limit: 1 << 20), as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false
            ).map(String.init)
        }
    }
    private func write(_ lines: [String]) throws {
        try FileSystem.replace(file, with: Array(lines.joined(separator: "\n").utf8))
    }

    private func failure(_ body: () throws -> Void) -> Failure? {
        do { try body() } catch { return error as? Failure ?? Failure(.usage, "not a Failure: \(error)") }
        return nil
    }

    @Test func `an absent history is empty`() throws {
        let history = try History(directory: state)
        #expect(history.entries.isEmpty && !history.hasTornTail && history.previousInForce == nil)
        try history.checkLocks()
        #expect(!FileSystem.exists(state), "reading creates nothing")
    }

    @Test func `an update notes what it replaced and which classes were accepted, and older lines stay readable`()
        throws
    {
        let old = try append(1)
        let from = try #require(old.entries.last).lock
        let history = try old.appending(
            try Self.lock(2), action: .update, reason: "why", author: "somebody", time: "2026-01-31T12:00:02Z",
            review: HistoryEntry.Review(from: from, accepted: ["prompt", "sampling"]))
        #expect(
            history.entries.map(\.accepted) == [nil, ["prompt", "sampling"]]
                && history.entries.map(\.from) == [nil, from])
        let line = try lines[1]
        #expect(line.contains(#""reason":"why","from":"\#(from)","accepted":["prompt","sampling"],"lock":"#))
        #expect(try History(directory: state).entries == history.entries)
        // One of the two alone is what no program writes.
        try write([try lines[0], line.replacing(#","accepted":["prompt","sampling"]"#, with: ""), ""])
        #expect(failure { _ = try History(directory: state) }?.code == .historyBroken)
    }

    @Test func `each line holds the digest of the one before`() throws {
        try append(1)
        try append(2, .update, reason: "it \"is\"\nbetter")
        let history = try append(1, .rollback)
        let lines = try lines
        #expect(lines.count == 4 && lines[3].isEmpty)
        let (one, two) = (try Self.lock(1), try Self.lock(2))
        let zeros = String(repeating: "0", count: 64)
        #expect(
            lines[0]
                == #"{"sequence":1,"previous":"\#(zeros)","time":"2026-01-31T12:00:01Z","action":"lock","author":"somebody","lock":"\#(one.digest)","identity":"\#(one.identity)"}"#
        )
        #expect(
            lines[1]
                == #"{"sequence":2,"previous":"\#(Digest(of: lines[0]))","time":"2026-01-31T12:00:02Z","action":"update","author":"somebody","reason":"it \"is\"\nbetter","lock":"\#(two.digest)","identity":"\#(two.identity)"}"#
        )
        #expect(history.entries.map(\.sequence) == [1, 2, 3])
        #expect(history.entries.map(\.action) == [.lock, .update, .rollback])
        #expect(history.entries[1].reason == "it \"is\"\nbetter" && history.entries[0].reason == nil)
        #expect(history.entries[2].previous == Digest(of: lines[1]))
        #expect(history.entries[0].previous == HistoryEntry.beginning)
        #expect(try History(directory: state).entries == history.entries)
        #expect(try history.lock(of: history.entries[1]) == two)
        #expect(
            try FileSystem.list(state.appending("locks")).sorted()
                == ["\(one.digest).json", "\(two.digest).json"].sorted())
        try history.checkLocks()
    }

    /// Something done to the file behind the program's back, and where and how it shows.
    struct Edit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let line: Int
        let reason: String
        let change: @Sendable (inout [String]) -> Void

        init(_ name: String, _ line: Int, _ reason: String, _ change: @escaping @Sendable (inout [String]) -> Void) {
            (testDescription, self.line, self.reason, self.change) = (name, line, reason, change)
        }
    }

    private static let edits = [
        // A changed line is itself in order; the next one is the first that does not fit.
        Edit("a changed reason", 3, "it does not follow") { $0[1].replace("\"why\"", with: "\"because\"") },
        Edit("a removed line", 2, "it does not follow") { $0.remove(at: 1) },
        Edit("a removed first line", 1, "it does not follow") { $0.remove(at: 0) },
        Edit("two lines exchanged", 2, "it does not follow") { $0.swapAt(1, 2) },
        Edit("a line twice", 3, "it does not follow") { $0.insert($0[1], at: 2) },
        Edit("an empty line", 3, "it is not an entry") { $0.insert("", at: 2) },
        Edit("a line that is no JSON", 2, "it is not an entry") { $0[1] = "nonsense" },
        Edit("a space more", 2, "it is not an entry") { $0[1] += " " },
        Edit("a key more", 2, "it is not an entry") { $0[1] = $0[1].dropLast() + ",\"x\":1}" },
        Edit("another order of keys", 1, "it is not an entry") {
            $0[0] = $0[0].replacing("\"sequence\":1,", with: "").dropLast() + ",\"sequence\":1}"
        },
        Edit("an upper-case digest", 1, "it is not an entry") {
            $0[0] = $0[0].replacing("\"lock\":\"", with: "\"lock\":\"A")
        },
        Edit("an unknown action", 1, "it is not an entry") { $0[0].replace("\"lock\",", with: "\"unlock\",") },
        Edit("Windows line ends", 1, "it is not an entry") { lines in lines = lines.map { $0.isEmpty ? $0 : $0 + "\r" }
        },
    ]

    @Test(arguments: edits)
    func `an edited history is found at its line`(edit: Edit) throws {
        try append(1)
        try append(2, .update, reason: "why")
        try append(3, .update)
        try append(4, .update)
        var lines = try lines
        edit.change(&lines)
        try write(lines)
        let found = try #require(failure { _ = try History(directory: state) })
        #expect(found.code == .historyBroken)
        #expect(found.message.contains("is broken at line \(edit.line): \(edit.reason)"), "\(found.message)")
        #expect(found.hint != nil)
    }

    @Test func `a wrong number is found`() throws {
        try append(1)
        var lines = try lines
        lines[0] = lines[0].replacing("\"sequence\":1", with: "\"sequence\":7")
        try write(lines)
        #expect(failure { _ = try History(directory: state) }?.message.contains("line 1: its number is 7") == true)
    }

    @Test func `no byte of the chain can be changed unseen`() throws {
        try append(1)
        try append(2, .update)
        try append(3, .update)
        let bytes = try FileSystem.read(file, limit: 1 << 20)
        // The last line is vouched for by nothing after it, so only its form is.
        let last = bytes.dropLast().lastIndex(of: 0x0A) ?? 0
        var random = SeededGenerator(seed: 81)
        for _ in 0..<200 {
            var changed = bytes
            changed[Int.random(in: 0..<last, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
            try FileSystem.replace(file, with: changed, durably: false)
            #expect(failure { _ = try History(directory: state) }?.code == .historyBroken)
        }
    }

    @Test(arguments: [1, 5, 40, 200])
    func `the rest of an interrupted write is not an entry, and the next write repairs it`(length: Int) throws {
        try append(1)
        let one = try FileSystem.read(file, limit: 1 << 20)
        try append(2, .update)
        let two = try FileSystem.read(file, limit: 1 << 20)
        try FileSystem.replace(file, with: Array(two.prefix(one.count + length)))
        let torn = try History(directory: state)
        #expect(torn.hasTornTail && torn.entries.count == 1)
        let repaired = try append(3, .update)
        #expect(!repaired.hasTornTail && repaired.entries.map(\.sequence) == [1, 2])
        #expect(try FileSystem.read(file, limit: 1 << 20).starts(with: one))
        try repaired.checkLocks()
    }

    @Test func `a lock that is missing or was changed is found`() throws {
        try append(1)
        let history = try append(2, .update)
        let path = state.appending("locks/\(history.entries[0].lock).json")
        let text = try FileSystem.read(path, limit: 1 << 20)
        try FileSystem.append([0x0A], to: path)
        let changed = try #require(failure { try history.checkLocks() })
        #expect(changed.code == .historyBroken && changed.message.contains("entry 1 was changed"))
        #expect(failure { _ = try history.lock(of: history.entries[0]) }?.code == .historyBroken)
        try FileSystem.remove(path)
        let missing = try #require(failure { try history.checkLocks() })
        #expect(missing.code == .historyBroken && missing.message.contains("entry 1 is missing"))
        try FileSystem.replace(path, with: text)
        try history.checkLocks()
    }

    /// `l1` locks lock 1, `u2` updates to lock 2, `r1` goes back to lock 1, `o3` finds lock 3 in force.
    @Test(
        arguments: [
            ("", nil), ("l1", nil), ("l1 u2", 1), ("l1 u2 u3", 2), ("l1 u2 r1", nil), ("l1 u2 u3 r2", 1),
            ("l1 u2 u3 r2 r1", nil), ("l1 u2 u3 r1", nil),
            ("l1 u2 r1 u2", 1), ("l1 u2 r1 u3", 1), ("l1 u2 u3 r2 u4", 2), ("l1 u2 u3 r2 u4 r2", 1),
            ("l1 u2 u3 r2 u4 r2 r1", nil), ("l1 l2 o3", 2),
            ("l1 u2 o3 r2", 1), ("l1 u2 u1", 2), ("l1 u2 u1 r2", 1), ("l1 u2 r1 r2", 1), ("l1 u1 u2", 1), ("r1", nil),
            ("l1 r2", 1),
        ] as [(String, Int?)])
    func `a rollback returns to what was in force before, step by step`(_ steps: String, _ expected: Int?) throws {
        var history = try History(directory: state)
        let actions: [Character: HistoryEntry.Action] = ["l": .lock, "u": .update, "r": .rollback, "o": .observed]
        for step in steps.split(separator: " ") {
            let action = try #require(step.first.flatMap { actions[$0] })
            history = try append(try #require(Int(step.dropFirst())), action)
        }
        #expect(history.previousInForce?.lock == (try expected.map { try Self.lock($0).digest }))
    }
}
