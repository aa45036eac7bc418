// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Safetensors
import Testing

@testable import Drift

@Suite struct `GGUF files` {
    private static let blocks = [UInt8](repeating: 7, count: 34 * 2)

    private func model(_ change: (inout WeightsGGUF) -> Void = { _ in }) -> [UInt8] {
        var file = WeightsGGUF(
            metadata: [
                ("general.architecture", .text("llama")), ("general.name", .text("Small")),
                ("general.file_type", .number(7)), ("llama.context_length", .number(4096)),
                ("llama.rope.freq_base", .real(10_000)), ("llama.block_count", .number(2)),
                ("tokenizer.ggml.pre", .text("default")), ("tokenizer.ggml.eos_token_id", .number(2)),
                ("tokenizer.ggml.tokens", .texts(["<s>", "</s>", "a", "b"])),
                ("tokenizer.chat_template", .text("{{ messages }}")),
            ],
            tensors: [
                ("blk.0.weight", 8, [64, 1], Self.blocks),
                ("blk.0.norm", 0, [4], WeightsModel.bytes([1, 2, 3, 4])),
            ])
        change(&file)
        return file.file
    }

    private func compare(
        at place: WeightsReader.Place = .here, _ change: (inout WeightsGGUF) -> Void
    ) async throws -> Comparison.Findings {
        let name = "model-Q8_0.gguf"
        return try await WeightsBench([(name, model())], place).compared(
            with: WeightsBench([(name, model(change))], place))
    }

    private static func set(_ key: String, _ value: WeightsGGUF.Value?) -> (inout WeightsGGUF) -> Void {
        { file in
            let place = file.metadata.firstIndex { $0.0 == key }
            if let place, let value {
                file.metadata[place].1 = value
            } else if let place {
                file.metadata.remove(at: place)
            } else if let value {
                file.metadata.append((key, value))
            }
        }
    }

    @Test(
        arguments: [
            ("general.name", .text("Other"), DriftClass.docs, DriftSeverity.cosmetic),
            ("general.architecture", .text("qwen2"), .architecture, .breaking),
            ("general.file_type", .number(9), .packaging, .cosmetic),
            ("general.quantization_version", .number(3), .architecture, .behaviour),
            ("general.sampling.temp", .real(0.5), .sampling, .behaviour),
            ("llama.context_length", .number(8192), .architecture, .behaviour),
            ("llama.rope.freq_base", .real(1_000_000), .architecture, .behaviour),
            ("llama.block_count", .number(3), .architecture, .breaking),
            ("llama.never.heard.of", .flag(true), .architecture, .behaviour),
            ("someone.elses", .text("x"), .architecture, .behaviour),
            ("tokenizer.ggml.pre", .text("llama-bpe"), .tokens, .behaviour),
            ("tokenizer.ggml.pre", nil, .tokens, .behaviour),
            ("tokenizer.ggml.eos_token_id", .number(3), .tokens, .behaviour),
            ("quantize.imatrix.file", .text("x.dat"), .packaging, .cosmetic),
        ] as [(String, WeightsGGUF.Value?, DriftClass, DriftSeverity)])
    func `a key is judged by what it means`(
        _ key: String, _ value: WeightsGGUF.Value?, _ kind: DriftClass, _ severity: DriftSeverity
    ) async throws {
        let findings = try await compare(Self.set(key, value))
        #expect(findings.changes.count == 1 && findings.unchecked.isEmpty)
        let change = try #require(findings.changes.first)
        #expect(change.rule == "gguf-metadata" && change.kind == kind && change.severity == severity)
        #expect(change.places == [DriftChange.Place("model-Q8_0.gguf", key)])
    }

    @Test func `values before and after are there`() async throws {
        let change = try #require(try await compare(Self.set("llama.rope.freq_base", .real(1e6))).changes.first)
        #expect(change.before == .number(10_000) && change.after == .number(1_000_000))
        #expect(change.summary == "`llama.rope.freq_base`: 10000.0 → 1000000.0")
    }

    @Test func `a vocabulary is compared token by token`() async throws {
        let added = try await compare(Self.set("tokenizer.ggml.tokens", .texts(["<s>", "</s>", "a", "b", "c"])))
        #expect(added.verdicts == ["gguf-metadata behaviour"])
        let turned = try #require(
            try await compare(Self.set("tokenizer.ggml.tokens", .texts(["<s>", "</s>", "b", "x"]))).changes.first)
        #expect(turned.severity == .breaking)
        guard case .vocabulary(let vocabulary) = turned.evidence else {
            Issue.record("no vocabulary")
            return
        }
        #expect(vocabulary.added == [.init("x", 3)] && vocabulary.removed == [.init("a", 2)])
        #expect(vocabulary.renumbered.map(\.now) == [2] && vocabulary.renumberedCount == 1)
    }

    @Test func `a template is left to those who render it`() async throws {
        let findings = try await compare(Self.set("tokenizer.chat_template", .text("{{ bos_token }}")))
        #expect(findings.verdicts == ["weights-metadata cosmetic"])
    }

    @Test func `a model that is quantised anew has two histograms`() async throws {
        let findings = try await compare { file in
            file.tensors[0] = ("blk.0.weight", 2, [64, 1], [UInt8](repeating: 7, count: 18 * 2))
        }
        #expect(findings.verdicts == ["gguf-requantised behaviour"])
        let change = try #require(findings.changes.first)
        #expect(change.before == .object([.init("F32", 1), .init("Q8_0", 1)]))
        #expect(change.after == .object([.init("F32", 1), .init("Q4_0", 1)]))
        #expect(change.tensors.first?.kind == .requantised)
        // Of every block the scale is 0x0707, all numbers were 7 and are -1 and -8.
        let scale = Double(Float16(bitPattern: 0x0707))
        #expect(
            change.tensors.first?.distance?.maximum == 15 * scale
                && change.tensors.first?.distance?.mean == 11.5 * scale)
    }

    @Test func `the same numbers in other blocks are a cast without loss`() async throws {
        let findings = try await compare { file in
            // Sevens in four bits: nibbles of 15.
            file.tensors[0] = (
                "blk.0.weight", 2, [64, 1],
                Array(repeatElement([7, 7] + [UInt8](repeating: 0xFF, count: 16), count: 2).joined())
            )
        }
        #expect(findings.verdicts == ["weights-cast behaviour"])
        #expect(findings.changes.first?.summary == "1 of 2 tensors cast from Q8_0 to Q4_0, every number kept")
    }

    @Test func `blocks and plain numbers have distances`() async throws {
        let blocks = try await compare { $0.tensors[0].bytes[5] = 8 }
        #expect(blocks.verdicts == ["weights-changed behaviour"])
        let distance = try #require(blocks.changes.first?.tensors.first?.distance)
        #expect(distance.maximum == Double(Float16(bitPattern: 0x0707)) && distance.share == 1.0 / 64)
        let turned = try await compare { $0.tensors[0].bytes = [UInt8](repeating: 0, count: 68) }
        #expect(turned.changes.first?.tensors.first?.distance?.relative == 1)
        let numbers = try await compare { $0.tensors[1].bytes = WeightsModel.bytes([1, 2, 3, 5]) }
        #expect(numbers.changes.first?.tensors.first?.distance?.maximum == 1)
        let remote = try await compare(at: .elsewhere) { $0.tensors[0].bytes[5] = 8 }
        #expect(remote.verdicts == ["weights-changed behaviour"] && remote.unchecked.isEmpty)
        #expect(remote.changes.first?.tensors.map(\.name) == ["blk.0.weight"])
        #expect(remote.changes.first?.tensors.first?.distance == distance)
    }

    @Test func `blocks with other bytes and the same numbers are changed, and say so`() async throws {
        let zeros = [UInt8](repeating: 0, count: 68)
        let file = WeightsGGUF(metadata: [], tensors: [("a.weight", 8, [64, 1], zeros)])
        var other = file
        other.tensors[0].bytes[9] = 1
        for place in [WeightsReader.Place.here, .elsewhere] {
            let findings = try await WeightsBench([("a.gguf", file.file)], place).compared(
                with: WeightsBench([("a.gguf", other.file)], place))
            #expect(findings.verdicts == ["weights-changed behaviour"] && findings.unchecked.isEmpty)
            let change = try #require(findings.changes.first)
            #expect(change.consequence == "no number is another one: the same numbers are written otherwise")
        }
    }

    @Test func `a model in GGUF is compared with the safetensors that it replaces where the names are the same`()
        async throws
    {
        let numbers = (0..<64).map { Float($0 % 7) * Float(Float16(bitPattern: 0x0707)) }
        let tensors = WeightsModel(
            tensors: [.init(name: "a.weight", type: "F32", shape: [1, 64], bytes: WeightsModel.bytes(numbers))])
        let old = try WeightsBench([("model.safetensors", tensors.file())])
        func blocks(_ name: String) throws -> WeightsBench {
            try WeightsBench([
                ("model.gguf", WeightsGGUF(metadata: [], tensors: [(name, 8, [64, 1], Self.blocks)]).file)
            ])
        }
        let same = try await old.compared(with: blocks("a.weight"))
        #expect(
            same.verdicts == [
                "gguf-requantised behaviour", "weights-added behaviour", "weights-removed breaking",
                "weights-repackaged cosmetic",
            ])
        #expect(
            same.change("gguf-requantised")?.tensors.first?.distance?.maximum == 7 * Double(Float16(bitPattern: 0x0707))
        )
        let other = try await old.compared(with: blocks("blk.0.weight"))
        #expect(other.verdicts == ["weights-added behaviour", "weights-removed breaking"])
        #expect(other.unchecked.first?.reason.contains("other names") == true)
    }

    @Test func `files are paired by their quantisation`() async throws {
        let other = model(Self.set("general.name", .text("Other")))
        let old = try WeightsBench([("old-Q4_K_M.gguf", model()), ("old-Q8_0.gguf", other)])
        let new = try WeightsBench([("new-q8_0.gguf", other), ("new-q4_k_m.gguf", model())])
        let findings = try await old.compared(with: new)
        #expect(findings.verdicts == ["weights-repackaged cosmetic", "weights-repackaged cosmetic"])
        #expect(old.reader.opened == 0)
    }

    @Test func `what is loaded when nobody names a quantisation counts`() async throws {
        let one = [("m-Q8_0.gguf", model())]
        let default4 = try await WeightsBench(one).compared(with: WeightsBench(one + [("m-Q4_K_M.gguf", Self.blocks)]))
        #expect(default4.verdicts == ["weights-added behaviour"])
        let later = try await WeightsBench([("m-Q4_K_M.gguf", model())]).compared(
            with: WeightsBench([("m-Q4_K_M.gguf", model()), ("m-Q8_0.gguf", Self.blocks)]))
        #expect(later.verdicts == ["weights-added cosmetic"])
        let projector = try await WeightsBench(one).compared(
            with: WeightsBench(one + [("mmproj-F16.gguf", Self.blocks)]))
        #expect(projector.verdicts == ["weights-added behaviour"])
        let gone = try await WeightsBench(one + [("m-Q4_K_M.gguf", Self.blocks)]).compared(with: WeightsBench(one))
        #expect(gone.verdicts == ["weights-removed breaking"])
    }
}
