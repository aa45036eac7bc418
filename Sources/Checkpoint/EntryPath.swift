// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Where in a checkpoint's object an entry is: the keys from the outside in, as bytes. The path of the object itself is empty.
package struct EntryPath: Sendable, Hashable {
    /// The UTF-8 of each key; the index in decimal for a list or a tuple.
    package let keys: [[UInt8]]

    /// Takes the keys.
    package init(_ keys: [[UInt8]]) { self.keys = keys }

    /// Takes the keys as text.
    package init(_ keys: String...) { self.keys = keys.map { Array($0.utf8) } }

    /// The path of something inside.
    package func appending(_ key: [UInt8]) -> EntryPath { EntryPath(keys + [key]) }

    /// The keys after `prefix`; nil when the path does not begin with it.
    package func dropping(_ prefix: EntryPath) -> EntryPath? {
        keys.starts(with: prefix.keys) ? EntryPath(Array(keys.dropFirst(prefix.keys.count))) : nil
    }

    /// The keys with dots between them, as bytes: the name that a tensor gets.
    package var joined: [UInt8] { Array(keys.joined(separator: [UInt8(ascii: ".")])) }
}

extension EntryPath: CustomStringConvertible {
    /// The keys with dots between them, fit to print.
    package var description: String { Escaped(String(decoding: joined, as: UTF8.self)).description }
}
