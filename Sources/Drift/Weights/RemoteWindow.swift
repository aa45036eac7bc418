// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Synchronization

/// A file that is elsewhere, of which there is what was kept, and the one range that was shown last.
///
/// Readers stay free of waiting: they run on what is there and throw `absent` where something is missing; whoever drives them
/// takes the miss, fetches it and runs them again.
final class RemoteWindow: ByteSource {
    private struct State {
        var kept: SparseSource
        var shown: (offset: UInt64, bytes: [UInt8]) = (0, [])
        var miss: Range<UInt64>?
    }

    let size: UInt64
    private let state: Mutex<State>

    /// Begins with nothing.
    init(size: UInt64) {
        self.size = size
        state = Mutex(State(kept: SparseSource(size: size)))
    }

    /// How many bytes are kept.
    var kept: UInt64 { state.withLock { $0.kept.fetched } }

    /// Keeps bytes for good.
    func keep(_ bytes: [UInt8], at offset: UInt64) { state.withLock { $0.kept.insert(bytes, at: offset) } }

    /// Lets readers see bytes until others are shown.
    func show(_ bytes: [UInt8], at offset: UInt64) { state.withLock { $0.shown = (offset, bytes) } }

    /// The first range that was missing since the last call; nil when nothing was.
    func takeMiss() -> Range<UInt64>? {
        state.withLock { state in
            defer { state.miss = nil }
            return state.miss
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        try check(offset, UInt64(buffer.count))
        let (shown, kept) = state.withLock { ($0.shown, $0.kept) }
        if offset >= shown.offset, offset - shown.offset <= UInt64(shown.bytes.count) {
            let place = Int(offset - shown.offset)
            if buffer.count <= shown.bytes.count - place {
                shown.bytes.withUnsafeBytes { all in
                    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[place..<place + buffer.count]))
                }
                return
            }
        }
        do throws(ByteError) { try kept.read(into: buffer, at: offset) } catch {
            guard case .absent = error else { throw error }
            // No overflow: the range lies inside the file.
            let whole = offset..<offset + UInt64(buffer.count)
            state.withLock { if $0.miss == nil { $0.miss = whole } }
            throw .absent(offset: offset, count: UInt64(buffer.count))
        }
    }
}
