// SPDX-License-Identifier: Apache-2.0

/// Reads JSON as the reference's parser does, byte by byte, without building values.
///
/// It only moves forward; each step checks that there is a byte before it looks at it. The dialect: RFC 8259 in UTF-8,
/// at most `HeaderLimits.depth` containers deep, no lone surrogates, no number that a 64-bit float cannot hold.
struct HeaderScanner: ~Escapable {
    /// A string's bytes, without the quotes. Its escapes are known to be right.
    struct Text {
        let start: Int
        let end: Int
        let hasEscapes: Bool
        var count: Int { end &- start }
    }

    let bytes: Span<UInt8>
    let count: Int
    /// What the file has before `bytes`, so that places count from the file's beginning.
    let base: Int
    var position = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, base: Int) {
        self.bytes = bytes
        count = bytes.count
        self.base = base
    }

    func problem(_ problem: JSONProblem, at position: Int) -> HeaderError {
        .invalidJSON(problem, place: base + position)
    }

    func unexpected(_ expected: String) -> HeaderError {
        position < count
            ? problem(.unexpected(bytes[position], expected: expected), at: position)
            : problem(.unexpectedEnd, at: count)
    }

    // MARK: Between the values

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func skipWhitespace() {
        while position < count {
            let byte = bytes[position]
            // Compact headers have none: one comparison decides.
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position &+= 1
        }
    }

    /// Skips the padding at the end: spaces, eight at a time where it is long.
    @_lifetime(self: copy self)
    mutating func skipSpaces() {
        while position &+ 8 <= count, Words.load(bytes, position) == 0x2020_2020_2020_2020 { position &+= 8 }
        while position < count, bytes[position] == 0x20 { position &+= 1 }
    }

    /// The next byte that is not white space, which stays the next one; zero at the end (no valid text has a zero there).
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func peek() -> UInt8 {
        skipWhitespace()
        return position < count ? bytes[position] : 0
    }

    @inline(__always)
    @_lifetime(self: copy self)
    mutating func expect(_ byte: UInt8, _ expected: @autoclosure () -> String) throws(HeaderError) {
        guard peek() == byte, position < count else { throw unexpected(expected()) }
        position &+= 1
    }

    /// After a container's opening, or after one of its items: whether another item follows. Consumes commas and the
    /// closing byte.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func hasNext(closing: UInt8, first: inout Bool) throws(HeaderError) -> Bool {
        let byte = peek()
        if byte == closing {
            position &+= 1
            return false
        }
        if first {
            first = false
            if position >= count { throw unexpected("a value") }
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw unexpected("`,` or `\(String(UnicodeScalar(closing)))`") }
        position &+= 1
        if peek() == closing { throw problem(.trailingComma, at: position) }
        return true
    }

    /// An object's key and the colon after it.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func key() throws(HeaderError) -> Text {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
        let text = try string()
        try expect(UInt8(ascii: ":"), "`:`")
        return text
    }

    /// Whether the next byte is a digit.
    var isAtDigit: Bool {
        @inline(__always) get { position < count && bytes[position] &- UInt8(ascii: "0") <= 9 }
    }

    /// Consumes the next byte when it is this one.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func take(_ byte: UInt8) -> Bool {
        guard position < count, bytes[position] == byte else { return false }
        position &+= 1
        return true
    }

    // MARK: Strings

    /// The string that begins at the quote here.
    @_lifetime(self: copy self)
    mutating func string() throws(HeaderError) -> Text {
        guard position < count, bytes[position] == UInt8(ascii: "\"") else { throw unexpected("a string") }
        position &+= 1
        let start = position
        var hasEscapes = false
        while true {
            skipPlain()
            guard position < count else { throw problem(.unexpectedEnd, at: count) }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position &+= 1
                return Text(start: start, end: position &- 1, hasEscapes: hasEscapes)
            }
            guard byte == UInt8(ascii: "\\") else { throw problem(.controlCharacter(byte), at: position) }
            hasEscapes = true
            _ = try escape()
        }
    }

    /// Goes to the next quote, backslash or control character.
    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position &+ 8 <= count {
            let word = Words.load(bytes, position)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // A byte is zero after the exclusive or when it matched; the lowest marked byte is always a true one.
            let hits =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word) & highs
            if hits != 0 {
                position &+= hits.trailingZeroBitCount >> 3
                return
            }
            position &+= 8
        }
        while position < count {
            let byte = bytes[position]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { return }
            position &+= 1
        }
    }

    /// The escape sequence at the backslash here, as the scalar that it stands for.
    @_lifetime(self: copy self)
    mutating func escape() throws(HeaderError) -> UInt32 {
        let start = position
        guard position &+ 1 < count else { throw problem(.unexpectedEnd, at: count) }
        let letter = bytes[position &+ 1]
        position &+= 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(letter)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): break
        default: throw problem(.invalidEscape, at: start)
        }
        let first = try hexadecimal()
        guard first & 0xF800 == 0xD800 else { return first }
        guard first < 0xDC00, position &+ 1 < count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position &+ 1] == UInt8(ascii: "u")
        else { throw problem(.loneSurrogate, at: start) }
        position &+= 2
        let second = try hexadecimal()
        guard second & 0xFC00 == 0xDC00 else { throw problem(.loneSurrogate, at: start) }
        return 0x10000 &+ ((first &- 0xD800) << 10) &+ (second &- 0xDC00)
    }

    @_lifetime(self: copy self)
    private mutating func hexadecimal() throws(HeaderError) -> UInt32 {
        guard count &- position >= 4 else { throw problem(.unexpectedEnd, at: count) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
            default: throw problem(.invalidEscape, at: position)
            }
            value = value << 4 | UInt32(digit)
            position &+= 1
        }
        return value
    }

    // MARK: What a string says

    /// The bytes of `text`, escapes resolved.
    func decoded(_ text: Text) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        appendDecoded(text, to: &out)
        return out
    }

    /// Appends the bytes of `text`, escapes resolved; never more than it has.
    func appendDecoded(_ text: Text, to out: inout [UInt8]) {
        guard text.hasEscapes else {
            // SAFETY: the pointer is used only while the span is borrowed.
            unsafe bytes.extracting(text.start..<text.end).withUnsafeBufferPointer { unsafe out.append(contentsOf: $0) }
            return
        }
        var reader = HeaderScanner(bytes, base: base)
        reader.position = text.start
        while reader.position < text.end {
            let byte = bytes[reader.position]
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
                reader.position += 1
            } else if let scalar = (try? reader.escape()).flatMap(UnicodeScalar.init) {
                out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    /// At most eight bytes from `start` as one number, the first of them lowest.
    @inline(__always)
    func word(_ start: Int, _ length: Int) -> UInt64 {
        if length == 8 || start &+ 8 <= count {
            guard start &+ 8 <= count else { return 0 }
            let all = Words.load(bytes, start)
            return length >= 8 ? all : all & ((1 << (UInt64(length) &* 8)) &- 1)
        }
        var value: UInt64 = 0
        guard start &+ length <= count else { return 0 }
        for index in 0..<length { value |= UInt64(bytes[start &+ index]) << (UInt64(index) &* 8) }
        return value
    }
}
