// SPDX-License-Identifier: Apache-2.0

/// Lower-case hexadecimal text and back, for the fixed-size digests.
enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Parses exactly `byteCount` bytes of lower-case hexadecimal; anything else is nil.
    static func bytes(_ text: some StringProtocol, byteCount: Int) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(byteCount)
        var high: UInt8?
        for character in text.utf8 {
            let value: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let pending = high {
                guard out.count < byteCount else { return nil }
                out.append(pending << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil && out.count == byteCount ? out : nil
    }

    static func bigEndian(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }
}
