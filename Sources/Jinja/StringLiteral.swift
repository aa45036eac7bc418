// SPDX-License-Identifier: Apache-2.0

/// Decodes the escapes of a string literal the way jinja2 does: to ASCII with backslashes, then Python's `unicode-escape`.
enum StringLiteral {
    static func decode(_ bytes: [UInt8], at place: SourcePlace) throws(JinjaError) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
        var ascii: [UInt8] = []
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.isASCII {
                ascii.append(UInt8(scalar.value))
            } else {
                let width = scalar.value < 0x100 ? 2 : scalar.value < 0x10000 ? 4 : 8
                let digits = String(scalar.value, radix: 16)
                ascii += Array("\\\(width == 2 ? "x" : width == 4 ? "u" : "U")".utf8)
                ascii += Array((String(repeating: "0", count: max(0, width - digits.count)) + digits).utf8)
            }
        }
        var out = String.UnicodeScalarView()
        var index = 0
        while index < ascii.count {
            let byte = ascii[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < ascii.count else {
                out.append(Unicode.Scalar(byte))
                continue
            }
            let escape = ascii[index]
            index += 1
            switch escape {
            case 0x0A: continue
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): out.append(Unicode.Scalar(escape))
            case UInt8(ascii: "a"): out.append("\u{07}")
            case UInt8(ascii: "b"): out.append("\u{08}")
            case UInt8(ascii: "f"): out.append("\u{0C}")
            case UInt8(ascii: "n"): out.append("\n")
            case UInt8(ascii: "r"): out.append("\r")
            case UInt8(ascii: "t"): out.append("\t")
            case UInt8(ascii: "v"): out.append("\u{0B}")
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var value = UInt32(escape - 0x30)
                var count = 1
                while count < 3, index < ascii.count, (0x30...0x37).contains(ascii[index]) {
                    value = value * 8 + UInt32(ascii[index] - 0x30)
                    index += 1
                    count += 1
                }
                out.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
                let width = escape == UInt8(ascii: "x") ? 2 : escape == UInt8(ascii: "u") ? 4 : 8
                let end = min(ascii.count, index + width)
                let digits = String(decoding: ascii[index..<end], as: UTF8.self)
                guard digits.utf8.count == width, !digits.hasPrefix("+"), !digits.hasPrefix("-"),
                    let value = UInt32(digits, radix: 16)
                else {
                    let form =
                        escape == UInt8(ascii: "x") ? "\\xXX" : escape == UInt8(ascii: "u") ? "\\uXXXX" : "\\UXXXXXXXX"
                    throw JinjaError(.syntax, "truncated \(form) escape", at: place)
                }
                guard value <= 0x10FFFF else { throw JinjaError(.syntax, "illegal Unicode character", at: place) }
                // A half of a pair is no character here; Python keeps it and fails when it is written.
                out.append(Unicode.Scalar(value) ?? "\u{FFFD}")
                index = end
            case UInt8(ascii: "N"):
                throw JinjaError(.unsupported, "a character by its name in a string literal", at: place)
            default:
                out.append("\\")
                out.append(Unicode.Scalar(escape))
            }
        }
        return String(out)
    }
}
