// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A JSON value as its text has it: keys in their order and as often as they are there, numbers as they are spelt.
///
/// `JSONValue` is for writing; here two spellings must be told apart first and found equal after that.
enum JSONNode: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONNode])
    case object([JSONMember])
}

/// A key and its value.
struct JSONMember: Sendable {
    let key: String
    let value: JSONNode
}

/// A number by its spelling.
struct JSONNumber: Sendable {
    let text: String

    /// Whether Python would read an `int`: no point and no exponent.
    var isWhole: Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") } }

    /// Whether the value is the same, however it is spelt: `1e-05` and `0.00001`, `1` and `1.0`.
    ///
    /// Two whole numbers are compared digit by digit; with a fraction, as doubles, as every reader of these files does.
    func sameValue(as other: JSONNumber) -> Bool {
        if text.utf8.elementsEqual(other.text.utf8) { return true }
        if isWhole, other.isWhole { return plain == "0" && other.plain == "0" }
        guard let a = Double(text), let b = Double(other.text) else { return false }
        return a == b
    }

    private var plain: String { text == "-0" ? "0" : text }
}

extension JSONNode {
    /// The members, each key once with its last value, which is what Python and serde take; nil when it is no object.
    var members: [JSONMember]? {
        guard case .object(let all) = self else { return nil }
        var places: [TextKey: Int] = [:]
        places.reserveCapacity(all.count)
        var isUnique = true
        for (index, member) in all.enumerated() where places.updateValue(index, forKey: TextKey(member.key)) != nil {
            isUnique = false
        }
        guard !isUnique else { return all }
        return places.values.sorted().map { all[$0] }
    }

    /// The last member called `key`.
    subscript(_ key: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The object without a key; anything else as it is.
    func without(_ key: String) -> JSONNode {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !$0.key.utf8.elementsEqual(key.utf8) })
    }

    /// The text, when it is a string.
    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The items, when it is an array.
    var items: [JSONNode]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    /// Whether it is true or false, when it is one of them.
    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The whole number, when it is one that fits.
    var integer: Int64? {
        guard case .number(let number) = self else { return nil }
        if let whole = Int64(number.text) { return whole }
        return Double(number.text).flatMap { Int64(exactly: $0) }
    }

    /// Whether it is `null`.
    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// Whether two values mean the same to every reader: the order of keys and the spelling of numbers do not count.
    func sameMeaning(as other: JSONNode) -> Bool {
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.number(let a), .number(let b)): return a.sameValue(as: b)
        case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { $0.sameMeaning(as: $1) }
        case (.object(let all), .object(let others)):
            // The common case first: the same keys in the same order.
            if all.count == others.count,
                zip(all, others).allSatisfy({ $0.key.utf8.elementsEqual($1.key.utf8) })
            {
                if zip(all, others).allSatisfy({ $0.value.sameMeaning(as: $1.value) }) { return true }
            }
            guard let a = members, let b = other.members, a.count == b.count else { return false }
            let values = Dictionary(b.map { (TextKey($0.key), $0.value) }, uniquingKeysWith: { $1 })
            return a.allSatisfy { member in
                values[TextKey(member.key)].map { member.value.sameMeaning(as: $0) } ?? false
            }
        default: return false
        }
    }

    /// The value for a report. A long one is replaced by its digest, so that a report stays readable.
    var reported: JSONValue {
        let value = plain
        let text = value.text(.compact)
        guard text.utf8.count > JSONNode.maximumReported else { return value }
        return .object([
            .init("sha256", .string(Digest(of: text).description)), .init("bytes", .integer(Int64(text.utf8.count))),
        ])
    }

    /// The longest value of a report, in bytes of compact JSON.
    static let maximumReported = 2048

    private var plain: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let number):
            if let whole = Int64(number.text) {
                .integer(whole)
            } else if let value = Double(number.text), value.isFinite {
                .number(value)
            } else {
                .string(number.text)
            }
        case .string(let text): .string(text)
        case .array(let items): .array(items.map(\.plain))
        case .object: .object((members ?? []).map { JSONValue.Member($0.key, $0.value.plain) })
        }
    }

    /// The value in few characters, for a sentence.
    var short: String {
        switch self {
        case .string(let text): return "`" + Escaped(text, limit: 60).description + "`"
        case .number(let number): return Escaped(number.text, limit: 40).description
        default:
            let text = reported.text(.compact)
            return text.utf8.count <= 80 ? "`" + Escaped(text, limit: 80).description + "`" : kind
        }
    }

    private var kind: String {
        switch self {
        case .array(let items): "a list of \(items.count)"
        case .object(let members): "an object with \(members.count) keys"
        default: "a value"
        }
    }
}

/// A text that is equal to another when their bytes are: `String` would take two spellings of `é` for one key.
struct TextKey: Hashable, Sendable, Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: TextKey, right: TextKey) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    static func < (left: TextKey, right: TextKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
    func hash(into hasher: inout Hasher) {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hasher.combine(sum)
    }
}
