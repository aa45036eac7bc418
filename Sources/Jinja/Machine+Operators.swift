// SPDX-License-Identifier: Apache-2.0

extension Machine {
    func binary(_ symbol: Expression.BinaryOperator, _ left: Value, _ right: Value) throws(JinjaError) -> Value {
        if let result = try markedBinary(symbol, left, right) { return result }
        if case .string(let format) = left, symbol == .modulo {
            return try string(try PercentFormat.format(format, right, self))
        }
        if case .undefined(let missing) = left { throw missing.error }
        if case .undefined(let missing) = right { throw missing.error }
        if let a = left.wholeNumber, let b = right.wholeNumber { return try Operators.whole(symbol, a, b) }
        if let a = left.number, let b = right.number { return try Operators.floating(symbol, a, b) }
        switch (symbol, left, right) {
        case (.add, .string(let a), .string(let b)):
            try reserve(a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.add, .list(let a), .list(let b)):
            try reserve(items: a.items.count + b.items.count)
            return try list(a.items + b.items)
        case (.add, .tuple(let a), .tuple(let b)):
            try reserve(items: a.items.count + b.items.count)
            return try tuple(a.items + b.items)
        case (.multiply, _, _):
            if let count = right.wholeNumber, let result = try repeated(left, count) { return result }
            if let count = left.wholeNumber, let result = try repeated(right, count) { return result }
        default: break
        }
        if symbol == .add, case .string = left {
            throw JinjaError(.type, "can only concatenate str (not \"\(right.typeName)\") to str")
        }
        if symbol == .add, case .list = left {
            throw JinjaError(.type, "can only concatenate list (not \"\(right.typeName)\") to list")
        }
        if symbol == .add, case .tuple = left {
            throw JinjaError(.type, "can only concatenate tuple (not \"\(right.typeName)\") to tuple")
        }
        if symbol == .multiply {
            for (sequence, other) in [(left, right), (right, left)] {
                switch sequence {
                case .string, .list, .tuple:
                    throw JinjaError(.type, "can't multiply sequence by non-int of type '\(other.typeName)'")
                default: continue
                }
            }
        }
        let name = symbol == .power ? "** or pow()" : symbol.rawValue
        throw JinjaError(
            .type, "unsupported operand type(s) for \(name): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func repeated(_ value: Value, _ count: Int) throws(JinjaError) -> Value? {
        let count = max(0, count)
        func total(_ size: Int) -> Int {
            let (product, overflow) = size.multipliedReportingOverflow(by: count)
            return overflow ? .max : product
        }
        switch value {
        case .string(let text):
            try reserve(total(text.utf8.count))
            return .string(text.isEmpty ? "" : String(repeating: text, count: count))
        case .list(let sequence), .tuple(let sequence):
            let items = sequence.items
            guard total(items.count) <= budget.sequenceCount else {
                throw JinjaError(.budget, "a sequence of more than \(budget.sequenceCount) items")
            }
            let all = items.isEmpty ? [] : Array(repeatElement(items, count: count).joined())
            if case .list = value { return try list(all) }
            return try tuple(all)
        default: return nil
        }
    }

    // MARK: Comparisons

    func compare(_ symbol: Expression.ComparisonOperator, _ left: Value, _ right: Value) throws(JinjaError) -> Bool {
        switch symbol {
        case .equal: return try equal(left, right)
        case .notEqual: return !(try equal(left, right))
        case .isIn: return try contains(right, left)
        case .isNotIn: return !(try contains(right, left))
        case .less: return try isLess(left, right, "<")
        case .greater: return try isLess(right, left, ">", shown: (left, right))
        case .lessOrEqual: return try isOrdered(left, right, "<=", shown: (left, right))
        case .greaterOrEqual: return try isOrdered(right, left, ">=", shown: (left, right))
        }
    }

    /// `left <= right`; not the opposite of `>` where there is no order at all.
    private func isOrdered(
        _ left: Value, _ right: Value, _ symbol: String, shown: (Value, Value)
    ) throws(JinjaError)
        -> Bool
    {
        if let a = left.number, let b = right.number {
            if let a = left.wholeNumber, let b = right.wholeNumber { return a <= b }
            return a <= b
        }
        let isLess = try isLess(left, right, symbol, shown: shown)
        return isLess ? true : try equal(left, right)
    }

    func equal(_ left: Value, _ right: Value) throws(JinjaError) -> Bool {
        try step()
        let (left, right) = (left.unmarked, right.unmarked)
        if let a = left.wholeNumber, let b = right.wholeNumber { return a == b }
        if let a = left.number, let b = right.number { return a == b }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let a), .string(let b)):
            guard a.utf8.count == b.utf8.count else { return false }
            try step(a.utf8.count / 16)
            return a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            guard a.items.count == b.items.count else { return false }
            for (one, other) in zip(a.items, b.items) where !(try equal(one, other)) { return false }
            return true
        case (.dict(let a), .dict(let b)):
            guard a.count == b.count else { return false }
            for entry in a.entries {
                guard let other = try b.get(entry.key), try equal(entry.value, other) else { return false }
            }
            return true
        case (.range(let a), .range(let b)):
            guard a.count == b.count else { return false }
            return a.count == 0 || (a.start == b.start && (a.count == 1 || a.step == b.step))
        default: return isSame(left, right)
        }
    }

    /// `is`: the same object.
    func isSame(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.none, .none): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.string(let a), .string(let b)), (.markup(let a), .markup(let b)): a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a === b
        case (.dict(let a), .dict(let b)): a === b
        case (.undefined(let a), .undefined(let b)): a === b
        case (.iterator(let a), .iterator(let b)): a === b
        case (.namespace(let a), .namespace(let b)): a === b
        case (.loop(let a), .loop(let b)): a === b
        case (.cycler(let a), .cycler(let b)): a === b
        case (.joiner(let a), .joiner(let b)): a === b
        case (.function(let a), .function(let b)): a === b
        default: false
        }
    }

    func isLess(
        _ left: Value, _ right: Value, _ symbol: String = "<", shown: (Value, Value)? = nil
    ) throws(JinjaError)
        -> Bool
    {
        try step()
        if let a = left.wholeNumber, let b = right.wholeNumber { return a < b }
        if let a = left.number, let b = right.number { return a < b }
        switch (left.unmarked, right.unmarked) {
        case (.string(let a), .string(let b)):
            try step(min(a.utf8.count, b.utf8.count) / 64)
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (one, other) in zip(a.items, b.items) where !(try equal(one, other)) {
                return try isLess(one, other, symbol, shown: symbol.hasPrefix(">") ? (other, one) : (one, other))
            }
            return a.items.count < b.items.count
        default: break
        }
        let (a, b) = shown ?? (left, right)
        if case .undefined(let missing) = a { throw missing.error }
        if case .undefined(let missing) = b { throw missing.error }
        throw JinjaError(
            .type, "'\(symbol)' not supported between instances of '\(a.typeName)' and '\(b.typeName)'")
    }

    func contains(_ container: Value, _ item: Value) throws(JinjaError) -> Bool {
        switch container {
        case .string(let text), .markup(let text):
            guard let part = item.text else {
                throw JinjaError(.type, "'in <string>' requires string as left operand, not \(item.typeName)")
            }
            return try find(part, in: text) != nil
        case .dict(let dict): return try dict.get(item) != nil
        case .view(let view) where view.kind == .keys: return try view.dict.get(item) != nil
        case .namespace, .function, .none, .bool, .int, .float, .cycler, .joiner:
            throw JinjaError(.type, "argument of type '\(container.typeName)' is not iterable")
        default:
            for other in try iterate(container) where try equal(other, item) { return true }
            return false
        }
    }

    /// Where `part` is found first in `text`, as a place in its bytes from `start`.
    func find(_ part: String, in text: String, from start: Int = 0) throws(JinjaError) -> Int? {
        let (needle, bytes) = (Array(part.utf8), Array(text.utf8))
        guard needle.count <= bytes.count else { return nil }
        guard let first = needle.first else { return start <= bytes.count ? start : nil }
        var place = start
        var effort = 0
        while place <= bytes.count - needle.count {
            effort += 1
            if bytes[place] == first {
                var index = 1
                while index < needle.count, bytes[place + index] == needle[index] { index += 1 }
                effort += index
                if index == needle.count { break }
            }
            place += 1
            if effort > 4096 {
                try step(effort / 32)
                effort = 0
            }
        }
        return place <= bytes.count - needle.count ? place : nil
    }

    /// Sorted by Python's rules: stable, an error where there is no order.
    func sorted(
        _ items: [Value], by key: (Value) throws(JinjaError) -> Value, reverse: Bool = false
    )
        throws(JinjaError) -> [Value]
    {
        var keyed: [(key: Value, place: Int)] = []
        for (place, item) in items.enumerated() { keyed.append((try key(item), place)) }
        if keyed.count < 64 {
            return try insertionSorted(keyed, reverse: reverse).map { items[$0] }
        }
        var failure: JinjaError?
        keyed.sort { a, b in
            guard failure == nil else { return a.place < b.place }
            do throws(JinjaError) {
                if try isLess(a.key, b.key) { return !reverse }
                if try isLess(b.key, a.key) { return reverse }
            } catch { failure = error }
            return a.place < b.place
        }
        if let failure { throw failure }
        return keyed.map { items[$0.place] }
    }

    /// The places of a few keys in their order, compared in the order in which Python compares them: the first two that
    /// cannot be compared are in the message.
    private func insertionSorted(
        _ given: [(key: Value, place: Int)], reverse: Bool
    )
        throws(JinjaError) -> [Int]
    {
        var keyed = reverse ? given.reversed() : given
        var run = min(1, keyed.count)
        if keyed.count > 1 {
            let isDescending = try isLess(keyed[1].key, keyed[0].key)
            run = 2
            while run < keyed.count, try isLess(keyed[run].key, keyed[run - 1].key) == isDescending { run += 1 }
            if isDescending { keyed[..<run].reverse() }
        }
        for start in run..<max(run, keyed.count) {
            let pivot = keyed[start]
            var (low, high) = (0, start)
            while low < high {
                let middle = (low + high) / 2
                if try isLess(pivot.key, keyed[middle].key) { high = middle } else { low = middle + 1 }
            }
            keyed.remove(at: start)
            keyed.insert(pivot, at: low)
        }
        return (reverse ? keyed.reversed() : keyed).map(\.place)
    }
}
