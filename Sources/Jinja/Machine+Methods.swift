// SPDX-License-Identifier: Apache-2.0

extension Machine {
    func callMethod(_ receiver: Value, _ name: String, _ arguments: CallArguments) throws(JinjaError) -> Value {
        switch receiver {
        case .markup(let text): return try callMarked(text, name, arguments)
        case .string(let text):
            if name == "format" || name == "format_map" { return try format(text, name, arguments) }
            return try TextMethods(machine: self, text: text, name: name, arguments: arguments.unmarked).call()
        case .list(let sequence), .tuple(let sequence):
            if name == "copy" { return try list(sequence.items) }
            return try search(name, sequence.items, receiver, arguments)
        case .range: return try search(name, try iterate(receiver), receiver, arguments)
        case .dict(let dict): return try call(dict, name, arguments)
        case .cycler(let cycler):
            if name == "reset" {
                cycler.position = 0
                return .none
            }
            defer { cycler.position = (cycler.position + 1) % cycler.items.count }
            return cycler.items[cycler.position]
        case .function: return try fromKeys(arguments)
        case .float(let number):
            return name == "is_integer" ? .bool(number == number.rounded() && number.isFinite) : receiver
        default:
            let number = receiver.wholeNumber ?? 0
            switch name {
            case "bit_length": return .int(Int.bitWidth - number.magnitude.leadingZeroBitCount)
            case "bit_count": return .int(number.magnitude.nonzeroBitCount)
            case "is_integer": return .bool(true)
            default: return .int(number)
            }
        }
    }

    /// `text.format(…)` and `text.format_map(mapping)`.
    func format(
        _ text: String, _ name: String, _ given: CallArguments, escapes: Bool = false
    ) throws(JinjaError) -> Value {
        var arguments = given
        if name == "format_map" {
            guard case .dict(let dict)? = arguments.positional.first, arguments.positional.count == 1 else {
                throw JinjaError(.type, "format_map() takes exactly one argument")
            }
            arguments.positional = []
            for entry in dict.entries {
                if let key = entry.key.text { arguments.named.append((key, entry.value)) }
            }
        }
        var format = BraceFormat(self, arguments, escapes: escapes)
        return try string(try format.format(text))
    }

    private func search(
        _ name: String, _ items: [Value], _ receiver: Value, _ arguments: CallArguments
    )
        throws(JinjaError) -> Value
    {
        let bound = try bind(name, ["value", "start", "stop"], arguments, required: 1)
        let wanted = bound[0] ?? .none
        if name == "count" {
            var count = 0
            for item in items where try equal(item, wanted) { count += 1 }
            return .int(count)
        }
        let places = Machine.places(items.count, bound[1]?.wholeNumber, bound[2]?.wholeNumber, 1)
        for place in places where try equal(items[place], wanted) { return .int(place) }
        throw JinjaError(
            .value,
            {
                if case .list = receiver {
                    "\(Representation.repr(wanted)) is not in list"
                } else {
                    "tuple.index(x): x not in tuple"
                }
            }())
    }

    private func call(_ dict: DictObject, _ name: String, _ arguments: CallArguments) throws(JinjaError) -> Value {
        switch name {
        case "get":
            guard arguments.named.isEmpty else { throw JinjaError(.type, "dict.get() takes no keyword arguments") }
            let bound = try bind("get", ["key", "default"], arguments, required: 1)
            return try dict.get(bound[0] ?? .none) ?? bound[1] ?? .none
        case "items", "keys", "values":
            _ = try bind(name, [], arguments)
            return .view(ViewObject(name == "items" ? .items : name == "keys" ? .keys : .values, dict))
        case "fromkeys": return try fromKeys(arguments)
        default: return .dict(dict)
        }
    }

    private func fromKeys(_ arguments: CallArguments) throws(JinjaError) -> Value {
        let bound = try bind("fromkeys", ["iterable", "value"], arguments, required: 1)
        let value = bound[1] ?? .none
        return try dict(try iterate(bound[0] ?? .none).map { (key: $0, value: value) })
    }
}
