// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Evidence
import FileIO
import Safetensors
import Store
import SystemPackage
import TestKit
import Testing

@testable import Operations

/// The tensor digests of a lock's weights.
@Suite(.serialized) struct `Weighing` {
    private static let tensors = [
        ModelBuilder.Tensor("a", shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]),
        ModelBuilder.Tensor("b", dtype: "I64", shape: [], data: [1, 0, 0, 0, 0, 0, 0, 0]),
        // More than is kept in memory while it arrives.
        ModelBuilder.Tensor("c", shape: [700_000], floats: (0..<700_000).map { Float($0) }),
    ]
    private static let config = ["config.json": Array("{}\n".utf8)]

    private static func digest(_ tensors: [ModelBuilder.Tensor]) throws -> Digest {
        try TensorDigests(
            tensors.map { tensor in
                var hasher = TensorHasher(
                    type: try #require(TensorType(rawValue: tensor.dtype)), shape: tensor.shape.map { UInt64($0) },
                    byteCount: UInt64(tensor.data.count))
                hasher.update(tensor.data.span.bytes)
                return TensorDigests.Entry(TensorName(tensor.name), hasher.finalize())
            }
        ).model
    }

    private func publish(_ yard: Yard, _ files: [String: [UInt8]]) throws {
        try yard.server.commit("org/tiny", Self.config.merging(files) { $1 })
    }

    private func weights(_ yard: Yard) throws -> ComponentDigest? {
        try yard.project.lock().deliverable(try DeliverableName("tiny"))?.weights
    }

    /// What the lock says after a sync of these files.
    private func weigh(
        _ files: [String: [UInt8]]
    ) async throws -> (tensors: Digest?, behaviour: Digest?, identity: Digest?) {
        var result: (Digest?, Digest?, Digest?)
        try await Yard.run { yard in
            try publish(yard, files)
            try await yard.lock()
            try await yard.sync()
            let deliverable = try yard.project.lock().deliverable(try DeliverableName("tiny"))
            result = (deliverable?.weights?.tensors, deliverable?.behaviour, deliverable?.identity)
        }
        return result
    }

    @Test func `sync notes the tensor digest in the lock and changes nothing else of it`() async throws {
        try await Yard.run { yard in
            try publish(yard, ["model.safetensors": ModelBuilder.safetensors(Self.tensors)])
            try await yard.lock()
            let before = try yard.project.lock()
            #expect(try weights(yard)?.tensors == nil)
            #expect(try await yard.sync().completed.map(\.description) == ["tiny"])
            let after = try yard.project.lock()
            #expect(try weights(yard)?.tensors == Self.digest(Self.tensors))
            #expect(after.identity == before.identity)
            #expect(after.deliverables[0].behaviour != before.deliverables[0].behaviour)
            #expect(after.decision == before && after.digest == before.digest)
            #expect(try yard.project.history().entries.map(\.action) == [.lock], "nothing was decided")
            let text = try yard.lockText()
            #expect(try await yard.sync().completed.isEmpty)
            #expect(try await !yard.lock().isChanged)
            #expect(try yard.lockText() == text)
        }
    }

    @Test func `a large file is weighed in the pass that fetches it`() async throws {
        try await Yard.run { yard in
            try publish(yard, ["model.safetensors": ModelBuilder.safetensors(Self.tensors)])
            try await yard.lock()
            try await yard.sync()
            let began = yard.events.all.compactMap { event in
                if case .began(let work, _) = event { work } else { nil }
            }
            #expect(began.contains("syncing") && !began.contains("reading tensors"))
            // Without the note it has to be read, and the digest is the same.
            let blob = try #require(try yard.file("model.safetensors")).sha256
            let note = yard.session.store.directory.appending("tensors/\("\(blob)".prefix(2))/\(blob)")
            try FileSystem.replace(note, with: Array("weighlock-tensors 1\nx\nsafetensors\n".utf8))
            try await yard.sync()
            #expect(
                yard.events.all.contains { event in
                    if case .began("reading tensors", _) = event { true } else { false }
                })
        }
    }

    @Test func `other shards, another order and other metadata keep the behaviour`() async throws {
        let whole = try await weigh(["model.safetensors": ModelBuilder.safetensors(Self.tensors)])
        let index =
            #"{"metadata":{"total_size":1},"weight_map":{"a":"model-00001-of-00002.safetensors","#
            + #""b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}"#
        let parts = try await weigh([
            "model-00001-of-00002.safetensors": ModelBuilder.safetensors([Self.tensors[2], Self.tensors[0]]),
            "model-00002-of-00002.safetensors": ModelBuilder.safetensors([Self.tensors[1]], metadata: [("x", "y")]),
            "model.safetensors.index.json": Array(index.utf8),
        ])
        #expect(whole.tensors == parts.tensors && whole.tensors != nil)
        #expect(whole.behaviour == parts.behaviour)
        #expect(whole.identity != parts.identity)
        var changed = Self.tensors
        var data = changed[2].data
        data[1_000_000] ^= 1
        changed[2] = ModelBuilder.Tensor("c", dtype: "F32", shape: [700_000], data: data)
        let other = try await weigh(["model.safetensors": ModelBuilder.safetensors(changed)])
        #expect(other.tensors != whole.tensors && other.behaviour != whole.behaviour)
    }

    @Test func `weights that are no tensors have no tensor digest, and count beside those that have`() async throws {
        let pickle = try await weigh(["pytorch_model.bin": Array("not a tensor file".utf8)])
        #expect(pickle.tensors == nil && pickle.behaviour != nil)
        let set = ModelBuilder.safetensors([Self.tensors[0]])
        let both = try await weigh(["model.safetensors": set, "model.onnx": Array("graph".utf8)])
        let listing =
            "\(Digest(of: "graph"))  model.onnx\n\(try Self.digest([Self.tensors[0]]))  tensors\n"
        #expect(both.tensors == Digest(of: listing))
        // Two shards that name one tensor are no model: they count as the files they are.
        let clash = try await weigh([
            "m-1-of-2.safetensors": set, "m-2-of-2.safetensors": set + [], "model.onnx": Array("graph".utf8),
        ])
        #expect(clash.tensors == nil)
    }

    @Test func `a locked sync leaves the lock as it is`() async throws {
        try await Yard.run { yard in
            try publish(yard, ["model.safetensors": ModelBuilder.safetensors(Self.tensors)])
            try await yard.lock()
            let text = try yard.lockText()
            #expect(try await Sync(yard.session, yard.project).run(locked: true).completed.isEmpty)
            #expect(try yard.lockText() == text)
            #expect(yard.events.texts.contains { $0.contains("no tensor digests yet") })
        }
    }

    @Test func `a lock with the wrong tensor digest is an error`() async throws {
        try await Yard.run { yard in
            try publish(yard, ["model.safetensors": ModelBuilder.safetensors(Self.tensors)])
            try await yard.lock()
            let lock = try yard.project.lock()
            let wrong = Lock(deliverables: lock.deliverables.map { $0.with(tensors: Digest(of: "wrong")) })
            try FileSystem.replace(yard.project.lockPath, with: Array(wrong.canonicalText.utf8))
            let failure = await yard.failure { try await yard.sync() }
            #expect(failure?.code == .mismatch && failure?.message.contains("tensor digest of `tiny`") == true)
            #expect(try yard.project.lock() == wrong, "and the lock stays as it was")
        }
    }

    @Test func `an update that leaves the weights alone keeps their digest, another waits for the next sync`()
        async throws
    {
        try await Yard.run { yard in
            let files = ["model.safetensors": ModelBuilder.safetensors(Self.tensors)]
            try publish(yard, files)
            try await yard.lock()
            try await yard.sync()
            let known = try #require(try weights(yard)?.tensors)
            try publish(yard, files.merging(["README.md": Array("new\n".utf8)]) { $1 })
            try await yard.update()
            #expect(try weights(yard)?.tensors == known)
            try publish(yard, ["model.safetensors": ModelBuilder.safetensors(Self.tensors.dropLast())])
            try await yard.update()
            #expect(try weights(yard)?.tensors == nil)
            try await yard.sync()
            #expect(try weights(yard)?.tensors == Self.digest(Self.tensors.dropLast()))
            // Going back passes over the two forms of the last lock.
            try await yard.rollback()
            #expect(try weights(yard)?.tensors == known)
        }
    }

    @Test func `a project that may not be written is synced all the same`() async throws {
        try await Yard.run { yard in
            try publish(yard, ["model.safetensors": ModelBuilder.safetensors(Self.tensors)])
            try await yard.lock()
            // A directory where the history's lock file has to be.
            let place = yard.project.stateDirectory.appending("project.lock")
            try FileSystem.remove(place)
            try FileSystem.createDirectories(place)
            let outcome = try await yard.sync()
            #expect(FileSystem.exists(try #require(outcome.views.first)))
            #expect(yard.events.texts.contains { $0.contains("could not be noted in the lock") })
            #expect(try weights(yard)?.tensors == nil)
        }
    }

    // MARK: - Other containers

    private static func sample(_ path: String) throws -> [UInt8] {
        let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")
        return try FileSystem.read(corpus.appending(path), limit: 16 << 20)
    }

    @Test(arguments: ["tied.pt", "nested.pt", "views-legacy.pt"])
    func `a checkpoint weighs what its conversion weighs, converted or not`(_ name: String) async throws {
        let checkpoint = try Self.sample("checkpoint/\(name)")
        var shown: [Digest?] = []
        for policy in ["convert", "allow"] {
            try await Yard.run(Yard.manifest + "policy: {pickle: \(policy)}\n") { yard in
                try publish(yard, ["pytorch_model.bin": checkpoint])
                try await yard.lock()
                try await yard.sync()
                let locked = try #require(try yard.project.lock().deliverables.first)
                shown += [locked.weights?.tensors, locked.behaviour]
                guard policy == "convert" else { return }
                let result = try #require(locked.replacements.first?.result)
                let file = try SafetensorsFile(yard.session.store.path(of: result.sha256), mode: .strict)
                #expect(try TensorDigests(of: file)?.model == locked.weights?.tensors)
                #expect(file.header.metadata("format") == "pt")
            }
        }
        #expect(shown[0] != nil && shown[0] == shown[2] && shown[1] == shown[3])
    }

    /// A GGUF file with texts as metadata and tensors of `F32`.
    private static func gguf(_ metadata: [(String, String)], _ tensors: [ModelBuilder.Tensor]) -> [UInt8] {
        func number<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number($0 * 8)) }
        }
        func text(_ text: String) -> [UInt8] { number(UInt64(text.utf8.count)) + Array(text.utf8) }
        var out =
            Array("GGUF".utf8) + number(UInt32(3)) + number(UInt64(tensors.count)) + number(UInt64(metadata.count))
        for (key, value) in metadata { out += text(key) + number(UInt32(8)) + text(value) }
        var data: [UInt8] = []
        for tensor in tensors {
            out += text(tensor.name) + number(UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { out += number(UInt64(size)) }
            out += number(UInt32(0)) + number(UInt64(data.count))
            data += tensor.data + [UInt8](repeating: 0, count: (32 - tensor.data.count % 32) % 32)
        }
        return out + [UInt8](repeating: 0, count: (32 - out.count % 32) % 32) + data
    }

    /// By hand, as docs/formats/tensor-digest.md says.
    private static func metadataDigest(_ metadata: [(String, String)]) -> Digest {
        func number(_ number: Int, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
        var bytes = Array("weighlock/gguf-metadata\n".utf8)
        for (key, value) in metadata.sorted(by: { $0.0 < $1.0 }) {
            bytes += number(key.utf8.count, 8) + Array(key.utf8) + number(8, 4) + number(value.utf8.count, 8)
            bytes += Array(value.utf8)
        }
        return Digest(of: bytes)
    }

    @Test func `GGUF has the digest of its tensors, and its metadata count in the behaviour`() async throws {
        let metadata = [("tokenizer.chat_template", "{{ x }}"), ("general.architecture", "llama")]
        let tensors = [Self.tensors[0], ModelBuilder.Tensor("z", shape: [5], floats: [1, 2, 3, 4, 5])]
        let whole = try await weigh(["model.gguf": Self.gguf(metadata, tensors)])
        let numbers = try Self.digest(tensors)
        let listing = "\(Self.metadataDigest(metadata))  metadata\n\(numbers)  tensors\n"
        #expect(whole.tensors == Digest(of: listing))
        // The same numbers as safetensors have the same digest; the words that came with them are in other files then.
        let safe = try await weigh(["model.safetensors": ModelBuilder.safetensors(tensors)])
        #expect(safe.tensors == numbers)
        let other = try await weigh([
            "model.gguf": Self.gguf([("tokenizer.chat_template", "{{ y }}"), metadata[1]], tensors)
        ])
        #expect(other.tensors != whole.tensors && other.behaviour != whole.behaviour)
        // Other order, and split in two: packaging.
        let packed = try await weigh(["model.gguf": Self.gguf(metadata.reversed(), tensors.reversed())])
        #expect(packed.tensors == whole.tensors && packed.identity != whole.identity)
        let split = try await weigh([
            "model-00001-of-00002.gguf": Self.gguf(metadata, [tensors[0]]),
            "model-00002-of-00002.gguf": Self.gguf([], [tensors[1]]),
        ])
        #expect(split.tensors == whole.tensors && split.behaviour == whole.behaviour)
        let plain = try await weigh(["model.gguf": Self.gguf([], tensors)])
        #expect(plain.tensors == numbers, "without metadata only the numbers count")
    }

    @Test func `a GGUF file that cannot be weighed counts as a file`() async throws {
        let broken = Array(Self.gguf([("general.architecture", "llama")], [Self.tensors[0]]).dropLast(40))
        let found = try await weigh(["model.gguf": broken])
        #expect(found.tensors == nil && found.behaviour != nil)
    }
}
