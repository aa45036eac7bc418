// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Safetensors
import Testing

@testable import Drift

@Suite struct `A comparison of weights` {
    private func before(_ files: [(name: String, bytes: [UInt8])]? = nil) throws -> WeightsBench {
        try WeightsBench(files ?? [("model.safetensors", WeightsModel.small.file())])
    }

    private func single(_ model: WeightsModel) throws -> WeightsBench {
        try WeightsBench([("model.safetensors", model.file())])
    }

    // MARK: - Packaging

    @Test func `files with the same digest are not opened`() async throws {
        let (old, new) = (try before(WeightsModel.small.shards(3)), try before(WeightsModel.small.shards(3)))
        let findings = try await old.compared(with: new)
        #expect(findings.changes.isEmpty && findings.unchecked.isEmpty)
        #expect(old.reader.opened == 0 && new.reader.opened == 0)
    }

    @Test func `shards are the same tensors`() async throws {
        let findings = try await before().compared(with: WeightsBench(WeightsModel.small.shards(3)))
        #expect(findings.verdicts == ["weights-repackaged cosmetic"] && findings.unchecked.isEmpty)
        let change = try #require(findings.changes.first)
        #expect(change.kind == .packaging)
        #expect(change.summary == "the same 11 tensors: 1 file → 3")
        #expect(change.consequence?.hasPrefix("no behaviour change") == true)
        let back = try await WeightsBench(WeightsModel.small.shards(3)).compared(with: before())
        #expect(back.verdicts == ["weights-repackaged cosmetic"])
    }

    @Test func `another order is the same tensors`() async throws {
        let turned = WeightsModel(tensors: WeightsModel.small.tensors.reversed())
        let findings = try await before().compared(with: single(turned))
        #expect(findings.verdicts == ["weights-repackaged cosmetic"])
        #expect(findings.changes.first?.summary == "the same 11 tensors: tensors in another order")
    }

    @Test func `another name of the file is the same tensors, and nothing is opened`() async throws {
        let (old, new) = (
            try before(), try WeightsBench([("renamed.safetensors", WeightsModel.small.file())])
        )
        let findings = try await old.compared(with: new)
        #expect(findings.verdicts == ["weights-repackaged cosmetic"])
        #expect(findings.changes.first?.summary.contains("renamed `model.safetensors` → `renamed.safetensors`") == true)
        #expect(old.reader.opened == 0 && new.reader.opened == 0)
    }

    @Test func `other metadata is cosmetic, a lost format is not`() async throws {
        let same = WeightsModel.small
        let cosmetic = try await before().compared(
            with: WeightsBench([("model.safetensors", same.file(metadata: [("format", "pt"), ("author", "x")]))]))
        #expect(cosmetic.verdicts == ["weights-metadata cosmetic"])
        let gone = try await before().compared(
            with: WeightsBench([("model.safetensors", same.file(metadata: []))]))
        #expect(gone.verdicts == ["weights-metadata cosmetic"])
        let lost = try await before().compared(
            with: WeightsBench([("model.safetensors", same.file(metadata: [("author", "x")]))]))
        #expect(lost.verdicts == ["weights-metadata behaviour", "weights-metadata cosmetic"])
    }

    @Test func `a conversion from a checkpoint is the same tensors, one to a checkpoint is for the scanner`()
        async throws
    {
        let record = try WeightsModel.small.checkpoint
        let old = try WeightsBench([("pytorch_model.bin", [1, 2, 3])], records: ["pytorch_model.bin": record])
        let findings = try await old.compared(with: before())
        #expect(findings.verdicts == ["weights-repackaged cosmetic"])
        #expect(
            findings.changes.first?.summary == "the same 11 tensors: converted from a PyTorch checkpoint to safetensors"
        )
        let back = try await before().compared(with: old)
        #expect(back.verdicts == ["weights-repackaged security"])
    }

    @Test func `an index that is written otherwise is cosmetic, its dtype is not`() async throws {
        var files = WeightsModel.small.shards(2)
        let index = String(decoding: files[2].bytes, as: UTF8.self)
        let old = try WeightsBench(files)
        files[2].bytes = Array((index + "\n").utf8)
        let spelled = try await old.compared(with: WeightsBench(files))
        #expect(spelled.verdicts == ["weights-metadata cosmetic"])
        files[2].bytes = Array(index.replacing("{\"total_size\"", with: "{\"dtype\":\"float16\",\"total_size\"").utf8)
        let typed = try await old.compared(with: WeightsBench(files))
        #expect(typed.verdicts == ["weights-metadata behaviour"])
        #expect(typed.changes.first?.kind == .architecture)
        #expect(typed.changes.first?.places.first?.key == "metadata.dtype")
    }

    // MARK: - Tensors

    @Test func `one tensor that changed is named with its distance`() async throws {
        let name = "layers.1.attention.query.weight"
        let model = WeightsModel.small
        let after = model.changing(name) { numbers in
            numbers.enumerated().map { $0 % 16 == 3 ? $1 + 0.25 : $1 }
        }
        let findings = try await before().compared(with: single(after))
        #expect(findings.verdicts == ["weights-changed behaviour"])
        let change = try #require(findings.changes.first)
        #expect(change.places == [DriftChange.Place("model.safetensors", name)])
        let tensor = try #require(change.tensors.first)
        #expect(change.tensors.count == 1 && tensor.name == TensorName(name) && tensor.kind == .changed)
        let (old, new) = (
            WeightsModel.numbers(model.tensors[model.place(name)].bytes).map(Double.init),
            WeightsModel.numbers(after.tensors[model.place(name)].bytes).map(Double.init)
        )
        let apart = zip(old, new).map { abs($0 - $1) }
        let distance = try #require(tensor.distance)
        #expect(distance.maximum == apart.max() && distance.share == 4.0 / 64)
        #expect(abs(distance.mean - apart.reduce(0, +) / 64) < 1e-15)
        let norm = old.map { $0 * $0 }.reduce(0, +).squareRoot()
        #expect(abs(distance.relative - apart.map { $0 * $0 }.reduce(0, +).squareRoot() / norm) < 1e-14)
        #expect(change.summary.hasPrefix("1 of 11 tensors changed: `\(name)`, max |Δ| 0.25, relative "))
        #expect(change.summary.hasSuffix("6.2 % of its elements") || change.summary.hasSuffix("6.3 % of its elements"))
    }

    @Test func `the worst of several is named`() async throws {
        let after = WeightsModel.small.changing("head.weight") { $0.map { $0 + 0.001 } }
            .changing("layers.2.norm.weight") { $0.map { $0 * 3 } }
        let change = try #require(try await before().compared(with: single(after)).changes.first)
        #expect(change.summary.hasPrefix("2 of 11 tensors changed, the most `layers.2.norm.weight`: "))
        #expect(change.tensors.count == 2)
    }

    @Test func `a cast is told from numbers of another kind`() async throws {
        func half(_ number: Float) -> UInt16 { Float16(number).bitPattern }
        func upper(_ number: Float) -> UInt16 { BFloat16(number).bitPattern }
        let model = WeightsModel.small
        for (type, round) in [("F16", half), ("BF16", upper)] {
            let findings = try await before().compared(with: single(model.cast(to: type, round)))
            #expect(findings.verdicts == ["weights-cast behaviour"])
            let change = try #require(findings.changes.first)
            #expect(change.before == .string("F32") && change.after == .string(type))
            #expect(
                change.summary.hasPrefix("11 of 11 tensors cast from F32 to \(type), rounded to the nearest: max |Δ| "))
            #expect(change.tensors.allSatisfy { $0.kind == .cast && $0.distance != nil })
        }
        let cut = try await before().compared(
            with: single(model.cast(to: "BF16") { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }))
        #expect(cut.verdicts == ["weights-changed behaviour"])
        #expect(cut.changes.first?.tensors.first?.kind == .requantised)
    }

    @Test func `a cast back is a cast, and every number is kept`() async throws {
        let narrow = WeightsModel.small.cast(to: "BF16") { BFloat16($0).bitPattern }
        var wide = narrow
        for place in narrow.tensors.indices {
            let bytes = narrow.tensors[place].bytes
            wide.tensors[place].type = "F32"
            wide.tensors[place].bytes = stride(from: 0, to: bytes.count, by: 2).flatMap {
                [0, 0, bytes[$0], bytes[$0 + 1]]
            }
        }
        let findings = try await single(narrow).compared(with: single(wide))
        #expect(findings.verdicts == ["weights-cast behaviour"])
        #expect(findings.changes.first?.summary == "11 of 11 tensors cast from BF16 to F32, every number kept")
    }

    @Test func `a cast that overflows is breaking`() async throws {
        let large = WeightsModel.small.changing("head.weight") { $0.map { $0 * 1e6 } }
        let findings = try await single(large).compared(with: single(large.cast(to: "F16") { Float16($0).bitPattern }))
        #expect(findings.verdicts == ["weights-cast breaking"])
        #expect(findings.changes.first?.summary.contains("became infinite") == true)
    }

    @Test func `other zeros and other not-a-numbers are no other numbers`() async throws {
        let old = WeightsModel.small.changing("head.weight") {
            $0.enumerated().map { $0 == 0 ? 0 : $0 == 1 ? .nan : $1 }
        }
        let new = WeightsModel.small.changing("head.weight") {
            $0.enumerated().map { $0 == 0 ? -0.0 : $0 == 1 ? Float(nan: 5, signaling: false) : $1 }
        }
        let change = try #require(try await single(old).compared(with: single(new)).change("weights-changed"))
        #expect(change.tensors.first?.distance?.share == 0)
        #expect(change.consequence?.hasPrefix("no number is another one") == true)
    }

    @Test func `tensors that are gone or new or reshaped`() async throws {
        var after = WeightsModel.small
        after.tensors.removeAll { $0.name == "head.weight" }
        let gone = try await before().compared(with: single(after))
        #expect(gone.verdicts == ["weights-removed breaking"])
        #expect(gone.changes.first?.summary == "1 of 11 tensors is gone: `head.weight`")
        #expect(gone.changes.first?.tensors.first?.before?.shape == [4, 8])
        let added = try await single(after).compared(with: before())
        #expect(added.verdicts == ["weights-added behaviour"])
        var reshaped = WeightsModel.small
        reshaped.tensors[0].shape = [8, 16]
        let shape = try await before().compared(with: single(reshaped))
        #expect(shape.verdicts == ["weights-reshaped breaking"])
        #expect(shape.changes.first?.summary == "1 of 11 tensors has another shape: `embed.weight` [16, 8] → [8, 16]")
        #expect(shape.changes.first?.consequence?.hasPrefix("every number is the same") == true)
    }

    @Test func `a prefix of all names is summarised, also where zeros are many`() async throws {
        var model = WeightsModel.small
        for layer in 0..<3 {
            for part in ["query", "key"] {
                model.tensors.append(
                    .init(
                        name: "layers.\(layer).attention.\(part).bias", type: "F32", shape: [8],
                        bytes: [UInt8](repeating: 0, count: 32)))
            }
        }
        let renamed = model.renaming { "model." + $0 }
        let findings = try await single(model).compared(with: single(renamed))
        #expect(findings.verdicts == ["weights-renamed behaviour"])
        let change = try #require(findings.changes.first)
        #expect(change.summary.hasPrefix("17 of 17 tensors have another name: prefix `model.` added"))
        #expect(change.tensors.allSatisfy { "model." + ($0.formerName?.string ?? "") == $0.name.string })
        let back = try await single(renamed).compared(with: single(model))
        #expect(back.changes.first?.summary.contains("prefix `model.` dropped") == true)
    }

    @Test func `names that change in the middle are found, and no program finds them`() async throws {
        let renamed = WeightsModel.small.renaming { $0.replacing(".attention.", with: ".self_attn.") }
        let findings = try await before().compared(with: single(renamed))
        #expect(findings.verdicts == ["weights-renamed breaking"])
        #expect(findings.changes.first?.summary.contains("`attention` is `self_attn` now") == true)
    }

    @Test func `names without a pattern are counted, and no pattern is claimed`() async throws {
        var number = 0
        let renamed = WeightsModel.small.renaming { _ in
            number += 1
            return "tensor-\(number)"
        }
        let findings = try await before().compared(with: single(renamed))
        #expect(findings.verdicts == ["weights-renamed breaking"])
        #expect(findings.changes.first?.summary.hasPrefix("11 of 11 tensors have another name (`") == true)
    }

    @Test func `numbers that change under a new prefix are still compared`() async throws {
        var generator = WeightsRandom(3)
        var other = WeightsModel.small
        for place in other.tensors.indices {
            other.tensors[place].bytes = WeightsModel.bytes(
                WeightsModel.numbers(other.tensors[place].bytes).map { $0 + generator.number() / 100 })
        }
        let change = try #require(
            try await before().compared(with: single(other.renaming { "bert." + $0 })).change("weights-changed"))
        #expect(change.tensors.count == 11 && change.tensors.allSatisfy { $0.formerName != nil && $0.distance != nil })
    }

    @Test func `tied weights that are left out are still there`() async throws {
        var tied = WeightsModel.small
        tied.tensors.append(
            .init(
                name: "lm_head.weight", type: "F32", shape: [16, 8],
                bytes: tied.tensors[tied.place("embed.weight")].bytes))
        let findings = try await single(tied).compared(with: before())
        #expect(findings.verdicts == ["weights-removed behaviour"])
        #expect(findings.changes.first?.consequence?.contains("tied weights") == true)
    }

    @Test func `spellings that look alike are two names`() async throws {
        let composed = WeightsModel([("caf\u{E9}", [4])])
        let both = WeightsModel(
            tensors: composed.tensors + WeightsModel([("cafe\u{301}", [4])], seed: 9).tensors)
        let findings = try await single(composed).compared(with: single(both))
        #expect(findings.verdicts == ["weights-added behaviour"])
        let swapped = try await single(composed).compared(with: single(composed.renaming { _ in "cafe\u{301}" }))
        #expect(swapped.verdicts == ["weights-renamed breaking"])
    }

    // MARK: - Several sets

    @Test func `a twin beside safetensors is no second model`() async throws {
        let record = try WeightsModel.small.checkpoint
        let other = try WeightsModel.small.changing("head.weight") { $0.map { $0 + 1 } }.checkpoint
        let alone = [("model.safetensors", WeightsModel.small.file())]
        let with = try WeightsBench(alone + [("pytorch_model.bin", [1])], records: ["pytorch_model.bin": other])
        let added = try await WeightsBench(alone).compared(with: with)
        #expect(added.verdicts == ["weights-added security"])
        let removed = try await with.compared(with: WeightsBench(alone))
        #expect(removed.verdicts == ["weights-removed cosmetic"])
        let only = try WeightsBench([("pytorch_model.bin", [1])], records: ["pytorch_model.bin": record])
        let converted = try await only.compared(
            with: WeightsBench(alone + [("pytorch_model.bin", [1])], records: ["pytorch_model.bin": record]))
        #expect(converted.verdicts == ["weights-repackaged cosmetic"])
    }

    @Test func `safetensors with other numbers than the checkpoint beside them change what is loaded`() async throws {
        let record = try WeightsModel.small.checkpoint
        let other = WeightsModel.small.changing("head.weight") { $0.map { $0 + 1 } }
        let old = try WeightsBench([("pytorch_model.bin", [1])], records: ["pytorch_model.bin": record])
        let new = try WeightsBench(
            [("pytorch_model.bin", [1]), ("model.safetensors", other.file())], records: ["pytorch_model.bin": record])
        let change = try #require(try await old.compared(with: new).change("weights-changed"))
        #expect(change.severity == .behaviour)
        #expect(change.consequence?.hasPrefix("programs that prefer safetensors load `model.safetensors` now") == true)
        #expect(change.tensors.map(\.name) == ["head.weight"])
    }

    @Test func `models in several directories are told apart`() async throws {
        let (one, other) = (WeightsModel([("weight", [8])], seed: 1), WeightsModel([("weight", [8])], seed: 2))
        let old = try WeightsBench([("1_Dense/model.safetensors", one.file()), ("model.safetensors", other.file())])
        let new = try WeightsBench(
            [
                ("1_Dense/model.safetensors", one.changing("weight") { $0.map { $0 + 1 } }.file()),
                ("model.safetensors", other.file()),
            ])
        let findings = try await old.compared(with: new)
        #expect(findings.changes.map { $0.places.first?.file } == ["1_Dense/model.safetensors"])
    }

    @Test func `containers that are not read are changed, never equal`() async throws {
        let base = [("model.safetensors", WeightsModel.small.file())]
        let old = try WeightsBench(base + [("onnx/model.onnx", [1, 2])])
        let changed = try await old.compared(with: WeightsBench(base + [("onnx/model.onnx", [1, 3])]))
        #expect(changed.verdicts == ["weights-changed behaviour"])
        let gone = try await old.compared(with: WeightsBench(base))
        #expect(gone.verdicts == ["weights-removed breaking"])
        let added = try await WeightsBench(base).compared(with: old)
        #expect(added.verdicts == ["weights-added cosmetic"])
    }

    @Test func `the base model is watched, not read`() async throws {
        let old = try WeightsBench([("model.safetensors", WeightsModel.small.file())], role: .base)
        let new = try WeightsBench(
            [("model.safetensors", WeightsModel.small.changing("head.weight") { $0.map { $0 + 1 } }.file())],
            role: .base)
        let findings = try await old.compared(with: new)
        #expect(findings.verdicts == ["weights-changed cosmetic"] && old.reader.opened == 0 && new.reader.opened == 0)
    }
}
