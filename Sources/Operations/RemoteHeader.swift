// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Synchronization

/// Runs a reader of untrusted bytes on a file that is elsewhere, fetching what it asks for and running it again.
enum RemoteHeader {
    /// How much is fetched at a place of its own, and the most that reading on fetches at once.
    private static let windows: ClosedRange<UInt64> = (64 << 10)...(4 << 20)
    /// The most that is fetched of one file, and the most requests for it.
    private static let budget: UInt64 = 64 << 20
    private static let maximumRequests = 400

    /// What the reader makes of the file; nil when it would have to read too much of it.
    ///
    /// - Parameter parse: called until it asks for nothing that is not there; only its last result counts.
    /// - Throws: what the server does wrong, and `CancellationError`.
    static func read<Result>(
        _ reader: ModelFiles.Reader, size: ByteCount, parse: (any ByteSource) -> Result
    ) async throws -> Result? {
        let size = UInt64(size.value)
        var source = SparseSource(size: size)
        var window = windows.lowerBound
        var end: UInt64 = 0
        for _ in 0..<maximumRequests {
            try Task.checkCancellation()
            let noting = NotingSource(source)
            let result = parse(noting)
            guard let miss = noting.miss, miss.offset < size else { return result }
            window = miss.offset == end && end > 0 ? min(window * 2, windows.upperBound) : windows.lowerBound
            let count = min(max(miss.count, window), size - miss.offset)
            guard source.fetched.addingClamped(count) <= budget else { return nil }
            source.insert(try await reader.read(miss.offset..<miss.offset + count), at: miss.offset)
            end = miss.offset + count
        }
        return nil
    }

    /// Remembers the first range that was missing.
    private final class NotingSource: ByteSource {
        private let known: SparseSource
        private let first = Mutex<(offset: UInt64, count: UInt64)?>(nil)

        init(_ known: SparseSource) { self.known = known }

        var size: UInt64 { known.size }

        var miss: (offset: UInt64, count: UInt64)? { first.withLock { $0 } }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
            do throws(ByteError) { try known.read(into: buffer, at: offset) } catch {
                if case .absent(let place, let count) = error {
                    first.withLock { first in if first == nil { first = (place, count) } }
                }
                throw error
            }
        }
    }
}
