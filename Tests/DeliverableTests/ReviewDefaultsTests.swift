// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@testable import Deliverable

@Suite struct `Defaults that a review needs` {
    private func extract(_ files: [String: String], role: SourceRole = .model) throws -> [EffectiveDefault] {
        EffectiveDefaults.extract(
            from: try files.map { (path: try RelativePath($0.key), content: Array($0.value.utf8)) }, role: role)
    }

    private func texts(_ files: [String: String], role: SourceRole = .model) throws -> [String] {
        try extract(files, role: role).map {
            "\($0.name)=\($0.value.text(.compact)) \($0.file)\($0.key.map { "#" + $0 } ?? "")"
        }
    }

    private static let tokenizer = #"""
        {"version": "1.0", "added_tokens": [{"id": 0, "content": "{\"normalizer\": 1}"}], "normalizer": {"type": "Lowercase", "a": [1, {"b": "]"}]},
         "pre_tokenizer": null, "model": {"vocab": {"decoder": 1, "}": 2, "\\": 3}, "merges": ["a b"]}, "decoder": {"type": "ByteLevel"}}
        """#

    @Test func `the small parts of a tokenizer have digests that white space and the order of keys do not change`()
        throws
    {
        let found = try extract(["tokenizer.json": Self.tokenizer])
        #expect(found.map(\.name) == ["decoder", "normalizer", "pre-tokenizer"])
        let normalizer = try #require(found.first { $0.name == "normalizer" })
        let text = #"{"a":[1,{"b":"]"}],"type":"Lowercase"}"#
        #expect(normalizer.value["sha256"]?.string == Digest(of: text).description)
        #expect(normalizer.value["type"] == "Lowercase" && normalizer.key == "normalizer")
        #expect(found.first { $0.name == "pre-tokenizer" }?.value == .null)
        let other =
            #"{"decoder":{"type":"ByteLevel"},"pre_tokenizer":null,"normalizer":{"a":[1,{"b":"]"}],"type":"Lowercase"}}"#
        #expect(try extract(["tokenizer.json": other]) == found)
        let changed = Self.tokenizer.replacing("Lowercase", with: "NFC")
        #expect(try extract(["tokenizer.json": changed]) != found)
        #expect(
            try extract(["tokenizer.json": Self.tokenizer], role: .tokenizer).first?.file.description
                == "tokenizer/tokenizer.json")
    }

    @Test func `a tokenizer that is no such file is said to be unreadable`() throws {
        for text in [
            "", "[]", "{", "{}x", "{\"a\": }", "{\"a\" 1}", "{\"normalizer\": 1, \"normalizer\": 2}",
            "{\"norm\\u0061lizer\": 1}",
            "{\"normalizer\": {\"a\": 1, \"a\": 2}}", "{\"normalizer\": nul}", "{\"a\": \"", "{\"a\": \"\\",
            "{\"decoder\": [1}",
            "{\"decoder\": " + String(repeating: "[", count: 100) + String(repeating: "]", count: 100) + "}",
        ] {
            #expect(try extract(["tokenizer.json": text]).map(\.name) == ["unreadable"], "\(text.prefix(60))")
        }
        #expect(try extract(["tokenizer.json": "{}"]).isEmpty)
        #expect(EffectiveDefaults.maximumSize(of: try RelativePath("tokenizer.json")) == 32 << 20)
        #expect(EffectiveDefaults.maximumSize(of: try RelativePath("config.json")) == 4 << 20)
    }

    @Test func `no bytes make the tokenizer's reader trap`() throws {
        var generator = SeededGenerator(seed: 3)
        let bytes = Array(Self.tokenizer.utf8)
        for _ in 0..<2000 {
            var altered = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<altered.count, using: &generator)
                altered[place] =
                    [0x22, 0x5C, 0x7B, 0x7D, 0x5B, 0x5D, 0x2C, 0x3A, 0x00, 0xFF].randomElement(using: &generator) ?? 0
            }
            altered.removeLast(Int.random(in: 0..<altered.count, using: &generator) / 8)
            _ = TokenizerParts(altered)
        }
    }

    @Test func `several copies of a template agree or disagree, line ends aside`() throws {
        let plain = #"{"chat_template": "a\nb"}"#
        func copies(_ text: String) throws -> JSONValue? {
            try extract(["chat_template.jinja": text, "tokenizer_config.json": plain]).first {
                $0.name == "chat-template-copies"
            }?.value
        }
        #expect(try copies("a\nb") == "agree")
        #expect(try copies("a\r\nb") == "agree")
        #expect(try copies("a\n b") == "disagree")
        #expect(try !texts(["tokenizer_config.json": plain]).contains { $0.hasPrefix("chat-template-copies") })
    }

    @Test func `the three files that say where a text ends agree or disagree`() throws {
        let tokenizer =
            #"{"eos_token": "<|eot|>", "added_tokens_decoder": {"1": {"content": "<|end|>"}, "9": {"content": "<|eot|>"}}}"#
        func stops(_ generation: String?, _ config: String?, _ tokens: String?) throws -> JSONValue? {
            var files: [String: String] = [:]
            files["generation_config.json"] = generation.map { "{\"eos_token_id\": \($0)}" }
            files["config.json"] = config.map { "{\"eos_token_id\": \($0)}" }
            files["tokenizer_config.json"] = tokens
            return try extract(files).first { $0.name == "stop-tokens" }?.value
        }
        #expect(try stops("[1, 9]", "9", tokenizer) == "agree")
        #expect(try stops("[1, 9]", "[1, 9]", nil) == "agree")
        #expect(try stops("1", "1", tokenizer) == "disagree")
        #expect(try stops("1", "9", nil) == "disagree")
        #expect(try stops(nil, "9", tokenizer) == "agree")
        #expect(try stops(nil, "9", nil) == nil)
        #expect(try stops("null", "null", tokenizer) == nil)
        #expect(try stops("\"1\"", "{}", "[]") == nil)
    }

    @Test func `licences and gating come from the front matter`() throws {
        let card =
            "---\nlicense: other\nlicense_name: some-research\nextra_gated_prompt: >-\n  x\n---\n# temperature=0.5\n"
        #expect(
            try texts(["README.md": card]) == [
                #"gating=true README.md#extra_gated_prompt"#, #"license="other" README.md#license"#,
                #"license-name="some-research" README.md#license_name"#,
                #"recommended:temperature=0.5 README.md#temperature"#,
            ])
        #expect(
            try texts(["README.md": card], role: .adapter(0)).count == 3, "an adapter's card recommends nothing here")
        #expect(try texts(["README.md": card], role: .tokenizer).isEmpty)
    }

    // MARK: Policy

    private func lock(_ cards: [SourceRole: String?], include: Bool = true) throws -> Lock {
        var sources: [LockedSource] = []
        var defaults: [EffectiveDefault] = []
        for (role, card) in cards {
            let commit = GitObjectID(ofBlob: Array("x".utf8))
            sources.append(
                LockedSource(
                    role: role,
                    request: SourceRequest(
                        repository: try RepositoryID("org/" + role.description.replacing("/", with: "-"))),
                    commit: commit, date: nil, files: []))
            guard let card else { continue }
            defaults += EffectiveDefaults.extract(
                from: [(try RelativePath("README.md"), Array("---\n\(card)\n---\n".utf8))], role: role)
        }
        return Lock(deliverables: [
            LockedDeliverable(name: try DeliverableName("tiny"), sources: sources, defaults: defaults)
        ])
    }

    @Test func `a licence that the policy does not name is refused with what to do`() throws {
        let policy = Policy(licenses: ["Apache-2.0", "mit"])
        #expect(throws: Never.self) { try Policy().checkLicenses(try lock([.model: nil])) }
        #expect(throws: Never.self) { try policy.checkLicenses(try lock([.model: "license: apache-2.0"])) }
        #expect(throws: Never.self) {
            try Policy(licenses: ["Qwen-Research"]).checkLicenses(
                try lock([.model: "license: other\nlicense_name: qwen-research"]))
        }
        #expect(throws: Never.self) { try Policy(licenses: ["unknown"]).checkLicenses(try lock([.model: nil])) }
        #expect(throws: Never.self) {
            try policy.checkLicenses(try lock([.model: "license: mit", .tokenizer: nil, .base: nil, .dataset(0): nil]))
        }
        for (cards, word) in [
            ([.model: "license: gpl-3.0"], "`gpl-3.0`"), ([.model: nil], "names no licence"),
            ([.model: "license: mit", .adapter(0): "license: cc-by-nc-4.0"], "org/adapters-0"),
            ([.model: "license: mit", .adapter(0): nil], "org/adapters-0"),
        ] as [([SourceRole: String?], String)] {
            let failure = #expect(throws: Failure.self) { try policy.checkLicenses(try lock(cards)) }
            #expect(failure?.code == .refused && failure?.hint != nil)
            #expect(failure?.details.contains { $0.contains(word) } == true, "\(failure?.description ?? "")")
        }
    }

    @Test func `policy accept takes classes, each once, and names the nearest word`() throws {
        func parse(_ text: String) throws -> [String]? {
            try Manifest.parse("version: 1\ndeliverables: {}\npolicy: {accept: \(text)}\n").policy.accept
        }
        #expect(try parse("[docs, packaging]") == ["docs", "packaging"])
        #expect(try parse("[]") == [])
        #expect(try Manifest.parse("version: 1\ndeliverables: {}\npolicy: {}\n").policy.accept == nil)
        for (text, hint) in [("[promt]", "`prompt`"), ("[docs, docs]", "keep one"), ("docs", "[…]"), ("[[docs]]", "")] {
            let failure = #expect(throws: Failure.self) { try parse(text) }
            #expect(
                failure?.code == .manifest && (failure?.description.contains(hint) ?? false),
                "\(failure?.description ?? "")")
        }
    }
}
