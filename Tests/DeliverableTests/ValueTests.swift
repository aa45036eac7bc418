// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import Testing

@testable import Deliverable

@Suite struct `Values of a deliverable` {
    @Test(arguments: [
        ("a", true), ("Z9_.-", true), ("0", true), (String(repeating: "a", count: 64), true),
        (String(repeating: "a", count: 65), false),
        ("", false), (".a", false), ("-a", false), ("_a", false), ("a/b", false), ("a b", false), ("\u{e9}", false),
        ("a\u{212A}", false), ("a\0", false),
    ])
    func `names are checked`(_ text: String, _ isValid: Bool) {
        #expect(((try? DeliverableName(text)) != nil) == isValid)
        if !isValid { #expect(failure { _ = try DeliverableName(text) }?.code == .invalidName) }
    }

    @Test(arguments: [
        ("sentence-transformers/all-MiniLM-L6-v2", "all-minilm-l6-v2"), ("gpt2", "gpt2"), ("org/_x", "x"),
        ("org/_", "model"),
        ("Qwen/Qwen2.5-0.5B-Instruct", "qwen2.5-0.5b-instruct"),
        (String(repeating: "A", count: 96), String(repeating: "a", count: 64)),
    ])
    func `a name is suggested from the repository`(_ repository: String, _ expected: String) throws {
        let name = DeliverableName.suggested(for: try RepositoryID(repository))
        #expect(name.description == expected)
        #expect(try DeliverableName(name.description) == name)
    }

    @Test func `roles read what they write and are ordered`() {
        let roles: [SourceRole] = [
            .model, .tokenizer, .adapter(0), .adapter(2), .adapter(10), .dataset(0), .dataset(63), .base,
        ]
        #expect(roles.map { SourceRole($0.description) } == roles)
        #expect(roles.reversed().sorted() == roles)
        for text in [
            "", "adapters", "adapters/", "adapters/01", "adapters/-1", "adapters/+1", "adapters/64", "adapters/0/1",
            "Model", "adapter/0", "adapters/99999999999999999999",
        ] {
            #expect(SourceRole(text) == nil, "\(text)")
        }
    }

    @Test(
        arguments: [
            ("2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00Z"), ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
            ("2024-02-29T23:59:60Z", nil),
            ("2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00Z"),
            ("2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00Z"),
            ("2023-02-29T00:00:00Z", nil), ("1900-02-29T00:00:00Z", nil), ("2024-13-01T00:00:00Z", nil),
            ("2024-01-01T24:00:00Z", nil),
            ("2024-01-01T00:00:00", nil), ("2024-01-01", nil), ("", nil), ("2024-01-01T00:00:00.Z", nil),
            ("2024-01-01T00:00:00xZ", nil),
            ("2024-01-01T00:00:00+01:00", nil), ("+00:00", nil), ("2024-00-10T00:00:00Z", nil),
            ("2024-01-00T00:00:00Z", nil),
        ] as [(String, String?)])
    func `dates are brought to seconds in UTC`(_ text: String, _ expected: String?) {
        #expect(LockedSource.normalisedDate(text) == expected)
    }

    @Test(
        arguments: [
            ("7d", 604800), ("12h", 43200), ("30m", 1800), ("0d", 0), ("3650d", 315_360_000), ("3651d", nil),
            ("7", nil), ("d", nil), ("", nil), ("-1d", nil),
            ("+1d", nil), ("1.5d", nil), ("7 d", nil), ("7s", nil), ("9223372036854775807d", nil), ("\u{662}d", nil),
        ] as [(String, Int64?)])
    func `cool-downs are whole days, hours or minutes`(_ text: String, _ seconds: Int64?) {
        #expect(Policy.cooldown(text) == seconds.map { .seconds($0) })
    }

    @Test func `a pointer is the text and the blob id that git has`() throws {
        // `git lfs pointer` and `git hash-object` of the content "hello\n"
        let digest = try #require(Digest("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"))
        let text = GitPointer.text(sha256: digest, size: ByteCount(clamping: 6))
        #expect(text == "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest)\nsize 6\n")
        #expect(
            GitPointer.objectID(sha256: digest, size: ByteCount(clamping: 6)) == GitObjectID(ofBlob: Array(text.utf8)))
        let file = try #require(
            try Vector.lock().deliverable(try DeliverableName("chat"))?.source(.model)?.files.first { $0.isLFS })
        #expect(
            GitPointer.objectID(sha256: file.sha256, size: file.size).description
                == "d2e819f1b1dad77999b153859c3565107c5e34a6")
    }

    @Test func `the schemas are embedded and name the version`() throws {
        for text in [Schema.manifest, Schema.lock] {
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            #expect(value["$schema"]?.string == "https://json-schema.org/draft/2020-12/schema")
            #expect(value["$defs"]?.members?.isEmpty == false)
        }
    }

    @Test func `the schema knows exactly the keys that the program knows`() throws {
        let schema = try JSONDecoder().decode(JSONValue.self, from: Data(Schema.manifest.utf8))
        func keys(_ name: String) -> Set<String> {
            Set(schema["$defs"]?[name]?["properties"]?.members?.map(\.key) ?? [])
        }
        #expect(keys("longForm") == Set(ManifestKeys.top))
        #expect(keys("shortForm") == Set(ManifestKeys.shortTop))
        #expect(keys("deliverable") == Set(ManifestKeys.deliverable))
        #expect(keys("variant") == Set(ManifestKeys.variant))
        #expect(keys("source") == Set(ManifestKeys.source))
        #expect(keys("launch") == Set(ManifestKeys.launch))
        #expect(keys("policy") == Set(ManifestKeys.policy))
    }

    @Test(arguments: [
        ("modle", "model"), ("revison", "revision"), ("tokeniser", "tokenizer"), ("cachedir", "cache_dir"),
        ("", "model"),
    ])
    func `the nearest word is found`(_ word: String, _ expected: String) {
        #expect(Nearest.word(to: word, among: ["model", "revision", "tokenizer", "cache_dir"]) == expected)
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)])
    func `distances are those of the book`(_ a: String, _ b: String, _ expected: Int) {
        #expect(Nearest.distance(Array(a.utf8), Array(b.utf8)) == expected)
    }
}
