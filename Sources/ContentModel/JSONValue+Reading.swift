// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// The deepest nesting that `init(parsing:)` reads.
    public static let maximumDepth = 60

    /// Reads one value and nothing behind it, with the keys in the order of the text and as often as they are there.
    ///
    /// A whole number that 64 bits cannot hold becomes the nearest `Double`; `NaN` and the infinities are refused, since JSON
    /// cannot write them again.
    ///
    /// - Throws: `JSONReader.Problem`, also when the text is nested deeper than `maximumDepth`.
    public init(parsing text: String) throws(JSONReader.Problem) {
        var options = JSONReader.Options()
        options.depth = JSONValue.maximumDepth
        var reader = JSONReader(Array(text.utf8), options)
        self = try JSONValue(try reader.next(), &reader)
        _ = try reader.next()
    }

    /// The value that begins with `event`.
    private init(_ event: JSONReader.Event, _ reader: inout JSONReader) throws(JSONReader.Problem) {
        switch event {
        case .bool(let value): self = .bool(value)
        case .string(let text): self = .string(text)
        case .number(let text):
            if let whole = Int64(text) {
                self = .integer(whole)
            } else if let number = Double(text), number.isFinite {
                self = .number(number)
            } else {
                throw reader.problem("`\(text)` is a number that cannot be written in JSON")
            }
        case .beginArray:
            var items: [JSONValue] = []
            while true {
                let event = try reader.next()
                if case .endArray = event { break }
                items.append(try JSONValue(event, &reader))
            }
            self = .array(items)
        case .beginObject:
            var members: [Member] = []
            while case .key(let key) = try reader.next() {
                members.append(Member(key, try JSONValue(try reader.next(), &reader)))
            }
            self = .object(members)
        case .null, .key, .endArray, .endObject, .end: self = .null
        }
    }
}
