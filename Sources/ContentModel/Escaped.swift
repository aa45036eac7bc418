// SPDX-License-Identifier: Apache-2.0

/// Text from outside, made safe to print: control and bidirectional characters become `\u{…}`, long text is cut.
public struct Escaped: CustomStringConvertible, Sendable {
    /// The printable form.
    public let description: String

    /// Escapes `text`, keeping at most `limit` characters.
    public init(_ text: String, limit: Int = 300) {
        var out = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else {
                out += "…"
                break
            }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        description = out
    }
}
