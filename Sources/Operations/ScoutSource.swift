// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Synchronization

/// A remote file of which some ranges are there, read ahead of them to find out which others a scan wants.
///
/// A short range that is missing reads as zeros and is noted, so that one pass over an archive names all of its headers and they
/// can be fetched together. What a scan says after a miss means nothing: only a pass without one counts.
final class ScoutSource: ByteSource {
    /// A range that was asked for and is not there.
    struct Miss: Sendable, Hashable {
        let offset: UInt64
        let count: UInt64
    }

    /// Longer ranges end the pass: what would follow from their content is not known.
    private static let longestGuess = 64 << 10
    /// After so many misses the pass ends.
    private static let maximumMisses = 512

    private let known: SparseSource
    private let noted = Mutex<[Miss]>([])

    init(_ known: SparseSource) { self.known = known }

    var size: UInt64 { known.size }

    /// What was asked for and is not there, in the order of asking.
    var misses: [Miss] { noted.withLock { $0 } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        do throws(ByteError) { try known.read(into: buffer, at: offset) } catch {
            guard case .absent(let place, let count) = error else { throw error }
            let number = noted.withLock { noted in
                noted.append(Miss(offset: place, count: count))
                return noted.count
            }
            guard buffer.count <= ScoutSource.longestGuess, number < ScoutSource.maximumMisses else { throw error }
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}
