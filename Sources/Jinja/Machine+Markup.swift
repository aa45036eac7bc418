// SPDX-License-Identifier: Apache-2.0

/// Text that is marked as safe: what the filters `safe` and `escape` give, a `Markup` of markupsafe.
///
/// It is a text with one difference: a text that is added to it, on either side, or put into it is escaped, and the result
/// is marked as well. Templates that print `tool | tojson | safe` behind a `+` get their quotes escaped by it.
extension Value {
    /// The characters of a text, marked or not.
    var text: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    /// The same without the mark.
    var unmarked: Value {
        if case .markup(let text) = self { return .string(text) }
        return self
    }

    /// The same with the mark: a text, or the texts in what a method of a text gave.
    var marked: Value {
        switch self {
        case .string(let text): .markup(text)
        case .list(let sequence): .list(SequenceObject(sequence.items.map(\.marked)))
        case .tuple(let sequence): .tuple(SequenceObject(sequence.items.map(\.marked)))
        default: self
        }
    }
}

extension CallArguments {
    /// The same with plain texts.
    var unmarked: CallArguments {
        CallArguments(
            positional: positional.map(\.unmarked), named: named.map { (name: $0.name, value: $0.value.unmarked) })
    }
}

extension Machine {
    /// What the filters keep the mark of.
    private static let markKeepers: Set<String> = [
        "upper", "lower", "capitalize", "trim", "center", "indent", "truncate", "string", "reverse", "last", "format",
    ]

    /// The text of a value with `& < > ' "` escaped, unless it is marked.
    func escaped(_ value: Value) throws(JinjaError) -> String {
        if case .markup(let text) = value { return text }
        return try escaped(try text(value))
    }

    /// A text with `& < > ' "` escaped.
    func escaped(_ text: String) throws(JinjaError) -> String {
        // A quote becomes five bytes.
        try read(text)
        try reserve(text.utf8.reduce(0) { $0 + ("&<>'\"".utf8.contains($1) ? 4 : 0) })
        return TextFilters.escaped(text)
    }

    /// `value|name(arguments)`.
    func filter(_ name: String, _ value: Value, _ arguments: CallArguments) throws(JinjaError) -> Value {
        switch name {
        case "default", "d", "attr": return try plainFilter(name, value, arguments)
        case "e", "escape":
            _ = try bind("do_" + name, [], arguments)
            return .markup(try escaped(value))
        case "forceescape":
            _ = try bind("do_" + name, [], arguments)
            return .markup(try escaped(try text(value)))
        case "safe":
            _ = try bind("do_" + name, [], arguments)
            return .markup(try text(value))
        default: break
        }
        guard case .markup = value else { return try plainFilter(name, value, arguments.unmarked) }
        let plain = name == "format" || name == "truncate" ? value : value.unmarked
        let result = try plainFilter(name, plain, name == "format" ? arguments : arguments.unmarked)
        return Machine.markKeepers.contains(name) ? result.marked : result
    }

    /// `+`, `*` and `%` where one side is marked; nil where neither is, or the other is no text.
    func markedBinary(
        _ symbol: Expression.BinaryOperator, _ left: Value, _ right: Value
    )
        throws(JinjaError) -> Value?
    {
        switch (symbol, left, right) {
        case (.modulo, .markup(let format), _):
            return try string(try PercentFormat.format(format, right, self, escapes: true)).marked
        case (.add, .markup, .string), (.add, .string, .markup), (.add, .markup, .markup):
            let (first, second) = (try escaped(left), try escaped(right))
            try reserve(first.utf8.count + second.utf8.count)
            return .markup(first + second)
        case (.add, .markup, .undefined(let missing)), (.add, .undefined(let missing), .markup): throw missing.error
        case (.add, .markup, _), (.add, _, .markup):
            throw JinjaError(.type, "unsupported operand type(s) for +: '\(left.typeName)' and '\(right.typeName)'")
        case (.multiply, .markup, _), (.multiply, _, .markup):
            return try binary(symbol, left.unmarked, right.unmarked).marked
        default: return nil
        }
    }

    /// A method of a marked text: what is put into it is escaped, and what comes out is marked.
    func callMarked(_ text: String, _ name: String, _ arguments: CallArguments) throws(JinjaError) -> Value {
        var arguments = arguments
        switch name {
        case "format", "format_map": return try format(text, name, arguments, escapes: true).marked
        case "join":
            if let first = arguments.positional.first {
                var parts: [Value] = []
                for item in try iterate(first) { parts.append(.string(try escaped(item))) }
                arguments.positional[0] = try list(parts)
            }
        case "replace", "ljust", "rjust", "center":
            if arguments.positional.count > 1, arguments.positional[1].text != nil {
                arguments.positional[1] = .string(try escaped(arguments.positional[1]))
            }
        default: break
        }
        return try callMethod(.string(text), name, arguments).marked
    }
}
