// SPDX-License-Identifier: Apache-2.0

import BinaryFormats
import Checkpoint
import ContentModel
import Deliverable
import FileIO
import Foundation
import GGUF
import Safetensors
import Synchronization
import SystemPackage
import Tensors

@testable import Drift

/// A directory of one test's own, removed with everything in it.
final class WeightsFolder: Sendable {
    let path: FilePath

    init() throws {
        let name = "weights-test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
        try FileSystem.createDirectories(path)
    }

    deinit { try? FileSystem.removeTree(path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = path.appending(name)
        try FileSystem.createDirectories(file.removingLastComponent())
        try FileSystem.replace(file, with: bytes, durably: false)
    }
}

/// Reads files as a store does when they lie on this machine, or as a Hub when they are elsewhere; remembers what was asked.
final class WeightsReader: SnapshotReader {
    /// Where the files are.
    enum Place {
        /// On this machine: every digest can be computed.
        case here
        /// Elsewhere, nothing known of the tensors.
        case elsewhere
        /// Elsewhere, the digests of the tensors known.
        case known
    }

    private let contents: [RelativePath: [UInt8]]
    private let folder: WeightsFolder?
    private let place: Place
    private let records: [String: TensorRecord]
    private let asked = Mutex<(bytes: Int, requests: Int, digests: Int, documents: Int)>((0, 0, 0, 0))

    init(_ contents: [RelativePath: [UInt8]], _ place: Place, records: [String: TensorRecord]) throws {
        (self.contents, self.place, self.records) = (contents, place, records)
        folder = place == .here ? try WeightsFolder() : nil
        for (path, bytes) in contents { try folder?.write(path.description, bytes) }
    }

    /// How many bytes were read by ranges, in how many requests.
    var fetched: (bytes: Int, requests: Int) { asked.withLock { ($0.bytes, $0.requests) } }
    /// How many files were asked for digests, and how many read whole.
    var opened: Int { asked.withLock { $0.digests + $0.documents } }

    private func content(_ file: Snapshot.File) throws(Failure) -> [UInt8] {
        guard let bytes = contents[file.path] else { throw Failure(.missing, "`\(file.name)` is not there") }
        return bytes
    }

    func read(_ file: Snapshot.File, _ range: Range<UInt64>) async throws -> [UInt8] {
        let bytes = try content(file)
        let start = min(Int(clamping: range.lowerBound), bytes.count)
        let found = Array(bytes[start..<max(start, min(Int(clamping: range.upperBound), bytes.count))])
        asked.withLock {
            $0.bytes += found.count
            $0.requests += 1
        }
        return found
    }

    func document(_ file: Snapshot.File) async throws -> [UInt8] {
        asked.withLock { $0.documents += 1 }
        return try content(file)
    }

    func tensors(of file: Snapshot.File, progress: @Sendable (Int) -> Bool) async throws -> TensorRecord? {
        asked.withLock { $0.digests += 1 }
        if let record = records[file.name] { return record }
        let bytes = try content(file)
        guard place != .elsewhere, progress(bytes.count) else { return nil }
        if bytes.starts(with: "GGUF".utf8) {
            let source = MemorySource(bytes)
            guard let header = try? GGUFHeader(parsing: source) else { return try TensorRecord.notWeights() }
            return TensorRecord(
                .gguf,
                try TensorDigests(
                    try header.tensors.map { TensorDigests.Entry(TensorName($0.name), try $0.digest(in: source)) }))
        }
        var digests = StreamingTensorDigests(fileSize: UInt64(bytes.count))
        digests.update(bytes.span.bytes)
        guard case .success(let found) = digests.finish() else {
            return try checkpoint(bytes) ?? TensorRecord.notWeights()
        }
        return TensorRecord(.safetensors, found)
    }

    /// The digests of a checkpoint's tensors; nil for bytes that are none.
    private func checkpoint(_ bytes: [UInt8]) throws -> TensorRecord? {
        guard let checkpoint = try? Checkpoint(MemorySource(bytes)) else { return nil }
        var (entries, views): ([TensorDigests.Entry], Set<TensorView>) = ([], [])
        let tensors = try checkpoint.stateDictionary(nil).tensors
        for (name, tensor) in tensors.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            if let view = TensorView(tensor, checkpoint), !views.insert(view).inserted { continue }
            var hasher = TensorHasher(type: tensor.type, shape: tensor.logicalShape, byteCount: tensor.byteCount)
            let numbers = try checkpoint.bytes(of: tensor)
            hasher.update(numbers.span.bytes)
            entries.append(TensorDigests.Entry(TensorName(String(decoding: name, as: UTF8.self)), hasher.finalize()))
        }
        return TensorRecord(.checkpoint, try TensorDigests(entries))
    }

    func localPath(of file: Snapshot.File) -> FilePath? { folder?.path.appending(file.path.description) }
}

/// One side of a comparison made of files in memory.
struct WeightsBench {
    let snapshot: Snapshot
    let reader: WeightsReader

    init(
        _ files: [(name: String, bytes: [UInt8])], _ place: WeightsReader.Place = .here, role: SourceRole = .model,
        records: [String: TensorRecord] = [:]
    ) throws {
        var contents: [RelativePath: [UInt8]] = [:]
        var listed: [Snapshot.File] = []
        for (name, bytes) in files {
            let path = try RelativePath(name)
            contents[path] = bytes
            listed.append(
                Snapshot.File(
                    role: role, path: path,
                    state: FileState(
                        size: ByteCount(clamping: Int64(bytes.count)), git: nil, sha256: Digest(of: bytes))))
        }
        reader = try WeightsReader(contents, place, records: records)
        snapshot = Snapshot(label: "bench", sources: [], files: listed, reader: reader)
    }

    /// What changed from this to the other one.
    func compared(
        with after: WeightsBench, options: Comparison.Options = Comparison.Options()
    ) async throws -> Comparison.Findings {
        try await WeightsComparison(snapshot, after.snapshot, options: options).run()
    }
}

/// A model made of a few tensors.
struct WeightsModel {
    struct Tensor {
        var name: String
        var type: String
        var shape: [UInt64]
        var bytes: [UInt8]
    }

    var tensors: [Tensor]

    /// Tensors of F32 numbers that follow from the seed.
    init(_ shapes: [(String, [UInt64])], seed: UInt64 = 7) {
        var generator = WeightsRandom(seed)
        tensors = shapes.map { name, shape in
            Tensor(
                name: name, type: "F32", shape: shape,
                bytes: WeightsModel.bytes((0..<shape.reduce(1, *)).map { _ in generator.number() }))
        }
    }

    init(tensors: [Tensor]) { self.tensors = tensors }

    /// A small transformer.
    static let small = WeightsModel(
        [("embed.weight", [16, 8])]
            + (0..<3).flatMap { layer -> [(String, [UInt64])] in
                [
                    ("layers.\(layer).attention.query.weight", [8, 8]),
                    ("layers.\(layer).attention.key.weight", [8, 8]),
                    ("layers.\(layer).norm.weight", [8]),
                ]
            } + [("head.weight", [4, 8])])

    static func bytes(_ numbers: [Float]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) } }
    }

    static func numbers(_ bytes: [UInt8]) -> [Float] {
        stride(from: 0, to: bytes.count, by: 4).map { place in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) })
        }
    }

    func place(_ name: String) -> Int { tensors.firstIndex { $0.name.utf8.elementsEqual(name.utf8) } ?? 0 }

    /// The model with one tensor's numbers changed.
    func changing(_ name: String, _ change: ([Float]) -> [Float]) -> WeightsModel {
        var copy = self
        let place = place(name)
        copy.tensors[place].bytes = WeightsModel.bytes(change(WeightsModel.numbers(tensors[place].bytes)))
        return copy
    }

    /// The model with every tensor in another type of 16 bits.
    func cast(to type: String, _ round: (Float) -> UInt16) -> WeightsModel {
        var copy = self
        for place in tensors.indices {
            copy.tensors[place].type = type
            copy.tensors[place].bytes = WeightsModel.numbers(tensors[place].bytes).flatMap { number -> [UInt8] in
                let bits = round(number)
                return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
            }
        }
        return copy
    }

    func renaming(_ rename: (String) -> String) -> WeightsModel {
        WeightsModel(
            tensors: tensors.map { Tensor(name: rename($0.name), type: $0.type, shape: $0.shape, bytes: $0.bytes) })
    }

    /// A safetensors file with the tensors in their order.
    func file(metadata: [(String, String)] = [("format", "pt")]) -> [UInt8] {
        var entries: [String] = []
        if !metadata.isEmpty {
            entries.append(
                "\"__metadata__\":{" + metadata.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",") + "}")
        }
        var offset = 0
        for tensor in tensors {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            entries.append(
                "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(offset + tensor.bytes.count)]}"
            )
            offset += tensor.bytes.count
        }
        var header = Array("{\(entries.joined(separator: ","))}".utf8)
        header += repeatElement(0x20, count: (8 - header.count % 8) % 8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header + tensors.flatMap(\.bytes)
    }

    private func quoted(_ text: String) -> String { JSONValue.string(text).text(.compact) }

    /// The tensors spread over files in turn, with an index.
    func shards(_ count: Int, stem: String = "model") -> [(name: String, bytes: [UInt8])] {
        var parts = [[Tensor]](repeating: [], count: count)
        for (place, tensor) in tensors.enumerated() { parts[place * count / tensors.count].append(tensor) }
        func number(_ value: Int) -> String { String(repeating: "0", count: 5 - String(value).count) + String(value) }
        let names = (1...count).map { "\(stem)-\(number($0))-of-\(number(count)).safetensors" }
        let map = zip(names, parts).flatMap { name, part in part.map { "\(quoted($0.name)):\"\(name)\"" } }
        let total = tensors.reduce(0) { $0 + $1.bytes.count }
        let index = "{\"metadata\":{\"total_size\":\(total)},\"weight_map\":{\(map.joined(separator: ","))}}"
        return zip(names, parts).map { ($0, WeightsModel(tensors: $1).file()) }
            + [("\(stem).safetensors.index.json", Array(index.utf8))]
    }

    /// What reading a checkpoint of these tensors would show.
    var checkpoint: TensorRecord {
        get throws {
            var digests = StreamingTensorDigests(fileSize: UInt64(file().count))
            digests.update(file().span.bytes)
            return TensorRecord(.checkpoint, try digests.finish().get())
        }
    }
}

/// Pseudo-random numbers that are the same for the same seed everywhere (SplitMix64).
struct WeightsRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number between -1 and 1.
    mutating func number() -> Float { Float(Int64(next() >> 40) - (1 << 23)) / Float(1 << 23) }
}

/// A GGUF file of version 3.
struct WeightsGGUF {
    enum Value {
        case text(String), number(UInt32), real(Float), flag(Bool), texts([String])
    }

    var metadata: [(String, Value)]
    /// Name, number of the type, dimensions innermost first, bytes.
    var tensors: [(name: String, type: UInt32, dimensions: [UInt64], bytes: [UInt8])]

    var file: [UInt8] {
        var out = Array("GGUF".utf8)
        func add<Number: FixedWidthInteger>(_ number: Number) {
            for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
                out.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
            }
        }
        func add(_ text: String) {
            add(UInt64(text.utf8.count))
            out += text.utf8
        }
        add(UInt32(3))
        add(UInt64(tensors.count))
        add(UInt64(metadata.count))
        for (key, value) in metadata {
            add(key)
            switch value {
            case .text(let text):
                add(UInt32(8))
                add(text)
            case .number(let number):
                add(UInt32(4))
                add(number)
            case .real(let number):
                add(UInt32(6))
                add(number.bitPattern)
            case .flag(let flag):
                add(UInt32(7))
                out.append(flag ? 1 : 0)
            case .texts(let texts):
                add(UInt32(9))
                add(UInt32(8))
                add(UInt64(texts.count))
                for text in texts { add(text) }
            }
        }
        var offset = 0
        for tensor in tensors {
            add(tensor.name)
            add(UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { add(dimension) }
            add(tensor.type)
            add(UInt64(offset))
            offset += (tensor.bytes.count + 31) / 32 * 32
        }
        out += repeatElement(0, count: (32 - out.count % 32) % 32)
        for tensor in tensors {
            out += tensor.bytes
            out += repeatElement(0, count: (32 - out.count % 32) % 32)
        }
        return out
    }
}

extension Comparison.Findings {
    /// The rules with their severities, sorted: what a comparison comes to.
    var verdicts: [String] { changes.map { "\($0.rule) \($0.severity)" }.sorted() }

    func change(_ rule: String) -> DriftChange? { changes.first { $0.rule == rule } }
}

extension DriftChange {
    /// The tensors of the evidence.
    var tensors: [DriftEvidence.TensorDifference] {
        if case .tensors(let tensors) = evidence { tensors } else { [] }
    }
}
