// SPDX-License-Identifier: Apache-2.0

/// Gives a stretch of a source front to back, in arrays of at most `chunkSize` bytes.
public struct SourceChunks {
    /// Where the next chunk begins.
    public private(set) var position: UInt64
    private let end: UInt64
    private let source: any ByteSource
    private let chunkSize: Int

    /// Begins at `offset`; `count` bytes from there are given. The stretch is checked when it is read.
    public init(_ source: any ByteSource, at offset: UInt64, count: UInt64, chunkSize: Int = 64 << 10) {
        self.source = source
        self.chunkSize = max(1, chunkSize)
        position = offset
        let (sum, overflow) = offset.addingReportingOverflow(count)
        end = overflow ? .max : sum
    }

    /// The next bytes; nil at the end.
    public mutating func next() throws(ByteError) -> [UInt8]? {
        guard position < end else { return nil }
        let count = Int(min(UInt64(chunkSize), end - position))
        let bytes = try source.bytes(at: position, count: count)
        position += UInt64(count)
        return bytes
    }
}
