// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Safetensors
import Testing

@testable import Drift

@Suite struct `Weights that are elsewhere` {
    /// A model of 2 MiB in 8 tensors.
    static let large = WeightsModel((0..<8).map { ("layers.\($0).weight", [256, 256]) })

    private func elsewhere(_ model: WeightsModel, _ place: WeightsReader.Place = .elsewhere) throws -> WeightsBench {
        try WeightsBench([("model.safetensors", model.file())], place)
    }

    @Test func `equal weights cost no byte`() async throws {
        let (old, new) = (try elsewhere(Self.large), try elsewhere(Self.large))
        let findings = try await old.compared(with: new)
        #expect(findings.changes.isEmpty && findings.unchecked.isEmpty)
        #expect(old.reader.fetched.bytes == 0 && new.reader.fetched.bytes == 0)
    }

    @Test func `known digests that agree cost kilobytes`() async throws {
        let new = try elsewhere(WeightsModel(tensors: Self.large.tensors.reversed()), .known)
        let old = try elsewhere(Self.large, .known)
        let findings = try await old.compared(with: new)
        #expect(findings.verdicts == ["weights-repackaged cosmetic"] && findings.unchecked.isEmpty)
        #expect(old.reader.fetched.bytes <= 64 << 10 && new.reader.fetched.bytes <= 64 << 10)
    }

    @Test func `numbers are fetched within the budget, together where they lie together`() async throws {
        let after = Self.large.changing("layers.5.weight") { $0.map { $0 + 1 } }
        let (old, new) = (try elsewhere(Self.large), try elsewhere(after))
        let findings = try await old.compared(with: new)
        #expect(findings.verdicts == ["weights-changed behaviour"] && findings.unchecked.isEmpty)
        #expect(findings.changes.first?.tensors.map(\.name) == ["layers.5.weight"])
        #expect(findings.changes.first?.summary.hasPrefix("1 of 8 tensors changed") == true)
        #expect(new.reader.fetched.requests <= 3)
    }

    @Test func `beyond the budget nothing is called equal`() async throws {
        var options = Comparison.Options()
        options.maximumRemote = 100
        let after = Self.large.changing("layers.5.weight") { $0.map { $0 + 1 } }
        let (old, new) = (try elsewhere(Self.large), try elsewhere(after))
        let findings = try await old.compared(with: new, options: options)
        #expect(findings.verdicts == ["weights-changed behaviour"])
        #expect(findings.changes.first?.summary == "`model.safetensors` has other bytes under the same header")
        #expect(findings.unchecked.map(\.reason) == ["the numbers of 8 tensors (2.10 MB) were not compared"])
        #expect(findings.unchecked.first?.hint != nil)
        #expect(old.reader.fetched.bytes <= 64 << 10)
    }

    @Test func `a part of the budget compares the smallest and says what is left`() async throws {
        let model = WeightsModel([("large", [512, 512]), ("small", [16])])
        let after = model.changing("small") { $0.map { $0 + 1 } }
        var options = Comparison.Options()
        options.maximumRemote = 1000
        let findings = try await elsewhere(model).compared(with: elsewhere(after), options: options)
        #expect(findings.verdicts == ["weights-changed behaviour"])
        #expect(findings.changes.first?.tensors.map(\.name) == ["small"])
        #expect(findings.unchecked.count == 1)
    }

    @Test func `shapes, names and types need no number`() async throws {
        var after = Self.large
        after.tensors[0].name = "other"
        after.tensors[1].shape = [65536]
        after.tensors[2].type = "I32"
        var options = Comparison.Options()
        options.measures = false
        let findings = try await elsewhere(Self.large).compared(with: elsewhere(after), options: options)
        #expect(findings.change("weights-removed")?.tensors.map(\.name) == ["layers.0.weight"])
        #expect(findings.change("weights-added")?.tensors.map(\.name) == ["other"])
        #expect(findings.change("weights-reshaped")?.tensors.map(\.name) == ["layers.1.weight"])
        #expect(findings.change("weights-changed")?.tensors.map(\.name) == ["layers.2.weight"])
        #expect(findings.unchecked.count == 1)
    }

    @Test func `one side here and one elsewhere`() async throws {
        let after = Self.large.changing("layers.5.weight") { $0.map { $0 + 1 } }
        let old = try WeightsBench([("model.safetensors", Self.large.file())])
        let findings = try await old.compared(with: elsewhere(after))
        #expect(findings.verdicts == ["weights-changed behaviour"] && findings.unchecked.isEmpty)
        #expect(findings.changes.first?.tensors.first?.distance?.maximum == 1)
    }

    @Test func `a checkpoint elsewhere is not compared, and said so`() async throws {
        let old = try WeightsBench([("pytorch_model.bin", [1])], .elsewhere)
        let findings = try await old.compared(with: WeightsBench([("pytorch_model.bin", [2])], .elsewhere))
        #expect(findings.verdicts == ["weights-changed behaviour"])
        #expect(findings.unchecked.count == 2 && findings.unchecked.allSatisfy { $0.hint != nil })
    }

    @Test func `a number that is read by ranges is the one that is read here`() async throws {
        var generator = WeightsRandom(11)
        var after = Self.large
        for place in after.tensors.indices where place % 2 == 0 {
            after.tensors[place].bytes = WeightsModel.bytes(
                WeightsModel.numbers(after.tensors[place].bytes).map { $0 + generator.number() })
        }
        // Another order, so that what follows on one side does not on the other.
        after.tensors.swapAt(1, 6)
        let local = try await WeightsBench([("model.safetensors", Self.large.file())]).compared(
            with: WeightsBench([("model.safetensors", after.file())]))
        let remote = try await elsewhere(Self.large).compared(with: elsewhere(after))
        let one = try #require(local.change("weights-changed")?.tensors)
        let other = try #require(remote.change("weights-changed")?.tensors)
        #expect(one.map(\.name) == other.map(\.name) && one.count == 4)
        for (one, other) in zip(one, other) {
            let (a, b) = try (#require(one.distance), #require(other.distance))
            #expect(a.maximum == b.maximum && a.share == b.share && abs(a.mean - b.mean) <= 1e-12 * a.mean)
        }
    }
}

@Suite struct `Weights that mean harm` {
    private func bench(_ files: [(String, [UInt8])]) throws -> WeightsBench {
        try WeightsBench(files.map { (name: $0.0, bytes: $0.1) })
    }

    @Test func `missing shards are tensors that are gone`() async throws {
        let old = try WeightsBench(WeightsModel.small.shards(3))
        let new = try WeightsBench(WeightsModel.small.shards(3).filter { !$0.name.contains("00002-of") })
        let findings = try await old.compared(with: new)
        #expect(findings.verdicts == ["weights-removed breaking"])
        let indexless = { (files: [(name: String, bytes: [UInt8])]) in files.filter { !$0.name.hasSuffix(".json") } }
        let bare = try await WeightsBench(indexless(WeightsModel.small.shards(3))).compared(
            with: WeightsBench(indexless(WeightsModel.small.shards(3).filter { !$0.name.contains("00002-of") })))
        #expect(bare.verdicts == ["weights-removed breaking"])
        #expect(bare.unchecked.map(\.reason) == ["1 shard of the series is missing"])
    }

    @Test func `an index of files that are nowhere says nothing`() async throws {
        let index = Array("{\"weight_map\":{\"a\":\"gone.safetensors\"}}".utf8)
        let other = Array("{\"weight_map\":{\"a\":\"away.safetensors\"}}".utf8)
        let findings = try await bench([("model.safetensors.index.json", index)]).compared(
            with: bench([("model.safetensors.index.json", other)]))
        #expect(findings.changes.isEmpty)
    }

    @Test func `an index that is none is not checked`() async throws {
        var files = WeightsModel.small.shards(2)
        let old = try WeightsBench(files)
        files[2].bytes = Array("[]".utf8)
        let findings = try await old.compared(with: WeightsBench(files))
        #expect(findings.unchecked.first?.file == "model.safetensors.index.json")
        #expect(findings.unchecked.first?.reason.hasPrefix("the index could not be read") == true)
    }

    @Test(arguments: [
        [], [0], Array("GGUF".utf8), [UInt8](repeating: 0xFF, count: 200), [UInt8](repeating: 0, count: 8),
        Array(WeightsModel.small.file().dropLast()), Array(WeightsModel.small.file().prefix(40)),
    ]) func `bytes that are no model are changed and never equal`(_ bytes: [UInt8]) async throws {
        for name in ["model.safetensors", "model.gguf", "pytorch_model.bin"] {
            for place in [WeightsReader.Place.here, .elsewhere, .known] {
                let old = try WeightsBench([(name, WeightsModel.small.file())], place)
                let new = try WeightsBench([(name, bytes)], place)
                for findings in [try await old.compared(with: new), try await new.compared(with: old)] {
                    #expect(findings.changes.contains { $0.severity <= .behaviour })
                }
            }
        }
    }

    @Test func `two shards with one tensor are reported`() async throws {
        let one = WeightsModel([("a", [4]), ("b", [4])]), other = WeightsModel([("b", [4])], seed: 9)
        let old = try bench([
            ("model-1-of-2.safetensors", one.file()), ("model-2-of-2.safetensors", WeightsModel([("c", [4])]).file()),
        ])
        let new = try bench([("model-1-of-2.safetensors", one.file()), ("model-2-of-2.safetensors", other.file())])
        let findings = try await old.compared(with: new)
        #expect(findings.changes.contains { $0.severity == .breaking })
        let both = try await bench([
            ("model-1-of-2.safetensors", WeightsModel([("a", [4])]).file()),
            ("model-2-of-2.safetensors", WeightsModel([("c", [4])]).file()),
        ])
        .compared(with: new)
        #expect(both.change("weights-repeated")?.severity == .behaviour)
    }

    @Test func `many tensors that are all others are counted`() async throws {
        let count = 2_000
        func model(_ value: UInt8, _ name: (Int) -> String) -> WeightsModel {
            WeightsModel(
                tensors: (0..<count).map {
                    .init(name: name($0), type: "U8", shape: [2], bytes: [value, UInt8(truncatingIfNeeded: $0)])
                })
        }
        let old = try bench([("model.safetensors", model(1) { "t.\($0)" }.file())])
        let changed = try await old.compared(with: bench([("model.safetensors", model(2) { "t.\($0)" }.file())]))
        #expect(changed.verdicts == ["weights-changed behaviour"])
        #expect(changed.changes.first?.summary.hasPrefix("2000 of 2000 tensors changed") == true)
        #expect(changed.changes.first?.tensors.count == count)
        let renamed = try await old.compared(with: bench([("model.safetensors", model(1) { "x.\($0)" }.file())]))
        #expect(renamed.verdicts == ["weights-renamed behaviour"])
    }

    @Test func `a report names the first tensors and the worst, and counts all`() {
        var group = DifferenceGroup()
        for place in 0...DifferenceGroup.keptLimit {
            let relative = place == DifferenceGroup.keptLimit ? 2.0 : 1
            group.add(
                .init(
                    name: TensorName("t.\(place)"), kind: .changed, before: nil, after: nil,
                    distance: .init(maximum: 1, mean: 1, relative: relative, share: 1, nonFinite: 0)))
        }
        #expect(group.count == DifferenceGroup.keptLimit + 1 && group.kept.count == DifferenceGroup.keptLimit)
        guard case .tensors(let tensors) = group.evidence else { return }
        #expect(tensors.count == DifferenceGroup.keptLimit)
        #expect(tensors.last?.name == TensorName("t.\(DifferenceGroup.keptLimit)"))
    }

    @Test func `a comparison that is told to stop stops`() async throws {
        var options = Comparison.Options()
        options.progress = { _ in false }
        let old = try bench([("model.safetensors", WeightsModel.small.file())])
        let new = try bench([
            ("model.safetensors", WeightsModel.small.changing("head.weight") { $0.map { $0 + 1 } }.file())
        ])
        await #expect(throws: CancellationError.self) { try await old.compared(with: new, options: options) }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `random models are told apart as a simple comparison tells them`(_ seed: UInt64) async throws {
        var random = WeightsRandom(seed)
        let before = WeightsModel((0..<40).map { ("part.\($0 % 4).tensor.\($0)", [UInt64(1 + $0)]) }, seed: seed)
        var after = before
        var (changed, removed, added): (Set<String>, Set<String>, Set<String>) = ([], [], [])
        for place in before.tensors.indices.reversed() {
            switch random.next() % 6 {
            case 0:
                changed.insert(after.tensors[place].name)
                after.tensors[place].bytes[0] ^= 1
            case 1:
                removed.insert(after.tensors[place].name)
                after.tensors.remove(at: place)
            case 2:
                let name = "fresh \(random.next())"
                added.insert(name)
                after.tensors.append(
                    .init(name: name, type: "F32", shape: [1], bytes: WeightsModel.bytes([random.number()])))
            default: continue
            }
        }
        after.tensors.shuffle(using: &random)
        let shards = Int(random.next() % 4)
        for place in [WeightsReader.Place.here, .elsewhere, .known] {
            let old = try WeightsBench([("model.safetensors", before.file())], place)
            let new =
                try shards > 1
                ? WeightsBench(after.shards(shards), place)
                : WeightsBench([("model.safetensors", after.file())], place)
            let findings = try await old.compared(with: new)
            func names(_ rule: String) -> Set<String> { Set(findings.change(rule)?.tensors.map(\.name.string) ?? []) }
            #expect(names("weights-changed") == changed, "seed \(seed)")
            #expect(names("weights-removed") == removed, "seed \(seed)")
            #expect(names("weights-added") == added, "seed \(seed)")
            #expect(findings.unchecked.isEmpty, "seed \(seed)")
        }
    }
}
