// SPDX-License-Identifier: Apache-2.0

/// The logical lines of a Python text: what is inside brackets, or behind a backslash, belongs to the line it began on;
/// comments, blank lines and texts that stand alone are left out; runs of white space outside of texts are one space.
struct PythonLines {
    struct Line {
        /// The first line of the file it is on, from 1.
        let number: Int
        /// How many columns it is indented; a tab goes to the next multiple of eight.
        let indent: Int
        let text: String
    }

    let lines: [Line]

    init(_ text: String) {
        var scan = Scan(Array(text.utf8))
        scan.run()
        lines = scan.lines
    }

    private struct Scan {
        let bytes: [UInt8]
        var index = 0
        var number = 1
        var lines: [Line] = []

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        }

        mutating func run() {
            while index < bytes.count { line() }
        }

        private mutating func line() {
            var indent = 0
            while index < bytes.count {
                if bytes[index] == 0x20 {
                    indent += 1
                } else if bytes[index] == 0x09 {
                    indent = (indent / 8 + 1) * 8
                } else if bytes[index] != 0x0C {
                    break
                }
                index += 1
            }
            let first = number
            var out: [UInt8] = []
            var brackets = 0
            var space = false
            // Whether there is anything but one text.
            var texts = 0
            var hasMore = false
            loop: while index < bytes.count {
                let byte = bytes[index]
                switch byte {
                case 0x0A:
                    index += 1
                    number += 1
                    if brackets == 0 { break loop }
                    space = true
                    continue
                case 0x0D, 0x20, 0x09, 0x0C:
                    index += 1
                    space = true
                    continue
                case UInt8(ascii: "#"):
                    while index < bytes.count, bytes[index] != 0x0A { index += 1 }
                    continue
                case UInt8(ascii: "\\"):
                    let next = index + 1 < bytes.count && bytes[index + 1] == 0x0D ? index + 2 : index + 1
                    if next < bytes.count, bytes[next] == 0x0A {
                        index = next + 1
                        number += 1
                        space = true
                        continue
                    }
                default: break
                }
                if space, !out.isEmpty { out.append(0x20) }
                space = false
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    texts += 1
                    text(byte, &out)
                    continue
                }
                if "([{".utf8.contains(byte) { brackets += 1 }
                if ")]}".utf8.contains(byte) { brackets = max(0, brackets - 1) }
                // A prefix of a raw text; `f` and `b` texts are expressions.
                let startsRaw =
                    out.isEmpty && (byte | 0x20 == UInt8(ascii: "r") || byte | 0x20 == UInt8(ascii: "u"))
                    && index + 1 < bytes.count
                    && (bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "'"))
                if !startsRaw { hasMore = true }
                out.append(byte)
                index += 1
            }
            guard !out.isEmpty, hasMore || texts != 1 else { return }
            lines.append(Line(number: first, indent: indent, text: String(decoding: out, as: UTF8.self)))
        }

        /// Takes a text with its quotes, as it stands.
        private mutating func text(_ quote: UInt8, _ out: inout [UInt8]) {
            let isTriple = index + 2 < bytes.count && bytes[index + 1] == quote && bytes[index + 2] == quote
            let width = isTriple ? 3 : 1
            out += bytes[index..<index + width]
            index += width
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                    if bytes[index + 1] == 0x0A { number += 1 }
                    out += [byte, bytes[index + 1]]
                    index += 2
                    continue
                }
                if byte == 0x0A {
                    // A text in single quotes ends with its line, whatever is missing.
                    guard isTriple else { return }
                    number += 1
                }
                if byte == quote {
                    if !isTriple {
                        out.append(byte)
                        index += 1
                        return
                    }
                    if index + 2 < bytes.count, bytes[index + 1] == quote, bytes[index + 2] == quote {
                        out += [quote, quote, quote]
                        index += 3
                        return
                    }
                }
                if byte != 0x0D { out.append(byte) }
                index += 1
            }
        }
    }
}
