// SPDX-License-Identifier: Apache-2.0

extension Machine {
    static let testNames: Set<String> = [
        "odd", "even", "divisibleby", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true",
        "integer", "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable",
        "sameas", "escaped", "in", "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", "ge", ">=", "<", "lt",
        "lessthan", "<=", "le",
    ]

    /// `value is name(arguments)`.
    func test(_ name: String, _ subject: Value, _ given: CallArguments) throws(JinjaError) -> Bool {
        guard Machine.testNames.contains(name) else {
            throw JinjaError(.runtime, "No test named \(Representation.quoted(name)) found.")
        }
        let (value, arguments) = (subject.unmarked, given.unmarked)
        let comparisons: [String: Expression.ComparisonOperator] = [
            "==": .equal, "eq": .equal, "equalto": .equal, "!=": .notEqual, "ne": .notEqual, ">": .greater,
            "gt": .greater, "greaterthan": .greater, "ge": .greaterOrEqual, ">=": .greaterOrEqual, "<": .less,
            "lt": .less, "lessthan": .less, "<=": .lessOrEqual, "le": .lessOrEqual, "in": .isIn,
        ]
        if let comparison = comparisons[name] {
            let other = try bind(name, ["other"], arguments, required: 1)[0] ?? .none
            return try compare(comparison, value, other)
        }
        switch name {
        case "divisibleby":
            let other = try bind(name, ["num"], arguments, required: 1)[0] ?? .none
            return try equal(try binary(.modulo, value, other), .int(0))
        case "sameas":
            return isSame(subject, try bind(name, ["other"], given, required: 1)[0] ?? .none)
        default: _ = try bind("test_" + name, [], arguments)
        }
        switch name {
        case "odd": return try equal(try binary(.modulo, value, .int(2)), .int(1))
        case "even": return try equal(try binary(.modulo, value, .int(2)), .int(0))
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "filter", "test":
            guard case .string(let text) = value else {
                _ = try DictKey(value)
                return false
            }
            return name == "test" ? Machine.testNames.contains(text) : Machine.filterNames.contains(text)
        case "lower", "upper":
            let text = try text(value)
            let arguments = CallArguments()
            return try TextMethods(machine: self, text: text, name: "is" + name, arguments: arguments).call().isTrue
        case "sequence":
            switch value {
            case .string, .list, .tuple, .dict, .range, .undefined: return true
            default: return false
            }
        case "iterable":
            switch value {
            case .none, .bool, .int, .float, .function, .namespace, .cycler, .joiner: return false
            default: return true
            }
        case "callable":
            switch value {
            case .function, .loop, .joiner, .undefined: return true
            default: return false
            }
        case "escaped":
            if case .markup = subject { return true }
            return false
        default: return Machine.isOfType(name, value)
        }
    }

    private static func isOfType(_ name: String, _ value: Value) -> Bool {
        switch (name, value) {
        case ("none", .none), ("boolean", .bool), ("true", .bool(true)), ("false", .bool(false)), ("integer", .int),
            ("float", .float), ("string", .string), ("mapping", .dict), ("number", .int), ("number", .float),
            ("number", .bool):
            true
        default: false
        }
    }
}
