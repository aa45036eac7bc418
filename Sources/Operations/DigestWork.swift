// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
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

        let plain = items.indices.filter { items[$0].wantsBytes && !items[$0].wantsTensors }
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
        let both = items.indices.filter { items[$0].wantsBytes && items[$0].wantsTensors }
            .sorted { items[$0].size > items[$1].size }
        try await withThrowingTaskGroup(of: (Int, Found).self) { group in
            var waiting = both.makeIterator()
            func start() {
                guard let place = waiting.next() else { return }
                let path = items[place].path
                group.addTask { (place, try await DigestWork.readBoth(path, progress)) }
            }
            for _ in 0..<Processors.count { start() }
            while let (place, found) = try await group.next() {
                results.withLock { $0[place] = found }
                start()
            }
        }
        let only = items.indices.filter { items[$0].wantsTensors && !items[$0].wantsBytes }
        for (place, found) in zip(only, try await TensorWork(only.map { items[$0].path }, progress).run()) {
            results.withLock { $0[place] = found }
        }
        return results.withLock { $0 }
    }

    /// The digest of a file and those of its tensors from one reading, interleaved.
    @concurrent
    private static func readBoth(_ path: FilePath, _ progress: @Sendable (Int) -> Void) async throws -> Found {
        var found = Found()
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
                tensors.update(buffer.span.bytes.extracting(first: count), together: &hasher)
                offset += Int64(count)
                progress(count)
            }
            found.sha256 = hasher.finalize()
            switch tensors.finish() {
            case .success(let digests): found.tensors = digests
            case .failure(let error): found.problem = error.message
            }
        } catch let failure as Failure { found.failure = failure }
        return found
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
