// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Checkpoint
import Compression
import ContentModel
import Foundation
import Pickle
import Safetensors
import Testing

/// The checkpoints of `Tests/Corpus/checkpoint`, written by PyTorch and numpy, with the digests of what PyTorch loads from them.
@Suite struct `Checkpoints of the corpus` {
    struct Row: Sendable {
        let file: String
        let path: String
        let type: String
        let shape: String
        let digest: String
    }

    /// `CHECKPOINTS=<directory>` runs the first test on other files, given an `expected.tsv` for them.
    static let directory =
        ProcessInfo.processInfo.environment["CHECKPOINTS"].map { URL(fileURLWithPath: $0) }
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Corpus/checkpoint")

    static let rows: [Row] = {
        let text = (try? String(contentsOf: directory.appendingPathComponent("expected.tsv"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Row(file: fields[0], path: fields[1], type: fields[2], shape: fields[3], digest: fields[4])
        }
    }()

    static var files: [String] { Set(rows.map(\.file)).sorted() }

    static func load(_ file: String) throws -> MemorySource {
        MemorySource(try Array(Data(contentsOf: directory.appendingPathComponent(file))))
    }

    @Test func `the corpus was found`() { #expect(Self.files.count > 15) }

    @Test(arguments: files) func `every tensor has the type, shape and bytes that PyTorch loads`(file: String) throws {
        let checkpoint = try Checkpoint(Self.load(file))
        let expected = Self.rows.filter { $0.file == file && $0.type != "refused" }
        var found: [String: CheckpointTensor] = [:]
        for (path, tensor) in checkpoint.tensors { found[path.description] = tensor }
        #expect(found.count == expected.count)
        for row in expected {
            let tensor = try #require(found[row.path], "\(row.path)")
            #expect(tensor.type.rawValue == row.type, "\(row.path)")
            #expect(tensor.shape.map(String.init).joined(separator: "x") == row.shape, "\(row.path)")
            for chunk in [4096, 1 << 20] {
                var hasher = SHA256()
                var count: UInt64 = 0
                try checkpoint.read(tensor, chunkSize: chunk) { piece in
                    hasher.update(piece)
                    count += UInt64(piece.byteCount)
                }
                #expect(count == tensor.byteCount)
                #expect(hasher.finalize().description == row.digest, "\(row.path)")
            }
        }
        for storage in checkpoint.storages { try storage.verify() }
    }

    @Test(arguments: rows.filter { $0.type == "refused" }.map(\.path))
    func `what cannot be read is refused with its reason`(path: String) throws {
        let row = try #require(Self.rows.first { $0.path == path && $0.type == "refused" })
        let checkpoint = try Checkpoint(Self.load(row.file))
        let refusal = try #require(checkpoint.refusals.first { $0.path.description == path })
        #expect(refusal.refusal.description.hasPrefix(row.digest), "\(refusal.refusal)")
    }

    @Test(arguments: ["tied.pt", "tied-legacy.pt"]) func `tensors that share bytes are grouped`(file: String) throws {
        let checkpoint = try Checkpoint(Self.load(file))
        #expect(checkpoint.sharing.map { $0.map(\.description) } == [["wte.weight", "lm_head.weight", "part"]])
    }

    @Test(arguments: ["nested.pt", "nested-legacy.pt"]) func `a nested checkpoint is listed with its paths and values`(
        file: String
    ) throws {
        let checkpoint = try Checkpoint(Self.load(file))
        let kinds = Dictionary(uniqueKeysWithValues: checkpoint.entries.map { ($0.path.description, $0.kind) })
        #expect(kinds["epoch"] == .value("3"))
        #expect(kinds["name"] == .value("x"))
        #expect(kinds["list"] == .sequence(count: 2))
        let dictionaries = checkpoint.stateDictionaries.map { "\($0.path) \($0.count)" }
        #expect(dictionaries.contains("state_dict 7"))
        let selected = try checkpoint.stateDictionary("state_dict")
        #expect(selected.tensors.map { String(decoding: $0.name, as: UTF8.self) }.contains("0.weight"))
        #expect(try checkpoint.stateDictionary(nil).path == EntryPath("state_dict"))
        #expect(throws: CheckpointError.self) { try checkpoint.stateDictionary("epoch") }
    }

    @Test func `layouts are told apart by content`() throws {
        #expect(try Checkpoint(Self.load("views.pt")).layout == .torchZip)
        #expect(try Checkpoint(Self.load("views-legacy.pt")).layout == .torchStream)
        #expect(try Checkpoint(Self.load("tar.pt")).layout == .torchTar)
        #expect(try Checkpoint(Self.load("arrays.npz")).layout == .npz)
        #expect(try Checkpoint(Self.load("c.npy")).layout == .npy)
        #expect(throws: CheckpointError.self) { try Checkpoint(MemorySource([])) }
        #expect(throws: CheckpointError.self) { try Checkpoint(MemorySource(Array("hello, world".utf8))) }
    }

    @Test func `a flipped bit in a storage is found by its checksum`() throws {
        var bytes = try Self.load("state_dict.pt").bytes
        let range = try #require(Checkpoint(MemorySource(bytes)).storages.first?.range)
        bytes[Int(range.lowerBound)] ^= 1
        let checkpoint = try Checkpoint(MemorySource(bytes))
        #expect(throws: CheckpointError.self) { for storage in checkpoint.storages { try storage.verify() } }
    }

    @Test func `a remote checkpoint is opened without a byte of its storages`() throws {
        let bytes = try Self.load("state_dict.pt").bytes
        var sparse = SparseSource(size: UInt64(bytes.count))
        var options = CheckpointOptions()
        options.depth = .directory
        let whole = try Checkpoint(MemorySource(bytes))
        for _ in 0..<60 {
            do throws(CheckpointError) {
                let checkpoint = try Checkpoint(sparse, options: options)
                #expect(checkpoint.tensors.map(\.tensor.shape) == whole.tensors.map(\.tensor.shape))
                return
            } catch {
                guard case .bytes(.absent(let offset, let count)) = error else { throw error }
                for range in whole.storages.compactMap(\.range)
                where range.lowerBound >= offset && range.upperBound <= offset + count {
                    Issue.record("storage bytes \(range) asked for")
                }
                sparse.insert(Array(bytes[Int(offset)..<Int(offset + count)]), at: offset)
            }
        }
        Issue.record("not opened in 60 rounds")
    }

    @Test func `random changes of checkpoints never trap, and every tensor that is given can be read`() throws {
        let seed: UInt64 = 42
        var random = SplitMix(seed)
        let samples = try Self.files.map { try Self.load($0).bytes }
        var options = CheckpointOptions()
        options.expanded = 1 << 16
        options.expansion.output = 1 << 20
        options.pickle.opcodes = 100_000
        options.pickle.memory = 16 << 20
        var opened = 0
        for _ in 0..<20_000 {
            var bytes = samples[Int(random.next() % UInt64(samples.count))]
            for _ in 0..<(1 + random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] = [0, 0xFF, 0x7F, 0x80][Int(random.next() % 4)]
                case 2: bytes.removeLast(min(bytes.count - 1, Int(random.next() % 40)))
                default: bytes[place] ^= 1 << UInt8(random.next() % 8)
                }
                if bytes.count <= place { break }
            }
            guard let checkpoint = try? Checkpoint(MemorySource(bytes), options: options) else { continue }
            opened += 1
            for (_, tensor) in checkpoint.tensors {
                var count: UInt64 = 0
                do {
                    try checkpoint.read(tensor, chunkSize: 4096) { count += UInt64($0.byteCount) }
                    #expect(count == tensor.byteCount)
                } catch {}
            }
            _ = checkpoint.sharing
        }
        print("seed \(seed), \(opened) opened")
        #expect(opened > 100)
    }
}

struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
