// SPDX-License-Identifier: Apache-2.0

/// A token: it can be used, and cannot be printed by accident.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself, for the one place that sends it.
    public let revealed: String

    /// Wraps `text`; white space around it and an empty text mean that there is no secret.
    public init?(_ text: String?) {
        guard let text else { return nil }
        let trimmed = text.drop { $0.isWhitespace }
        guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        revealed = String(trimmed[...last])
    }

    /// Always `[redacted]`.
    public var description: String { "[redacted]" }
    /// Always `[redacted]`.
    public var debugDescription: String { "[redacted]" }
    /// Shows nothing to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
