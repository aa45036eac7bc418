// SPDX-License-Identifier: Apache-2.0

/// A piece of a page. Literals are markup; every `String` put into one is text, and is escaped: what comes from a file can
/// stand in an element or in a quoted attribute and never be markup.
struct HTMLFragment: ExpressibleByStringInterpolation, Sendable {
    /// The markup.
    private(set) var source: String

    /// Takes markup that was written here.
    init(stringLiteral value: String) { source = value }

    init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    /// What a literal with values in it becomes.
    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ text: String) { HTMLFragment.escape(text, to: &source) }
        mutating func appendInterpolation(_ number: Int) { source += String(number) }
        mutating func appendInterpolation(_ fragment: HTMLFragment) { source += fragment.source }
        mutating func appendInterpolation(_ fragments: [HTMLFragment]) {
            for fragment in fragments { source += fragment.source }
        }
    }

    static func += (left: inout HTMLFragment, right: HTMLFragment) { left.source += right.source }

    /// Nothing.
    static let empty: HTMLFragment = ""

    // MARK: - Text

    /// Escapes what has a meaning in HTML, and makes visible what does not print: there a reader cannot tell two texts apart
    /// that a model can.
    private static func escape(_ text: String, to out: inout String) {
        for scalar in text.unicodeScalars {
            if let word = unprintable(scalar) { out += word } else { append(scalar, to: &out) }
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to out: inout String) {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&quot;"
        case "'": out += "&#39;"
        default: out.unicodeScalars.append(scalar)
        }
    }

    /// What stands for a character that does not print: `\u{202e}`.
    private static func unprintable(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            "\\u{" + String(scalar.value, radix: 16) + "}"
        default: nil
        }
    }

    /// Text of a file: like any other, with what does not print set apart; a tab and a line end stay what they are.
    static func verbatim(_ text: some StringProtocol) -> HTMLFragment {
        var out: HTMLFragment = ""
        for scalar in text.unicodeScalars {
            if scalar == "\t" || scalar == "\n" {
                out.source.unicodeScalars.append(scalar)
            } else if let word = unprintable(scalar) {
                out.source += "<b class=\"esc\">\(word)</b>"
            } else {
                append(scalar, to: &out.source)
            }
        }
        return out
    }

    /// Prose; what stands between two backticks is a literal.
    static func prose(_ text: String) -> HTMLFragment {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        var out: HTMLFragment = ""
        for (index, part) in parts.enumerated() {
            if index % 2 == 0 {
                out += "\(part)"
            } else if index + 1 < parts.count {
                out += part.isEmpty ? "``" : "<code>\(part)</code>"
            } else {
                out += "`\(part)"
            }
        }
        return out
    }
}
