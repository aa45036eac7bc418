// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import ContentModel
import FileIO
import Safetensors
import Synchronization
import SystemPackage
import TestKit
import Testing

@testable import Conversion

@Suite struct `Converting one checkpoint` {
    @Test func `the corpus was found`() { #expect(Sample.convertible.count >= 14) }

    @Test(arguments: Sample.convertible)
    func `every tensor has the type, shape and bytes that its own library loads`(file: String) async throws {
        let directory = try TemporaryDirectory()
        let plan = try CheckpointPlan(Sample.source(file), name: file)
        let (digests, tensors) = try await Sample.write(
            CheckpointConversion(plan), to: [directory.appending("model.safetensors")])
        let place = plan.contents.place.isEmpty ? "" : plan.contents.place + "."
        let rows = Sample.rows.filter { $0.file == file && $0.path.hasPrefix(place) }
        #expect(!rows.isEmpty && rows.count == plan.items.count + plan.shared.count)
        for row in rows {
            let name = String(row.path.dropFirst(place.count))
            let kept = plan.shared.first { $0.name.string == name }?.kept.string ?? name
            let tensor = try #require(tensors[kept], "\(name)")
            #expect(tensor.info.type.rawValue == row.type, "\(name)")
            #expect(tensor.info.shape.map(String.init).joined(separator: "x") == row.shape, "\(name)")
            #expect("\(Digest(of: tensor.bytes))" == row.digest, "\(name)")
        }
        // The digests are those of the file that is there now, and those that digesting the checkpoint gives.
        let written = try TensorDigests(of: SafetensorsFile(directory.appending("model.safetensors")))
        #expect(digests == written)
        #expect(try await CheckpointConversion(plan).digests { _ in true } == written)
    }

    @Test(arguments: ["every.pt", "views.pt", "tied.pt"]) func `the same checkpoint gives the same bytes`(
        file: String
    ) async throws {
        let directory = try TemporaryDirectory()
        let paths = ["a", "b"].map { directory.appending($0) }
        for path in paths {
            let plan = try CheckpointPlan(Sample.source(file), name: file)
            _ = try await CheckpointConversion(plan).write(to: path) { _ in true }
        }
        #expect(try FileSystem.read(paths[0], limit: 1 << 24) == FileSystem.read(paths[1], limit: 1 << 24))
    }

    @Test func `tied tensors are written once, under the first name, and the metadata say so`() throws {
        let plan = try CheckpointPlan(Sample.source("tied.pt"), name: "tied.pt")
        #expect(plan.shared.map { "\($0.name) \($0.kept)" } == ["wte.weight lm_head.weight"])
        #expect(Set(plan.items.keys) == ["lm_head.weight", "part", "other"])
        #expect(
            Set(plan.metadata) == [MetadataEntry("format", "pt"), MetadataEntry("wte.weight", "lm_head.weight")])
    }

    @Test func `layouts of one checkpoint convert to the same file`() async throws {
        let directory = try TemporaryDirectory()
        var files: [[UInt8]] = []
        for (index, name) in ["views.pt", "views-legacy.pt", "protocol4.pt"].enumerated() {
            let path = directory.appending("\(index)")
            let plan = try CheckpointPlan(Sample.source(name), name: name)
            _ = try await CheckpointConversion(plan).write(to: path) { _ in true }
            files.append(try FileSystem.read(path, limit: 1 << 24))
        }
        #expect(files[0] == files[1] && files[1] == files[2])
    }

    @Test func `what lies beside the tensors is listed, and a key chooses another place`() throws {
        let plan = try CheckpointPlan(Sample.source("nested.pt"), name: "nested.pt")
        #expect(plan.contents.place == "state_dict" && plan.items["0.weight"] != nil)
        #expect(plan.skipped.contains { $0.name == "optimizer.state.0" && $0.what.contains("2 tensors") })
        #expect(plan.skipped.contains { $0.name == "epoch" && $0.what == "3" })
        let other = try CheckpointPlan(Sample.source("nested.pt"), name: "nested.pt", key: "optimizer.state")
        #expect(Set(other.items.keys) == ["0.exp_avg", "0.step"])
        let whole = try CheckpointPlan(Sample.source("nested.pt"), name: "nested.pt", key: "")
        #expect(whole.items["state_dict.0.weight"] != nil && whole.items["list.1"] != nil)
        #expect(whole.skipped.contains { $0.name == "epoch" && $0.what == "3" })
        let failure = #expect(throws: Failure.self) {
            _ = try CheckpointPlan(Sample.source("nested.pt"), name: "nested.pt", key: "epoch")
        }
        #expect(failure?.code == .usage && failure?.message.contains("state_dict") == true)
    }

    @Test func `tensors that safetensors cannot hold are refused, each with its reason`() throws {
        let failure = #expect(throws: Failure.self) {
            _ = try CheckpointPlan(Sample.source("refused.pt"), name: "refused.pt")
        }
        #expect(failure?.code == .refused && failure?.message.contains("4 tensors") == true)
        for row in Sample.rows where row.file == "refused.pt" && row.type == "refused" {
            #expect(failure?.details.contains { $0.hasPrefix("`\(row.path)`: \(row.digest)") } == true, "\(row.path)")
        }
        let objects = #expect(throws: Failure.self) {
            _ = try CheckpointPlan(Sample.source("arrays.npz"), name: "arrays.npz")
        }
        #expect(objects?.code == .refused && objects?.details == ["`objects`: an array of Python objects"])
        let nameless = #expect(throws: Failure.self) { _ = try CheckpointPlan(Sample.source("c.npy"), name: "c.npy") }
        #expect(nameless?.code == .refused && nameless?.hint?.contains("a name for each tensor") == true)
        let keys = #expect(throws: Failure.self) { _ = try CheckpointPlan(Sample.source("odd-keys.pt"), name: "x") }
        // Two tuples of two are two tensors.
        #expect(keys?.code == .refused && keys?.message.contains("4 tensors") == true)
        #expect(keys?.hint?.contains("whose keys are text") == true)
    }

    @Test func `a number and its text as keys are two tensors of one name, of which none is lost`() throws {
        let failure = #expect(throws: Failure.self) { _ = try CheckpointPlan(Sample.source("one-name.pt"), name: "x") }
        #expect(failure?.code == .refused && failure?.details == ["`1`: two tensors would have this name"])
    }

    @Test func `a single number beside a state dict is not what is converted`() throws {
        let plan = try CheckpointPlan(Sample.source("beside.pt"), name: "beside.pt")
        #expect(plan.contents.place == "model_state_dict" && plan.items["0.weight"] != nil && plan.items.count == 7)
        #expect(plan.skipped.contains { $0.name == "loss" && $0.what == "a tensor beside the state dict" })
        #expect(try CheckpointPlan(Sample.source("beside.pt"), name: "beside.pt", key: "").items.count == 8)
    }

    @Test func `every refusal says what can be done`() throws {
        for (file, hint) in [
            ("refused.pt", "leave them out"), ("nested.pt", "`--key`"), ("bare.pt", "a name for each"),
        ] {
            let failure = #expect(throws: Failure.self) {
                _ = try CheckpointPlan(Sample.source(file), name: file, key: file == "nested.pt" ? "epoch" : nil)
            }
            #expect(failure?.hint?.contains(hint) == true, "\(file): \(failure?.hint ?? "none")")
        }
        let empty = #expect(throws: Failure.self) { _ = try CheckpointPlan(MemorySource([]), name: "x") }
        #expect(empty?.message == "`x` is empty" && empty?.hint == "fetch it again, or save it again")
        let text = #expect(throws: Failure.self) { _ = try CheckpointPlan(MemorySource(Array("text".utf8)), name: "x") }
        #expect(text?.hint?.contains("torch.save") == true)
    }

    @Test func `tensors that lie in the file as they are, with a checksum of their own, are found`() throws {
        func stretches(_ file: String) throws -> [TensorStretch]? {
            try CheckpointPlan(Sample.source(file), name: file).stretches
        }
        for file in ["state_dict.pt", "state_dict-legacy.pt", "every.pt", "parameter.pt"] {
            let plan = try CheckpointPlan(Sample.source(file), name: file)
            let found = try #require(plan.stretches, "\(file)")
            #expect(found.count == plan.items.count)
            let bytes = try Sample.bytes(file)
            for stretch in found {
                let row = try #require(Sample.rows.first { $0.file == file && $0.path == stretch.info.name.string })
                let own = Array(bytes[Int(stretch.range.lowerBound)..<Int(stretch.range.upperBound)])
                #expect("\(Digest(of: own))" == row.digest)
                #expect(stretch.checksum.map { $0 == Self.checksum(own) } ?? file.contains("legacy"))
            }
        }
        // Views of one storage, packed, turned around, with changed signs, and with a header under the checksum.
        for file in ["views.pt", "tied.pt", "deflated.pt", "big-endian.pt", "signs.pt"] {
            #expect(try stretches(file) == nil, "\(file)")
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var checksum = CRC32()
        bytes.withUnsafeBytes { checksum.update($0) }
        return checksum.value
    }

    @Test func `other files are told from broken ones`() throws {
        func code(_ bytes: [UInt8]) -> Failure.Code? {
            #expect(throws: Failure.self) { _ = try CheckpointPlan(MemorySource(bytes), name: "x") }?.code
        }
        #expect(code([]) == .notACheckpoint)
        #expect(code(Array("once upon a time".utf8)) == .notACheckpoint)
        // An empty dict, in a stream of PyTorch's.
        #expect(code([0x80, 0x02, 0x7D, 0x2E]) != nil)
        let whole = try Sample.bytes("state_dict.pt")
        #expect(code(Array(whole.dropLast(100))) == .invalidCheckpoint)
    }

    /// A `.npy` file with this dtype of so many numbers, the bytes of which follow.
    private static func array(_ type: String, _ count: Int, _ bytes: [UInt8]) -> [UInt8] {
        let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(count),), }"
        let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, UInt8(padded.utf8.count), 0] + Array(padded.utf8) + bytes
    }

    @Test(arguments: ["state_dict.pt", "stored.npz"])
    func `a flipped bit in a tensor is found, and nothing is left behind`(file: String) async throws {
        let directory = try TemporaryDirectory()
        let arrays = [("a.npy", Self.array("<i4", 3, Array(0..<12))), ("b.npy", Self.array(">i2", 2, [1, 2, 3, 4]))]
        let bytes = file == "stored.npz" ? StoredZip.archive(arrays) : try Sample.bytes(file)
        let contents = try CheckpointContents(of: MemorySource(bytes))
        let whole = try await CheckpointConversion(CheckpointPlan(contents, name: file)).digests { _ in true }
        #expect(whole?.entries.count == contents.items.count)
        for range in contents.items.values.compactMap({ contents.stretch(of: $0) }) {
            var damaged = bytes
            damaged[Int(range.lowerBound)] ^= 1
            let plan = try CheckpointPlan(MemorySource(damaged), name: file)
            let failure = await #expect(throws: Failure.self) {
                _ = try await CheckpointConversion(plan).write(to: directory.appending("model.safetensors")) { _ in true
                }
            }
            #expect(failure?.code == .refused && failure?.message.contains("checksum") == true)
            #expect(try FileSystem.list(directory.path).isEmpty)
        }
    }

    @Test func `a conversion that is stopped gives nothing and leaves nothing`() async throws {
        let directory = try TemporaryDirectory()
        let plan = try CheckpointPlan(Sample.source("every.pt"), name: "every.pt")
        let calls = Mutex(0)
        let digests = try await CheckpointConversion(plan).write(to: directory.appending("m")) { _ in
            calls.withLock { calls in
                calls += 1
                return calls < 3
            }
        }
        #expect(digests == nil)
        #expect(try FileSystem.list(directory.path).isEmpty)
    }

    @Test func `a file that is there is never overwritten`() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("model.safetensors", "mine")
        let plan = try CheckpointPlan(Sample.source("state_dict.pt"), name: "state_dict.pt")
        let failure = await #expect(throws: Failure.self) {
            _ = try await CheckpointConversion(plan).write(to: path) { _ in true }
        }
        #expect(failure?.code == .file)
        #expect(try FileSystem.read(path, limit: 100) == Array("mine".utf8))
    }

    @Test func `memory is bounded by pieces, and a tensor larger than them is whole`() async throws {
        // A big-endian array is gathered, and turned around, in pieces of 2 MiB.
        let count = (2 << 20) + 4096
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: index &* 7 &+ index >> 8) }
            filled = count
        }
        let archive = StoredZip.archive([("numbers.npy", Self.array(">i2", count / 2, bytes))])
        let directory = try TemporaryDirectory()
        let plan = try CheckpointPlan(MemorySource(archive), name: "n.npz")
        let (_, tensors) = try await Sample.write(
            CheckpointConversion(plan), to: [directory.appending("n.safetensors")])
        let found = try #require(tensors["numbers"])
        var expected = bytes
        for index in stride(from: 0, to: count, by: 2) { expected.swapAt(index, index + 1) }
        #expect(found.info.type == .i16 && found.bytes == expected)
    }
}
