// SPDX-License-Identifier: Apache-2.0

extension Machine {
    /// Puts arguments in the order of `names`; those that were not given are nil.
    func bind(
        _ function: String, _ names: [String], _ arguments: CallArguments, required: Int = 0
    )
        throws(JinjaError) -> [Value?]
    {
        guard arguments.positional.count <= names.count else {
            throw JinjaError(.type, Machine.tooMany(function, names.count, required, arguments.positional.count))
        }
        var out: [Value?] = arguments.positional
        out += Array(repeating: nil, count: names.count - out.count)
        for argument in arguments.named {
            guard let place = names.firstIndex(of: argument.name) else {
                throw JinjaError(.type, "\(function)() got an unexpected keyword argument '\(argument.name)'")
            }
            guard place >= arguments.positional.count else {
                throw JinjaError(.type, "\(function)() got multiple values for argument '\(argument.name)'")
            }
            out[place] = argument.value
        }
        for place in 0..<required where out[place] == nil {
            throw JinjaError(.type, "\(function)() missing 1 required positional argument: '\(names[place])'")
        }
        return out
    }

    private static func tooMany(_ function: String, _ most: Int, _ least: Int, _ given: Int) -> String {
        if function.hasPrefix("do_") || function.hasPrefix("test_") {
            // A filter is a function of Python, and what it filters is its first argument.
            let count = most == least ? "\(most + 1)" : "from \(least + 1) to \(most + 1)"
            return "\(function)() takes \(count) positional argument\(most == 0 ? "" : "s") but \(given + 1) were given"
        }
        return most == 0
            ? "\(function)() takes no arguments (\(given) given)"
            : "\(function)() takes at most \(most) argument\(most == 1 ? "" : "s") (\(given) given)"
    }

    func call(_ callee: Value, _ arguments: CallArguments) throws(JinjaError) -> Value {
        try step()
        switch callee {
        case .undefined(let missing): throw missing.error
        case .function(let function):
            switch function.kind {
            case .global(let name): return try callGlobal(name, arguments)
            case .method(let receiver, let name): return try callMethod(receiver, name, arguments)
            case .macro(let macro): return .string(try call(macro, arguments))
            case .loopMethod(let loop, let name): return try call(loop, name, arguments)
            case .block(let name):
                guard let text = try runBlock(name, newScope(nil)) else {
                    throw JinjaError(
                        .undefined,
                        "'jinja2.runtime.TemplateReference object' has no attribute \(Representation.quoted(name))")
                }
                return .string(text)
            }
        case .loop(let loop):
            guard loop.statement.isRecursive else {
                throw JinjaError(.type, "The loop must have the 'recursive' marker to be called recursively.")
            }
            let bound = try bind("loop", ["iterable"], arguments, required: 1)
            let text = try nested { () throws(JinjaError) in
                try capture { () throws(JinjaError) in
                    try runLoop(loop.statement, over: bound[0] ?? .none, loop.scope, level: loop.level + 1)
                }
            }
            return .string(text)
        case .joiner(let joiner):
            defer { joiner.isUsed = true }
            return .string(joiner.isUsed ? joiner.separator : "")
        default: throw JinjaError(.type, "'\(callee.typeName)' object is not callable")
        }
    }

    private func call(_ loop: LoopObject, _ name: String, _ arguments: CallArguments) throws(JinjaError) -> Value {
        let values = arguments.positional
        if name == "cycle" {
            guard !values.isEmpty else { throw JinjaError(.type, "no items for cycling given") }
            return values[loop.index % values.count]
        }
        if let last = loop.lastChecked, last.count == values.count {
            var isSame = true
            for (old, new) in zip(last, values) where !(try equal(old, new)) { isSame = false }
            if isSame { return .bool(false) }
        }
        loop.lastChecked = values
        return .bool(true)
    }

    func call(_ macro: MacroObject, _ arguments: CallArguments) throws(JinjaError) -> String {
        let names = macro.macro.parameters.map(\.name)
        let scope = newScope(macro.scope)
        var named = arguments.named
        // Each name is looked for among those that were given.
        try step((names.count &* named.count) / 16)
        func take(_ name: String) -> Value? {
            guard let place = named.firstIndex(where: { ExactText($0.name) == ExactText(name) }) else { return nil }
            return named.remove(at: place).value
        }
        var given: [Value?] = arguments.positional.prefix(names.count).map { $0 }
        for name in names.dropFirst(given.count) { given.append(take(name)) }
        if macro.takesCaller, !names.contains("caller") {
            scope.set("caller", take("caller") ?? .undefined(MissingValue("No caller defined")))
        }
        let title = macro.macro.name.isEmpty ? "None" : Representation.quoted(macro.macro.name)
        if macro.takesNamed {
            scope.set("kwargs", try dict(named.map { (key: .string($0.name), value: $0.value) }))
        } else if let first = named.first {
            throw JinjaError(
                .type,
                named.contains { $0.name == "caller" }
                    ? "macro \(title) was invoked with two values for the special caller argument. This is most likely a bug."
                    : "macro \(title) takes no keyword argument \(Representation.quoted(first.name))")
        }
        if macro.takesMore {
            scope.set("varargs", try tuple(Array(arguments.positional.dropFirst(names.count))))
        } else if arguments.positional.count > names.count {
            throw JinjaError(.type, "macro \(title) takes not more than \(names.count) argument(s)")
        }
        for (parameter, value) in zip(macro.macro.parameters, given) {
            if let value {
                scope.set(parameter.name, value)
            } else if let fallback = parameter.fallback {
                scope.set(parameter.name, try evaluate(fallback, scope))
            } else {
                scope.set(
                    parameter.name,
                    .undefined(
                        MissingValue("parameter \(Representation.quoted(parameter.name)) was not provided")))
            }
        }
        running.append(RunningCall(macro: macro, arguments: arguments))
        defer { running.removeLast() }
        return try nested { () throws(JinjaError) in
            try capture { () throws(JinjaError) in _ = try run(macro.macro.body, scope) }
        }
    }

    private func callGlobal(_ name: String, _ arguments: CallArguments) throws(JinjaError) -> Value {
        switch name {
        case "range":
            guard arguments.named.isEmpty else { throw JinjaError(.type, "range() takes no keyword arguments") }
            var numbers: [Int] = []
            for value in arguments.positional {
                if case .undefined(let missing) = value { throw missing.error }
                guard let number = value.wholeNumber else {
                    throw JinjaError(.type, "'\(value.typeName)' object cannot be interpreted as an integer")
                }
                numbers.append(number)
            }
            guard (1...3).contains(numbers.count) else {
                throw JinjaError(.type, "range expected at least 1 argument, got \(numbers.count)")
            }
            let step = numbers.count == 3 ? numbers[2] : 1
            guard step != 0 else { throw JinjaError(.value, "range() arg 3 must not be zero") }
            let range = RangeObject(
                numbers.count == 1 ? 0 : numbers[0], numbers.count == 1 ? numbers[0] : numbers[1], step)
            guard range.count <= 100_000 else {
                throw JinjaError(
                    .overflow,
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).")
            }
            return .range(range)
        case "dict", "namespace":
            var pairs: [(key: Value, value: Value)] = []
            guard arguments.positional.count <= 1 else {
                throw JinjaError(.type, "dict expected at most 1 argument, got \(arguments.positional.count)")
            }
            if let first = arguments.positional.first { pairs = try self.pairs(first) }
            pairs += arguments.named.map { (key: .string($0.name), value: $0.value) }
            guard name == "namespace" else { return try dict(pairs) }
            let namespace = try newNamespace()
            for pair in pairs {
                guard let key = pair.key.text else { continue }
                try Machine.checkNamespaceName(key)
                namespace.set(key, pair.value)
            }
            return .namespace(namespace)
        case "cycler":
            guard !arguments.positional.isEmpty else {
                throw JinjaError(.runtime, "at least one item has to be provided")
            }
            let cycler = CyclerObject(arguments.positional)
            try check(cycler.depth, cycler.weight)
            return .cycler(cycler)
        case "joiner":
            let bound = try bind("joiner", ["sep"], arguments)
            return .joiner(JoinerObject(try bound[0].map { (value) throws(JinjaError) in try text(value) } ?? ", "))
        case "raise_exception":
            let bound = try bind("raise_exception", ["message"], arguments, required: 1)
            throw JinjaError(.raised, try text(bound[0] ?? .none))
        case "strftime_now":
            let bound = try bind("strftime_now", ["format"], arguments, required: 1)
            guard let format = bound[0]?.text else {
                throw JinjaError(.type, "strftime() argument 1 must be str, not \(bound[0]?.typeName ?? "NoneType")")
            }
            try reserve(format.utf8.count &* 16)
            // A field is two bytes and costs as much as some ten steps.
            try step(format.utf8.count &* 4)
            useClock(format)
            return .string(now.text(format))
        default: throw JinjaError(.unsupported, "`\(name)`: its result is random")
        }
    }

    /// What `dict(value)` is made of.
    private func pairs(_ value: Value) throws(JinjaError) -> [(key: Value, value: Value)] {
        if case .dict(let dict) = value { return dict.entries }
        var pairs: [(key: Value, value: Value)] = []
        for (place, item) in try iterate(value).enumerated() {
            let parts = try iterate(item)
            guard parts.count == 2 else {
                throw JinjaError(
                    .value,
                    "dictionary update sequence element #\(place) has length \(parts.count); 2 is required")
            }
            pairs.append((parts[0], parts[1]))
        }
        return pairs
    }
}
