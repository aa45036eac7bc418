// SPDX-License-Identifier: Apache-2.0

/// A JSON value with ordered keys, and the one writer of canonical JSON.
///
/// Reading is the business of a JSON parser (FoundationEssentials); this type decodes from one, with object keys in byte
/// order.
public indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A key and its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public let key: String
        /// The value.
        public let value: JSONValue
        /// Creates a member.
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// How the text is laid out.
    public enum Layout: Sendable {
        /// No white space at all.
        case compact
        /// Two spaces an indent; a container deeper than `breakDepth` stays on one line, with a space after `:` and `,`.
        case indented(breakDepth: Int)
    }

    /// Writes the value. The same value gives the same bytes everywhere; nothing is escaped but what JSON demands.
    public func text(_ layout: Layout = .indented(breakDepth: .max)) -> String {
        var out = ""
        write(to: &out, layout, depth: 0)
        return out
    }

    private func write(to out: inout String, _ layout: Layout, depth: Int) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .integer(let value): out += String(value)
        case .number(let value):
            // Swift prints the shortest text that reads back as the same number; JSON has no infinities.
            out +=
                value.isFinite
                ? (value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) + ".0" : "\(value)") : "null"
        case .string(let value): JSONValue.quote(value, to: &out)
        case .array(let items):
            JSONValue.container("[", "]", items, to: &out, layout, depth) { item, out in
                item.write(to: &out, layout, depth: depth + 1)
            }
        case .object(let members):
            JSONValue.container("{", "}", members, to: &out, layout, depth) { member, out in
                JSONValue.quote(member.key, to: &out)
                if case .compact = layout { out += ":" } else { out += ": " }
                member.value.write(to: &out, layout, depth: depth + 1)
            }
        }
    }

    private static func container<Item>(
        _ open: String, _ close: String, _ items: [Item], to out: inout String, _ layout: Layout, _ depth: Int,
        _ body: (Item, inout String) -> Void
    ) {
        out += open
        let breaks: Bool
        let separator: String
        switch layout {
        case .compact: (breaks, separator) = (false, ",")
        case .indented(let breakDepth): (breaks, separator) = (depth < breakDepth && !items.isEmpty, ", ")
        }
        for (index, item) in items.enumerated() {
            if index > 0 { out += breaks ? "," : separator }
            if breaks { out += "\n" + String(repeating: "  ", count: depth + 1) }
            body(item, &out)
        }
        if breaks { out += "\n" + String(repeating: "  ", count: depth) }
        out += close
    }

    private static func quote(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }

    /// The member called `key`, when the value is an object that has one.
    public subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The text, when the value is a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The number, when the value is a whole one.
    public var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The items, when the value is an array.
    public var array: [JSONValue]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    /// The members, when the value is an object.
    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// An object without the members whose value is nil.
    public static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { key, value in value.map { Member(key, $0) } })
    }
}

extension JSONValue: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads any JSON value from a decoder.
    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            let keys = container.allKeys.sorted { $0.stringValue.utf8.lexicographicallyPrecedes($1.stringValue.utf8) }
            self = .object(try keys.map { Member($0.stringValue, try container.decode(JSONValue.self, forKey: $0)) })
        } else if var container = try? decoder.unkeyedContainer() {
            var items: [JSONValue] = []
            while !container.isAtEnd { items.append(try container.decode(JSONValue.self)) }
            self = .array(items)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int64.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
