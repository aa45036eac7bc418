// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Deliverable

@Suite struct `The allow file` {
    private static let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    private static let rules = ["pickle-code", "archive-bomb"]

    private func parse(_ text: String) throws(Failure) -> AllowFile {
        try AllowFile.parse(text, file: "weighlock.allow.yaml", rules: Self.rules)
    }

    private func entry(_ lines: String...) -> String {
        "version: 1\nallow:\n  - sha256: \(Self.digest)\n" + lines.map { "    \($0)\n" }.joined()
    }

    @Test func `an entry covers the rules and the names that it names, and nothing else`() throws {
        let file = try parse(entry("rules: [archive-bomb]", "names: [\"lib.Caf\u{E9}\"]", "reason: ours"))
        let found = try #require(file.entries.first)
        #expect(file.entries.count == 1 && found.sha256.description == Self.digest && found.line == 3)
        #expect(found.covers(rule: "archive-bomb", name: nil))
        #expect(found.covers(rule: "archive-bomb", name: "anything"))
        #expect(found.covers(rule: "pickle-code", name: "lib.Caf\u{E9}"))
        #expect(!found.covers(rule: "pickle-code", name: nil))
        #expect(!found.covers(rule: "pickle-code", name: "lib.Other"))
        // The same letters to a reader, other bytes to an importer.
        #expect(!found.covers(rule: "pickle-code", name: "lib.Cafe\u{301}"))
        #expect(!found.covers(rule: "archive-bom", name: "lib"))
    }

    @Test func `an entry counts through its last day`() throws {
        let found = try #require(
            try parse(entry("rules: [archive-bomb]", "reason: x", "until: 2027-01-31")).entries.first)
        #expect(!found.isExpired(on: "2026-12-31") && !found.isExpired(on: "2027-01-31"))
        #expect(found.isExpired(on: "2027-02-01") && found.isExpired(on: "2028-01-01"))
        let endless = try #require(try parse(entry("rules: [archive-bomb]", "reason: x")).entries.first)
        #expect(!endless.isExpired(on: "9999-12-31"))
    }

    @Test(arguments: [
        ("", "is empty"), ("# nothing\n", "is empty"), ("[]", "expected a mapping"),
        ("allow: []", "`version` is missing"),
        ("version: 2", "version 1"), ("version: 1\nallowed: []", "unknown key `allowed`"),
        ("version: 1\nallow: {}", "a list"),
        ("version: 1\nallow: [x]", "a mapping"),
        ("version: 1\nallow: [{rules: [archive-bomb], reason: x}]", "has no `sha256`"),
        ("version: 1\nallow: [{sha256: abc, rules: [archive-bomb], reason: x}]", "a SHA-256 digest"),
        ("version: 1\nallow: [{sha256: \(digest.uppercased()), rules: [archive-bomb], reason: x}]", "a SHA-256 digest"),
        ("version: 1\nallow: [{sha256: \(digest), reason: x}]", "neither `rules` nor `names`"),
        ("version: 1\nallow: [{sha256: \(digest), rules: [], names: [], reason: x}]", "neither `rules` nor `names`"),
        ("version: 1\nallow: [{sha256: \(digest), rules: [archive-bomb]}]", "has no `reason`"),
        ("version: 1\nallow: [{sha256: \(digest), rules: [archive-bomb], reason: }]", "is empty"),
        ("version: 1\nallow: [{sha256: \(digest), rules: [archive-bomb], reason: '  '}]", "is empty"),
        ("version: 1\nallow: [{sha256: \(digest), rules: [archive-bom], reason: x}]", "there is no rule `archive-bom`"),
        ("version: 1\nallow: [{sha256: \(digest), rules: archive-bomb, reason: x}]", "a list of rules"),
        ("version: 1\nallow: [{sha256: \(digest), names: [''], reason: x}]", "is empty"),
        ("version: 1\nallow: [{sha256: \(digest), names: [a], reason: x, until: 2027-02-30}]", "a day such as"),
        ("version: 1\nallow: [{sha256: \(digest), names: [a], reason: x, until: soon}]", "a day such as"),
        ("version: 1\nallow: [{sha256: \(digest), names: [a], reason: x, note: y}]", "unknown key `note`"),
        ("version: 1\nallow: &a [*a]", "anchors"), ("version: 1\nallow: [", "not YAML"),
    ])
    func `what is not as it should be is an error with its place`(_ text: String, _ message: String) {
        let failure = #expect(throws: Failure.self) { try parse(text) }
        #expect(failure?.code == .manifest)
        #expect(failure?.message.contains(message) == true, "\(failure?.description ?? "none")")
        #expect(failure?.message.hasPrefix("weighlock.allow.yaml") == true)
    }

    @Test func `there may be a thousand entries, and no more`() throws {
        func text(_ count: Int) -> String {
            "version: 1\nallow:\n"
                + String(repeating: "  - {sha256: \(Self.digest), rules: [archive-bomb], reason: x}\n", count: count)
        }
        #expect(try parse(text(1000)).entries.count == 1000)
        #expect(throws: Failure.self) { try parse(text(1001)) }
        #expect(try parse("version: 1\nallow:\n").entries.isEmpty)
    }
}
