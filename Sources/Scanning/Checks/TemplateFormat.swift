// SPDX-License-Identifier: Apache-2.0

/// Python's two kinds of format strings, as far as a template's constants need them.
enum TemplateFormat {
    /// The text with every placeholder filled; nil when one of them is not understood or its argument is not known.
    static func fill(_ format: String, _ arguments: [TemplateFolding.Folded]) -> String? {
        CheckText.contains(format, "%") ? percent(format, arguments) : braces(format, arguments)
    }

    /// The names that placeholders of a `{}`-format reach for in their arguments: `class` in `{0.class}`, `key` in `{0[key]}`.
    static func reached(_ format: String) -> [String] {
        var names: [String] = []
        var field: [UInt8]?
        for byte in format.utf8 {
            switch byte {
            case UInt8(ascii: "{"): field = []
            case UInt8(ascii: "}"):
                let path = (field ?? []).prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "!") }
                let parts = path.split(omittingEmptySubsequences: false) { $0 == 0x2E || $0 == 0x5B || $0 == 0x5D }
                if parts.count > 1, names.count < 100 {
                    names += parts.dropFirst().filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
                }
                field = nil
            default: if (field?.count ?? 200) < 200 { field?.append(byte) }
            }
        }
        return names
    }

    private static func percent(_ format: String, _ arguments: [TemplateFolding.Folded]) -> String? {
        var out = ""
        var next = 0
        var scalars = Array(format.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            guard let kind = scalars.popFirst() else { return nil }
            if kind == "%" {
                out += "%"
                continue
            }
            guard next < arguments.count, let text = text(arguments[next], kind == "c") else { return nil }
            guard kind == "c" || kind == "s" || kind == "d" || kind == "i" else { return nil }
            next += 1
            out += text
        }
        return out
    }

    private static func braces(_ format: String, _ arguments: [TemplateFolding.Folded]) -> String? {
        var out = ""
        var next = 0
        var scalars = Array(format.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if scalar == "}" {
                guard scalars.popFirst() == "}" else { return nil }
                out += "}"
                continue
            }
            guard scalar == "{" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            if scalars.first == "{" {
                scalars.removeFirst()
                out += "{"
                continue
            }
            guard let end = scalars.firstIndex(of: "}") else { return nil }
            let field = String(String.UnicodeScalarView(scalars[..<end]))
            scalars = scalars[(end + 1)...]
            let isCharacter = field.hasSuffix(":c")
            let number = isCharacter ? String(field.dropLast(2)) : field
            let index: Int
            if number.isEmpty {
                index = next
                next += 1
            } else {
                guard let given = Int(number) else { return nil }
                index = given
            }
            guard arguments.indices.contains(index), let text = text(arguments[index], isCharacter) else { return nil }
            out += text
        }
        return out
    }

    private static func text(_ value: TemplateFolding.Folded, _ isCharacter: Bool) -> String? {
        switch value {
        case .texts(let texts) where texts.count == 1: texts[0]
        case .integer(let number) where isCharacter:
            UInt32(exactly: number).flatMap { Unicode.Scalar($0) }.map { String($0) }
        case .integer(let number): String(number)
        default: nil
        }
    }
}
