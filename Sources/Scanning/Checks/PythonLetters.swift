// SPDX-License-Identifier: Apache-2.0

/// Letters as Python reads them in names and literals.
enum PythonLetters {
    /// A name with the letters that Python normalises (full-width, mathematical, superscript) in their plain form.
    static func plain(_ name: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in name.unicodeScalars { out.append(plain(scalar)) }
        return String(out)
    }

    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        let value = scalar.value
        switch value {
        case 0xFF10...0xFF19, 0xFF21...0xFF3A, 0xFF41...0xFF5A, 0xFF3F: return Unicode.Scalar(value - 0xFEE0) ?? scalar
        case 0xFE33, 0xFE34, 0xFE4D...0xFE4F: return "_"
        case 0x1D400...0x1D6A3:
            let letter = (value - 0x1D400) % 52
            return Unicode.Scalar(letter < 26 ? 0x41 + letter : 0x61 + letter - 26) ?? scalar
        case 0x1D7CE...0x1D7FF: return Unicode.Scalar(0x30 + (value - 0x1D7CE) % 10) ?? scalar
        case 0x24B6...0x24CF: return Unicode.Scalar(0x41 + value - 0x24B6) ?? scalar
        case 0x24D0...0x24E9: return Unicode.Scalar(0x61 + value - 0x24D0) ?? scalar
        case 0x00AA: return "a"
        case 0x00BA: return "o"
        case 0x017F: return "s"
        case 0x2071: return "i"
        case 0x207F: return "n"
        case 0x212F: return "e"
        case 0x210A: return "g"
        case 0x210E: return "h"
        case 0x2113: return "l"
        case 0x2134: return "o"
        case 0x2139, 0x2148: return "i"
        case 0x2149: return "j"
        case 0x2146: return "d"
        case 0x2147: return "e"
        case 0x2170: return "i"
        case 0x2174: return "v"
        case 0x2179: return "x"
        case 0x217C: return "l"
        case 0x217D: return "c"
        case 0x217E: return "d"
        case 0x217F: return "m"
        default:
            let superscripts: [UInt32: Unicode.Scalar] = [
                0x1D43: "a", 0x1D47: "b", 0x1D9C: "c", 0x1D48: "d", 0x1D49: "e", 0x1DA0: "f", 0x1D4D: "g", 0x02B0: "h",
                0x02B2: "j",
                0x1D4F: "k", 0x02E1: "l", 0x1D50: "m", 0x1D52: "o", 0x1D56: "p", 0x02B3: "r", 0x02E2: "s", 0x1D57: "t",
                0x1D58: "u",
                0x1D5B: "v", 0x02B7: "w", 0x02E3: "x", 0x02B8: "y", 0x1DBB: "z", 0x1D62: "i", 0x2C7C: "j", 0x2090: "a",
                0x2091: "e",
                0x2092: "o", 0x2093: "x", 0x2095: "h", 0x2096: "k", 0x2097: "l", 0x2098: "m", 0x2099: "n", 0x209A: "p",
                0x209B: "s",
                0x209C: "t", 0x1D63: "r", 0x1D64: "u", 0x1D65: "v",
            ]
            return superscripts[value] ?? scalar
        }
    }

    /// The value of a literal without escapes.
    static func text(_ body: ArraySlice<UInt8>, _ isBytes: Bool) -> String {
        guard isBytes else { return String(decoding: body, as: UTF8.self) }
        return String(String.UnicodeScalarView(body.map { Unicode.Scalar($0) }))
    }

    /// The value of a literal with its escapes read.
    static func unescaped(_ body: ArraySlice<UInt8>, _ isBytes: Bool) -> String {
        guard body.contains(UInt8(ascii: "\\")) else { return text(body, isBytes) }
        var out = String.UnicodeScalarView()
        var scalars = Array(text(body, isBytes).unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "\\", let kind = scalars.popFirst() else {
                out.append(scalar)
                continue
            }
            switch kind {
            case "\n": break
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "r": out.append("\r")
            case "a": out.append("\u{07}")
            case "b": out.append("\u{08}")
            case "f": out.append("\u{0C}")
            case "v": out.append("\u{0B}")
            case "\\", "'", "\"": out.append(kind)
            case "x": append(number(&scalars, 2, 16), &out)
            case "u" where !isBytes: append(number(&scalars, 4, 16), &out)
            case "U" where !isBytes: append(number(&scalars, 8, 16), &out)
            case "N" where !isBytes && scalars.first == "{":
                // The name of a character: what it stands for is not looked up.
                if let end = scalars.firstIndex(of: "}") { scalars = scalars[(end + 1)...] }
                out.append("\u{FFFD}")
            case "0"..."7":
                var value = kind.value - 0x30
                for _ in 0..<2 {
                    guard let next = scalars.first, (0x30...0x37).contains(next.value) else { break }
                    value = value * 8 + next.value - 0x30
                    scalars.removeFirst()
                }
                append(value, &out)
            default:
                out.append("\\")
                out.append(kind)
            }
        }
        return String(out)
    }

    private static func append(_ value: UInt32?, _ out: inout String.UnicodeScalarView) {
        out.append(value.flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
    }

    private static func number(
        _ scalars: inout ArraySlice<Unicode.Scalar>, _ count: Int, _ radix: Int
    ) -> UInt32? {
        let digits = String(String.UnicodeScalarView(scalars.prefix(count)))
        guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: radix) else { return nil }
        scalars = scalars.dropFirst(count)
        return value
    }
}
