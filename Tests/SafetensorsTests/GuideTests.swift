// SPDX-License-Identifier: Apache-2.0

// Not `@testable`: these are the examples of docs/guides/safetensors.md, with what their readers can use.
import Safetensors
import SystemPackage
import Testing

@Suite struct `The guide` {
    @Test func `shows code that works`() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("out.safetensors")
        let plan = try WritePlan(
            [TensorSpec("w", .f32, [2, 3]), TensorSpec("b", .f32, [3])], metadata: [MetadataEntry("format", "pt")])
        var writer = try SafetensorsWriter(path, plan: plan)
        for tensor in plan.tensors { try writer.write(tensor.name, Array(repeating: 0, count: Int(tensor.byteCount))) }
        try writer.finish()

        let file = try SafetensorsFile(path)
        let names = file.header.tensors.map(\.name)
        #expect(names == ["b", "w"])
        let format = file.header.metadata("format")
        #expect(format == "pt")
        let weights = try file.read("w")
        let floats = try weights.elements(as: Float.self)
        let count = floats.count
        #expect(count == 6)
        let rows = try file.read("w", .range(start: 1, stop: 2), .range(step: 2))
        let shape = rows.shape
        #expect(shape == [1, 2])
        let digests = try TensorDigests(of: file)
        #expect(digests?.entries.count == 2)
    }

    @Test func `the examples of sharding, loading, mapping and editing work`() async throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("model.safetensors")
        let plan = try WritePlan([TensorSpec("w", .f32, [2, 3]), TensorSpec("b", .f32, [3])])
        var writer = try SafetensorsWriter(path, plan: plan)
        for tensor in plan.tensors { try writer.write(tensor.name, Array(repeating: 0, count: Int(tensor.byteCount))) }
        try writer.finish()

        let shards = try ShardPlan([path], into: .maximumSize(20))
        let out = scratch.path.appending("sharded")
        try shards.write(to: out)
        let changed = try shards.verify(in: out)
        #expect(changed.isEmpty)
        let index = try ShardIndex(out.appending("model.safetensors.index.json"))
        let findings = try ShardCheck(index, in: out).findings
        #expect(findings.isEmpty)

        let model = try await LoadedTensors.load(
            shards.names.filter { $0.hasSuffix(".safetensors") }.map { out.appending($0) })
        let weights = try model.elements("w", as: Float.self).count
        #expect(weights == 6)
        let mapped = try SafetensorsFile(path, access: .mapped)
        let view = try mapped.view(try mapped.tensor("w"), as: Float.self).count
        #expect(view == 6)

        let edit = try HeaderEditor(path, setting: [MetadataEntry("licence", "apache-2.0")], removing: ["draft"])
        try edit.apply()
        let licence = try SafetensorsFile(path).header.metadata("licence")
        #expect(licence == "apache-2.0")
    }
}
