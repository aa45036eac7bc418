// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import Synchronization

/// The unpacked bytes of a compressed source, for parsers that mostly read front to back.
///
/// The last mebibyte is kept; a read before it unpacks from the start again, at most `ExpansionLimits.restarts` times.
package final class ExpandedSource: ByteSource {
    /// How many bytes there are unpacked.
    package let size: UInt64
    private let format: CompressionFormat
    private let packed: any ByteSource
    private let limits: ExpansionLimits
    private let state: Mutex<State>

    private struct State {
        var expander: Expander
        var recent: [UInt8] = []
        var recentStart: UInt64 = 0
        var restarts = 0
    }

    private static let kept = 1 << 20

    /// Takes a source whose unpacked size is known because it was unpacked before.
    init(_ format: CompressionFormat, _ packed: any ByteSource, size: UInt64, limits: ExpansionLimits) {
        (self.format, self.packed, self.size, self.limits) = (format, packed, size, limits)
        state = Mutex(State(expander: Expander(format, packed, limits: limits)))
    }

    /// Fills the whole of `buffer` from `offset`.
    ///
    /// - Throws: `unreadable` when the stream is malformed, or the reader went back too often.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        try check(offset, UInt64(buffer.count))
        // The closure of a lock cannot say which error it throws.
        let failure: ByteError? = state.withLock { (state: inout State) -> ByteError? in
            do throws(ExpansionError) {
                // SAFETY: `fill` writes inside the buffer only.
                try unsafe fill(buffer, at: offset, &state)
                return nil
            } catch {
                // A decoder that threw has lost its place.
                state.expander = Expander(format, packed, limits: limits)
                (state.recent, state.recentStart) = ([], 0)
                if case .bytes(let error) = error { return error }
                return .unreadable(error.description)
            }
        }
        if let failure { throw failure }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, _ state: inout State
    ) throws(ExpansionError) {
        var done = 0
        while done < buffer.count {
            let place = offset + UInt64(done)
            if place < state.recentStart {
                state.restarts += 1
                guard state.restarts <= limits.restarts else {
                    throw .overLimit(
                        "passes over a compressed stream", count: UInt64(state.restarts), limit: UInt64(limits.restarts)
                    )
                }
                state.expander = Expander(format, packed, limits: limits)
                (state.recent, state.recentStart) = ([], 0)
                continue
            }
            let skip = place - state.recentStart
            if skip < UInt64(state.recent.count) {
                let take = min(buffer.count - done, state.recent.count - Int(skip))
                // SAFETY: both ranges were just bounded by their buffers' sizes.
                unsafe state.recent.withUnsafeBytes { recent in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + take])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: recent[Int(skip)..<Int(skip) + take]))
                }
                done += take
                continue
            }
            guard let chunk = try state.expander.next() else {
                throw .bytes(.truncated(offset: place, count: 1, size: state.expander.total))
            }
            if state.recent.count > 2 * ExpandedSource.kept {
                let drop = state.recent.count - ExpandedSource.kept
                state.recent.removeFirst(drop)
                state.recentStart += UInt64(drop)
            }
            state.recent.append(contentsOf: chunk)
        }
    }
}
