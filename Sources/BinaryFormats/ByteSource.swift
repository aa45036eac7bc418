// SPDX-License-Identifier: Apache-2.0

/// Bytes with a size, readable at any place. Reads name their place, so a source can serve several tasks at once.
public protocol ByteSource: Sendable {
    /// How many bytes there are.
    var size: UInt64 { get }

    /// Fills the whole of `buffer` from `offset`.
    ///
    /// - Throws: `truncated` when the source ends before; `absent` or `unreadable`.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError)
}

extension ByteSource {
    /// Checks that `count` bytes from `offset` lie inside the source.
    ///
    /// - Throws: `truncated`.
    public func check(_ offset: UInt64, _ count: UInt64) throws(ByteError) {
        guard offset <= size, count <= size - offset else {
            throw .truncated(offset: offset, count: count, size: size)
        }
    }

    /// Reads `count` bytes at `offset` into a new array; nothing is allocated before the bytes are known to exist.
    public func bytes(at offset: UInt64, count: Int) throws(ByteError) -> [UInt8] {
        try check(offset, UInt64(clamping: count))
        var failure: ByteError?
        // SAFETY: the buffer is filled wholly by `read`, or dropped.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, filled in
            do throws(ByteError) {
                try unsafe read(
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<max(0, count)]),
                    at: offset)
                filled = max(0, count)
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// The bytes from `offset` to `offset + count` as a source of their own.
    ///
    /// - Throws: `truncated` when they are not all there.
    public func part(_ offset: UInt64, _ count: UInt64) throws(ByteError) -> PartialSource {
        try check(offset, count)
        return PartialSource(self, offset: offset, size: count)
    }
}
