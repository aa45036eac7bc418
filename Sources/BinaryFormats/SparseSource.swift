// SPDX-License-Identifier: Apache-2.0

/// A remote file of which some ranges have been fetched.
///
/// Parsers stay free of the network and of waiting: they run on what is there, throw `absent` where something is missing, and
/// whoever drives them fetches that range and runs them again.
public struct SparseSource: ByteSource {
    /// The size of the whole remote file.
    public let size: UInt64
    /// What has been fetched: sorted, neither overlapping nor touching.
    private var pieces: [(offset: UInt64, bytes: [UInt8])] = []

    /// Begins with nothing fetched.
    public init(size: UInt64) { self.size = size }

    /// How many bytes have been fetched.
    public var fetched: UInt64 { pieces.reduce(0) { $0 + UInt64($1.bytes.count) } }

    /// Adds fetched bytes. Bytes beyond the size are dropped; bytes that were there already are replaced.
    public mutating func insert(_ bytes: [UInt8], at offset: UInt64) {
        guard offset < size, !bytes.isEmpty else { return }
        var new = (offset: offset, bytes: Array(bytes.prefix(Int(clamping: size - offset))))
        var kept: [(offset: UInt64, bytes: [UInt8])] = []
        for piece in pieces {
            let end = piece.offset + UInt64(piece.bytes.count)
            let newEnd = new.offset + UInt64(new.bytes.count)
            if end < new.offset || piece.offset > newEnd {
                kept.append(piece)
                continue
            }
            if end > newEnd { new.bytes += piece.bytes.suffix(Int(end - newEnd)) }
            if piece.offset < new.offset {
                new.bytes = piece.bytes.prefix(Int(new.offset - piece.offset)) + new.bytes
                new.offset = piece.offset
            }
        }
        let place = kept.firstIndex { $0.offset > new.offset } ?? kept.endIndex
        kept.insert(new, at: place)
        pieces = kept
    }

    /// Fills the whole of `buffer` from `offset`.
    ///
    /// - Throws: `absent` with the first range that is missing.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        try check(offset, UInt64(buffer.count))
        guard buffer.count > 0 else { return }
        guard let piece = pieces.last(where: { $0.offset <= offset }),
            offset - piece.offset < UInt64(piece.bytes.count)
        else { throw .absent(offset: offset, count: UInt64(buffer.count)) }
        let place = Int(offset - piece.offset)
        guard piece.bytes.count - place >= buffer.count else {
            let there = piece.bytes.count - place
            throw .absent(offset: offset + UInt64(there), count: UInt64(buffer.count - there))
        }
        // SAFETY: the range was just checked against the piece.
        unsafe piece.bytes.withUnsafeBytes { all in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[place..<place + buffer.count]))
        }
    }
}
