// SPDX-License-Identifier: Apache-2.0

/// A stretch of another source, as `ByteSource.part` cuts it out; its places count from its own begin.
public struct PartialSource: ByteSource {
    /// How many bytes there are.
    public let size: UInt64
    /// Where the stretch begins in the source it was cut from.
    public let offset: UInt64
    private let whole: any ByteSource

    init(_ whole: any ByteSource, offset: UInt64, size: UInt64) {
        (self.whole, self.offset, self.size) = (whole, offset, size)
    }

    /// Fills the whole of `buffer` from `place`.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at place: UInt64) throws(ByteError) {
        try check(place, UInt64(buffer.count))
        // No overflow: the stretch lies inside the whole.
        try unsafe whole.read(into: buffer, at: offset + place)
    }
}
