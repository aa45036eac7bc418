// SPDX-License-Identifier: Apache-2.0

/// Little-endian numbers out of a few bytes that are there already. Beyond the end it gives zeros: the caller has checked the
/// length, or asks `remaining`.
struct ByteFields {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }

    mutating func skip(_ count: Int) { position = min(bytes.count, position + max(0, count)) }

    mutating func u8() -> UInt8 {
        guard position < bytes.count else { return 0 }
        position += 1
        return bytes[position - 1]
    }

    mutating func u16() -> UInt16 { UInt16(u8()) | UInt16(u8()) << 8 }

    mutating func u32() -> UInt32 { UInt32(u16()) | UInt32(u16()) << 16 }

    mutating func u64() -> UInt64 { UInt64(u32()) | UInt64(u32()) << 32 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(bytes[position...].prefix(max(0, count)))
        position += taken.count
        return taken
    }
}
