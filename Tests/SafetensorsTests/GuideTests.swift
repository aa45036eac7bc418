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
}
