// SPDX-License-Identifier: Apache-2.0

/// Walks over a JSON text from event to event, and loses nothing that another reader could see.
///
/// A reader of our own: the ones at hand drop all but one of equal keys, or their order, or the spelling of numbers, and take
/// seconds for the twenty megabytes of a vocabulary. It accepts what Python accepts and RFC 8259 does not (`NaN`, `Infinity`,
/// control characters in strings, a byte order mark) and nothing else; it does not recurse, and ends at its limits.
public struct JSONReader {
    /// What comes next in the text.
    public enum Event: Sendable {
        case null
        case bool(Bool)
        /// A number as it is spelt; also `NaN`, `Infinity` and `-Infinity`.
        case number(String)
        case string(String)
        case beginArray
        case endArray
        case beginObject
        /// A key of the object that was begun last; its value follows.
        case key(String)
        case endObject
        /// The text is at its end.
        case end
    }

    /// Why a text cannot be read.
    public struct Problem: Error, Sendable {
        /// The line, counted from 1.
        public let line: Int
        /// The byte, counted from 0.
        public let offset: Int
        /// What is wrong, for people.
        public let reason: String
    }

    /// How much is read, and how.
    public struct Options: Sendable {
        /// Containers in one another.
        public var depth = 128
        /// Values and keys in the whole text.
        public var values = 16_000_000
        /// Whether values may follow one another, as in JSON Lines.
        public var allowsSeveral = false
        /// Whether the number of a lone half of a surrogate pair is kept behind the U+FFFD that stands for it, so that two
        /// different halves do not become the same text.
        public var tellsHalvesApart = false

        /// One value, 128 levels, 16 million values.
        public init() {}
    }

    private enum Expectation { case value, firstItem, firstKey, key, colon, more, nothing }

    private let bytes: [UInt8]
    private let options: Options
    private var isObject: [Bool] = []
    private var expected = Expectation.value
    private var values = 0
    /// The byte after the last event.
    public private(set) var offset = 0
    /// The line of the last event, counted from 1; that of its last byte.
    public private(set) var line = 1

    /// Begins before the first value.
    public init(_ bytes: [UInt8], _ options: Options = Options()) {
        (self.bytes, self.options) = (bytes, options)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    /// The next event. After `.end` it is `.end` again; after an error nothing more is to be had.
    public mutating func next() throws(Problem) -> Event {
        skipSpace()
        guard offset < bytes.count else {
            guard isObject.isEmpty, expected == .nothing || (options.allowsSeveral && values > 0) else {
                throw problem(values == 0 ? "there is no value in it" : "it ends too early")
            }
            return .end
        }
        if expected == .more {
            switch bytes[offset] {
            case UInt8(ascii: ","):
                offset += 1
                expected = isObject.last == true ? .key : .value
                skipSpace()
                guard offset < bytes.count else { throw problem("it ends too early") }
            case UInt8(ascii: "]") where isObject.last == false, UInt8(ascii: "}") where isObject.last == true:
                return close()
            default: throw problem(isObject.last == true ? "`,` or `}` is expected" : "`,` or `]` is expected")
            }
        }
        switch expected {
        case .nothing: throw problem("there is something behind the value")
        case .firstKey where bytes[offset] == UInt8(ascii: "}"), .firstItem where bytes[offset] == UInt8(ascii: "]"):
            return close()
        case .firstKey, .key: return try key()
        default: return try value()
        }
    }

    /// An error at the place that the reader has come to.
    public func problem(_ reason: String) -> Problem { Problem(line: line, offset: offset, reason: reason) }

    private mutating func close() -> Event {
        offset += 1
        let wasObject = isObject.removeLast()
        valueEnded()
        return wasObject ? .endObject : .endArray
    }

    private mutating func valueEnded() {
        expected = !isObject.isEmpty ? .more : options.allowsSeveral ? .value : .nothing
    }

    private mutating func count() throws(Problem) {
        values += 1
        guard values <= options.values else { throw problem("it has more than \(options.values) values") }
    }

    private mutating func key() throws(Problem) -> Event {
        guard bytes[offset] == UInt8(ascii: "\"") else { throw problem("a key is expected") }
        try count()
        let text = try string()
        skipSpace()
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: ":") else {
            throw problem("`:` is expected after a key")
        }
        offset += 1
        expected = .value
        return .key(text)
    }

    private mutating func value() throws(Problem) -> Event {
        try count()
        switch bytes[offset] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard isObject.count < options.depth else { throw problem("it has more than \(options.depth) levels") }
            let begins = bytes[offset] == UInt8(ascii: "{")
            offset += 1
            isObject.append(begins)
            expected = begins ? .firstKey : .firstItem
            return begins ? .beginObject : .beginArray
        case UInt8(ascii: "\""):
            let text = try string()
            valueEnded()
            return .string(text)
        default:
            let event = try word()
            valueEnded()
            return event
        }
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x0A: line += 1
            case 0x20, 0x09, 0x0D: break
            default: return
            }
            offset += 1
        }
    }

    private mutating func word() throws(Problem) -> Event {
        let start = offset
        var end = start
        while end < bytes.count, JSONReader.isWordByte(bytes[end]) { end += 1 }
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        let event: Event
        switch text {
        case "null": event = .null
        case "true": event = .bool(true)
        case "false": event = .bool(false)
        case "NaN", "Infinity", "-Infinity": event = .number(text)
        default:
            guard JSONReader.isNumber(bytes[start..<end]) else { throw problem("a value is expected") }
            event = .number(text)
        }
        offset = end
        return event
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    /// Whether the bytes are a number by JSON's grammar.
    private static func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        func digits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let startsWithZero = rest.first == 0x30
        let whole = digits()
        guard whole > 0, !startsWithZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

// MARK: Strings

extension JSONReader {
    private mutating func string() throws(Problem) -> String {
        let start = offset + 1
        var index = start
        // The common string has no escapes: it is taken as it stands.
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
            if bytes[index] == 0x0A { line += 1 }
            index += 1
        }
        guard index < bytes.count else { throw problem("a string does not end") }
        offset = index
        if bytes[index] == UInt8(ascii: "\"") {
            offset += 1
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        var out = Array(bytes[start..<index])
        while offset < bytes.count {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&out)
            default:
                if byte == 0x0A { line += 1 }
                out.append(byte)
                offset += 1
            }
        }
        throw problem("a string does not end")
    }

    /// Reads an escape, of which the place is at the backslash.
    private mutating func escape(_ out: inout [UInt8]) throws(Problem) {
        guard offset + 1 < bytes.count else { throw problem("a string does not end") }
        let byte = bytes[offset + 1]
        switch byte {
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "u"): return try unicode(&out)
        default: throw problem("an escape that JSON does not know")
        }
        offset += 2
    }

    private mutating func unicode(_ out: inout [UInt8]) throws(Problem) {
        guard var code = unit(offset + 2) else { throw problem("four hexadecimal digits are expected after `\\u`") }
        offset += 6
        if (0xD800..<0xDC00).contains(code), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u"), let low = unit(offset + 2), (0xDC00..<0xE000).contains(low)
        {
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            offset += 6
        }
        if let scalar = Unicode.Scalar(code) {
            out += Array(String(Character(scalar)).utf8)
        } else {
            out += Array("\u{FFFD}".utf8)
            if options.tellsHalvesApart { out += Array(String(code, radix: 16).utf8) }
        }
    }

    /// The four hexadecimal digits from `place` on.
    private func unit(_ place: Int) -> UInt32? {
        guard place + 4 <= bytes.count else { return nil }
        var code: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            switch byte {
            case 0x30...0x39: code = code << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: code = code << 4 | UInt32(byte - 0x41 + 10)
            case 0x61...0x66: code = code << 4 | UInt32(byte - 0x61 + 10)
            default: return nil
            }
        }
        return code
    }
}
