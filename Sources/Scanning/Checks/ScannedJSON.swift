// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A JSON document with everything a loader could see in it: of two equal keys both are kept, since Python takes the last and
/// others the first.
enum ScannedJSON {
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

    /// Reads the values of a document: one, or several as in JSON Lines.
    static func parse(_ bytes: [UInt8]) throws(JSONReader.Problem) -> [Node] {
        var options = JSONReader.Options()
        options.depth = CheckLimits.jsonDepth
        options.values = CheckLimits.jsonValues
        options.allowsSeveral = true
        var reader = JSONReader(bytes, options)
        var nodes: [Node] = []
        while true {
            let event = try reader.next()
            if case .end = event { return nodes }
            nodes.append(try node(event, &reader))
        }
    }

    private static func node(
        _ event: JSONReader.Event, _ reader: inout JSONReader
    ) throws(JSONReader.Problem) -> Node {
        let line = reader.line
        switch event {
        case .bool(let value): return Node(value: .bool(value), line: line)
        case .string(let text): return Node(value: .string(text), line: line)
        case .number(let text):
            // What Python calls zero, however it is spelt; no digit but zero stands before the exponent.
            let isZero =
                !text.hasSuffix("N") && !text.hasSuffix("y")
                && !text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains { $0 >= 0x31 && $0 <= 0x39 }
            return Node(value: .number(isZero: isZero), line: line)
        case .beginArray:
            var items: [Node] = []
            while true {
                let event = try reader.next()
                if case .endArray = event { return Node(value: .array(items), line: line) }
                items.append(try node(event, &reader))
            }
        case .beginObject:
            var members: [(key: String, node: Node)] = []
            while case .key(let key) = try reader.next() {
                members.append((key, try node(try reader.next(), &reader)))
            }
            return Node(value: .object(members), line: line)
        case .null, .key, .endArray, .endObject, .end: return Node(value: .null, line: line)
        }
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
