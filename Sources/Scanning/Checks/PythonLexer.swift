// SPDX-License-Identifier: Apache-2.0

/// Cuts Python source into tokens, as far as it takes to see what is called where. What Python would refuse it may accept.
struct PythonLexer {
    /// Why a file could not be read.
    struct Problem: Error {
        let line: Int
        let reason: String
    }

    private(set) var tokens: [PythonToken] = []
    /// Whether a name was written with letters that Python takes for others.
    private(set) var hasDisguisedNames = false
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var depth = 0
    private var indents = [0]
    private var isLineStart = true

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The tokens of a file, ending with a newline and the dedents that close every block.
    static func run(_ bytes: [UInt8]) throws(Problem) -> PythonLexer {
        var lexer = PythonLexer(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { lexer.index = 3 }
        while lexer.index < bytes.count { try lexer.step(nesting: 0) }
        lexer.add(.newline, "")
        while lexer.indents.count > 1 {
            lexer.indents.removeLast()
            lexer.add(.dedent, "")
        }
        return lexer
    }

    private func problem(_ reason: String) -> Problem { Problem(line: line, reason: reason) }

    private func peek(_ distance: Int = 0) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    private mutating func add(_ kind: PythonToken.Kind, _ text: String) {
        tokens.append(PythonToken(kind: kind, text: text, line: line))
    }

    private mutating func step(nesting: Int) throws(Problem) {
        guard tokens.count < CheckLimits.pythonTokens else {
            throw problem("more than \(CheckLimits.pythonTokens) tokens")
        }
        if isLineStart, depth == 0 {
            indentation()
            if index >= bytes.count { return }
        }
        let byte = bytes[index]
        switch byte {
        case 0x0A, 0x0D:
            if byte == 0x0D, peek(1) == 0x0A { index += 1 }
            index += 1
            if depth == 0 {
                if let last = tokens.last, last.kind != .newline, last.kind != .indent, last.kind != .dedent {
                    add(.newline, "")
                }
                isLineStart = true
            }
            line += 1
        case 0x20, 0x09, 0x0C: index += 1
        case UInt8(ascii: "#"):
            while let next = peek(), next != 0x0A, next != 0x0D { index += 1 }
        case UInt8(ascii: "\\"):
            index += 1
            if peek() == 0x0D { index += 1 }
            if peek() == 0x0A {
                index += 1
                line += 1
            }
        case 0: throw problem("there is a zero byte in it")
        case UInt8(ascii: "\""), UInt8(ascii: "'"): try string(prefix: [], nesting: nesting)
        case 0x30...0x39: number()
        default:
            if isNameByte(byte) { try name(nesting: nesting) } else { symbol(byte) }
        }
    }

    /// White space at the begin of a logical line.
    private mutating func indentation() {
        var width = 0
        var place = index
        while place < bytes.count {
            switch bytes[place] {
            case 0x20: width += 1
            case 0x09: width = (width / 8 + 1) * 8
            case 0x0C: width = 0
            default:
                index = place
                isLineStart = false
                // Lines of comments and empty lines have no say.
                if [0x0A, 0x0D, UInt8(ascii: "#")].contains(bytes[place]) { return }
                if width > indents.last ?? 0 {
                    indents.append(width)
                    add(.indent, "")
                } else {
                    while indents.count > 1, let last = indents.last, width < last {
                        indents.removeLast()
                        add(.dedent, "")
                    }
                }
                return
            }
            place += 1
        }
        index = place
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte == 0x5F || byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
    }

    private mutating func name(nesting: Int) throws(Problem) {
        let start = index
        while let byte = peek(), isNameByte(byte) || (byte >= 0x30 && byte <= 0x39) { index += 1 }
        let raw = bytes[start..<index]
        if raw.count <= 3, let quote = peek(), quote == 0x22 || quote == 0x27,
            raw.allSatisfy({ [0x62, 0x72, 0x75, 0x66, 0x74].contains($0 | 0x20) })
        {
            return try string(prefix: raw.map { $0 | 0x20 }, nesting: nesting)
        }
        if raw.contains(where: { $0 >= 0x80 }) {
            let text = String(decoding: raw, as: UTF8.self)
            let plain = PythonLetters.plain(text)
            if !plain.utf8.elementsEqual(text.utf8) { hasDisguisedNames = true }
            add(.name, plain)
        } else {
            add(.name, String(decoding: raw, as: UTF8.self))
        }
    }

    private mutating func number() {
        let start = index
        while let byte = peek(), isNameByte(byte) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2E { index += 1 }
        add(.number, String(decoding: bytes[start..<index].filter { $0 != 0x5F }, as: UTF8.self))
    }

    private mutating func symbol(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
        default: break
        }
        // Of longer symbols only those matter that hold an equals sign: they are no assignment.
        if [0x3D, 0x21, 0x3C, 0x3E, 0x3A].contains(byte), peek(1) == 0x3D {
            index += 2
            return add(.symbol, String(decoding: [byte, 0x3D], as: UTF8.self))
        }
        index += 1
        add(.symbol, String(Unicode.Scalar(byte)))
    }

    // MARK: - Strings

    private mutating func string(prefix: [UInt8], nesting: Int) throws(Problem) {
        let start = line
        guard let quote = peek() else { return }
        let isTriple = peek(1) == quote && peek(2) == quote
        index += isTriple ? 3 : 1
        let isRaw = prefix.contains(UInt8(ascii: "r"))
        let isBytes = prefix.contains(UInt8(ascii: "b"))
        guard prefix.contains(UInt8(ascii: "f")) || prefix.contains(UInt8(ascii: "t")) else {
            let begin = index
            try skipString(quote, isTriple)
            let body = bytes[begin..<index - (isTriple ? 3 : 1)]
            let text = isRaw ? PythonLetters.text(body, isBytes) : PythonLetters.unescaped(body, isBytes)
            tokens.append(PythonToken(kind: .string, text: text, line: start))
            return
        }
        guard nesting < CheckLimits.pythonNesting else {
            throw problem("more than \(CheckLimits.pythonNesting) nested f-strings")
        }
        tokens.append(PythonToken(kind: .format, text: "", line: start))
        try placeholders(quote, isTriple, nesting)
    }

    private mutating func skipString(_ quote: UInt8, _ isTriple: Bool) throws(Problem) {
        while let byte = peek() {
            if byte == UInt8(ascii: "\\") {
                if peek(1) == 0x0A { line += 1 }
                index += 2
                continue
            }
            if byte == 0x0A {
                guard isTriple else { throw problem("a string does not end") }
                line += 1
            }
            if byte == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                index += isTriple ? 3 : 1
                return
            }
            index += 1
        }
        throw problem("a string does not end")
    }

    /// The text of an f-string up to its end; the expressions in it become tokens.
    private mutating func placeholders(_ quote: UInt8, _ isTriple: Bool, _ nesting: Int) throws(Problem) {
        var inFormat = 0
        while let byte = peek() {
            switch byte {
            // A brace stays one behind a backslash, and in raw texts too a backslash takes a quote or a backslash with it.
            case UInt8(ascii: "\\") where peek(1) != UInt8(ascii: "{") && peek(1) != UInt8(ascii: "}"):
                if peek(1) == 0x0A { line += 1 }
                index += 2
            case quote where !isTriple || (peek(1) == quote && peek(2) == quote):
                index += isTriple ? 3 : 1
                return
            case UInt8(ascii: "{") where peek(1) == UInt8(ascii: "{") && inFormat == 0: index += 2
            case UInt8(ascii: "{"):
                if try expression(nesting) { inFormat += 1 }
            case UInt8(ascii: "}"):
                inFormat = max(0, inFormat - 1)
                index += 1
            case 0x0A:
                guard isTriple else { throw problem("a string does not end") }
                line += 1
                index += 1
            default: index += 1
            }
        }
        throw problem("a string does not end")
    }

    /// One expression in braces. Returns whether a format follows it, which may hold further expressions.
    private mutating func expression(_ nesting: Int) throws(Problem) -> Bool {
        index += 1
        add(.symbol, "(")
        defer { add(.symbol, ")") }
        let outer = depth
        depth += 1
        defer { depth = outer }
        while let byte = peek() {
            if depth == outer + 1 {
                if byte == UInt8(ascii: "}") {
                    index += 1
                    return false
                }
                if byte == UInt8(ascii: ":") {
                    index += 1
                    return true
                }
                if byte == UInt8(ascii: "!"), peek(1) != UInt8(ascii: "=") {
                    index += 2
                    continue
                }
            }
            try step(nesting: nesting + 1)
        }
        throw problem("an f-string does not end")
    }
}
