// SPDX-License-Identifier: Apache-2.0

/// The filters that take something with items.
struct SequenceFilters {
    let machine: Machine
    let name: String
    let value: Value
    let arguments: CallArguments

    func call() throws(JinjaError) -> Value {
        switch name {
        case "items", "unique", "batch", "slice":
            let function = name == "items" || name == "batch" ? "do_\(name)" : "sync_do_\(name)"
            return try generator(function)
        case "map", "select", "reject", "selectattr", "rejectattr":
            // As Python's: what is empty, and also what is nothing at all, is not even looked at.
            guard value.isTrue else { return try machine.generator("generator object sync_do_\(name)", []) { [] } }
            return try generator("sync_do_\(name)")
        default: return try direct()
        }
    }

    private func generator(_ function: String) throws(JinjaError) -> Value {
        let sources = [value] + arguments.positional + arguments.named.map(\.value)
        return try machine.generator("generator object \(function)", sources) { () throws(JinjaError) in
            switch name {
            case "items": try pairs()
            case "unique": try unique()
            case "map": try map()
            case "batch", "slice": try portions()
            default: try select()
            }
        }
    }

    private func pairs() throws(JinjaError) -> [Value] {
        _ = try bind([])
        switch value {
        case .undefined: return []
        case .dict(let dict): return ViewObject(.items, dict).items
        default: throw JinjaError(.type, "Can only get item pairs from a mapping.")
        }
    }

    private func direct() throws(JinjaError) -> Value {
        switch name {
        case "first":
            _ = try bind([])
            if case .iterator(let iterator) = value {
                return try iterator.next() ?? nothing("No first item, sequence was empty.")
            }
            return try machine.iterate(value).first ?? nothing("No first item, sequence was empty.")
        case "last":
            _ = try bind([])
            if case .iterator(let iterator) = value {
                throw JinjaError(.type, "'\(iterator.typeName)' object is not reversible")
            }
            switch value {
            case .none, .bool, .int, .float, .function, .namespace, .cycler, .joiner:
                throw JinjaError(.type, "'\(value.typeName)' object is not reversible")
            default: break
            }
            return try machine.iterate(value).last ?? nothing("No last item, sequence was empty.")
        case "random": throw JinjaError(.unsupported, "the filter `random`: its result is random")
        case "list":
            _ = try bind([])
            return try machine.list(try machine.iterate(value))
        case "reverse":
            _ = try bind([])
            if case .string(let text) = value {
                return try machine.string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            }
            if case .iterator = value {
            } else if case .undefined = value {
                return .iterator(
                    IteratorObject([], typeName: "generator", label: "generator object Undefined.__iter__"))
            }
            let items: [Value]
            do throws(JinjaError) { items = Array(try machine.iterate(value).reversed()) } catch {
                guard error.kind == .type, case .iterator = value else {
                    throw error.kind == .type
                        ? JinjaError(.filterArgument, "argument must be iterable") : error
                }
                throw error
            }
            return .iterator(
                IteratorObject(items, typeName: "list_reverseiterator", label: "list_reverseiterator object"))
        case "attr":
            let bound = try bind(["name"], 1)
            return try attribute(bound[0] ?? .none)
        case "join": return try join()
        case "sum":
            let bound = try bind(["attribute", "start"])
            var total = bound[1] ?? .int(0)
            for item in try machine.iterate(value) {
                total = try machine.binary(
                    .add, total, try bound[0].map { (path) throws(JinjaError) in try get(item, path) } ?? item)
            }
            return total
        case "min", "max": return try extreme()
        case "sort":
            let bound = try bind(["reverse", "case_sensitive", "attribute"])
            let keys = try paths(bound[2])
            let isSensitive = bound[1]?.isTrue ?? false
            return try machine.list(
                try machine.sorted(
                    try machine.iterate(value),
                    by: { (item) throws(JinjaError) in try sortKey(item, keys, isSensitive) },
                    reverse: bound[0]?.isTrue ?? false))
        case "groupby": return try group()
        case "dictsort": return try sortDictionary()
        default: throw JinjaError(.unsupported, "the filter `\(name)`")
        }
    }

    private func bind(_ names: [String], _ required: Int = 0) throws(JinjaError) -> [Value?] {
        try machine.bind("do_" + name, names, arguments, required: required)
    }

    private func nothing(_ message: String) -> Value { .undefined(MissingValue(message)) }

    private func attribute(_ key: Value) throws(JinjaError) -> Value {
        let name = try machine.text(key)
        if case .undefined(let missing) = value { throw missing.error }
        // Unlike a dot, it does not look at what a mapping holds.
        if case .dict = value, case .none = Methods.access(value, name), !name.hasPrefix("__") {
            return .undefined(
                MissingValue("'dict object' has no attribute \(Representation.quoted(name))"))
        }
        return try machine.attribute(value, name)
    }

    // MARK: Keys

    /// An attribute's path: names and numbers between points.
    private func get(_ item: Value, _ path: Value, fallback: Value? = nil) throws(JinjaError) -> Value {
        try machine.step()
        var parts: [Value] = [path]
        if case .string(let text) = path {
            parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    ? Int(part).map { .int($0) } ?? .string(String(part)) : .string(String(part))
            }
        }
        var result = item
        for part in parts {
            result = try machine.element(result, part)
            if result.isUndefined, let fallback { result = fallback }
        }
        return result
    }

    private func paths(_ attribute: Value?) throws(JinjaError) -> [Value] {
        guard let attribute else { return [.none] }
        switch attribute {
        case .string(let text):
            return text.split(separator: ",", omittingEmptySubsequences: false).map { .string(String($0)) }
        default: return [attribute]
        }
    }

    private func fold(_ value: Value, _ isSensitive: Bool) throws(JinjaError) -> Value {
        try machine.step()
        if !isSensitive, let text = value.text { return try machine.string(text.lowercased()) }
        return value
    }

    private func key(_ item: Value, _ paths: [Value], _ isSensitive: Bool) throws(JinjaError) -> Value {
        try fold(try paths.first.map { (path) throws(JinjaError) in try get(item, path) } ?? item, isSensitive)
    }

    /// What `sort` compares: a list, also of one key, so that two that are undefined are the same and need no order.
    private func sortKey(_ item: Value, _ paths: [Value], _ isSensitive: Bool) throws(JinjaError) -> Value {
        var keys: [Value] = []
        for path in paths {
            if case .none = path {
                keys.append(try fold(item, isSensitive))
            } else {
                keys.append(try fold(try get(item, path), isSensitive))
            }
        }
        return try machine.list(keys)
    }

    // MARK: Filters

    private func join() throws(JinjaError) -> Value {
        let bound = try bind(["d", "attribute"])
        let separator = try bound[0].map { (value) throws(JinjaError) in try machine.text(value) } ?? ""
        var out = ""
        for (place, item) in try machine.iterate(value).enumerated() {
            let piece = try machine.text(try bound[1].map { (path) throws(JinjaError) in try get(item, path) } ?? item)
            try machine.step()
            guard out.utf8.count + piece.utf8.count + separator.utf8.count <= machine.budget.stringBytes else {
                throw JinjaError(.budget, "a string of more than \(machine.budget.stringBytes) bytes")
            }
            if place > 0 { out += separator }
            out += piece
        }
        return try machine.string(out)
    }

    private func extreme() throws(JinjaError) -> Value {
        let bound = try bind(["case_sensitive", "attribute"])
        let isSensitive = bound[0]?.isTrue ?? false
        let keys = bound[1].map { [$0] } ?? []
        var best: (item: Value, key: Value)?
        for item in try machine.iterate(value) {
            let key = try key(item, keys, isSensitive)
            guard let current = best else {
                best = (item, key)
                continue
            }
            if try name == "min"
                ? machine.isLess(key, current.key) : machine.isLess(current.key, key, ">", shown: (key, current.key))
            {
                best = (item, key)
            }
        }
        return best?.item ?? nothing("No aggregated item, sequence was empty.")
    }

    private func unique() throws(JinjaError) -> [Value] {
        let bound = try bind(["case_sensitive", "attribute"])
        var seen: Set<DictKey> = []
        var items: [Value] = []
        let keys = bound[1].map { [$0] } ?? []
        for item in try machine.iterate(value) {
            if seen.insert(try DictKey(try key(item, keys, bound[0]?.isTrue ?? false))).inserted { items.append(item) }
        }
        return items
    }

    private func group() throws(JinjaError) -> Value {
        let bound = try bind(["attribute", "default", "case_sensitive"], 1)
        let path = bound[0] ?? .none
        let isSensitive = bound[2]?.isTrue ?? false
        func raw(_ item: Value) throws(JinjaError) -> Value { try get(item, path, fallback: bound[1]) }
        let items = try machine.sorted(
            try machine.iterate(value), by: { (item) throws(JinjaError) in try fold(try raw(item), isSensitive) })
        var groups: [(key: Value, items: [Value])] = []
        var last: Value?
        for item in items {
            let key = try fold(try raw(item), isSensitive)
            if let last, try machine.equal(last, key) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((try raw(item), [item]))
                last = key
            }
        }
        var out: [Value] = []
        for group in groups {
            let pair = SequenceObject([group.key, try machine.list(group.items)], isGroup: true)
            try machine.check(pair.depth, pair.weight)
            out.append(.tuple(pair))
        }
        return try machine.list(out)
    }

    private func sortDictionary() throws(JinjaError) -> Value {
        let bound = try bind(["case_sensitive", "by", "reverse"])
        var place = 0
        if case .string(let by)? = bound[1] {
            guard by == "key" || by == "value" else {
                throw JinjaError(.filterArgument, "You can only sort by either \"key\" or \"value\"")
            }
            place = by == "key" ? 0 : 1
        }
        if case .undefined(let missing) = value { throw missing.error }
        guard case .dict(let dict) = value else {
            throw JinjaError(.attribute, "'\(value.typeName)' object has no attribute 'items'")
        }
        let isSensitive = bound[0]?.isTrue ?? false
        return try machine.list(
            try machine.sorted(
                ViewObject(.items, dict).items,
                by: { (item) throws(JinjaError) in try fold(try machine.element(item, .int(place)), isSensitive) },
                reverse: bound[2]?.isTrue ?? false))
    }

    private func portions() throws(JinjaError) -> [Value] {
        let bound = try bind([name == "batch" ? "linecount" : "slices", "fill_with"], 1)
        guard let count = bound[0]?.wholeNumber else {
            throw JinjaError(.type, "'\((bound[0] ?? .none).typeName)' object cannot be interpreted as an integer")
        }
        let items = try machine.iterate(value)
        var out: [Value] = []
        var fill: Value?
        if let value = bound[1] { if case .none = value {} else { fill = value } }
        if name == "batch" {
            var start = 0
            guard count > 0 else {
                throw JinjaError(.unsupported, "the filter `batch` with \(count)")
            }
            while start < items.count {
                var part = Array(items[start..<min(items.count, start + min(count, items.count))])
                if let fill, part.count < count {
                    try machine.reserve(items: count)
                    part += Array(repeating: fill, count: count - part.count)
                }
                out.append(try machine.list(part))
                start += part.count
            }
            return out
        }
        guard count != 0 else { throw JinjaError(.zeroDivision, "integer division or modulo by zero") }
        guard count > 0 else { return [] }
        try machine.reserve(items: count)
        let (size, extra) = (items.count / count, items.count % count)
        var start = 0
        for index in 0..<count {
            let end = start + size + (index < extra ? 1 : 0)
            var part = Array(items[start..<end])
            start = end
            if let fill, index >= extra { part.append(fill) }
            out.append(try machine.list(part))
        }
        return out
    }

    private func map() throws(JinjaError) -> [Value] {
        if arguments.positional.isEmpty, let path = arguments.named.first(where: { $0.name == "attribute" })?.value {
            let fallback = arguments.named.first { $0.name == "default" }?.value
            if let other = arguments.named.first(where: { $0.name != "attribute" && $0.name != "default" }) {
                throw JinjaError(
                    .filterArgument, "Unexpected keyword argument \(Representation.quoted(other.name))")
            }
            var out: [Value] = []
            for item in try machine.iterate(value) { out.append(try get(item, path, fallback: fallback)) }
            return out
        }
        guard case .string(let filter)? = arguments.positional.first else {
            throw JinjaError(.filterArgument, "map requires a filter argument")
        }
        var rest = arguments
        rest.positional.removeFirst()
        let items = try machine.iterate(value)
        guard items.isEmpty || Machine.filterNames.contains(filter) else {
            throw JinjaError(.runtime, "No filter named \(Representation.quoted(filter)).")
        }
        var out: [Value] = []
        for item in items {
            out.append(try machine.nested { () throws(JinjaError) in try machine.filter(filter, item, rest) })
        }
        return out
    }

    private func select() throws(JinjaError) -> [Value] {
        let usesAttribute = name.hasSuffix("attr")
        let wanted = name.hasPrefix("select")
        var rest = arguments
        var path: Value?
        if usesAttribute {
            guard let first = rest.positional.first else {
                throw JinjaError(.filterArgument, "Missing parameter for attribute name")
            }
            path = first
            rest.positional.removeFirst()
        }
        var test: String?
        if let first = rest.positional.first {
            guard case .string(let text) = first else {
                throw JinjaError(.runtime, "No test named \(Representation.repr(first)) found.")
            }
            test = text
            guard Machine.testNames.contains(text) else {
                throw JinjaError(.runtime, "No test named \(Representation.quoted(text)).")
            }
            rest.positional.removeFirst()
        }
        var out: [Value] = []
        for item in try machine.iterate(value) {
            try machine.step()
            let subject = try path.map { (path) throws(JinjaError) in try get(item, path) } ?? item
            let isChosen =
                try test.map { (test) throws(JinjaError) in try machine.test(test, subject, rest) } ?? subject.isTrue
            if isChosen == wanted { out.append(item) }
        }
        return out
    }
}
