// SPDX-License-Identifier: Apache-2.0

/// A macro that is running, with what it was given.
struct RunningCall {
    let macro: MacroObject
    let arguments: CallArguments
}

extension Machine {
    /// Why an evaluation is too deep: as Python has it where a macro is certain never to end, else a budget.
    ///
    /// A macro that calls itself with the same values, and sees nothing that changes, does the same again.
    func tooDeep() -> JinjaError {
        guard let last = running.last, Machine.isConstant(last.macro.scope), let given = signature(last.arguments),
            running.dropLast().contains(where: { $0.macro === last.macro && signature($0.arguments) == given })
        else { return JinjaError(.budget, "more than \(budget.depth) levels of evaluation") }
        return JinjaError(.recursion, "maximum recursion depth exceeded")
    }

    /// What arguments are, written out; nil where they can change, or are long.
    private func signature(_ arguments: CallArguments) -> [String]? {
        var parts: [String] = []
        for (name, value) in arguments.positional.map({ ("", $0) }) + arguments.named.map({ ($0.name, $0.value) }) {
            guard value.weight < 65_536, Machine.isConstant(value, allowsMacros: false) else { return nil }
            parts += [name, Representation.repr(value)]
        }
        return parts
    }

    /// Whether nothing that can change is to be seen from a scope.
    private static func isConstant(_ scope: Scope) -> Bool {
        var next: Scope? = scope
        while let here = next {
            guard here.values.values.allSatisfy({ isConstant($0, allowsMacros: true) }) else { return false }
            next = here.parent
        }
        return true
    }

    private static func isConstant(_ value: Value, allowsMacros: Bool) -> Bool {
        switch value {
        case .undefined, .none, .bool, .int, .float, .string, .markup, .range: return true
        case .list(let sequence), .tuple(let sequence):
            return sequence.items.allSatisfy { isConstant($0, allowsMacros: false) }
        case .dict(let dict): return dict.entries.allSatisfy { isConstant($0.value, allowsMacros: false) }
        case .view(let view): return isConstant(.dict(view.dict), allowsMacros: false)
        case .function(let function):
            if case .macro = function.kind { return allowsMacros }
            return false
        case .iterator, .namespace, .loop, .cycler, .joiner: return false
        }
    }
}
