// SPDX-License-Identifier: Apache-2.0

/// A JSON text, read once into a tree that loses nothing another reader could see.
///
/// A reader of our own: the ones at hand drop all but one of equal keys, or their order, and take seconds for the
/// twenty megabytes of a vocabulary. It accepts what Python accepts: `NaN`, `Infinity`, control characters in
/// strings, a byte order mark.
struct JSONDocument: Sendable {
    /// The value of the text.
    let root: JSONNode
    /// Keys that are in one object twice, the first few: readers disagree about which of them counts.
    let repeatedKeys: [String]

    /// Why a text is not JSON.
    struct Problem: Error {
        let line: Int
        let reason: String
        var description: String { "line \(line): \(reason)" }
    }

    /// The deepest nesting read.
    static let maximumDepth = 128
    /// The most values read.
    static let maximumValues = 16_000_000
    /// The most repeated keys kept.
    static let maximumRepeatedKeys = 20

    /// Reads a text.
    init(_ bytes: [UInt8]) throws(Problem) {
        guard (try? UTF8Span(validating: bytes.span)) != nil else { throw Problem(line: 1, reason: "it is not UTF-8") }
        var reader = JSONReader(bytes)
        root = try reader.document()
        repeatedKeys = reader.repeatedKeys
    }
}

/// Walks over the bytes.
private struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private var values = 0
    private(set) var repeatedKeys: [String] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    mutating func document() throws(JSONDocument.Problem) -> JSONNode {
        let value = try node(0)
        skipSpace()
        guard index == bytes.count else { throw problem("there is something behind the value") }
        return value
    }

    private func problem(_ reason: String) -> JSONDocument.Problem {
        JSONDocument.Problem(line: 1 + bytes[..<min(index, bytes.count)].count { $0 == 0x0A }, reason: reason)
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    private mutating func node(_ depth: Int) throws(JSONDocument.Problem) -> JSONNode {
        guard depth <= JSONDocument.maximumDepth else {
            throw problem("it is nested deeper than \(JSONDocument.maximumDepth)")
        }
        values += 1
        guard values <= JSONDocument.maximumValues else {
            throw problem("it has more than \(JSONDocument.maximumValues) values")
        }
        skipSpace()
        guard index < bytes.count else { throw problem("it ends too early") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return .object(try members(depth))
        case UInt8(ascii: "["): return .array(try items(depth))
        case UInt8(ascii: "\""): return .string(try string())
        default: return try word()
        }
    }

    private mutating func members(_ depth: Int) throws(JSONDocument.Problem) -> [JSONMember] {
        index += 1
        var result: [JSONMember] = []
        if take(UInt8(ascii: "}")) { return [] }
        while true {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw problem("a key is expected") }
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw problem("`:` is expected after a key") }
            result.append(JSONMember(key: key, value: try node(depth + 1)))
            if take(UInt8(ascii: "}")) { break }
            guard take(UInt8(ascii: ",")) else { throw problem("`,` or `}` is expected") }
        }
        noteRepeated(result)
        return result
    }

    private mutating func noteRepeated(_ members: [JSONMember]) {
        guard members.count > 1, repeatedKeys.count < JSONDocument.maximumRepeatedKeys else { return }
        var seen: Set<TextKey> = []
        seen.reserveCapacity(members.count)
        for member in members where !seen.insert(TextKey(member.key)).inserted {
            repeatedKeys.append(member.key)
            if repeatedKeys.count == JSONDocument.maximumRepeatedKeys { return }
        }
    }

    private mutating func items(_ depth: Int) throws(JSONDocument.Problem) -> [JSONNode] {
        index += 1
        var result: [JSONNode] = []
        if take(UInt8(ascii: "]")) { return [] }
        while true {
            result.append(try node(depth + 1))
            if take(UInt8(ascii: "]")) { return result }
            guard take(UInt8(ascii: ",")) else { throw problem("`,` or `]` is expected") }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func word() throws(JSONDocument.Problem) -> JSONNode {
        let start = index
        while index < bytes.count, JSONReader.isWordByte(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "NaN", "Infinity", "-Infinity": return .number(JSONNumber(text: text))
        default:
            guard JSONReader.isNumber(bytes[start..<index]) else {
                index = start
                throw problem("a value is expected")
            }
            return .number(JSONNumber(text: text))
        }
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

    private mutating func string() throws(JSONDocument.Problem) -> String {
        index += 1
        let start = index
        // The common string has no escapes: it is taken as it stands.
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") { index += 1 }
        guard index < bytes.count else { throw problem("a string does not end") }
        if bytes[index] == UInt8(ascii: "\"") {
            defer { index += 1 }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        var out = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&out)
            default: out.append(byte)
            }
        }
        throw problem("a string does not end")
    }

    private mutating func escape(_ out: inout [UInt8]) throws(JSONDocument.Problem) {
        guard index < bytes.count else { throw problem("a string does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "u"):
            var code = try unit()
            if (0xD800..<0xDC00).contains(code), index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            {
                let place = index
                index += 2
                let low = try unit()
                if (0xDC00..<0xE000).contains(low) {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    index = place
                }
            }
            if let scalar = Unicode.Scalar(code) {
                out += Array(String(Character(scalar)).utf8)
            } else {
                // Half a pair means nothing, but two different halves are not the same.
                out += Array("\u{FFFD}\(String(code, radix: 16))".utf8)
            }
        default: throw problem("an escape that JSON does not know")
        }
    }

    private mutating func unit() throws(JSONDocument.Problem) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count, let digit = JSONReader.digit(bytes[index]) else {
                throw problem("four hexadecimal digits are expected after `\\u`")
            }
            code = code << 4 | digit
            index += 1
        }
        return code
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}
