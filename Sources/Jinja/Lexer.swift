// SPDX-License-Identifier: Apache-2.0

/// Cuts a template's text into tokens, with jinja2's rules for white space: blocks trimmed, lines stripped.
struct Lexer {
    /// The text with every line end as `\n` and without the last one.
    private let bytes: [UInt8]
    /// The places in `bytes` in front of which a carriage return was dropped.
    private var dropped: [Int] = []
    private var lineStarts: [Int] = [0]
    private var position = 0
    private var tokens: [Token] = []
    private var isLineStart = true
    private let limits: ParseLimits

    init(_ text: String, limits: ParseLimits) throws(JinjaError) {
        self.limits = limits
        let source = Array(text.utf8)
        guard source.count <= limits.sourceBytes else {
            throw JinjaError(.budget, "a template of \(source.count) bytes, over the limit of \(limits.sourceBytes)")
        }
        var out: [UInt8] = []
        out.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index] == 0x0D {
                if index + 1 < source.count, source[index + 1] == 0x0A {
                    dropped.append(out.count)
                    index += 1
                }
                out.append(0x0A)
            } else {
                out.append(source[index])
            }
            index += 1
        }
        if out.last == 0x0A { out.removeLast() }
        for (place, byte) in out.enumerated() where byte == 0x0A { lineStarts.append(place + 1) }
        bytes = out
    }

    mutating func run() throws(JinjaError) -> [Token] {
        while position < bytes.count { try root() }
        try add(Token(kind: .end, text: "", place: place(bytes.count)))
        return tokens
    }

    // MARK: Text

    /// Reads data up to the next tag, and the tag.
    private mutating func root() throws(JinjaError) {
        let start = position
        guard let begin = find(["{{", "{%", "{#"], from: start) else {
            try data(start, bytes.count)
            position = bytes.count
            return
        }
        let kind = bytes[begin + 1]
        var sign: UInt8? = begin + 2 < bytes.count ? bytes[begin + 2] : nil
        if sign != UInt8(ascii: "-"), sign != UInt8(ascii: "+") { sign = nil }
        let isRaw = kind == UInt8(ascii: "%") ? rawBegin(begin) : nil
        try data(start, stripped(start, begin, sign, isVariable: kind == UInt8(ascii: "{")))
        isLineStart = false
        if let isRaw {
            position = isRaw
            isLineStart = position > 0 && bytes[position - 1] == 0x0A
            try raw()
            return
        }
        position = begin + 2 + (sign == nil ? 0 : 1)
        switch kind {
        case UInt8(ascii: "#"): try comment(begin)
        case UInt8(ascii: "%"):
            try add(Token(kind: .blockBegin, text: "", place: place(begin)))
            try code(isBlock: true)
        default:
            try add(Token(kind: .variableBegin, text: "", place: place(begin)))
            try code(isBlock: false)
        }
    }

    /// Where the data in front of a tag ends once white space is taken off.
    private func stripped(_ start: Int, _ end: Int, _ sign: UInt8?, isVariable: Bool) -> Int {
        if sign == UInt8(ascii: "-") { return spacesBefore(end, notBefore: start) }
        guard sign == nil, !isVariable else { return end }
        var line = end
        while line > start, bytes[line - 1] != 0x0A { line -= 1 }
        guard line > start || isLineStart else { return end }
        return spacesBefore(end, notBefore: line) == line ? line : end
    }

    /// Where the white space that ends at `end` begins.
    private func spacesBefore(_ end: Int, notBefore start: Int) -> Int {
        var place = end
        while place > start {
            var first = place - 1
            while first > start, bytes[first] & 0xC0 == 0x80 { first -= 1 }
            let scalar = String(decoding: bytes[first..<place], as: UTF8.self).unicodeScalars.first ?? "x"
            guard Characters.isSpace(scalar) else { break }
            place = first
        }
        return place
    }

    private func spacesAfter(_ start: Int) -> Int {
        var place = start
        while place < bytes.count {
            let (scalar, count) = scalar(at: place)
            guard Characters.isSpace(scalar) else { break }
            place += count
        }
        return place
    }

    private func scalar(at place: Int) -> (Unicode.Scalar, Int) {
        let first = bytes[place]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        let end = min(bytes.count, place + count)
        return (String(decoding: bytes[place..<end], as: UTF8.self).unicodeScalars.first ?? "x", end - place)
    }

    private func find(_ marks: [String], from start: Int) -> Int? {
        var place = start
        while place + 1 < bytes.count {
            if bytes[place] == UInt8(ascii: "{") {
                let next = bytes[place + 1]
                if next == UInt8(ascii: "{") || next == UInt8(ascii: "%") || next == UInt8(ascii: "#") { return place }
            }
            place += 1
        }
        return nil
    }

    /// Where the text after `{% raw %}` begins, when that is what stands at `begin`.
    private func rawBegin(_ begin: Int) -> Int? {
        var place = begin + 2
        if place < bytes.count, bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") { place += 1 }
        place = spacesAfter(place)
        guard matches("raw", at: place) else { return nil }
        place = spacesAfter(place + 3)
        if matches("-%}", at: place) { return spacesAfter(place + 3) }
        return matches("%}", at: place) ? place + 2 : nil
    }

    private mutating func raw() throws(JinjaError) {
        let start = position
        var place = start
        while place + 1 < bytes.count {
            guard bytes[place] == UInt8(ascii: "{"), bytes[place + 1] == UInt8(ascii: "%") else {
                place += 1
                continue
            }
            var inner = place + 2
            var sign: UInt8?
            if inner < bytes.count, bytes[inner] == UInt8(ascii: "-") || bytes[inner] == UInt8(ascii: "+") {
                sign = bytes[inner]
                inner += 1
            }
            inner = spacesAfter(inner)
            if matches("endraw", at: inner), let end = tagEnd("%}", spacesAfter(inner + 6)) {
                try data(start, stripped(start, place, sign, isVariable: false))
                finish(end)
                return
            }
            place += 1
        }
        throw JinjaError(.syntax, "Missing end of raw directive", at: self.place(start))
    }

    private mutating func comment(_ begin: Int) throws(JinjaError) {
        var place = position
        while place < bytes.count {
            if let end = tagEnd("#}", place) {
                finish(end)
                return
            }
            place += 1
        }
        throw JinjaError(.syntax, "Missing end of comment tag", at: self.place(begin))
    }

    /// Where the text behind an end tag at `place` goes on, with its sign and what is trimmed.
    private func tagEnd(_ mark: String, _ place: Int) -> Int? {
        if matches("+" + mark, at: place) { return place + 3 }
        if matches("-" + mark, at: place) { return spacesAfter(place + 3) }
        guard matches(mark, at: place) else { return nil }
        let end = place + 2
        return end < bytes.count && bytes[end] == 0x0A ? end + 1 : end
    }

    private mutating func finish(_ end: Int) {
        position = end
        isLineStart = end > 0 && bytes[end - 1] == 0x0A
    }

    private func matches(_ text: String, at place: Int) -> Bool {
        place <= bytes.count && bytes[place...].starts(with: text.utf8)
    }

    private mutating func data(_ start: Int, _ end: Int) throws(JinjaError) {
        guard start < end else { return }
        try add(
            Token(kind: .data, text: String(decoding: bytes[start..<end], as: UTF8.self), place: place(start)))
    }

    private mutating func add(_ token: Token) throws(JinjaError) {
        guard tokens.count < limits.tokens else {
            throw JinjaError(.budget, "more than \(limits.tokens) tokens", at: token.place)
        }
        tokens.append(token)
    }

    private func place(_ position: Int) -> SourcePlace {
        var (low, high) = (0, lineStarts.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= position { low = middle } else { high = middle }
        }
        var (from, to) = (0, dropped.count)
        while from < to {
            let middle = (from + to) / 2
            if dropped[middle] < position { from = middle + 1 } else { to = middle }
        }
        return SourcePlace(line: low + 1, offset: position + from)
    }

    // MARK: Code

    private static let closers: [UInt8: UInt8] = [
        UInt8(ascii: "{"): UInt8(ascii: "}"), UInt8(ascii: "("): UInt8(ascii: ")"),
        UInt8(ascii: "["): UInt8(ascii: "]"),
    ]
    private static let pairs = ["//", "**", "==", "!=", ">=", "<="]
    private static let singles = Array("+-/*%~[](){}<>=.:|,;".utf8)

    private mutating func code(isBlock: Bool) throws(JinjaError) {
        var open: [UInt8] = []
        while position < bytes.count {
            if open.isEmpty {
                let start = place(position)
                if isBlock, let end = tagEnd("%}", position) {
                    try add(Token(kind: .blockEnd, text: "", place: start))
                    finish(end)
                    return
                }
                if !isBlock, matches("-}}", at: position) || matches("}}", at: position) {
                    let end = bytes[position] == UInt8(ascii: "-") ? spacesAfter(position + 3) : position + 2
                    try add(Token(kind: .variableEnd, text: "", place: start))
                    finish(end)
                    return
                }
            }
            let after = spacesAfter(position)
            if after > position {
                position = after
                continue
            }
            try codeToken(&open)
        }
    }

    private mutating func codeToken(_ open: inout [UInt8]) throws(JinjaError) {
        let start = position
        let at = place(start)
        if let number = try numberToken(at) { return try add(number) }
        let (first, _) = scalar(at: start)
        if Characters.isWord(first) {
            var end = start
            while end < bytes.count {
                let (next, count) = scalar(at: end)
                guard Characters.isWord(next) else { break }
                end += count
            }
            guard Characters.isNameStart(first) else {
                throw JinjaError(.syntax, "Invalid character in identifier", at: at)
            }
            position = end
            return try add(Token(kind: .name, text: String(decoding: bytes[start..<end], as: UTF8.self), place: at))
        }
        if first == "\"" || first == "'", let end = stringEnd(start) {
            position = end
            let text = try StringLiteral.decode(Array(bytes[start + 1..<end - 1]), at: at)
            return try add(Token(kind: .string, text: text, place: at))
        }
        for pair in Lexer.pairs where matches(pair, at: start) {
            position += 2
            return try add(Token(kind: .symbol, text: pair, place: at))
        }
        let byte = bytes[start]
        guard Lexer.singles.contains(byte) else {
            throw JinjaError(.syntax, "unexpected char \(Representation.quoted(String(first))) at \(at.offset)", at: at)
        }
        let text = String(Unicode.Scalar(byte))
        if let closer = Lexer.closers[byte] { open.append(closer) }
        if Lexer.closers.values.contains(byte) {
            guard let expected = open.popLast() else { throw JinjaError(.syntax, "unexpected '\(text)'", at: at) }
            guard expected == byte else {
                throw JinjaError(
                    .syntax, "unexpected '\(text)', expected '\(String(Unicode.Scalar(expected)))'", at: at)
            }
        }
        position += 1
        try add(Token(kind: .symbol, text: text, place: at))
    }

    /// Where the string literal that begins at `start` ends, behind its quote.
    private func stringEnd(_ start: Int) -> Int? {
        var place = start + 1
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\\") {
                place += 2
            } else if bytes[place] == bytes[start] {
                return place + 1
            } else {
                place += 1
            }
        }
        return nil
    }

    // MARK: Numbers

    private func digits(_ start: Int, _ isDigit: (UInt8) -> Bool) -> Int {
        var place = start
        while place < bytes.count {
            if isDigit(bytes[place]) {
                place += 1
            } else if bytes[place] == UInt8(ascii: "_"), place > start, place + 1 < bytes.count,
                isDigit(bytes[place + 1])
            {
                place += 1
            } else {
                break
            }
        }
        return place
    }

    private mutating func numberToken(_ at: SourcePlace) throws(JinjaError) -> Token? {
        let start = position
        let first = bytes[start]
        guard (0x30...0x39).contains(first) else { return nil }
        func isDecimal(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        let whole = digits(start, isDecimal)
        if start == 0 || bytes[start - 1] != UInt8(ascii: ".") {
            var end = whole
            if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "."), isDecimal(bytes[end + 1]) {
                end = digits(end + 1, isDecimal)
            }
            if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
                var exponent = end + 1
                if exponent < bytes.count, bytes[exponent] == UInt8(ascii: "+") || bytes[exponent] == UInt8(ascii: "-")
                {
                    exponent += 1
                }
                let last = digits(exponent, isDecimal)
                if last > exponent { end = last }
            }
            if end > whole {
                position = end
                let text = String(decoding: bytes[start..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
                var token = Token(kind: .float, text: text, place: at)
                token.float = Double(text) ?? 0
                return token
            }
        }
        var (digitsStart, radix, end) = (start, 10, whole)
        if first == 0x30, start + 1 < bytes.count {
            let kinds: [(UInt8, Int)] = [(UInt8(ascii: "x"), 16), (UInt8(ascii: "o"), 8), (UInt8(ascii: "b"), 2)]
            for (letter, base) in kinds where bytes[start + 1] | 0x20 == letter {
                func isDigit(_ byte: UInt8) -> Bool { Int(String(Unicode.Scalar(byte)), radix: base) != nil }
                var from = start + 2
                if from < bytes.count, bytes[from] == UInt8(ascii: "_") { from += 1 }
                let last = digits(from, isDigit)
                if last > from { (digitsStart, radix, end) = (from, base, last) }
            }
        }
        if radix == 10, first == 0x30 {
            // `012` is the zero and then the twelve, as the lexer of jinja2 has it.
            end = digits(start) { $0 == 0x30 }
        }
        let text = String(decoding: bytes[digitsStart..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        guard let value = Int(text, radix: radix) else {
            throw JinjaError(.budget, "an integer of more than 64 bits", at: at)
        }
        position = end
        var token = Token(kind: .integer, text: text, place: at)
        token.integer = value
        return token
    }
}
