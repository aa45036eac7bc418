// SPDX-License-Identifier: Apache-2.0

/// A JSON document with everything a loader could see in it.
///
/// A reader of our own, because a scanner must not lose what another reader finds: of two equal keys both are kept (Python takes the
/// last, others the first), and `NaN`, `Infinity`, control characters in strings and a byte order mark are accepted as Python does.
struct ScannedJSON {
    /// A value and its line, counted from 1.
    struct Node {
        var value: Value
        var line: Int
    }

    /// A value. Numbers are only asked whether they are zero.
    indirect enum Value {
        case null
        case bool(Bool)
        case number(isZero: Bool)
        case string(String)
        case array([Node])
        case object([(key: String, node: Node)])
    }

    /// Why a document could not be read.
    struct Problem: Error {
        let line: Int
        let reason: String
    }

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var values = 0

    /// Reads the values of a document: one, or several as in JSON Lines.
    static func parse(_ bytes: [UInt8]) throws(Problem) -> [Node] {
        var reader = ScannedJSON(bytes: bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.index = 3 }
        var nodes: [Node] = []
        reader.skipSpace()
        while reader.index < bytes.count {
            nodes.append(try reader.node(0))
            reader.skipSpace()
        }
        guard !nodes.isEmpty else { throw Problem(line: 1, reason: "there is no value in it") }
        return nodes
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func problem(_ reason: String) -> Problem { Problem(line: line, reason: reason) }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x0A:
                line += 1
                index += 1
            case 0x20, 0x09, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func node(_ depth: Int) throws(Problem) -> Node {
        guard depth <= CheckLimits.jsonDepth else { throw problem("more than \(CheckLimits.jsonDepth) levels") }
        values += 1
        guard values <= CheckLimits.jsonValues else { throw problem("more than \(CheckLimits.jsonValues) values") }
        let start = line
        guard let byte = current else { throw problem("it ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return Node(value: .object(try members(depth)), line: start)
        case UInt8(ascii: "["): return Node(value: .array(try items(depth)), line: start)
        case UInt8(ascii: "\""): return Node(value: .string(try string()), line: start)
        default: return Node(value: try word(), line: start)
        }
    }

    private mutating func members(_ depth: Int) throws(Problem) -> [(key: String, node: Node)] {
        index += 1
        var result: [(key: String, node: Node)] = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            index += 1
            return []
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw problem("a key is expected") }
            let key = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw problem("`:` is expected after a key") }
            index += 1
            skipSpace()
            result.append((key, try node(depth + 1)))
            skipSpace()
            guard let byte = current else { throw problem("an object does not end") }
            index += 1
            if byte == UInt8(ascii: "}") { return result }
            guard byte == UInt8(ascii: ",") else { throw problem("`,` or `}` is expected") }
        }
    }

    private mutating func items(_ depth: Int) throws(Problem) -> [Node] {
        index += 1
        var result: [Node] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            index += 1
            return []
        }
        while true {
            skipSpace()
            result.append(try node(depth + 1))
            skipSpace()
            guard let byte = current else { throw problem("an array does not end") }
            index += 1
            if byte == UInt8(ascii: "]") { return result }
            guard byte == UInt8(ascii: ",") else { throw problem("`,` or `]` is expected") }
        }
    }

    private mutating func word() throws(Problem) -> Value {
        let start = index
        while let byte = current, isWordByte(byte) { index += 1 }
        let text = bytes[start..<index]
        guard let first = text.first else { throw problem("a value is expected") }
        switch String(decoding: text.prefix(10), as: UTF8.self) {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "NaN", "Infinity", "-Infinity": return .number(isZero: false)
        default:
            guard first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39),
                text.dropFirst().allSatisfy({ $0 < 0x3A || $0 | 0x20 == UInt8(ascii: "e") })
            else { throw problem("a value is expected") }
            return .number(
                isZero: !text.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains { $0 >= 0x31 && $0 <= 0x39 })
        }
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "+")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private mutating func string() throws(Problem) -> String {
        index += 1
        let start = index
        // The common string has no escapes: it is taken as it stands.
        while let byte = current {
            if byte == UInt8(ascii: "\"") {
                defer { index += 1 }
                return String(decoding: bytes[start..<index], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { break }
            if byte == 0x0A { line += 1 }
            index += 1
        }
        var out = Array(bytes[start..<index])
        while let byte = current {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&out)
            default:
                if byte == 0x0A { line += 1 }
                out.append(byte)
            }
        }
        throw problem("a string does not end")
    }

    private mutating func escape(_ out: inout [UInt8]) throws(Problem) {
        guard let byte = current else { throw problem("a string does not end") }
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
            if code >= 0xD800, code < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
                bytes[index + 1] == UInt8(ascii: "u")
            {
                let before = index
                index += 2
                let low = try unit()
                if low >= 0xDC00, low < 0xE000 {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    index = before
                }
            }
            out.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8))
        default: throw problem("an escape that JSON does not know")
        }
    }

    private mutating func unit() throws(Problem) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw problem("four hexadecimal digits are expected after `\\u`")
            }
            code = code << 4 | UInt32(digit)
            index += 1
        }
        return code
    }
}

extension ScannedJSON.Node {
    /// The text, when the value is a string.
    var string: String? {
        guard case .string(let text) = value else { return nil }
        return text
    }

    /// The items, when the value is an array.
    var items: [ScannedJSON.Node]? {
        guard case .array(let items) = value else { return nil }
        return items
    }

    /// The members, when the value is an object.
    var members: [(key: String, node: ScannedJSON.Node)]? {
        guard case .object(let members) = value else { return nil }
        return members
    }

    /// Every member of that name, when the value is an object.
    func all(_ key: String) -> [ScannedJSON.Node] {
        members?.filter { $0.key.utf8.elementsEqual(key.utf8) }.map(\.node) ?? []
    }

    /// The first and the last members of that name: what one reader or another sees of a key that is there many times.
    func few(_ key: String) -> [ScannedJSON.Node] {
        let all = all(key)
        return all.count <= 8 ? all : Array(all.prefix(4) + all.suffix(4))
    }

    /// Whether it is an object with a member of that name.
    func has(_ key: String) -> Bool { !all(key).isEmpty }

    /// Whether Python takes it for true.
    var isTrue: Bool {
        switch value {
        case .null: false
        case .bool(let value): value
        case .number(let isZero): !isZero
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }
}
