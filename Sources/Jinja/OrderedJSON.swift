// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// Reads JSON with the keys in the order of the text: what a template prints with `tojson` depends on it, and the JSON
/// parsers at hand sort or shuffle them.
public struct OrderedJSON {
    private let bytes: [UInt8]
    private var place = 0

    /// Values inside each other: 60.
    public static let depthLimit = 60

    /// Reads one value and nothing behind it.
    ///
    /// - Throws: `JinjaError` of kind `value` with the byte's place.
    public static func parse(_ text: String) throws(JinjaError) -> JSONValue {
        var reader = OrderedJSON(text)
        let value = try reader.value(0)
        reader.skipSpace()
        guard reader.place == reader.bytes.count else { throw reader.problem("the end") }
        return value
    }

    private init(_ text: String) { bytes = Array(text.utf8) }

    private func problem(_ wanted: String) -> JinjaError {
        JinjaError(.value, "the JSON is not valid at byte \(place): expected \(wanted)")
    }

    private mutating func skipSpace() {
        while place < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard place < bytes.count, bytes[place] == byte else { return false }
        place += 1
        return true
    }

    private mutating func word(_ text: String) -> Bool {
        guard bytes[place...].starts(with: text.utf8) else { return false }
        place += text.utf8.count
        return true
    }

    private mutating func value(_ depth: Int) throws(JinjaError) -> JSONValue {
        guard depth <= OrderedJSON.depthLimit else { throw problem("at most \(OrderedJSON.depthLimit) levels") }
        skipSpace()
        guard place < bytes.count else { throw problem("a value") }
        switch bytes[place] {
        case UInt8(ascii: "{"):
            place += 1
            var members: [JSONValue.Member] = []
            if skip(UInt8(ascii: "}")) { return .object([]) }
            while true {
                skipSpace()
                let key = try string()
                guard skip(UInt8(ascii: ":")) else { throw problem("`:`") }
                members.append(JSONValue.Member(key, try value(depth + 1)))
                if skip(UInt8(ascii: "}")) { return .object(members) }
                guard skip(UInt8(ascii: ",")) else { throw problem("`,` or `}`") }
            }
        case UInt8(ascii: "["):
            place += 1
            var items: [JSONValue] = []
            if skip(UInt8(ascii: "]")) { return .array([]) }
            while true {
                items.append(try value(depth + 1))
                if skip(UInt8(ascii: "]")) { return .array(items) }
                guard skip(UInt8(ascii: ",")) else { throw problem("`,` or `]`") }
            }
        case UInt8(ascii: "\""): return .string(try string())
        default:
            if word("null") { return .null }
            if word("true") { return .bool(true) }
            if word("false") { return .bool(false) }
            return try number()
        }
    }

    private mutating func number() throws(JinjaError) -> JSONValue {
        let start = place
        while place < bytes.count, (0x30...0x39).contains(bytes[place]) || "+-.eE".utf8.contains(bytes[place]) {
            place += 1
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        guard let first = text.utf8.first, first != UInt8(ascii: "+") else {
            place = start
            throw problem("a value")
        }
        if let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text) else {
            place = start
            throw problem("a number")
        }
        return .number(number)
    }

    private mutating func unit() throws(JinjaError) -> UInt16 {
        let end = min(bytes.count, place + 4)
        guard end - place == 4, bytes[place..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[place..<end], as: UTF8.self), radix: 16)
        else { throw problem("four hexadecimal digits") }
        place = end
        return unit
    }

    private mutating func string() throws(JinjaError) -> String {
        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { throw problem("a string") }
        place += 1
        var out: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard place < bytes.count else { throw problem("an escape") }
                let escape = bytes[place]
                place += 1
                switch escape {
                case UInt8(ascii: "n"): out.append(0x0A)
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "r"): out.append(0x0D)
                case UInt8(ascii: "b"): out.append(0x08)
                case UInt8(ascii: "f"): out.append(0x0C)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(escape)
                case UInt8(ascii: "u"):
                    var units = [try unit()]
                    if UTF16.isLeadSurrogate(units[0]), bytes[place...].starts(with: "\\u".utf8) {
                        place += 2
                        units.append(try unit())
                    }
                    out += Array(String(decoding: units, as: UTF16.self).utf8)
                default: throw problem("an escape")
                }
            default: out.append(byte)
            }
        }
        throw problem("the end of a string")
    }
}
