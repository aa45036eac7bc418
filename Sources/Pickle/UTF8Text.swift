// SPDX-License-Identifier: Apache-2.0

/// Checks UTF-8 in which surrogates may stand, as Python's `surrogatepass` reads it; bytes may come in pieces.
struct UTF8Text {
    /// How many bytes of a character are still to come.
    private var pending = 0
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// Whether no character is cut off.
    var isComplete: Bool { pending == 0 }

    /// Checks the next bytes; after false the check is over.
    mutating func accepts(_ bytes: [UInt8]) -> Bool {
        for byte in bytes {
            if pending == 0 {
                if byte < 0x80 { continue }
                (low, high) = (0x80, 0xBF)
                switch byte {
                case 0xC2...0xDF: pending = 1
                case 0xE0: (pending, low) = (2, 0xA0)
                case 0xE1...0xEF: pending = 2
                case 0xF0: (pending, low) = (3, 0x90)
                case 0xF1...0xF3: pending = 3
                case 0xF4: (pending, high) = (3, 0x8F)
                default: return false
                }
            } else {
                guard byte >= low, byte <= high else { return false }
                (low, high) = (0x80, 0xBF)
                pending -= 1
            }
        }
        return true
    }

    /// Whether the bytes are UTF-8 without surrogates.
    static func isStrict(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
