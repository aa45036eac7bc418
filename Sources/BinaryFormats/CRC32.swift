// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// The CRC-32 of zip, gzip and xz (reflected polynomial EDB88320), at the speed of memory where the processor can.
public struct CRC32: Sendable, Hashable {
    private var register: UInt32 = ~0

    /// Begins with no bytes.
    public init() {}

    /// The checksum of what was added.
    public var value: UInt32 { ~register }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        // SAFETY: the kernel reads the buffer's `count` bytes from its start, and keeps no pointer.
        register = unsafe weighlock_crc32(register, start, bytes.count)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        // SAFETY: the pointer is used only inside the call.
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The checksum of `count` bytes of `source` from `offset`, read in pieces of 64 KiB.
    public static func of(_ source: any ByteSource, at offset: UInt64, count: UInt64) throws(ByteError) -> UInt32 {
        try source.check(offset, count)
        var checksum = CRC32()
        var chunks = SourceChunks(source, at: offset, count: count)
        while let chunk = try chunks.next() { checksum.update(chunk) }
        return checksum.value
    }
}
