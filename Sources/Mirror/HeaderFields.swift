// SPDX-License-Identifier: Apache-2.0

/// The header fields of a request or response, in order; names compare without regard to ASCII case.
package struct HeaderFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One line of a header.
    package struct Field: Hashable, Sendable {
        /// The name as it was written.
        package let name: String
        /// The value, without white space around it.
        package let value: String
    }

    /// All fields.
    package private(set) var fields: [Field] = []

    /// No fields.
    package init() {}

    /// The fields listed.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// The value of the first field called `name`.
    package subscript(_ name: String) -> String? { fields.first { HeaderFields.same($0.name, name) }?.value }

    /// The values of all fields called `name`.
    package func all(_ name: String) -> [String] { fields.filter { HeaderFields.same($0.name, name) }.map(\.value) }

    /// Adds a field after the others.
    package mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Adds the fields of `other` after these.
    package mutating func add(_ other: HeaderFields) { fields += other.fields }

    /// Removes all fields called `name`.
    package mutating func remove(_ name: String) { fields.removeAll { HeaderFields.same($0.name, name) } }

    private static func same(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { lowered($0) == lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }
}
