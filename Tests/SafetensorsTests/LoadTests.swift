// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import Testing

@testable import Safetensors

@Suite struct `Loading` {
    /// Files with tensors of all types; the last of them places them where they do not suit their elements.
    private func files(_ scratch: Scratch, _ random: inout Seeded) throws -> [FilePath] {
        let types: [TensorType] = [.bool, .bf16, .f32, .f64, .u8, .i64, .f4]
        return try (0..<3).map { number in
            var specs: [TensorSpec] = []
            for (index, type) in types.enumerated() {
                let rows = UInt64.random(in: 0...9, using: &random)
                specs.append(TensorSpec(TensorName("f\(number).t\(index)"), type, [rows, 6]))
            }
            specs.append(TensorSpec(TensorName("f\(number).large"), .u8, [number == 0 ? 9_000_001 : 3]))
            let path = scratch.path.appending("\(number)")
            let plan = try WritePlan(specs)
            var head = plan.head
            if number == 2 {
                // The reference's order reversed: bytes before numbers, so offsets are odd.
                var place: UInt64 = 0
                let tensors = plan.tensors.reversed().map { tensor in
                    defer { place += tensor.byteCount }
                    return TensorInfo(
                        name: tensor.name, type: tensor.type, shape: tensor.shape,
                        offsets: place..<(place + tensor.byteCount))
                }
                head = try WritePlan.head(try WritePlan.json(tensors, nil), alignment: 8, reserving: 0)
            }
            _ = try scratch.write("\(number)", head + random.bytes(Int(plan.dataSize)))
            return path
        }
    }

    @Test(arguments: [1, 2, 7]) func `all tensors, or some, gives what reading them one by one gives`(
        threads: Int
    )
        async throws
    {
        var random = Seeded(UInt64(threads))
        let scratch = try Scratch()
        let paths = try files(scratch, &random)
        for names in [nil, ["f2.t3", "f0.large", "f1.t0"], []] as [[TensorName]?] {
            let loaded = try await LoadedTensors.load(paths, names, threads: threads)
            #expect(loaded.tensors.count == names?.count ?? 24)
            for path in paths {
                let file = try SafetensorsFile(path)
                for tensor in file.header.tensors where names?.contains(tensor.name) ?? true {
                    let expected = try file.raw(tensor.name)
                    let found = try loaded.bytes(tensor.name).array
                    #expect(found == expected, "\(tensor.name)")
                    if tensor.type == .f64 {
                        let numbers = try loaded.elements(tensor.name, as: Double.self).count
                        #expect(numbers == Int(tensor.elementCount))
                    }
                }
            }
        }
    }

    @Test func `refuses what is not there, is there twice, or is cut`() async throws {
        var random = Seeded(8)
        let scratch = try Scratch()
        let paths = try files(scratch, &random)
        await #expect { _ = try await LoadedTensors.load(paths, ["absent"]) } throws: {
            if case SafetensorsError.noSuchTensor("absent") = $0 { true } else { false }
        }
        await #expect { _ = try await LoadedTensors.load([paths[0], paths[0]]) } throws: {
            if case SafetensorsError.duplicateTensor = $0 { true } else { false }
        }
        let loaded = try await LoadedTensors.load([paths[1]], ["f1.t2"])
        #expect(throws: SafetensorsError.self) { _ = try loaded.bytes("f1.t3").byteCount }
        #expect(throws: SafetensorsError.self) { _ = try loaded.elements("f1.t2", as: Double.self).count }
    }

    @Test func `is stopped by cancelling the task`() async throws {
        var random = Seeded(9)
        let scratch = try Scratch()
        let paths = try files(scratch, &random)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await LoadedTensors.load(paths)
        }
        task.cancel()
        await #expect { try await task.value } throws: {
            if case SafetensorsError.stopped = $0 { true } else { false }
        }
    }

    // MARK: Mapped files

    @Test func `a mapped file shows and reads the same bytes`() throws {
        var random = Seeded(10)
        let scratch = try Scratch()
        var misaligned = 0
        for path in try files(scratch, &random) {
            let mapped = try SafetensorsFile(path, mode: .compatible, access: .mapped)
            let file = try SafetensorsFile(path)
            for tensor in file.header.tensors {
                let expected = try file.raw(tensor.name)
                let view = try mapped.view(tensor).array
                #expect(view == expected)
                let read = try mapped.raw(tensor.name)
                #expect(read == expected)
                if tensor.type == .f64 {
                    let numbers = try mapped.doubles(tensor)
                    if numbers == nil { misaligned += 1 }
                    let same = try file.values(tensor.name, as: Double.self).map(\.bitPattern)
                    #expect(numbers ?? same == same)
                }
                if tensor.type == .bf16, tensor.shape[0] > 2 {
                    let slices = (
                        try mapped.raw(tensor.name, .range(step: 2), .range(start: 1, stop: 3)),
                        try file.raw(tensor.name, .range(step: 2), .range(start: 1, stop: 3))
                    )
                    #expect(slices.0 == slices.1)
                }
            }
            let digests = (try TensorDigests(of: mapped), try TensorDigests(of: file))
            #expect(digests.0 == digests.1)
        }
        #expect(misaligned == 1)
    }

    @Test func `a view needs a mapping, and a tensor of that file`() throws {
        let scratch = try Scratch()
        var random = Seeded(11)
        let paths = try files(scratch, &random)
        let file = try SafetensorsFile(paths[1])
        let tensor = file.header.tensors[0]
        #expect { _ = try file.view(tensor).byteCount } throws: {
            if case SafetensorsError.notMapped = $0 { true } else { false }
        }
        let mapped = try SafetensorsFile(paths[1], access: .mapped)
        let large = try SafetensorsFile(paths[0]).tensor("f0.large")
        #expect { _ = try mapped.view(large).byteCount } throws: {
            if case SafetensorsError.foreignTensor = $0 { true } else { false }
        }
    }

    @Test func `mapping judges every file of the corpus as reading does`() throws {
        for path in try FileManager.default.contentsOfDirectory(at: Sample.corpus, includingPropertiesForKeys: nil)
        where path.pathExtension == "safetensors" {
            let path = FilePath(path.path)
            func verdict(_ access: Access) -> String {
                do { return "\(try SafetensorsFile(path, access: access).header.tensors.count)" } catch {
                    return error.message
                }
            }
            #expect(verdict(.mapped) == verdict(.reads), "\(path)")
        }
        #expect(throws: SafetensorsError.self) { _ = try SafetensorsFile("/", access: .mapped) }
        #expect(throws: SafetensorsError.self) { _ = try SafetensorsFile("/nowhere/at/all", access: .mapped) }
    }
}

@Suite struct `A slice of a large file` {
    #if os(Linux)
        /// The bytes that this thread has asked the kernel for.
        private func bytesRead() throws -> Int {
            let text = String(decoding: try Data(contentsOf: URL(filePath: "/proc/thread-self/io")), as: UTF8.self)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("rchar") })
            return try #require(line.split(separator: " ").last.flatMap { Int($0) })
        }

        @Test func `of 4 GiB reads no more than its rows`() throws {
            let scratch = try Scratch()
            let path = scratch.path.appending("large")
            let plan = try WritePlan([TensorSpec("w", .f16, [524288, 4096])])
            do {
                let file = try File(path, .creating(permissions: 0o600))
                try file.write(plan.head, at: 0)
                try file.truncate(to: ByteCount(clamping: Int64(plan.fileSize)))
            }
            let file = try SafetensorsFile(path)
            let overhead = try -bytesRead() + bytesRead()
            for (slice, most) in [
                ([.index(300_000)], 8192), ([.range(start: 5, stop: 7)], 16384),
                ([.index(-1), .range(start: 10, stop: 20)], 20), ([.range(start: 9, stop: 9)], 0),
                ([.range(start: 0, stop: 100), .range(start: 0, stop: 4)], 800),
            ] as [([SliceIndex], Int)] {
                let before = try bytesRead()
                let count = try file.read(try file.tensor("w"), slice).byteCount
                #expect(count == most)
                #expect(try bytesRead() - before - overhead <= most)
            }
        }
    #endif
}

extension SafetensorsFile {
    /// The bits of the numbers where they stand; nil where they stand badly.
    fileprivate func doubles(_ tensor: TensorInfo) throws(SafetensorsError) -> [UInt64]? {
        do throws(SafetensorsError) { return try view(tensor, as: Double.self).array.map(\.bitPattern) } catch {
            if case .misaligned = error { return nil }
            throw error
        }
    }
}
