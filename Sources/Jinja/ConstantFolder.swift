// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Works out what an expression of literals comes to, with a machine that has a very small budget.
enum ConstantFolder {
    /// Whether there is nothing but literals, operators, filters and methods of texts in it.
    private static func isConstant(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .name: false
        case .call(let function, let arguments):
            if case .attribute(let text, _) = function.kind {
                isConstant(text) && arguments.expressions.allSatisfy { isConstant($0) }
            } else {
                false
            }
        default: expression.kind.children.allSatisfy { isConstant($0) }
        }
    }

    private static func value(_ expression: Expression) -> Value? {
        guard isConstant(expression) else { return nil }
        var budget = RenderBudget()
        (budget.steps, budget.stringBytes, budget.workBytes, budget.sequenceCount) = (2000, 65_536, 1 << 20, 4096)
        let machine = Machine(budget: budget, now: Moment(Timestamp(clamping: 0)))
        return try? machine.evaluate(expression, Scope(nil))
    }

    /// The text, when it is one.
    static func text(_ expression: Expression) -> String? {
        if case .constant(.string(let text)) = expression.kind { return text }
        return value(expression)?.text
    }

    /// How many items a loop over it has, when that is known.
    static func count(_ expression: Expression) -> Int? {
        if case .call(let function, let arguments) = expression.kind, case .name("range") = function.kind {
            let numbers = arguments.positional.map { value($0)?.wholeNumber }
            guard (1...3).contains(numbers.count), !numbers.contains(nil) else { return nil }
            let known = numbers.compactMap(\.self)
            let step = known.count == 3 ? known[2] : 1
            guard step != 0 else { return 0 }
            return RangeObject(known.count == 1 ? 0 : known[0], known.count == 1 ? known[0] : known[1], step).count
        }
        switch expression.kind {
        case .list(let items), .tuple(let items): return items.count
        default:
            switch value(expression) {
            case .list(let sequence)?, .tuple(let sequence)?: return sequence.items.count
            case .string(let text)?: return text.unicodeScalars.count
            default: return nil
            }
        }
    }

    /// The names that an expression is made of, for people: `message.content`.
    static func path(_ expression: Expression) -> String {
        switch expression.kind {
        case .name(let name): return name
        case .attribute(let object, let name): return path(object) + "." + name
        case .element(let object, let key): return path(object) + "." + (text(key) ?? "[]")
        case .filter(let value?, let name, _): return path(value) + "|" + name
        case .call(let function, _): return path(function) + "()"
        default: return ""
        }
    }

    /// The attributes and elements that the fields of a format reach.
    static func fields(_ format: String) -> [String] {
        var out: [String] = []
        for part in format.split(separator: "{", omittingEmptySubsequences: false).dropFirst() {
            let field = part.prefix { $0 != "}" && $0 != ":" && $0 != "!" }
            for name in field.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }).dropFirst(
                field.hasPrefix(".") || field.hasPrefix("[") ? 0 : 1)
            {
                out.append(String(name))
            }
        }
        return out
    }
}
