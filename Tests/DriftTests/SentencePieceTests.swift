// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import Testing

@testable import Drift

/// Vocabularies in a binary form. The models are trained and edited by `Vectors/pieces.py` with the library itself.
@Suite struct `Comparing binary vocabularies` {
    private static func model(_ name: String) throws -> [UInt8] {
        [UInt8](
            try Data(
                contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
                    path: "Vectors/\(name).model")))
    }

    private static func report(
        _ before: [UInt8]?, _ after: [UInt8]?, name: String = "tokenizer.model"
    ) async throws -> DriftReport {
        func side(_ bytes: [UInt8]?) throws -> Snapshot {
            try Snapshot(label: "x", files: bytes.map { [name: $0] } ?? [:])
        }
        return try await Comparison(try side(before), try side(after)).run()
    }

    @Test func `a trained model is read as the library reads it`() throws {
        let model = try SentencePieceModel(try Self.model("unigram"))
        #expect(model.pieces.count == 60)
        #expect(
            model.pieces.prefix(12) == [
                "<unk>", "<s>", "</s>", "wa", "boat", "ter", "lock", "s", "wei", "er", "ing", "keep",
            ])
        #expect(model.types.prefix(4) == [2, 3, 3, 1])
        #expect(Float(bitPattern: model.scores[3]) < 0 && model.scores[0] == 0)
        #expect(model.trainer["model_type"] == .number(1) && model.normalizer["name"] == .text("identity"))
    }

    @Test(arguments: [
        (
            "edited",
            [
                "vocabulary-changed breaking tokenizer.model:pieces",
                "vocabulary-scores behaviour tokenizer.model:pieces",
                "vocabulary-types behaviour tokenizer.model:pieces",
            ]
        ),
        ("symbols", ["vocabulary-changed breaking tokenizer.model:pieces"]),
        (
            "flags",
            [
                "special-token-ids behaviour tokenizer.model:trainer_spec.pad_id",
                "tokenizer-decoder behaviour tokenizer.model:trainer_spec.unk_surface",
                "tokenizer-model-setting behaviour tokenizer.model:trainer_spec.byte_fallback",
                "tokenizer-normalizer behaviour tokenizer.model:normalizer_spec.add_dummy_prefix",
                "tokenizer-normalizer behaviour tokenizer.model:normalizer_spec.name",
                "tokenizer-normalizer behaviour tokenizer.model:normalizer_spec.precompiled_charsmap",
            ]
        ),
        ("noted", ["training-only cosmetic tokenizer.model"]),
        (
            "bpe",
            [
                "tokenizer-model-type breaking tokenizer.model:trainer_spec.model_type",
                "vocabulary-changed breaking tokenizer.model:pieces",
                "vocabulary-scores behaviour tokenizer.model:pieces",
            ]
        ),
    ])
    func `what differs between two models is named`(_ name: String, _ expected: [String]) async throws {
        let lines = try await Self.report(try Self.model("unigram"), try Self.model(name)).lines.sorted()
        // Between models that were trained apart every score is another.
        #expect(lines.filter { !$0.hasPrefix("vocabulary-scores") || name != "symbols" } == expected.sorted())
    }

    @Test func `pieces that swapped their ids are shown with both`() async throws {
        let report = try await Self.report(try Self.model("unigram"), try Self.model("edited"))
        guard case .vocabulary(let found)? = report.changes.first?.evidence else {
            Issue.record("no vocabulary: \(report.lines)")
            return
        }
        #expect(found.renumberedCount == 2 && found.addedCount == 0 && found.removedCount == 0)
        #expect(found.renumbered.map { "\($0.token.text) \($0.token.id) \($0.now)" } == ["ing 10 11", "keep 11 10"])
        #expect(
            report.changes.contains { $0.rule == "vocabulary-types" && $0.summary.contains("control → user-defined") })
        #expect(report.changes.contains { $0.summary == "3 tokens have another score" })
    }

    @Test func `a model that is none any more is breaking, and says why`() async throws {
        let report = try await Self.report(try Self.model("unigram"), Array("version https://git-lfs".utf8))
        #expect(report.lines == ["tokenizer-model-changed breaking tokenizer.model"])
        let never = try await Self.report([1, 2, 3], [1, 2, 4])
        #expect(never.lines == ["tokenizer-model-changed behaviour tokenizer.model"])
        #expect(try await Self.report(nil, [1]).lines == ["file-added behaviour tokenizer.model"])
    }

    @Test func `ranks of tiktoken are compared, whatever the file is called`() async throws {
        let old = "SGVsbG8= 0\nIQ== 1\n/w== 2\n"
        for name in ["qwen.tiktoken", "original/tokenizer.model"] {
            func lines(_ new: String) async throws -> [String] {
                try await Self.report(Array(old.utf8), Array(new.utf8), name: name).lines
            }
            #expect(try await lines(old + "4pSC 3\n") == ["vocabulary-changed behaviour \(name)"])
            #expect(try await lines("SGVsbG8= 1\nIQ== 0\n/w== 2\n") == ["vocabulary-changed breaking \(name)"])
            #expect(try await lines("IQ== 1\r\nSGVsbG8= 0\r\n/w== 2") == ["format-only cosmetic \(name)"])
        }
        let tokens = try #require(TiktokenFile(Array(old.utf8))).tokens
        #expect(tokens.map(\.text) == ["Hello", "!", "\u{0}FF"] && tokens.map(\.id) == [0, 1, 2])
    }

    @Test(arguments: ["", "a 0", "SGVsbG8= -1", "SGVsbG8=", "SGVsbG8 0", "SG=sbG8= 0", "IQ== 99999999999999999999"])
    func `what is no tiktoken is not taken for it`(_ text: String) {
        #expect(TiktokenFile(Array(text.utf8)) == nil)
    }

    @Test func `no mutation of a model traps`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let model = try Self.model("edited")
        var read = 0
        for _ in 0..<2000 {
            var bytes = model
            for _ in 0..<1 + next() % 4 { bytes[next() % bytes.count] = UInt8(truncatingIfNeeded: next()) }
            if next() % 4 == 0 { bytes = Array(bytes.prefix(next() % bytes.count)) }
            switch SentencePieceModel.read(bytes) {
            case .success(let found):
                read += 1
                #expect(found.pieces.count == found.scores.count && found.types.count == found.scores.count)
                _ = SentencePieceComparison(name: "m", component: .tokenizer).changes(found, found)
            case .failure(let problem): #expect(!problem.reason.isEmpty)
            }
        }
        #expect(read > 0 && read < 2000, "seed \(seed)")
    }
}
