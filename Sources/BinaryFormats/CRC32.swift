// SPDX-License-Identifier: Apache-2.0

/// The CRC-32 of zip, gzip and xz (reflected polynomial EDB88320), sixteen bytes a step.
public struct CRC32: Sendable, Hashable {
    private var register: UInt32 = ~0

    /// Begins with no bytes.
    public init() {}

    /// The checksum of what was added.
    public var value: UInt32 { ~register }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = register
        let count = bytes.count
        let table = CRC32.tables.span
        // SAFETY: the table has 16 × 256 entries and every index is 256 × row + a byte; `place` + 16 is at most `count`.
        var place = 0
        while count - place >= 16 {
            let a = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)) ^ crc
            let b = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
            let c = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt32.self))
            let d = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
            let first =
                unsafe table[unchecked: 0xF00 + Int(a & 0xFF)] ^ table[unchecked: 0xE00 + Int(a >> 8 & 0xFF)]
                ^ table[unchecked: 0xD00 + Int(a >> 16 & 0xFF)] ^ table[unchecked: 0xC00 + Int(a >> 24)]
            let second =
                unsafe table[unchecked: 0xB00 + Int(b & 0xFF)] ^ table[unchecked: 0xA00 + Int(b >> 8 & 0xFF)]
                ^ table[unchecked: 0x900 + Int(b >> 16 & 0xFF)] ^ table[unchecked: 0x800 + Int(b >> 24)]
            let third =
                unsafe table[unchecked: 0x700 + Int(c & 0xFF)] ^ table[unchecked: 0x600 + Int(c >> 8 & 0xFF)]
                ^ table[unchecked: 0x500 + Int(c >> 16 & 0xFF)] ^ table[unchecked: 0x400 + Int(c >> 24)]
            let fourth =
                unsafe table[unchecked: 0x300 + Int(d & 0xFF)] ^ table[unchecked: 0x200 + Int(d >> 8 & 0xFF)]
                ^ table[unchecked: 0x100 + Int(d >> 16 & 0xFF)] ^ table[unchecked: Int(d >> 24)]
            crc = first ^ second ^ third ^ fourth
            place += 16
        }
        while place < count {
            let byte = unsafe UInt32(bytes[place])
            crc = unsafe crc >> 8 ^ table[unchecked: Int((crc ^ byte) & 0xFF)]
            place += 1
        }
        register = crc
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        // SAFETY: the pointer is used only inside the call.
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The checksum of `count` bytes of `source` from `offset`, read through one buffer of a mebibyte.
    public static func of(_ source: any ByteSource, at offset: UInt64, count: UInt64) throws(ByteError) -> UInt32 {
        try source.check(offset, count)
        var checksum = CRC32()
        var chunks = SourceChunks(source, at: offset, count: count)
        while let chunk = try chunks.next() { checksum.update(chunk) }
        return checksum.value
    }

    /// Sixteen tables of 256: row `r` is the effect of a byte that `r` zero bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
            tables[byte] = crc
        }
        for row in 1..<16 {
            for byte in 0..<256 {
                let before = tables[(row - 1) * 256 + byte]
                tables[row * 256 + byte] = before >> 8 ^ tables[Int(before & 0xFF)]
            }
        }
        return tables
    }()
}
