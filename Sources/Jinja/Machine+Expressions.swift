// SPDX-License-Identifier: Apache-2.0

/// What a call was given, evaluated.
struct CallArguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []
}

extension Machine {
    func evaluate(_ expression: Expression, _ scope: Scope) throws(JinjaError) -> Value {
        try step()
        do throws(JinjaError) {
            return try nested { () throws(JinjaError) in try value(of: expression, scope) }
        } catch { throw error.located(at: expression.place) }
    }

    private func value(of expression: Expression, _ scope: Scope) throws(JinjaError) -> Value {
        switch expression.kind {
        case .constant(let constant): return Machine.value(constant)
        case .name(let name): return try lookup(name, scope)
        case .attribute(let object, let name): return try attribute(try evaluate(object, scope), name)
        case .element(let object, let key): return try element(object, key, scope)
        case .call(let function, let arguments):
            let callee = try evaluate(function, scope)
            return try call(callee, try evaluate(arguments, scope))
        case .filter: return try filter(expression, scope, seed: nil)
        case .test(let value, let name, let arguments):
            let subject = try evaluate(value, scope)
            return .bool(try test(name, subject, try evaluate(arguments, scope)))
        case .list(let items): return try list(try evaluate(items, scope))
        case .tuple(let items): return try tuple(try evaluate(items, scope))
        case .dictionary(let pairs): return try dictionary(pairs, scope)
        case .slice: throw JinjaError(.type, "a slice is only a key")
        default: return try operation(expression, scope)
        }
    }

    private func operation(_ expression: Expression, _ scope: Scope) throws(JinjaError) -> Value {
        switch expression.kind {
        case .conditional(let condition, let value, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(value, scope) }
            if let otherwise { return try evaluate(otherwise, scope) }
            return .undefined(
                MissingValue(
                    "the inline if-expression on line \(expression.place.line) evaluated to false and no else section was defined."
                ))
        case .not(let value): return .bool(!(try evaluate(value, scope)).isTrue)
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTrue ? value : try evaluate(right, scope)
        case .negative(let value): return try Operators.negative(try evaluate(value, scope))
        case .positive(let value): return try Operators.positive(try evaluate(value, scope))
        case .binary(let symbol, let left, let right):
            let first = try evaluate(left, scope)
            return try binary(symbol, first, try evaluate(right, scope))
        case .comparison(let first, let rest):
            var left = try evaluate(first, scope)
            for part in rest {
                let right = try evaluate(part.value, scope)
                guard try compare(part.relation, left, right) else { return .bool(false) }
                left = right
            }
            return .bool(true)
        case .concatenation(let parts):
            var out = ""
            for part in parts {
                let piece = try text(try evaluate(part, scope))
                try reserve(out.utf8.count + piece.utf8.count)
                out += piece
            }
            return .string(out)
        default: return .none
        }
    }

    private static func value(_ constant: Expression.Constant) -> Value {
        switch constant {
        case .none: .none
        case .bool(let flag): .bool(flag)
        case .integer(let number): .int(number)
        case .float(let number): .float(number)
        case .string(let text): .string(text)
        }
    }

    private func evaluate(_ items: [Expression], _ scope: Scope) throws(JinjaError) -> [Value] {
        var values: [Value] = []
        for item in items { values.append(try evaluate(item, scope)) }
        return values
    }

    private func dictionary(
        _ pairs: [(key: Expression, value: Expression)], _ scope: Scope
    ) throws(JinjaError)
        -> Value
    {
        var values: [(key: Value, value: Value)] = []
        for pair in pairs {
            let key = try evaluate(pair.key, scope)
            values.append((key, try evaluate(pair.value, scope)))
        }
        return try dict(values)
    }

    func evaluate(_ arguments: Expression.Arguments, _ scope: Scope) throws(JinjaError) -> CallArguments {
        var out = CallArguments()
        out.positional = try evaluate(arguments.positional, scope)
        for argument in arguments.named { out.named.append((argument.name, try evaluate(argument.value, scope))) }
        if let sequence = arguments.sequence { out.positional += try iterate(try evaluate(sequence, scope)) }
        if let mapping = arguments.mapping {
            guard case .dict(let dict) = try evaluate(mapping, scope) else {
                throw JinjaError(.type, "argument after ** must be a mapping")
            }
            for entry in dict.entries {
                guard let name = entry.key.text else { throw JinjaError(.type, "keywords must be strings") }
                out.named.append((name, entry.value))
            }
        }
        return out
    }

    func lookup(_ name: String, _ scope: Scope) throws(JinjaError) -> Value {
        if let value = scope.find(name) { return value }
        switch name {
        case "range", "dict", "lipsum", "cycler", "joiner", "namespace", "raise_exception", "strftime_now":
            return .function(FunctionObject(.global(name)))
        case "self":
            return .function(FunctionObject(.block("")))
        default: return .undefined(MissingValue("\(Representation.quoted(name)) is undefined"))
        }
    }

    /// A filter with everything that stands in front of it; `seed` is what the first of a block's filters gets.
    func filter(_ expression: Expression, _ scope: Scope, seed: Value?) throws(JinjaError) -> Value {
        guard case .filter(let inner, let name, let arguments) = expression.kind else { return seed ?? .none }
        let value: Value
        if let inner {
            if case .filter = inner.kind, seed != nil {
                value = try nested { () throws(JinjaError) in try filter(inner, scope, seed: seed) }
            } else {
                value = try evaluate(inner, scope)
            }
        } else {
            value = seed ?? .none
        }
        return try filter(name, value, try evaluate(arguments, scope))
    }

    // MARK: Attributes and elements

    /// `object.name`, as the sandbox has it.
    func attribute(_ object: Value, _ name: String) throws(JinjaError) -> Value {
        if let value = try ownAttribute(object, name) { return value }
        if case .dict(let dict) = object, let value = dict.get(name) { return value }
        return missing(object, name)
    }

    private func missing(_ object: Value, _ name: String) -> Value {
        .undefined(
            MissingValue("\(Representation.quoted(object.objectName)) has no attribute \(Representation.quoted(name))"))
    }

    /// What `getattr` of Python finds.
    private func ownAttribute(_ object: Value, _ name: String) throws(JinjaError) -> Value? {
        if case .undefined(let missing) = object { throw missing.error }
        switch object {
        case .namespace(let namespace): if let value = namespace.values[ExactText(name)] { return value }
        case .loop(let loop): if let value = loopAttribute(loop, name) { return value }
        case .function(let function):
            if case .block("") = function.kind {
                return hasBlock(name) ? .function(FunctionObject(.block(name))) : nil
            }
            if case .macro(let macro) = function.kind {
                if name == "name" { return .string(macro.macro.name) }
                if name == "arguments" { return try tuple(macro.macro.parameters.map { .string($0.name) }) }
            }
        case .cycler(let cycler):
            if name == "current" { return cycler.items[cycler.position] }
            if name == "pos" { return .int(cycler.position) }
            if name == "items" { return try tuple(cycler.items) }
        case .tuple(let sequence) where sequence.isGroup && sequence.items.count == 2:
            if name == "grouper" { return sequence.items[0] }
            if name == "list" { return sequence.items[1] }
        case .range(let range):
            if name == "start" { return .int(range.start) }
            if name == "stop" { return .int(range.stop) }
            if name == "step" { return .int(range.step) }
        case .int, .bool:
            if name == "real" || name == "numerator" { return .int(object.wholeNumber ?? 0) }
            if name == "imag" { return .int(0) }
            if name == "denominator" { return .int(1) }
        case .float(let number):
            if name == "real" { return .float(number) }
            if name == "imag" { return .float(0) }
        default: break
        }
        let refused = Value.undefined(
            MissingValue(
                "access to attribute \(Representation.quoted(name)) of "
                    + "\(Representation.quoted(object.typeName)) object is unsafe.", kind: .security))
        if name.hasPrefix("__"), name.hasSuffix("__"), name.utf8.count > 4 { return refused }
        switch Methods.access(object, name) {
        case .none: return nil
        case .forbidden: return refused
        case .allowed: return .function(FunctionObject(.method(object, name)))
        }
    }

    private func loopAttribute(_ loop: LoopObject, _ name: String) -> Value? {
        switch name {
        case "index": .int(loop.index + 1)
        case "index0": .int(loop.index)
        case "revindex": .int(loop.count - loop.index)
        case "revindex0": .int(loop.count - loop.index - 1)
        case "first": .bool(loop.index == 0)
        case "last": .bool(loop.index == loop.count - 1)
        case "length": .int(loop.count)
        case "depth": .int(loop.level)
        case "depth0": .int(loop.level - 1)
        case "previtem":
            loop.index > 0
                ? loop.items[loop.index - 1] : .undefined(MissingValue("there is no previous item"))
        case "nextitem":
            loop.index + 1 < loop.count
                ? loop.items[loop.index + 1] : .undefined(MissingValue("there is no next item"))
        case "cycle", "changed": .function(FunctionObject(.loopMethod(loop, name)))
        default: nil
        }
    }

    private func element(_ object: Expression, _ key: Expression, _ scope: Scope) throws(JinjaError) -> Value {
        let container = try evaluate(object, scope)
        if case .slice(let start, let stop, let step) = key.kind {
            func part(_ expression: Expression?) throws(JinjaError) -> Value {
                try expression.map { (inner) throws(JinjaError) in try evaluate(inner, scope) } ?? .none
            }
            return try slice(container, try part(start), try part(stop), try part(step))
        }
        return try element(container, try evaluate(key, scope))
    }

    /// `object[key]`, as the sandbox has it.
    func element(_ object: Value, _ key: Value) throws(JinjaError) -> Value {
        if case .undefined(let missing) = object { throw missing.error }
        let key = key.unmarked
        switch object {
        case .dict(let dict):
            do throws(JinjaError) { if let value = try dict.get(key) { return value } } catch {
                guard error.kind == .type else { throw error }
            }
        case .list(let sequence), .tuple(let sequence):
            if let index = key.wholeNumber, let place = Machine.place(index, sequence.items.count) {
                return sequence.items[place]
            }
        case .range(let range):
            if let index = key.wholeNumber, let place = Machine.place(index, range.count) { return range[place] }
        case .string(let text), .markup(let text):
            if let index = key.wholeNumber {
                let scalars = text.unicodeScalars
                try step(text.utf8.count / 64)
                if let place = Machine.place(index, scalars.count) {
                    let character = String(scalars[scalars.index(scalars.startIndex, offsetBy: place)])
                    if case .markup = object { return .markup(character) }
                    return .string(character)
                }
            }
        default: break
        }
        if case .string(let name) = key {
            if let value = try ownAttribute(object, name) { return value }
            return missing(object, name)
        }
        let name: String
        if case .undefined = key { name = "Undefined" } else { name = Representation.repr(key) }
        return .undefined(MissingValue("\(object.objectName) has no element \(name)"))
    }

    static func place(_ index: Int, _ count: Int) -> Int? {
        let place = index < 0 ? index + count : index
        return (0..<count).contains(place) ? place : nil
    }

    private func slice(_ object: Value, _ start: Value, _ stop: Value, _ step: Value) throws(JinjaError) -> Value {
        if case .undefined(let missing) = object { throw missing.error }
        func bound(_ value: Value) -> Int?? {
            if case .none = value { return .some(nil) }
            if let number = value.wholeNumber { return .some(.some(number)) }
            return nil
        }
        switch object {
        case .list, .tuple, .string, .markup, .range: break
        case .dict: throw JinjaError(.type, "unhashable type: 'slice'")
        default: throw JinjaError(.type, "'\(object.typeName)' object is not subscriptable")
        }
        guard let start = bound(start), let stop = bound(stop), let step = bound(step) else {
            throw JinjaError(.type, "slice indices must be integers or None or have an __index__ method")
        }
        if step == 0 { throw JinjaError(.value, "slice step cannot be zero") }
        func places(_ count: Int) -> [Int] { Machine.places(count, start, stop, step ?? 1) }
        switch object {
        case .list(let sequence): return try list(places(sequence.items.count).map { sequence.items[$0] })
        case .tuple(let sequence): return try tuple(places(sequence.items.count).map { sequence.items[$0] })
        case .string(let text), .markup(let text):
            try reserve(text.utf8.count)
            let scalars = Array(text.unicodeScalars)
            var out = String.UnicodeScalarView()
            for place in places(scalars.count) { out.append(scalars[place]) }
            if case .markup = object { return .markup(String(out)) }
            return .string(String(out))
        case .range(let range):
            try reserve(items: range.count)
            return try list(places(range.count).map { range[$0] })
        default: throw JinjaError(.type, "'\(object.typeName)' object is not subscriptable")
        }
    }

    /// The places that a slice takes of `count`.
    static func places(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> [Int] {
        let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
        func clamp(_ bound: Int?, _ fallback: Int) -> Int {
            guard let bound else { return fallback }
            // A bound of less than the count from the end can only be clamped, so nothing overflows.
            return min(max(bound < 0 ? max(bound, -count - 1) + count : bound, low), high)
        }
        let first = clamp(start, step > 0 ? low : high)
        let last = clamp(stop, step > 0 ? high : low)
        return Array(stride(from: first, to: last, by: min(max(step, -count - 1), count + 1)))
    }
}
