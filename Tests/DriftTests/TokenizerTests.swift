// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@testable import Drift

@Suite struct `Comparing tokenizers` {
    private static func file(_ model: String, _ rest: String = "") -> [String: String] {
        ["tokenizer.json": "{\"model\":{\(model)}\(rest.isEmpty ? "" : "," + rest)}"]
    }

    @Test(arguments: [
        (#""vocab":{"a":0,"b":1}"#, #""vocab":{"b":1,"a":0}"#, "format-only cosmetic"),
        (#""vocab":{"a":0}"#, #""vocab":{"a":0,"b":1}"#, "vocabulary-changed behaviour"),
        (#""vocab":{"a":0,"b":1}"#, #""vocab":{"a":0}"#, "vocabulary-changed breaking"),
        (#""vocab":{"a":0,"b":1}"#, #""vocab":{"a":1,"b":0}"#, "vocabulary-changed breaking"),
        (#""vocab":[["a",0.0],["b",-1.5]]"#, #""vocab":[["a",0.0],["b",-1.25]]"#, "vocabulary-scores behaviour"),
        (#""vocab":[["a",0.0],["b",-1.5]]"#, #""vocab":[["b",-1.5],["a",0.0]]"#, "vocabulary-changed breaking"),
        ("\"vocab\":{\"\u{E9}\":0}", "\"vocab\":{\"e\u{301}\":0}", "vocabulary-changed breaking"),
        (#""merges":["a b","c d"]"#, #""merges":[["a","b"],["c","d"]]"#, "format-only cosmetic"),
        (#""merges":["a b","c d"]"#, #""merges":["c d","a b"]"#, "merges-reordered behaviour"),
        (#""merges":["a b"]"#, #""merges":["a b","c d"]"#, "merges-changed behaviour"),
        (#""type":"BPE""#, #""type":"Unigram""#, "tokenizer-model-type breaking"),
        (#""byte_fallback":false"#, #""byte_fallback":true"#, "tokenizer-model-setting behaviour"),
        (#""x":1"#, #""x":1,"byte_fallback":false,"dropout":null"#, "format-only cosmetic"),
        (#""unk_token":"a""#, #""unk_token":"b""#, "tokenizer-model-setting behaviour"),
    ])
    func `the model means what it says`(_ before: String, _ after: String, _ expected: String) async throws {
        let report = try await drift(Self.file(before), Self.file(after))
        #expect(report.changes.map { "\($0.rule) \($0.severity.rawValue)" }.joined(separator: " ") == expected)
        #expect(report.changes.allSatisfy { $0.kind == .tokens || $0.severity == .cosmetic })
    }

    @Test(arguments: [
        (
            #""normalizer":null"#, #""normalizer":{"type":"NFC"}"#,
            "tokenizer-normalizer behaviour tokenizer.json:normalizer"
        ),
        (
            #""pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}"#,
            #""pre_tokenizer":{"type":"ByteLevel","add_prefix_space":true}"#,
            "tokenizer-pre-tokenizer behaviour tokenizer.json:pre_tokenizer.add_prefix_space"
        ),
        (
            #""pre_tokenizer":{"type":"ByteLevel"}"#, #""pre_tokenizer":{"type":"ByteLevel","use_regex":true}"#,
            "format-only cosmetic tokenizer.json"
        ),
        (
            #""decoder":{"type":"Metaspace","add_prefix_space":true,"str_rep":"x"}"#,
            #""decoder":{"type":"Metaspace","prepend_scheme":"always","split":true}"#,
            "format-only cosmetic tokenizer.json"
        ),
        (
            #""post_processor":{"type":"A"}"#, #""post_processor":{"type":"B"}"#,
            "tokenizer-post-processor behaviour tokenizer.json:post_processor.type"
        ),
        (
            #""truncation":{"max_length":128}"#, #""truncation":{"max_length":256}"#,
            "tokenizer-truncation behaviour tokenizer.json:truncation.max_length"
        ),
        (#""made_up":1"#, #""made_up":2"#, "tokenizer-unknown-key behaviour tokenizer.json:made_up"),
        (#""version":"1.0""#, #""version":"1.1""#, "format-only cosmetic tokenizer.json"),
    ])
    func `the steps around it are compared as subtrees`(
        _ before: String, _ after: String, _ expected: String
    ) async throws {
        #expect(try await drift(Self.file("", before), Self.file("", after)).lines == [expected])
    }

    @Test func `added tokens come, go, change their number or how they match`() async throws {
        func tokens(_ list: String) -> [String: String] { Self.file("", "\"added_tokens\":[\(list)]") }
        let a = #"{"id":1,"content":"<a>","special":true}"#
        let b = #"{"id":2,"content":"<b>","special":true}"#
        #expect(
            try await drift(tokens(a), tokens(a + "," + b)).lines == [
                "added-tokens behaviour tokenizer.json:added_tokens"
            ])
        #expect(
            try await drift(tokens(a + "," + b), tokens(a)).lines == [
                "added-tokens breaking tokenizer.json:added_tokens"
            ])
        #expect(
            try await drift(tokens(a), tokens(#"{"id":3,"content":"<a>","special":true}"#)).lines == [
                "added-tokens breaking tokenizer.json:added_tokens"
            ])
        #expect(
            try await drift(tokens(a), tokens(#"{"id":1,"content":"<tool>","special":true}"#)).lines
                == ["added-tokens behaviour tokenizer.json:added_tokens"], "a number with another text shifts nothing")
        let report = try await drift(tokens(a), tokens(#"{"id":1,"content":"<a>","special":true,"lstrip":true}"#))
        #expect(report.lines == ["added-token-flags behaviour tokenizer.json:added_tokens"])
        #expect(
            try await drift(tokens(a + "," + b), tokens(b + "," + a)).lines == ["format-only cosmetic tokenizer.json"])
    }

    @Test func `a vocabulary's difference is counted whole and listed in part`() async throws {
        func vocabulary(_ range: Range<Int>, shift: Int = 0) -> [String: String] {
            Self.file("\"vocab\":{" + range.map { "\"t\($0)\":\($0 + shift)" }.joined(separator: ",") + "}")
        }
        let report = try await drift(vocabulary(0..<300), vocabulary(100..<500))
        guard case .vocabulary(let difference)? = report.changes.first?.evidence else {
            Issue.record("no vocabulary")
            return
        }
        #expect(difference.addedCount == 200 && difference.removedCount == 100 && difference.renumberedCount == 0)
        #expect(difference.added.count == VocabularyComparison.maximumListed && difference.added.first?.id == 300)
        let shifted = try await drift(vocabulary(0..<300), vocabulary(0..<300, shift: 1))
        #expect(
            shifted.changes.first?.summary == "vocabulary: 300 tokens renumbered (`t0` 0 → 1, …); 300 tokens, were 300")
    }

    @Test func `the older files are compared, too`() async throws {
        #expect(
            try await drift(["vocab.json": #"{"a":0,"b":1}"#], ["vocab.json": #"{"a":1,"b":0}"#]).lines == [
                "vocabulary-changed breaking vocab.json"
            ])
        #expect(
            try await drift(["vocab.txt": "a\nb\n"], ["vocab.txt": "a\nb\nc\n"]).changes.first?.rule
                == "vocabulary-changed")
        #expect(
            try await drift(["merges.txt": "#version: 0.2\na b\nc d\n"], ["merges.txt": "#version: 0.2\nc d\na b\n"])
                .lines == ["merges-reordered behaviour merges.txt"])
        #expect(
            try await drift(["merges.txt": "#version: 0.2\na b\n"], ["merges.txt": "#version: 0.3\na b\n"]).lines == [
                "format-only cosmetic merges.txt"
            ])
        #expect(
            try await drift(["added_tokens.json": #"{"<a>":9}"#], ["added_tokens.json": #"{"<a>":8}"#]).lines == [
                "added-tokens breaking added_tokens.json"
            ])
        #expect(
            try await drift(["tokenizer.model": "a"], ["tokenizer.model": "b"]).lines == [
                "tokenizer-model-changed behaviour tokenizer.model"
            ])
    }

    @Test func `files that a newer library no longer writes are no loss when another says the same`() async throws {
        let before = [
            "tokenizer.json": #"{"added_tokens":[{"id":1,"content":"<a>"}],"model":{}}"#,
            "tokenizer_config.json": #"{"pad_token":"<a>","added_tokens_decoder":{"1":{"content":"<a>"}}}"#,
            "special_tokens_map.json": #"{"pad_token":{"content":"<a>","lstrip":false}}"#,
            "added_tokens.json": #"{"<a>":1}"#,
        ]
        let after = [
            "tokenizer.json": before["tokenizer.json"] ?? "", "tokenizer_config.json": #"{"pad_token":"<a>"}"#,
        ]
        let expected = [
            "file-removed cosmetic added_tokens.json", "file-removed cosmetic special_tokens_map.json",
            "added-tokens-elsewhere cosmetic tokenizer_config.json:added_tokens_decoder",
        ]
        #expect(try await Set(drift(before, after).lines) == Set(expected))
        #expect(try await drift(after, before).changes.map(\.severity) == [.cosmetic, .cosmetic, .cosmetic])
        // Where nothing else knows them they are lost.
        var bare = after
        bare["tokenizer.json"] = #"{"added_tokens":[],"model":{}}"#
        bare["tokenizer_config.json"] = "{}"
        let lost = try await drift(before, bare)
        let places = lost.changes.filter { $0.rule == "added-tokens" && $0.severity == .breaking }.flatMap {
            $0.places.map(\.file)
        }
        #expect(Set(places) == ["tokenizer.json", "tokenizer_config.json", "added_tokens.json"])
        #expect(
            lost.changes.contains {
                $0.rule == "special-tokens" && $0.places.contains(.init("special_tokens_map.json", "pad_token"))
            })
    }

    @Test func `files that contradict each other are said once they do`() async throws {
        let tokenizer =
            #"{"added_tokens":[{"id":1,"content":"<a>"},{"id":2,"content":"<b>"}],"model":{"vocab":{"x":0}}}"#
        let before = [
            "tokenizer.json": tokenizer,
            "tokenizer_config.json": #"{"pad_token":"<a>","added_tokens_decoder":{"1":{"content":"<a>"}}}"#,
            "special_tokens_map.json": #"{"pad_token":"<a>"}"#,
        ]
        var after = before
        after["tokenizer_config.json"] = #"{"pad_token":"<c>","added_tokens_decoder":{"1":{"content":"<z>"}}}"#
        let report = try await drift(before, after)
        #expect(report.changes.filter { $0.rule == "tokenizer-files-disagree" }.count == 3)
        var again = after
        again["special_tokens_map.json"] = #"{ "pad_token":"<a>"}"#
        #expect(try await drift(after, again).lines == ["format-only cosmetic special_tokens_map.json"])
    }

    @Test(arguments: [21, 22] as [UInt64])
    func `a vocabulary's difference takes the old one to the new one`(seed: UInt64) {
        var dice = Dice(seed: seed)
        for round in 0..<200 {
            func draw() -> [VocabularyComparison.Token] {
                ["a", "b", "c", "é", "e\u{301}", "f", "g"].filter { _ in Bool.random(using: &dice) }.enumerated()
                    .map { .init($1, Int64($0)) }
            }
            let (old, new) = (draw(), draw())
            let difference = VocabularyComparison(old, new).difference
            var state = Dictionary(uniqueKeysWithValues: old.map { (TextKey($0.text), $0.id) })
            for token in difference.removed { state[TextKey(token.text)] = nil }
            for entry in difference.renumbered { state[TextKey(entry.token.text)] = entry.now }
            for token in difference.added { state[TextKey(token.text)] = token.id }
            #expect(
                state == Dictionary(uniqueKeysWithValues: new.map { (TextKey($0.text), $0.id) }),
                "seed \(seed), round \(round)")
        }
    }
}
