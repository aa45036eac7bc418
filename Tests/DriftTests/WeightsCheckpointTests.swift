// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Checkpoint
import Foundation
import Safetensors
import Testing

@testable import Drift

@Suite struct `Checkpoints` {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/checkpoints")

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    static let expected: [String: `Distances of numbers`.Vectors.Distance] = {
        (try? JSONDecoder().decode(
            [String: `Distances of numbers`.Vectors.Distance].self,
            from: Data(contentsOf: folder.appending(path: "expected.json")))) ?? [:]
    }()

    static let layouts = ["", "-legacy", "-deflated", "safetensors"]

    /// The model of one side in one of the layouts.
    static func bench(
        _ side: String, _ layout: String, _ place: WeightsReader.Place = .here
    ) throws -> WeightsBench {
        if layout == "safetensors" {
            return try WeightsBench([("model.safetensors", bytes("\(side).safetensors"))], place)
        }
        return try WeightsBench([("pytorch_model.bin", bytes("\(side)\(layout).bin"))], place)
    }

    private func check(_ tensors: [DriftEvidence.TensorDifference], _ names: Set<String>) throws {
        #expect(Set(tensors.map(\.name.string)) == names)
        for tensor in tensors {
            let (found, wanted) = try (#require(tensor.distance), #require(Self.expected[tensor.name.string]))
            #expect(found.maximum == wanted.maximum && found.share == wanted.share && found.nonFinite == 0)
            #expect(abs(found.mean - wanted.mean) <= 1e-12 * wanted.mean, "\(tensor.name)")
            #expect(abs(found.relative - wanted.relative) <= 1e-12 * wanted.relative, "\(tensor.name)")
        }
    }

    @Test(arguments: layouts, layouts)
    func `tensors that changed have forms and numpy's distances, whatever holds them`(
        _ before: String, _ after: String
    ) async throws {
        let findings = try await Self.bench("before", before).compared(with: Self.bench("after", after))
        #expect(findings.unchecked.isEmpty)
        let changed = try #require(findings.change("weights-changed"))
        #expect(changed.severity == .behaviour && changed.summary.hasPrefix("5 of 7 tensors changed, the most `"))
        try check(changed.tensors, ["first.weight", "ids", "norm.weight", "sliced.weight", "turned.weight"])
        let cast = try #require(findings.change("weights-cast"))
        try check(cast.tensors, ["cast.weight"])
        #expect(cast.tensors.first?.before == .init(type: "F32", shape: [8, 8]))
        #expect(cast.tensors.first?.after == .init(type: "F16", shape: [8, 8]))
        let turned = try #require(changed.tensors.first { $0.name == "turned.weight" })
        #expect(turned.before?.shape == [24, 40] && turned.before?.type == "F32")
        // The library orders tensors by their types, so that a safetensors file has another order than the other one.
        let isRepackaged = before == "safetensors" || after == "safetensors"
        #expect((findings.change("weights-repackaged") != nil) == isRepackaged)
    }

    @Test(arguments: layouts) func `the same tensors in another layout are no change of numbers`(
        _ layout: String
    ) async throws {
        let findings = try await Self.bench("before", "").compared(with: Self.bench("before", layout))
        #expect(findings.unchecked.isEmpty && findings.changes.allSatisfy { $0.severity == .cosmetic })
    }

    @Test(arguments: ["", "-legacy"]) func `elsewhere is compared by ranges, but for what is not in one stretch`(
        _ layout: String
    ) async throws {
        let (old, new) = try (Self.bench("before", layout, .elsewhere), Self.bench("after", layout, .elsewhere))
        let findings = try await old.compared(with: new)
        let changed = try #require(findings.change("weights-changed"))
        try check(changed.tensors, ["first.weight", "ids", "norm.weight"])
        try check(try #require(findings.change("weights-cast")).tensors, ["cast.weight"])
        #expect(findings.unchecked.map(\.reason) == ["the numbers of 2 tensors (4.22 kB) were not compared"])
        #expect(old.reader.fetched.requests < 20 && old.reader.opened == 1)
        // One side here, digests known.
        let half = try await Self.bench("before", layout).compared(with: new)
        try check(try #require(half.change("weights-changed")).tensors, ["first.weight", "ids", "norm.weight"])
    }

    @Test func `elsewhere nothing beyond the budget is called equal`() async throws {
        var options = Comparison.Options()
        options.maximumRemote = 100
        let findings = try await Self.bench("before", "", .elsewhere).compared(
            with: Self.bench("after", "", .elsewhere), options: options)
        #expect(findings.unchecked.count == 1 && findings.unchecked.first?.hint != nil)
        // The types are in the headers.
        let few = try #require(findings.change("weights-changed")?.tensors)
        #expect(few.map(\.name) == ["cast.weight", "norm.weight"])
        #expect(few[0].distance == nil && few[1].distance != nil)
        options.measures = false
        let unread = try await Self.bench("before", "").compared(with: Self.bench("after", ""), options: options)
        let changed = try #require(unread.change("weights-changed"))
        #expect(changed.tensors.count == 6 && changed.tensors.allSatisfy { $0.distance == nil && $0.before != nil })
        #expect(changed.consequence?.contains("was not measured") == true)
    }

    @Test func `what is damaged or cut is never equal`() async throws {
        let whole = try Self.bytes("after.bin")
        for length in stride(from: 0, to: whole.count, by: 997) {
            for place in [WeightsReader.Place.here, .elsewhere] {
                let cut = try WeightsBench([("pytorch_model.bin", Array(whole[..<length]))], place)
                let findings = try await Self.bench("before", "", place).compared(with: cut)
                #expect(findings.changes.contains { $0.severity <= .behaviour }, "cut at \(length)")
            }
        }
    }

    @Test(arguments: ["", "-legacy", "-deflated"]) func `hostile bytes end by an answer, and are never equal`(
        _ layout: String
    ) async throws {
        let seed: UInt64 = 20_261_121
        var generator = WeightsRandom(seed)
        let whole = try Self.bytes("before\(layout).bin")
        for round in 0..<60 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = .random(in: .min ... .max, using: &generator)
            }
            guard bytes != whole else { continue }
            for place in [WeightsReader.Place.here, .elsewhere] {
                let findings = try await Self.bench("before", layout, place).compared(
                    with: WeightsBench([("pytorch_model.bin", bytes)], place))
                // Padding, names of storages and the like may be others; what was not read is said.
                #expect(
                    !findings.changes.isEmpty || !findings.unchecked.isEmpty, "seed \(seed), round \(round), \(place)")
            }
        }
    }

    @Test(arguments: ["views.pt", "signs.pt", "big-endian.pt", "views-legacy.pt", "every.pt"])
    func `windows over a tensor are its bytes`(_ name: String) throws {
        let corpus = Self.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Corpus/checkpoint")
        let source = MemorySource(Array(try Data(contentsOf: corpus.appending(path: name))))
        let checkpoint = try Checkpoint(source)
        let bench = try WeightsBench([("a.bin", [1])])
        let file = try #require(bench.snapshot.files.first)
        for (_, tensor) in checkpoint.tensors {
            let form = TensorForm(tensor, checkpoint)
            guard let encoding = form.number, let count = form.elementCount, count > 0 else { continue }
            let job = MeasureJob.Tensor(file: file, path: nil, place: form.place, encoding: encoding)
            let gathered = MeasureJob.Tensor(
                file: file, path: nil, place: .gathered(checkpoint, tensor), encoding: encoding)
            for job in [job, gathered] {
                var reader = WindowReader(8192)
                try reader.begin(job)
                var (found, done): ([UInt8], UInt64) = ([], 0)
                while done < count {
                    let part = min(256, count - done)
                    let size = try reader.read(job, done, part)
                    found += reader.bytes.prefix(size)
                    done += part
                }
                #expect(found == (try checkpoint.bytes(of: tensor)))
            }
        }
    }
}
