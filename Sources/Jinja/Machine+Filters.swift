// SPDX-License-Identifier: Apache-2.0

extension Machine {
    static let filterNames: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
        "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent", "int", "join", "last",
        "length", "list", "lower", "items", "map", "min", "max", "pprint", "random", "reject", "rejectattr", "replace",
        "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title",
        "trim", "truncate", "unique", "upper", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr", "tojson",
    ]

    /// `value|name(arguments)`, with no regard to marks.
    func plainFilter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(JinjaError) -> Value {
        guard Machine.filterNames.contains(name) else {
            throw JinjaError(.runtime, "No filter named \(Representation.quoted(name)) found.")
        }
        switch name {
        case "default", "d":
            let bound = try bind(name, ["default_value", "boolean"], arguments)
            let replaces = value.isUndefined || (bound[1]?.isTrue ?? false) && !value.isTrue
            return replaces ? bound[0] ?? .string("") : value
        case "length", "count":
            _ = try bind(name, [], arguments)
            return .int(try length(value))
        case "first", "last", "list", "reverse", "sum", "min", "max", "sort", "unique", "map", "select", "reject",
            "selectattr", "rejectattr", "groupby", "batch", "slice", "join", "items", "dictsort", "attr", "random":
            return try SequenceFilters(machine: self, name: name, value: value, arguments: arguments).call()
        case "tojson": return try toJSON(value, arguments)
        case "int", "float", "round", "abs": return try number(name, value, arguments)
        case "format":
            guard arguments.positional.isEmpty || arguments.named.isEmpty else {
                throw JinjaError(.filterArgument, "can't handle positional and keyword arguments at the same time")
            }
            let values =
                arguments.named.isEmpty
                ? try tuple(arguments.positional)
                : try dict(arguments.named.map { (key: .string($0.name), value: $0.value) })
            let format: Value = value.text == nil ? .string(try text(value)) : value
            return try binary(.modulo, format, values)
        case "string":
            _ = try bind(name, [], arguments)
            return .string(try text(value))
        default: return try TextFilters(machine: self, name: name, value: value, arguments: arguments).call()
        }
    }

    func length(_ value: Value) throws(JinjaError) -> Int {
        switch value {
        case .string(let text), .markup(let text):
            try step(text.utf8.count / 128)
            return text.unicodeScalars.count
        case .list(let sequence), .tuple(let sequence): return sequence.items.count
        case .dict(let dict): return dict.count
        case .range(let range): return range.count
        case .view(let view): return view.dict.count
        case .loop(let loop): return loop.count
        case .undefined(let missing):
            if missing.kind == .security { throw missing.error }
            return 0
        default: throw JinjaError(.type, "object of type '\(value.typeName)' has no len()")
        }
    }

    private func toJSON(_ value: Value, _ arguments: CallArguments) throws(JinjaError) -> Value {
        let bound = try bind("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"], arguments)
        var json = JSONText()
        json.ensuresASCII = bound[0]?.isTrue ?? false
        json.sortsKeys = bound[3]?.isTrue ?? false
        switch bound[1] {
        case .string(let text)?: json.indent = text
        case let value?:
            if let count = value.wholeNumber {
                guard count <= 1000 else { throw JinjaError(.budget, "an indent of more than 1000 characters") }
                json.indent = String(repeating: " ", count: max(0, count))
            }
        case nil: break
        }
        if json.indent != nil { json.itemSeparator = "," }
        if let separators = bound[2], separators.isTrue {
            let parts = try iterate(separators)
            guard parts.count == 2, case .string(let items) = parts[0], case .string(let keys) = parts[1] else {
                throw JinjaError(.value, "separators must be a pair of strings")
            }
            guard items.utf8.count <= 1000, keys.utf8.count <= 1000 else {
                throw JinjaError(.budget, "separators of more than 1000 bytes")
            }
            (json.itemSeparator, json.keySeparator) = (items, keys)
        }
        return .string(try json.write(value, self))
    }

    private func number(_ name: String, _ value: Value, _ arguments: CallArguments) throws(JinjaError) -> Value {
        if name == "round", case .undefined(let missing) = value { throw missing.error }
        switch name {
        case "abs":
            _ = try bind(name, [], arguments)
            if case .float(let number) = value { return .float(abs(number)) }
            guard let number = value.wholeNumber else {
                throw JinjaError(.type, "bad operand type for abs(): '\(value.typeName)'")
            }
            guard number != .min else { throw Operators.tooLarge }
            return .int(abs(number))
        case "round": return try round(value, arguments)
        case "float":
            let bound = try bind(name, ["default"], arguments)
            if case .undefined(let missing) = value { throw missing.error }
            if let number = value.number { return .float(number) }
            if case .string(let text) = value, let number = Machine.double(text) { return .float(number) }
            return bound[0] ?? .float(0)
        default:
            let bound = try bind(name, ["default", "base"], arguments)
            if case .undefined(let missing) = value { throw missing.error }
            if let number = value.wholeNumber { return .int(number) }
            var floating: Double?
            if case .float(let number) = value { floating = number }
            if case .string(let text) = value {
                if let number = Machine.integer(text, bound[1]?.wholeNumber ?? 10) { return .int(number) }
                floating = Machine.double(text)
            }
            if let floating {
                if floating.isInfinite { throw JinjaError(.overflow, "cannot convert float infinity to integer") }
                if !floating.isNaN {
                    guard let whole = Int(exactly: floating.rounded(.towardZero)) else { throw Operators.tooLarge }
                    return .int(whole)
                }
            }
            return bound[0] ?? .int(0)
        }
    }

    private static func integer(_ text: String, _ base: Int) -> Int? {
        var digits = Characters.strip(text).lowercased()
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where base == radix && digits.hasPrefix(prefix) {
            digits.removeFirst(2)
        }
        let parts = digits.split(separator: "_", omittingEmptySubsequences: false)
        guard (2...36).contains(base), !parts.contains(""), let first = digits.first, first != "-", first != "+" else {
            return nil
        }
        return Int((isNegative ? "-" : "") + parts.joined(), radix: base)
    }

    static func double(_ text: String) -> Double? {
        let stripped = Characters.strip(text)
        switch stripped.lowercased() {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default: break
        }
        guard stripped.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE_".utf8.contains($0) }) else { return nil }
        let plain = stripped.filter { $0 != "_" }
        let fixed = plain.hasSuffix(".") ? plain + "0" : plain
        return Double(fixed.hasPrefix(".") ? "0" + fixed : fixed)
    }

    private func round(_ value: Value, _ arguments: CallArguments) throws(JinjaError) -> Value {
        let bound = try bind("round", ["precision", "method"], arguments)
        let places = bound[0]?.wholeNumber ?? 0
        var method = "common"
        if case .string(let text)? = bound[1] { method = text }
        guard ["common", "ceil", "floor"].contains(method) else {
            throw JinjaError(.filterArgument, "method must be common, ceil or floor")
        }
        guard let number = value.number else {
            if method != "common", places == 0, ["str", "list", "tuple"].contains(value.typeName) {
                // Times one it is the same, and then it is no number.
                throw JinjaError(.type, "must be real number, not \(value.typeName)")
            }
            throw JinjaError(.type, "type \(value.typeName) doesn't define __round__ method")
        }
        try step(NumberFormat.effort(number))
        if method == "common" {
            if let whole = value.wholeNumber, places >= 0 { return .int(whole) }
            guard places >= 0, places <= 400 else {
                guard places > -20 else { return .float(0) }
                var scale = 1.0
                for _ in 0..<min(400, places.magnitude) { scale *= 10 }
                let rounded = places > 0 ? number : (number / scale).rounded(.toNearestOrEven) * scale
                if value.wholeNumber != nil { return Int(exactly: rounded).map { .int($0) } ?? .float(rounded) }
                return .float(rounded)
            }
            return .float(number.isFinite ? Double(NumberFormat.fixed(number, places)) ?? number : number)
        }
        var scale = 1.0
        for _ in 0..<min(400, places.magnitude) { scale *= 10 }
        if places < 0 { scale = 1 / scale }
        return .float((number * scale).rounded(method == "ceil" ? .up : .down) / scale)
    }
}
