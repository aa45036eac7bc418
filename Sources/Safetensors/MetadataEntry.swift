// SPDX-License-Identifier: Apache-2.0

/// A key and a value of `__metadata__`. Compared as bytes: look-alike spellings are different.
public struct MetadataEntry: Sendable, Hashable {
    /// The key.
    public let key: String
    /// The value.
    public let value: String

    /// Creates an entry.
    public init(_ key: String, _ value: String) { (self.key, self.value) = (key, value) }

    /// Whether both have the same bytes.
    public static func == (left: MetadataEntry, right: MetadataEntry) -> Bool {
        left.key.utf8.elementsEqual(right.key.utf8) && left.value.utf8.elementsEqual(right.value.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(TensorName(key))
        hasher.combine(TensorName(value))
    }
}
