// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Conversion
internal import FileIO
internal import Safetensors
internal import Synchronization
internal import SystemPackage

/// Hashes files, their tensors, or both in one pass, on all cores and in bounded memory.
struct DigestWork: Sendable {
    /// A file and what is wanted of it.
    struct Item: Sendable {
        let path: FilePath
        let size: ByteCount
        var container = InspectionReport.Container.safetensors
        var wantsBytes: Bool
        var wantsTensors: Bool
    }

    /// What was found out about a file.
    struct Found: Sendable {
        /// The digest of its bytes.
        var sha256: Digest?
        /// The digests of its tensors.
        var tensors: TensorDigests?
        /// Why it could not be read.
        var failure: Failure?
        /// Why it has no tensors to digest.
        var problem: String?
        /// See `TensorRecord.metadata`.
        var metadata: Digest?
    }

    let items: [Item]
    let session: Session

    private static let bufferSize = 1 << 20

    /// Reads every file once and returns what was found, in the order of the items.
    ///
    /// - Throws: `CancellationError`; a file that cannot be read is no error but a `failure`.
    func run(_ title: String) async throws -> [Found] {
        let results = Mutex([Found](repeating: Found(), count: items.count))
        session.emit(.began(title, total: items.reduce(.zero) { $0 + $1.size }))
        defer { session.emit(.ended) }
        let progress: @Sendable (Int) -> Void = { session.emit(.advanced(Int64($0))) }

        // Both come from one reading where the tensors lie in the file one behind the other. Those that have to be unpacked or
        // collected, or lie in one another, are read once more, on all cores: the digest of the whole needs the bytes in their order.
        var passing: [Int: PassingTensors] = [:]
        for place in items.indices where items[place].wantsBytes && items[place].wantsTensors {
            passing[place] = PassingTensors(items[place])
        }
        func isBoth(_ place: Int) -> Bool {
            items[place].wantsBytes && items[place].wantsTensors
                && (items[place].container == .safetensors || passing[place] != nil)
        }
        let plain = items.indices.filter { items[$0].wantsBytes && !isBoth($0) }
        await Digests.of(plain.map { items[$0].path }, progress: progress) { index, result in
            results.withLock { found in
                switch result {
                case .success(let digests): found[plain[index]].sha256 = digests.sha256
                case .failure(let failure): found[plain[index]].failure = failure
                }
            }
        }
        try Task.checkCancellation()
        // The largest first, so that no core is left alone with one at the end.
        let both = items.indices.filter(isBoth).sorted { items[$0].size > items[$1].size }
        try await withThrowingTaskGroup(of: (Int, Found).self) { group in
            var waiting = both.makeIterator()
            func start() {
                guard let place = waiting.next() else { return }
                let (path, tensors) = (items[place].path, passing[place])
                group.addTask { (place, try await DigestWork.readBoth(path, tensors, progress)) }
            }
            for _ in 0..<Processors.count { start() }
            while let (place, found) = try await group.next() {
                results.withLock { $0[place] = found }
                start()
            }
        }
        let only = items.indices.filter {
            items[$0].wantsTensors && items[$0].container != .checkpoint && !isBoth($0)
        }
        // What was read for the digest of the whole is in memory or on the disk: progress counts it once.
        let quiet: @Sendable (Int) -> Void = { _ in }
        for wantsBytes in [false, true] {
            let places = only.filter { items[$0].wantsBytes == wantsBytes }
            let sources = places.map { TensorWork.Source(path: items[$0].path, container: items[$0].container) }
            for (place, found) in zip(places, try await TensorWork(sources, wantsBytes ? quiet : progress).run()) {
                results.withLock { $0[place].merge(found) }
            }
        }
        for place in items.indices
        where items[place].wantsTensors && items[place].container == .checkpoint && !isBoth(place) {
            let report = items[place].wantsBytes ? quiet : progress
            let found = try await DigestWork.readCheckpoint(items[place].path, report)
            results.withLock { $0[place].merge(found) }
        }
        return results.withLock { $0 }
    }

    /// The digests of a checkpoint's tensors, on all cores.
    @concurrent
    private static func readCheckpoint(
        _ path: FilePath, _ progress: @escaping @Sendable (Int) -> Void
    ) async throws -> Found {
        var found = Found()
        do {
            let contents = try CheckpointContents(of: try FileSource(path))
            if let refusal = contents.refusal {
                found.problem = refusal
                return found
            }
            let plan = try CheckpointPlan(contents, name: path.lastComponent?.string ?? path.string)
            found.tensors = try await CheckpointConversion(plan).digests { count in
                progress(count)
                return !Task.isCancelled
            }
            try Task.checkCancellation()
        } catch let problem as CheckpointContents.Problem {
            found.problem = problem.reason
            if problem.isUnreadable { found.failure = Failure(.file, problem.reason) }
        } catch let failure as Failure {
            if failure.code == .file { found.failure = failure } else { found.problem = failure.message }
        }
        return found
    }

    /// The digest of a file and those of its tensors from one reading, interleaved.
    @concurrent
    private static func readBoth(
        _ path: FilePath, _ passing: PassingTensors?, _ progress: @Sendable (Int) -> Void
    ) async throws -> Found {
        var found = Found()
        var passing = passing
        do {
            let file = try File(path, .reading)
            file.willReadSequentially()
            var hasher = SHA256()
            var tensors = StreamingTensorDigests(fileSize: UInt64(try file.status().size.value))
            var buffer = [UInt8](repeating: 0, count: bufferSize)
            var offset: Int64 = 0
            while true {
                try Task.checkCancellation()
                let count = try file.fill(&buffer, at: offset)
                if count == 0 { break }
                let bytes = buffer.span.bytes.extracting(first: count)
                if passing == nil {
                    tensors.update(bytes, together: &hasher)
                } else {
                    passing?.update(bytes, together: &hasher)
                }
                offset += Int64(count)
                progress(count)
            }
            found.sha256 = hasher.finalize()
            if let passing {
                (found.tensors, found.problem) = passing.finish()
                found.metadata = passing.metadata
                return found
            }
            switch tensors.finish() {
            case .success(let digests): found.tensors = digests
            case .failure(let error): found.problem = error.message
            }
        } catch let failure as Failure { found.failure = failure }
        return found
    }
}

extension DigestWork.Found {
    /// Adds what another reading of the same file has found.
    mutating func merge(_ other: DigestWork.Found) {
        tensors = other.tensors ?? tensors
        failure = failure ?? other.failure
        problem = other.problem ?? problem
        metadata = other.metadata ?? metadata
    }
}

extension File {
    /// Fills the buffer from `offset`; returns how many bytes there were.
    func fill(_ buffer: inout [UInt8], upTo limit: Int = .max, at offset: Int64) throws(Failure) -> Int {
        let outcome = buffer.withUnsafeMutableBytes { bytes -> Result<Int, Failure> in
            do throws(Failure) {
                return .success(
                    try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(limit)), at: offset))
            } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}
