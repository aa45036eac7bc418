// SPDX-License-Identifier: Apache-2.0

/// A place in a template's text.
public struct SourcePlace: Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1; `\n`, `\r\n` and `\r` end one.
    public let line: Int
    /// The place of the byte in the UTF-8 of the text as it was given.
    public let offset: Int

    /// `line 3, byte 41`.
    public var description: String { "line \(line), byte \(offset)" }
}
