// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import GGUF
internal import Safetensors
internal import Synchronization
internal import SystemPackage
internal import Tensors

/// One side of a comparison of weights: reads digests and headers, each at most once.
final class WeightSide: Sendable {
    /// Why a file says nothing about its tensors.
    struct Unreadable: Error {
        let reason: String
        let hint: String?
    }

    /// A header.
    enum Head: Sendable {
        case safetensors(Header)
        /// With the places of the tensors by name, and what the header was read from.
        case gguf(GGUFHeader, [TensorName: Int], any ByteSource)
        case checkpoint(CheckpointHead)
    }

    let snapshot: Snapshot
    private let meter: Meter
    private let known = Mutex<(records: [Snapshot.File: TensorRecord?], heads: [Snapshot.File: Head])>(([:], [:]))

    init(_ snapshot: Snapshot, _ meter: Meter) { (self.snapshot, self.meter) = (snapshot, meter) }

    /// The digests of a file's tensors; nil when only a download would give them.
    ///
    /// - Throws: `CancellationError`, or `Unreadable`.
    func record(of file: Snapshot.File) async throws -> TensorRecord? {
        if let record = known.withLock({ $0.records[file] }) { return record }
        let record: TensorRecord?
        do {
            record = try await snapshot.reader.tensors(of: file) { [meter] in meter.advance($0) }
        } catch let failure as Failure where failure.code == .missing {
            record = nil
        } catch let problem as any Diagnosable { throw Unreadable(reason: problem.message, hint: problem.hint) }
        try meter.check()
        known.withLock { $0.records[file] = .some(record) }
        return record
    }

    /// The header of a safetensors or GGUF file, or what a checkpoint says of its tensors: from this machine, or by ranges.
    ///
    /// - Throws: `CancellationError`, or `Unreadable`.
    func head(of file: Snapshot.File, _ container: WeightSet.Container) async throws -> Head {
        if let head = known.withLock({ $0.heads[file] }) { return head }
        let head: Head
        do {
            switch container {
            case .safetensors: head = .safetensors(try await safetensors(file))
            case .gguf: head = try await gguf(file)
            case .checkpoint: head = .checkpoint(try await checkpoint(file))
            case .other: throw Unreadable(reason: "its container is not read", hint: nil)
            }
        } catch let failure as Failure {
            throw Unreadable(reason: failure.message, hint: failure.hint)
        } catch let error as HeaderError {
            throw Unreadable(reason: error.message, hint: nil)
        } catch let error as SafetensorsError {
            if case .header(let reason, _) = error { throw Unreadable(reason: reason.message, hint: nil) }
            throw Unreadable(reason: error.message, hint: error.hint)
        } catch let error as GGUFError {
            throw Unreadable(reason: error.description, hint: nil)
        } catch let error as CheckpointError { throw Unreadable(reason: error.description, hint: nil) }
        try meter.check()
        known.withLock { $0.heads[file] = head }
        return head
    }

    private func safetensors(_ file: Snapshot.File) async throws -> Header {
        if let path = snapshot.reader.localPath(of: file) { return try SafetensorsFile(path).header }
        return try await Header(fileSize: UInt64(file.state.size.value)) { range in
            try await read(file, range)
        }
    }

    /// How much of a GGUF header is fetched, and in how many requests: a vocabulary lies in it.
    private static let headerLimit: UInt64 = 64 << 20
    private static let requestLimit = 200
    private static let windows: ClosedRange<UInt64> = (256 << 10)...(4 << 20)

    private func gguf(_ file: Snapshot.File) async throws -> Head {
        if let path = snapshot.reader.localPath(of: file) {
            let source = try FileSource(path)
            return WeightSide.head(try GGUFHeader(parsing: source), source)
        }
        let size = UInt64(file.state.size.value)
        var source = SparseSource(size: size)
        var window = WeightSide.windows.lowerBound
        for _ in 0..<WeightSide.requestLimit {
            try meter.check()
            do throws(GGUFError) { return WeightSide.head(try GGUFHeader(parsing: source), source) } catch {
                guard case .bytes(.absent(let offset, let count)) = error, offset < size else { throw error }
                let wanted = min(max(count, window), size - offset)
                guard wanted <= WeightSide.headerLimit, source.fetched <= WeightSide.headerLimit - wanted else { break }
                let bytes = try await read(file, offset..<offset + wanted)
                source.insert(bytes, at: offset)
                window = min(window * 2, WeightSide.windows.upperBound)
            }
        }
        throw Unreadable(
            reason:
                "its header is longer than what is fetched of one: \(ByteCount(clamping: Int64(WeightSide.headerLimit)))",
            hint: "run `weighlock sync`, and compare what is on this machine")
    }

    /// How much of a checkpoint is fetched to find its tensors, and how much at once.
    private static let checkpointLimit: UInt64 = 16 << 20
    private static let checkpointWindows: ClosedRange<UInt64> = (64 << 10)...(1 << 20)

    private func checkpoint(_ file: Snapshot.File) async throws -> CheckpointHead {
        if let path = snapshot.reader.localPath(of: file) { return try CheckpointHead(try FileSource(path)) }
        let remote = RemoteWindow(size: UInt64(file.state.size.value))
        var window = WeightSide.checkpointWindows.lowerBound
        var end: UInt64 = 0
        for _ in 0..<WeightSide.requestLimit {
            try meter.check()
            let outcome = Result { try CheckpointHead(remote, remote: remote) }
            guard let miss = remote.takeMiss() else { return try outcome.get() }
            window =
                miss.lowerBound == end
                ? min(window * 2, WeightSide.checkpointWindows.upperBound) : WeightSide.checkpointWindows.lowerBound
            let count = min(max(miss.upperBound - miss.lowerBound, window), remote.size - miss.lowerBound)
            guard count <= WeightSide.checkpointLimit, remote.kept <= WeightSide.checkpointLimit - count else { break }
            end = miss.lowerBound + count
            remote.keep(try await read(file, miss.lowerBound..<end), at: miss.lowerBound)
        }
        throw Unreadable(
            reason:
                "more would have to be fetched to find its tensors than \(ByteCount(clamping: Int64(WeightSide.checkpointLimit)))",
            hint: "run `weighlock sync`, and compare what is on this machine")
    }

    private static func head(_ header: GGUFHeader, _ source: any ByteSource) -> Head {
        var places: [TensorName: Int] = [:]
        places.reserveCapacity(header.tensors.count)
        for (place, tensor) in header.tensors.enumerated() where places[TensorName(tensor.name)] == nil {
            places[TensorName(tensor.name)] = place
        }
        return .gguf(header, places, source)
    }

    /// Reads a range of a file that is elsewhere.
    ///
    /// - Throws: `Unreadable` when less comes than was asked for.
    func read(_ file: Snapshot.File, _ range: Range<UInt64>) async throws -> [UInt8] {
        let bytes = try await snapshot.reader.read(file, range)
        guard UInt64(bytes.count) == range.upperBound - range.lowerBound else {
            throw Unreadable(
                reason: "\(range.upperBound - range.lowerBound) bytes were asked for, \(bytes.count) came", hint: nil)
        }
        guard meter.advance(bytes.count) else { throw CancellationError() }
        return bytes
    }

    /// Where the file is on this machine.
    func path(of file: Snapshot.File) -> FilePath? { snapshot.reader.localPath(of: file) }
}

extension WeightSide.Head {
    /// What the header says of the tensor of this name; nil when there is none.
    func form(of name: TensorName) -> TensorForm? {
        switch self {
        case .safetensors(let header): header[name].map { TensorForm($0, dataStart: header.dataStart) }
        case .gguf(let header, let places, _): places[name].map { TensorForm(header.tensors[$0]) }
        case .checkpoint(let head): head.form(of: name)
        }
    }

    /// The names of the tensors in the order of the file, each once.
    var names: [TensorName] {
        switch self {
        case .safetensors(let header): return header.tensors.map(\.name)
        case .gguf(let header, let places, _):
            return header.tensors.indices.compactMap { place in
                let name = TensorName(header.tensors[place].name)
                return places[name] == place ? name : nil
            }
        case .checkpoint(let head): return head.names
        }
    }

    /// What the storages of a checkpoint that is elsewhere are read from.
    var remote: RemoteWindow? {
        if case .checkpoint(let head) = self { head.remote } else { nil }
    }
}
