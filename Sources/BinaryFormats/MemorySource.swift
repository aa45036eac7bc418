// SPDX-License-Identifier: Apache-2.0

/// Bytes in memory as a source.
public struct MemorySource: ByteSource {
    /// The bytes.
    public let bytes: [UInt8]

    /// Takes the bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// How many bytes there are.
    public var size: UInt64 { UInt64(bytes.count) }

    /// Fills the whole of `buffer` from `offset`.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ByteError) {
        try check(offset, UInt64(buffer.count))
        // SAFETY: the range was just checked, so it lies inside `bytes` and has the buffer's size.
        unsafe bytes.withUnsafeBytes { all in
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: all[Int(offset)..<Int(offset) + buffer.count]))
        }
    }
}
