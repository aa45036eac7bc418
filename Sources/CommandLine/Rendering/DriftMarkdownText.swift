// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Text of a stranger as Markdown of the kind that code hosts render: it can neither become markup, nor notify anybody, nor
/// end what it stands in.
enum DriftMarkdownText {
    /// Prose; what stands between two backticks becomes a code span. `inTable` where it stands in the cell of a table.
    static func prose(_ text: String, limit: Int = 600, inTable: Bool = false) -> String {
        let parts = Escaped(text, limit: limit).description.split(separator: "`", omittingEmptySubsequences: false)
        var out = ""
        var index = 0
        while index < parts.count {
            out += plain(parts[index])
            // A span is opened only where there is something to close it.
            if index + 2 < parts.count {
                out += parts[index + 1].isEmpty ? "\\`\\`" : code(String(parts[index + 1]), inTable: inTable)
            } else if index + 1 < parts.count {
                out += "\\`" + plain(parts[index + 1])
            }
            index += 2
        }
        return out
    }

    /// Text in which no character means anything.
    static func plain(_ text: some StringProtocol) -> String {
        let scalars = Array(text.unicodeScalars)
        var out = ""
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&", "<", ">", "|": out += entity(scalar)
            // Nobody is notified and no issue linked: the empty character parts the sign from the name. An entity for the
            // sign itself would not do, since hosts look for mentions after entities are resolved.
            case "@", "#": out += "\\\(scalar)&#8203;"
            case "\\", "`", "*", "_", "[", "]", "~", "$": out += "\\\(scalar)"
            // What an address or a list item would begin with.
            case ":" where index + 1 < scalars.count && scalars[index + 1] == "/": out += "\\:"
            case "." where index > 0 && (scalars[index - 1] == "w" || scalars[index - 1] == "W"): out += "\\."
            case ".", ")":
                out += scalars[..<index].allSatisfy { ("0"..."9").contains($0) } ? "\\\(scalar)" : "\(scalar)"
            case "-", "+", "=": out += index == 0 ? "\\\(scalar)" : "\(scalar)"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// A code span. `inTable` where it stands in the cell of a table.
    static func code(_ text: String, limit: Int = 300, inTable: Bool = false) -> String {
        let escaped = Escaped(text, limit: limit).description
        guard !escaped.allSatisfy({ $0 == " " }) else {
            return escaped.isEmpty ? "" : "(\(counted(escaped.count, "space")))"
        }
        // Hosts do not agree on what a bar behind a backslash is in a table: there it is written as an entity.
        if inTable, escaped.utf8.contains(UInt8(ascii: "|")) {
            return escaped.unicodeScalars.reduce(into: "<code>") { out, scalar in
                if scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == " " {
                    out.unicodeScalars.append(scalar)
                } else {
                    out += entity(scalar)
                }
            } + "</code>"
        }
        let fence = String(repeating: "`", count: longestRun(of: "`", in: escaped) + 1)
        let edge = escaped.hasPrefix("`") || escaped.hasSuffix("`") || escaped.hasPrefix(" ") ? " " : ""
        return fence + edge + escaped + edge + fence
    }

    private static func entity(_ scalar: Unicode.Scalar) -> String { "&#\(scalar.value);" }

    /// A fenced block with lines that are printable already; the fence is longer than any in them.
    static func block(_ lines: [String], language: String = "diff") -> String {
        let longest = lines.map { longestRun(of: "`", in: $0) }.max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return ([fence + language] + lines + [fence]).joined(separator: "\n")
    }

    /// Text inside an HTML element, such as the summary of a fold.
    static func html(_ text: String, limit: Int = 300) -> String {
        var out = ""
        for scalar in Escaped(text, limit: limit).description.unicodeScalars {
            switch scalar {
            case "&", "<", ">", "\"", "'": out += entity(scalar)
            case "@", "#": out += "\(scalar)&#8203;"
            // Hosts may look for Markdown inside of HTML, too.
            case "`", "*", "_", "[", "]", "~", ":", ".", "$", "\\": out += entity(scalar)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    static func longestRun(of character: Character, in text: String) -> Int {
        var (longest, run) = (0, 0)
        for found in text {
            run = found == character ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}
