// SPDX-License-Identifier: Apache-2.0

/// Well-formedness of UTF-8 (Unicode 15, table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
enum UTF8Check {
    /// The index of the first byte that does not belong, or nil. `start` must be at a character's beginning.
    static func firstInvalid(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        let count = bytes.count
        // A header is nearly always ASCII: eight bytes at a step until one is not.
        while index < count {
            if index &+ 8 <= count, Words.load(bytes, index) & 0x8080_8080_8080_8080 == 0 {
                index &+= 8
                continue
            }
            let first = bytes[index]
            if first < 0x80 {
                index &+= 1
                continue
            }
            let length: Int
            let second: ClosedRange<UInt8>
            switch first {
            case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: return index
            }
            guard length <= count - index, second.contains(bytes[index + 1]) else { return index }
            for later in 2..<max(2, length) where bytes[index + later] & 0xC0 != 0x80 { return index }
            index += length
        }
        return nil
    }
}

/// Eight bytes at a time.
enum Words {
    /// The eight bytes at `index`, the first of them lowest. The caller has checked that they are there.
    @inline(__always)
    static func load(_ bytes: Span<UInt8>, _ index: Int) -> UInt64 {
        // Cheap next to what follows, and it makes the load below safe whoever calls.
        precondition(index >= 0 && index <= bytes.count &- 8)
        // SAFETY: the precondition keeps all eight bytes inside the span; a UInt64 has no invalid pattern.
        return UInt64(
            littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
    }
}
