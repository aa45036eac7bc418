// SPDX-License-Identifier: Apache-2.0

/// The escapes of `STRING` and `UNICODE`.
enum TextEscapes {
    /// Decodes what stands between the quotes of a `STRING`, as Python's bytes literals; nil when an escape is cut off or wrong.
    static func string(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.contains(0x5C) else { return Array(text) }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var place = text.startIndex
        while place < text.endIndex {
            let byte = text[place]
            place += 1
            guard byte == 0x5C else {
                result.append(byte)
                continue
            }
            guard place < text.endIndex else { return nil }
            let escape = text[place]
            place += 1
            switch escape {
            case 0x0A: break
            case 0x5C, 0x27, 0x22: result.append(escape)
            case UInt8(ascii: "a"): result.append(7)
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "v"): result.append(11)
            case 0x30...0x37:
                var value = Int(escape) - 0x30
                var count = 1
                while count < 3, place < text.endIndex, text[place] >= 0x30, text[place] <= 0x37 {
                    value = value * 8 + Int(text[place]) - 0x30
                    place += 1
                    count += 1
                }
                result.append(UInt8(truncatingIfNeeded: value))
            case UInt8(ascii: "x"):
                guard let value = hexadecimal(text, at: &place, count: 2) else { return nil }
                result.append(UInt8(truncatingIfNeeded: value))
            default: result += [0x5C, escape]
            }
        }
        return result
    }

    /// Decodes a `UNICODE` line: Latin-1 with `\uXXXX` and `\UXXXXXXXX`; nil when an escape is wrong. The result is UTF-8.
    static func rawUnicode(_ text: [UInt8]) -> [UInt8]? {
        if text.allSatisfy({ $0 < 0x80 && $0 != 0x5C }) { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var place = 0
        let slice = text[...]
        while place < text.count {
            let byte = text[place]
            place += 1
            guard byte == 0x5C, place < text.count else {
                append(UInt32(byte), to: &result)
                continue
            }
            let escape = text[place]
            place += 1
            guard escape == UInt8(ascii: "u") || escape == UInt8(ascii: "U") else {
                result.append(0x5C)
                append(UInt32(escape), to: &result)
                continue
            }
            guard let value = hexadecimal(slice, at: &place, count: escape == UInt8(ascii: "u") ? 4 : 8),
                value <= 0x10FFFF
            else { return nil }
            append(value, to: &result)
        }
        return result
    }

    private static func hexadecimal(_ text: ArraySlice<UInt8>, at place: inout Int, count: Int) -> UInt32? {
        guard text.endIndex - place >= count else { return nil }
        var value: UInt32 = 0
        for byte in text[place..<place + count] {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            value = value << 4 | UInt32(digit)
        }
        place += count
        return value
    }

    private static func append(_ scalar: UInt32, to result: inout [UInt8]) {
        switch scalar {
        case ..<0x80: result.append(UInt8(scalar))
        case ..<0x800: result += [UInt8(0xC0 | scalar >> 6), UInt8(0x80 | scalar & 0x3F)]
        case ..<0x10000:
            result += [
                UInt8(0xE0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 0x3F), UInt8(0x80 | scalar & 0x3F),
            ]
        default:
            result += [
                UInt8(0xF0 | scalar >> 18 & 7), UInt8(0x80 | scalar >> 12 & 0x3F), UInt8(0x80 | scalar >> 6 & 0x3F),
                UInt8(0x80 | scalar & 0x3F),
            ]
        }
    }
}
