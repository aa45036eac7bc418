// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `Digests, counts and components` {
    private static let zeros = String(repeating: "0", count: 64)

    @Test(arguments: [
        (64, "", true), (63, "", false), (65, "", false), (63, "A", false), (63, "f", true), (63, "g", false),
        (62, "ａ", false),
        (63, " ", false), (0, "", false), (62, "0x", false), (128, "", false), (61, "e\u{301}", false),
        (63, "\0", false),
    ])
    func `a digest is 64 lower-case digits and nothing else`(_ count: Int, _ end: String, _ isValid: Bool) {
        let text = String(repeating: "0", count: count) + end
        #expect((Digest(text) != nil) == isValid)
        // The shorter id follows the same rules.
        if count >= 24 { #expect((GitObjectID(String(text.dropFirst(24))) != nil) == isValid) }
    }

    @Test func `upper case is refused everywhere`() {
        let digits = "0123456789abcdef"
        let text = String(repeating: digits, count: 4)
        #expect(Digest(text)?.description == text)
        #expect(Digest(text.uppercased()) == nil)
        let id = String(repeating: digits, count: 2) + "01234567"
        #expect(GitObjectID(id)?.description == id)
        #expect(GitObjectID(id.uppercased()) == nil)
        #expect(Digest(text)?.short == "0123456789ab")
        #expect(GitObjectID(id)?.short == "0123456")
        #expect(Digest(text)?.bytes.prefix(3) == [0x01, 0x23, 0x45])
    }

    @Test(arguments: [31, 32, 33] as [UInt64])
    func `digests read what they write and order as their texts`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let digests = (0..<60).map { _ in Digest(of: random.bytes(8)) }
        for digest in digests {
            #expect(Digest(digest.description) == digest)
            #expect(digest.bytes.count == 32)
        }
        #expect(digests.sorted().map(\.description) == digests.map(\.description).sorted())
        let ids = (0..<60).map { _ in GitObjectID(ofBlob: random.bytes(8)) }
        for id in ids { #expect(GitObjectID(id.description) == id) }
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }

    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (612, "612 B"), (999, "999 B"), (1_000, "1.00 kB"), (1_004, "1.00 kB"),
            (1_006, "1.01 kB"),
            (1_500, "1.50 kB"), (9_994, "9.99 kB"), (9_996, "10.0 kB"), (10_049, "10.0 kB"), (99_949, "99.9 kB"),
            (99_951, "100 kB"),
            (999_499, "999 kB"), (999_500, "1.00 MB"), (999_999, "1.00 MB"), (90_868_376, "90.9 MB"),
            (1_024_000_000, "1.02 GB"),
            (4_000_000_000_000, "4.00 TB"), (5_000_000_000_000_000, "5.00 PB"), (Int64.max, "9.22 EB"),
        ] as [(Int64, String)])
    func `a count reads as people write it`(_ value: Int64, _ text: String) {
        #expect(ByteCount(value)?.description == text)
    }

    @Test func `a count is never negative and never overflows`() {
        #expect(ByteCount(-1) == nil)
        #expect(ByteCount(Int64.min) == nil)
        #expect(ByteCount(clamping: -5) == .zero)
        #expect(ByteCount(clamping: .max) + ByteCount(clamping: 1) == ByteCount(clamping: .max))
        #expect(ByteCount(clamping: .max) + ByteCount(clamping: .max) == ByteCount(clamping: .max))
        #expect(ByteCount(clamping: 2) + ByteCount(clamping: 3) == ByteCount(clamping: 5))
        #expect(ByteCount(clamping: 2) < ByteCount(clamping: 3))
    }

    @Test func `only documentation leaves the behaviour alone`() {
        #expect(Component.allCases.filter { !$0.affectsBehaviour } == [.docs])
        #expect(Component.allCases.map(\.rawValue).sorted() == Component.allCases.sorted().map(\.description))
        #expect(Component(rawValue: "chat-template") == .chatTemplate)
    }

    @Test func `a failure shows its message, its details and its hint`() {
        let whole = Failure(.mismatch, "it is wrong", hint: "do this", details: ["expected: 1", "found:    2"])
        #expect(whole.description == "it is wrong\n  expected: 1\n  found:    2\nhint: do this")
        #expect(Failure(.usage, "no").description == "no")
        #expect(Failure.Code(rawValue: "mismatch") == .mismatch)
        #expect("\(Failure.Code.repositoryNotFound)" == "repository-not-found")
    }
}
