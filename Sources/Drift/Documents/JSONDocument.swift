// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A JSON text, read once into a tree that loses nothing another reader could see.
struct JSONDocument: Sendable {
    /// The value of the text.
    let root: JSONNode
    /// Keys that are in one object twice, the first few: readers disagree about which of them counts.
    let repeatedKeys: [String]

    /// Why a text is not JSON.
    typealias Problem = JSONReader.Problem

    /// The deepest nesting read.
    static let maximumDepth = 128
    /// The most repeated keys kept.
    static let maximumRepeatedKeys = 20

    /// Reads a text.
    init(_ bytes: [UInt8]) throws(Problem) {
        var options = JSONReader.Options()
        options.depth = JSONDocument.maximumDepth
        options.tellsHalvesApart = true
        var builder = Builder(reader: JSONReader(bytes, options))
        guard (try? UTF8Span(validating: bytes.span)) != nil else { throw builder.reader.problem("it is not UTF-8") }
        root = try builder.node(try builder.reader.next())
        _ = try builder.reader.next()
        repeatedKeys = builder.repeatedKeys
    }

    private struct Builder {
        var reader: JSONReader
        var repeatedKeys: [String] = []

        /// The value that begins with `event`.
        mutating func node(_ event: JSONReader.Event) throws(Problem) -> JSONNode {
            switch event {
            case .bool(let value): return .bool(value)
            case .number(let text): return .number(JSONNumber(text: text))
            case .string(let text): return .string(text)
            case .beginArray:
                var items: [JSONNode] = []
                while true {
                    let event = try reader.next()
                    if case .endArray = event { return .array(items) }
                    items.append(try node(event))
                }
            case .beginObject:
                var members: [JSONMember] = []
                while case .key(let key) = try reader.next() {
                    members.append(JSONMember(key: key, value: try node(try reader.next())))
                }
                noteRepeated(members)
                return .object(members)
            case .null, .key, .endArray, .endObject, .end: return .null
            }
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
    }
}
