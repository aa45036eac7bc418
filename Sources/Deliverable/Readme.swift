// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Reads what a model card says in passing: the licence of its front matter and the parameters its text recommends.
///
/// A scan, not an understanding: it takes only `name`, a connecting word or sign, and a number, and leaves everything
/// else (ranges, percentages, `32k`) alone.
enum Readme {
    /// The most recommendations taken.
    static let maximumRecommendations = 64
    /// The longest front matter looked at, in lines.
    static let maximumFrontMatterLines = 400

    struct Recommendation: Hashable {
        let parameter: String
        let value: JSONValue
        /// The parameter as the text spells it.
        let written: String
    }

    /// How a parameter may be spelt, in lower case without `-` and `_`, and what it is called here.
    private static let parameters: [String: String] = [
        "temperature": "temperature", "temp": "temperature", "topp": "top-p", "topk": "top-k", "minp": "min-p",
        "typicalp": "typical-p", "repetitionpenalty": "repetition-penalty", "repeatpenalty": "repetition-penalty",
        "presencepenalty": "presence-penalty", "frequencypenalty": "frequency-penalty",
        "maxnewtokens": "max-new-tokens",
        "maxtokens": "max-tokens", "maxmodellen": "max-model-len", "contextlength": "context-length",
        "ctxsize": "context-length",
        "maxseqlength": "max-sequence-length", "numbeams": "num-beams",
    ]
    private static let connectors: Set<String> = ["=", ":", ":=", "of", "to", "is", "at", "==", "|"]

    /// The lines of the front matter, without the marks around it.
    private static func frontMatter(_ content: [UInt8]) -> ArraySlice<ArraySlice<UInt8>>? {
        let lines = content.split(separator: 0x0A, maxSplits: maximumFrontMatterLines, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? $0.dropLast() : $0 }
        guard lines.count > 1, lines[0].elementsEqual("---".utf8) else { return nil }
        let rest = lines.dropFirst()
        guard let end = rest.firstIndex(where: { $0.elementsEqual("---".utf8) }) else { return nil }
        return rest[..<end]
    }

    /// The first key of the front matter that says the repository asks for conditions to be accepted.
    static func gatingKey(_ content: [UInt8]) -> String? {
        for line in frontMatter(content) ?? [] where line.starts(with: "extra_gated_".utf8) {
            let key = line.prefix { isWord($0) }
            guard key.count <= 64, key.count < line.count, line[line.startIndex + key.count] == UInt8(ascii: ":") else {
                continue
            }
            return String(decoding: key, as: UTF8.self)
        }
        return nil
    }

    /// The value of a key in the front matter, when it is a plain text.
    static func frontMatter(_ content: [UInt8], _ key: String) -> String? {
        for line in frontMatter(content) ?? [] where line.starts(with: (key + ":").utf8) {
            var value = String(decoding: line.dropFirst(key.utf8.count + 1), as: UTF8.self)
            if let comment = value.firstRange(of: " #") { value = String(value[..<comment.lowerBound]) }
            let trimmed = value.drop { $0 == " " || $0 == "\"" || $0 == "'" }
            let cut = trimmed.lastIndex { $0 != " " && $0 != "\"" && $0 != "'" }.map { trimmed[...$0] } ?? ""
            let isPlain = cut.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "+") }
            return !cut.isEmpty && cut.utf8.count <= 100 && isPlain ? String(cut) : nil
        }
        return nil
    }

    /// The parameters that the text recommends, each parameter and value once, in the order of the text.
    static func recommendations(_ bytes: [UInt8]) -> [Recommendation] {
        var found: [Recommendation] = []
        var seen: Set<String> = []
        var index = 0
        while index < bytes.count, found.count < maximumRecommendations {
            guard isLetter(bytes[index]) else {
                index += 1
                continue
            }
            // A word with what is joined to it; `--max-model-len` begins at `max`, `x.temperature` at `temperature`.
            let start = index
            while index < bytes.count, isWord(bytes[index]) { index += 1 }
            guard index - start <= 32, let parameter = parameter(bytes[start..<index]) else { continue }
            let isFlag = start >= 2 && bytes[start - 1] == UInt8(ascii: "-") && bytes[start - 2] == UInt8(ascii: "-")
            if let value = value(bytes, after: index, isFlag: isFlag),
                seen.insert(parameter + "=" + value.text(.compact)).inserted
            {
                let written = String(decoding: bytes[start..<index], as: UTF8.self)
                found.append(Recommendation(parameter: parameter, value: value, written: written))
            }
        }
        return found
    }

    private static func parameter(_ word: ArraySlice<UInt8>) -> String? {
        parameters[String(decoding: word.filter { $0 != 0x2D && $0 != 0x5F }, as: UTF8.self).lowercased()]
    }

    /// The number after a parameter: closing marks, one connector (a flag needs none; of a table the next cell), opening marks,
    /// digits.
    private static func value(_ bytes: [UInt8], after end: Int, isFlag: Bool) -> JSONValue? {
        var index = skipMarks(bytes, end)
        let start = index
        if index < bytes.count, isLetter(bytes[index]) {
            while index < bytes.count, index - start <= 3, isLetter(bytes[index]) { index += 1 }
        } else {
            while index < bytes.count, index - start < 2, "=:|".utf8.contains(bytes[index]) { index += 1 }
        }
        let connector = String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
        guard connectors.contains(connector) || (connector.isEmpty && isFlag && start > end) else { return nil }
        index = skipMarks(bytes, index)
        return number(bytes, at: index)
    }

    /// Skips spaces, backticks, quotes and asterisks; a few at most, and never a line end.
    private static func skipMarks(_ bytes: [UInt8], _ from: Int) -> Int {
        var index = from
        while index < bytes.count, index - from < 8, " \t`\"'*".utf8.contains(bytes[index]) { index += 1 }
        return index
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> JSONValue? {
        var index = start
        func skipDigits() -> Int {
            let first = index
            while index < bytes.count, index - first < 16, isDigit(bytes[index]) { index += 1 }
            return index - first
        }
        let whole = skipDigits()
        guard whole > 0, whole < 16 else { return nil }
        var fraction = 0
        if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "."), isDigit(bytes[index + 1]) {
            index += 1
            fraction = skipDigits()
            guard fraction < 16 else { return nil }
        }
        guard !continues(bytes, index) else { return nil }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if fraction == 0 { return Int64(text).map { .integer($0) } }
        return Double(text).map { .number($0) }
    }

    /// Whether the number goes on into something that is not that number: `0.6x`, `32k`, `1,000`, `50%`, `0.5-0.7`, `1.2.3`.
    private static func continues(_ bytes: [UInt8], _ index: Int) -> Bool {
        guard index < bytes.count else { return false }
        let next = bytes[index]
        if isLetter(next) || isDigit(next) || next >= 0x80 || "_%/-~^".utf8.contains(next) { return true }
        let follows = index + 1 < bytes.count && isDigit(bytes[index + 1])
        if next == UInt8(ascii: "."), follows { return true }
        if next == UInt8(ascii: ","), follows { return true }
        // `0.5 - 0.7`, `0.5 to 0.7`
        if next == 0x20 {
            let rest = bytes[(index + 1)...].prefix(6)
            return ["- ", "to ", "\u{2013} ", "\u{2014} ", "~ ", "or "].contains { rest.starts(with: $0.utf8) }
        }
        return false
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
    private static func isWord(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == 0x5F || byte == 0x2D
    }
}
