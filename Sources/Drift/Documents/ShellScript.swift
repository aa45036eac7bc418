// SPDX-License-Identifier: Apache-2.0

/// The commands and assignments of a start script, as far as they can be read without running it.
struct ShellScript {
    /// A step: what stands between two ends of commands.
    enum Step: Hashable {
        /// `NAME=value`, `export NAME=value`.
        case assignment(name: String, value: String)
        case command([String])
    }

    /// The steps in their order; the variables in front of a command are steps before it.
    private(set) var steps: [Step] = []
    /// Everything that a shell acts on, as it is written: two scripts with the same marks differ in comments and space alone.
    private(set) var marks: [[UInt8]] = []

    /// The most words of a script.
    static let maximumWords = 100_000

    private struct Word {
        /// What the program gets, but for what the shell would put in.
        var text: [UInt8] = []
        /// As it stands in the file.
        var raw: [UInt8] = []
    }

    /// Reads a script; nil for one with a here-document, which has words that are none, or with too many words.
    init?(_ script: String) {
        var bytes = Array(script.utf8)[...]
        var words: [Word] = []
        var word: Word?
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                if bytes.first == 0x0A {
                    bytes.removeFirst()
                } else if let next = bytes.popFirst() {
                    word = word ?? Word()
                    word?.text += next == UInt8(ascii: "$") ? [byte, next] : [next]
                    word?.raw += [byte, next]
                }
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                word = word ?? Word()
                guard let end = ShellScript.quoted(byte, &bytes, &word) else { return nil }
                bytes = end
            case UInt8(ascii: "#") where word == nil:
                while let next = bytes.first, next != 0x0A { bytes.removeFirst() }
            case 0x0A, UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"):
                // `$(…)`, `>&2`, `2>&1`: a part of the word, or of what follows it.
                if let current = word, byte == UInt8(ascii: "(") || current.raw.last == UInt8(ascii: ">"), byte != 0x0A
                {
                    word?.text.append(byte)
                    word?.raw.append(byte)
                    continue
                }
                if let current = word { words.append(current) }
                word = nil
                take(&words)
                let mark: UInt8 = byte == 0x0A ? UInt8(ascii: ";") : byte
                if mark != UInt8(ascii: ";") || (!marks.isEmpty && marks.last != [mark]) { marks.append([mark]) }
            case UInt8(ascii: "<") where bytes.first == UInt8(ascii: "<"): return nil
            case _ where isBlank(byte):
                if let current = word { words.append(current) }
                word = nil
            default:
                word = word ?? Word()
                word?.text.append(byte)
                word?.raw.append(byte)
            }
            guard words.count + marks.count <= ShellScript.maximumWords else { return nil }
        }
        if let word { words.append(word) }
        take(&words)
        while marks.last == [UInt8(ascii: ";")] { marks.removeLast() }
    }

    /// Takes a quoted part into a word; nil when it does not end.
    private static func quoted(
        _ quote: UInt8, _ bytes: inout ArraySlice<UInt8>, _ word: inout Word?
    ) -> ArraySlice<UInt8>? {
        word?.raw.append(quote)
        while let byte = bytes.popFirst() {
            word?.raw.append(byte)
            if byte == quote { return bytes }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let next = bytes.popFirst() {
                word?.raw.append(next)
                if next == 0x0A { continue }
                let isEscape = [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "`")].contains(next)
                word?.text += isEscape ? [next] : [byte, next]
                continue
            }
            // Between single quotes nothing is put in: that is what the backslash says elsewhere.
            if byte == UInt8(ascii: "$"), quote == UInt8(ascii: "'") { word?.text.append(UInt8(ascii: "\\")) }
            word?.text.append(byte)
        }
        return nil
    }

    private mutating func take(_ words: inout [Word]) {
        marks += words.map(\.raw)
        var texts = words.map { String(decoding: $0.text, as: UTF8.self) }
        words = []
        if texts.first == "export" || texts.first == "exec" || texts.first == "env" { texts.removeFirst() }
        while let first = texts.first, let assignment = ShellScript.assignment(first) {
            steps.append(.assignment(name: assignment.name, value: assignment.value))
            texts.removeFirst()
        }
        if !texts.isEmpty { steps.append(.command(texts)) }
    }

    /// `NAME=value`; nil when it is something else.
    private static func assignment(_ text: String) -> (name: String, value: String)? {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].utf8.first, !(0x30...0x39).contains(first),
            parts[0].utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            })
        else { return nil }
        return (String(parts[0]), String(parts[1]))
    }
}
