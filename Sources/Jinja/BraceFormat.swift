// SPDX-License-Identifier: Apache-2.0

/// Python's `text.format(…)`, with its small language of fields.
struct BraceFormat {
    let machine: Machine
    let arguments: CallArguments
    private var nextIndex = 0
    private var usesNumbers: Bool?
    /// Whether what is put in is escaped, as it is where the format is marked as safe.
    private let escapes: Bool

    init(_ machine: Machine, _ arguments: CallArguments, escapes: Bool = false) {
        (self.machine, self.arguments, self.escapes) = (machine, arguments, escapes)
    }

    static func number(_ number: Double, _ kind: Unicode.Scalar, _ places: Int) -> String {
        let text: String
        switch kind {
        case "e", "E": text = NumberFormat.scientific(number, places)
        case "g", "G": text = NumberFormat.general(number, places)
        default: text = NumberFormat.fixed(number, places)
        }
        return kind == "E" || kind == "G" || kind == "F" ? text.uppercased() : text
    }

    mutating func format(_ text: String, level: Int = 0) throws(JinjaError) -> String {
        guard level < 2 else { throw JinjaError(.value, "Max string recursion exceeded") }
        var out = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            try machine.step()
            if scalar == "}" {
                guard rest.popFirst() == "}" else {
                    throw JinjaError(.value, "Single '}' encountered in format string")
                }
                out += "}"
                continue
            }
            guard scalar == "{" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == "{" {
                rest.removeFirst()
                out += "{"
                continue
            }
            var depth = 1
            var field = String.UnicodeScalarView()
            while depth > 0 {
                guard let part = rest.popFirst() else {
                    throw JinjaError(
                        .value,
                        field.isEmpty ? "Single '{' encountered in format string" : "expected '}' before end of string")
                }
                if part == "{" { depth += 1 }
                if part == "}" { depth -= 1 }
                if depth > 0 { field.append(part) }
            }
            let piece = try self.field(String(field), level: level)
            try machine.reserve(out.utf8.count + piece.utf8.count)
            out += piece
        }
        return out
    }

    private mutating func field(_ field: String, level: Int) throws(JinjaError) -> String {
        var name = field.unicodeScalars[...]
        var specification = ""
        var conversion: Unicode.Scalar?
        if let place = name.firstIndex(where: { $0 == ":" || $0 == "!" }) {
            var rest = name[place...]
            name = name[..<place]
            if rest.first == "!" {
                rest.removeFirst()
                guard let kind = rest.popFirst() else {
                    throw JinjaError(.value, "end of string while looking for conversion specifier")
                }
                conversion = kind
                guard rest.isEmpty || rest.first == ":" else {
                    throw JinjaError(.value, "expected ':' after conversion specifier")
                }
            }
            if rest.first == ":" { specification = String(rest.dropFirst()) }
        }
        var value = try self.value(String(name))
        switch conversion {
        case nil: break
        case "s": value = .string(try machine.text(value))
        case "r", "a":
            try machine.reserve(value.weight)
            value = .string(conversion == "a" ? Representation.ascii(value) : Representation.repr(value))
        case let kind?: throw JinjaError(.value, "Unknown conversion specifier \(kind)")
        }
        if specification.contains("{") { specification = try format(specification, level: level + 1) }
        guard escapes else { return try BraceFormat.format(value.unmarked, specification, machine) }
        if case .markup(let text) = value {
            guard specification.isEmpty else {
                throw JinjaError(.value, "Unsupported format specification for Markup.")
            }
            return text
        }
        return try machine.escaped(try BraceFormat.format(value, specification, machine))
    }

    private mutating func value(_ name: String) throws(JinjaError) -> Value {
        let scalars = name.unicodeScalars
        let end = scalars.firstIndex { $0 == "." || $0 == "[" } ?? scalars.endIndex
        let first = String(scalars[..<end])
        var value: Value
        // What has no number and no name, but an attribute, is looked up by an empty name.
        if first.isEmpty ? name.isEmpty : Int(first) != nil {
            let isManual = !first.isEmpty
            if let usesNumbers, usesNumbers != isManual {
                throw JinjaError(
                    .value,
                    "cannot switch from manual field specification to automatic field numbering")
            }
            usesNumbers = isManual
            let index = Int(first) ?? nextIndex
            if first.isEmpty { nextIndex += 1 }
            guard arguments.positional.indices.contains(index) else {
                throw JinjaError(.index, "tuple index out of range")
            }
            value = arguments.positional[index]
        } else {
            guard let named = arguments.named.last(where: { ExactText($0.name) == ExactText(first) }) else {
                throw JinjaError(.key, Representation.quoted(first))
            }
            value = named.value
        }
        var rest = scalars[end...]
        while let mark = rest.popFirst() {
            if mark == "." {
                let stop = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                value = try machine.attribute(value, String(rest[..<stop]))
                rest = rest[stop...]
            } else {
                guard let stop = rest.firstIndex(of: "]") else {
                    throw JinjaError(.value, "Missing ']' in format string")
                }
                let key = String(rest[..<stop])
                value = try machine.element(value, Int(key).map { .int($0) } ?? .string(key))
                rest = rest[rest.index(after: stop)...]
            }
        }
        return value
    }

    /// `format(value, specification)`.
    static func format(_ value: Value, _ specification: String, _ machine: Machine) throws(JinjaError) -> String {
        if specification.isEmpty { return try machine.text(value) }
        var rest = specification.unicodeScalars[...]
        var (fill, alignment): (Unicode.Scalar, Unicode.Scalar?) = (" ", nil)
        let marks: [Unicode.Scalar] = ["<", ">", "^", "="]
        if let second = rest.dropFirst().first, marks.contains(second), let first = rest.first {
            (fill, alignment) = (first, second)
            rest = rest.dropFirst(2)
        } else if let first = rest.first, marks.contains(first) {
            alignment = first
            rest.removeFirst()
        }
        func take(_ choices: [Unicode.Scalar]) -> Unicode.Scalar? {
            guard let first = rest.first, choices.contains(first) else { return nil }
            rest.removeFirst()
            return first
        }
        func digits() -> Int? {
            var value: Int?
            while let digit = rest.first, digit.isASCII, ("0"..."9").contains(digit) {
                value = min((value ?? 0) * 10 + Int(digit.value - 0x30), 1_000_000)
                rest.removeFirst()
            }
            return value
        }
        let sign = take(["+", "-", " "])
        let hasPrefix = take(["#"]) != nil
        let hasZero = take(["0"]) != nil && alignment == nil
        if hasZero { (fill, alignment) = ("0", "=") }
        let width = digits() ?? 0
        let grouping = take([",", "_"])
        var places: Int?
        if take(["."]) != nil {
            guard let count = digits() else { throw JinjaError(.value, "Format specifier missing precision") }
            places = count
        }
        let kind = rest.popFirst()
        guard rest.isEmpty else { throw JinjaError(.value, "Invalid format specifier") }
        guard width <= PercentFormat.widthLimit, places ?? 0 <= PercentFormat.widthLimit else {
            throw JinjaError(.budget, "a field of more than \(PercentFormat.widthLimit) characters")
        }
        var text: String
        var isNumber = true
        var value = value
        if case .bool(let flag) = value { value = .int(flag ? 1 : 0) }
        if let grouping, let kind,
            "sc".unicodeScalars.contains(kind) || (grouping == "," && "xXob".unicodeScalars.contains(kind))
        {
            throw JinjaError(.value, "Cannot specify '\(grouping)' with '\(kind)'.")
        }
        if hasZero, let grouping, width > 0 {
            throw JinjaError(.unsupported, "a field that is filled with zeros and grouped with `\(grouping)`")
        }
        switch value {
        case .int(let number) where kind == "c":
            text = try PercentFormat.character(number)
            isNumber = false
        case .int(let number) where kind == nil || "dxXobn".unicodeScalars.contains(kind ?? "d"):
            guard places == nil else {
                throw JinjaError(.value, "Precision not allowed in integer format specifier")
            }
            let radix = kind == "x" || kind == "X" ? 16 : kind == "o" ? 8 : kind == "b" ? 2 : 10
            text = String(number.magnitude, radix: radix, uppercase: kind == "X")
            if let grouping { text = grouped(text, grouping, radix == 10 ? 3 : 4) }
            if hasPrefix, radix != 10, let kind { text = "0\(kind)" + text }
            if number < 0 { text = "-" + text }
        case .int, .float:
            let number = value.number ?? 0
            try machine.step(NumberFormat.effort(number))
            switch kind {
            case nil where places == nil: text = Representation.float(number)
            case nil: text = NumberFormat.shortened(number, max(1, places ?? 6))
            case "%"?: text = NumberFormat.fixed(number * 100, places ?? 6) + "%"
            case "f"?, "F"?, "e"?, "E"?, "g"?, "G"?: text = BraceFormat.number(number, kind ?? "f", places ?? 6)
            case "n"?: text = BraceFormat.number(number, "g", places ?? 6)
            case let kind?:
                throw JinjaError(
                    .value, "Unknown format code '\(kind)' for object of type '\(value.typeName)'")
            }
            if let grouping {
                let isNegative = text.hasPrefix("-")
                let parts = (isNegative ? String(text.dropFirst()) : text).split(separator: ".", maxSplits: 1)
                text = (isNegative ? "-" : "") + grouped(String(parts.first ?? ""), grouping, 3)
                if parts.count > 1 { text += "." + parts[1] }
            }
        case .string(let content):
            guard kind == nil || kind == "s" else {
                throw JinjaError(.value, "Unknown format code '\(kind ?? "s")' for object of type 'str'")
            }
            guard sign == nil else { throw JinjaError(.value, "Sign not allowed in string format specifier") }
            if let grouping { throw JinjaError(.value, "Cannot specify '\(grouping)' with 's'.") }
            guard !hasPrefix else {
                throw JinjaError(.value, "Alternate form (#) not allowed in string format specifier")
            }
            if hasZero { alignment = nil }
            guard alignment != "=" else {
                throw JinjaError(.value, "'=' alignment not allowed in string format specifier")
            }
            isNumber = false
            text = places.map { String(content.unicodeScalars.prefix($0)) } ?? content
        default:
            throw JinjaError(.type, "unsupported format string passed to \(value.typeName).__format__")
        }
        if isNumber, let sign, sign != "-", !text.hasPrefix("-") { text = String(sign) + text }
        return NumberFormat.pad(text, width, fill, alignment ?? (isNumber ? ">" : "<"))
    }

    private static func grouped(_ digits: String, _ mark: Unicode.Scalar, _ size: Int) -> String {
        var out: [Unicode.Scalar] = []
        for (place, digit) in digits.unicodeScalars.reversed().enumerated() {
            if place > 0, place % size == 0 { out.append(mark) }
            out.append(digit)
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: out.reversed())
        return String(view)
    }
}
