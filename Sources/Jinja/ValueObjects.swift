// SPDX-License-Identifier: Apache-2.0

/// What is there instead of a value: it prints as nothing, and fails when it is used.
final class MissingValue {
    let message: String
    let kind: JinjaError.Kind

    init(_ message: String, kind: JinjaError.Kind = .undefined) { (self.message, self.kind) = (message, kind) }

    var error: JinjaError { JinjaError(kind, message) }
}

/// The items of a list or a tuple.
final class SequenceObject {
    let items: [Value]
    let depth: Int
    let weight: Int
    /// Whether it is one of the pairs of `groupby`, which have names: `grouper` and `list`.
    let isGroup: Bool

    init(_ items: [Value], isGroup: Bool = false) {
        (self.items, self.isGroup) = (items, isGroup)
        weight = Value.weight(items)
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// A dictionary in the order of insertion.
final class DictObject {
    private(set) var entries: [(key: Value, value: Value)] = []
    private var places: [DictKey: Int] = [:]
    private(set) var depth = 1
    private(set) var weight = 8

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    /// Only while it is built.
    func set(_ key: Value, _ value: Value) throws(JinjaError) {
        let hashed = try DictKey(key)
        depth = max(depth, 1 + max(key.depth, value.depth))
        let (sum, overflow) = weight.addingReportingOverflow(key.weight &+ value.weight &+ 4)
        weight = overflow ? .max / 4 : min(sum, .max / 4)
        if let place = places[hashed] {
            entries[place].value = value
        } else {
            places[hashed] = entries.count
            entries.append((key, value))
        }
    }

    func get(_ key: Value) throws(JinjaError) -> Value? { places[try DictKey(key)].map { entries[$0].value } }

    func get(_ name: String) -> Value? { places[.string(ExactText(name))].map { entries[$0].value } }
}

/// Text compared by its bytes: Swift takes two spellings of `é` for one, Python does not.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    // The same bytes are the same text for Swift too, so its hash will do.
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// A value as a key.
enum DictKey: Hashable {
    case none
    case integer(Int)
    case float(Double)
    case string(ExactText)
    case tuple([DictKey])
    case object(ObjectIdentifier)
    case undefined

    init(_ value: Value) throws(JinjaError) {
        switch value {
        case .none: self = .none
        case .undefined: self = .undefined
        case .bool(let flag): self = .integer(flag ? 1 : 0)
        case .int(let number): self = .integer(number)
        case .float(let number):
            if let whole = Int(exactly: number) { self = .integer(whole) } else { self = .float(number) }
        case .string(let text), .markup(let text): self = .string(ExactText(text))
        case .tuple(let sequence):
            var keys: [DictKey] = []
            for item in sequence.items { keys.append(try DictKey(item)) }
            self = .tuple(keys)
        case .function(let object): self = .object(ObjectIdentifier(object))
        case .namespace(let object): self = .object(ObjectIdentifier(object))
        case .iterator(let object): self = .object(ObjectIdentifier(object))
        case .loop(let object): self = .object(ObjectIdentifier(object))
        case .cycler(let object): self = .object(ObjectIdentifier(object))
        case .joiner(let object): self = .object(ObjectIdentifier(object))
        case .range(let range): self = .tuple([.integer(range.start), .integer(range.stop), .integer(range.step)])
        case .list, .dict, .view: throw JinjaError(.type, "unhashable type: '\(value.typeName)'")
        }
    }
}

/// `range(start, stop, step)`.
final class RangeObject {
    let start, stop, step, count: Int

    /// The step is not 0.
    init(_ start: Int, _ stop: Int, _ step: Int) {
        (self.start, self.stop, self.step) = (start, stop, step)
        let distance = step > 0 ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        let width = step == .min ? Int.max : abs(step)
        if distance.overflow {
            count = .max
        } else {
            count = distance.partialValue <= 0 ? 0 : (distance.partialValue - 1) / width + 1
        }
    }

    /// The caller stays below the count, so nothing can overflow.
    subscript(_ index: Int) -> Value { .int(start &+ index &* step) }
}

/// `dict.keys()` and the like.
final class ViewObject {
    enum Kind: String {
        case keys = "dict_keys"
        case values = "dict_values"
        case items = "dict_items"
    }

    let kind: Kind
    let dict: DictObject

    init(_ kind: Kind, _ dict: DictObject) { (self.kind, self.dict) = (kind, dict) }

    var items: [Value] {
        switch kind {
        case .keys: dict.entries.map(\.key)
        case .values: dict.entries.map(\.value)
        case .items: dict.entries.map { .tuple(SequenceObject([$0.key, $0.value])) }
        }
    }
}

/// Something that can be iterated once.
final class IteratorObject {
    let typeName: String
    /// As Python's `repr` begins: `generator object sync_do_map`.
    let label: String
    private var rest: ArraySlice<Value> = []
    /// What makes the items, when the first is asked for.
    private var make: (() throws(JinjaError) -> [Value])?
    let depth: Int
    let weight: Int

    init(_ items: [Value], typeName: String = "generator", label: String) {
        (rest, self.typeName, self.label) = (items[...], typeName, label)
        weight = Value.weight(items)
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }

    /// Like a generator: nothing runs, and nothing fails, before it is read. `sources` are the values that it holds.
    init(label: String, sources: [Value], make: @escaping () throws(JinjaError) -> [Value]) {
        (typeName, self.label, self.make) = ("generator", label, make)
        weight = Value.weight(sources)
        depth = 2 + (sources.lazy.map(\.depth).max() ?? 0)
    }

    private func load() throws(JinjaError) {
        guard let make else { return }
        self.make = nil
        rest = try make()[...]
    }

    func next() throws(JinjaError) -> Value? {
        try load()
        return rest.popFirst()
    }

    func drain() throws(JinjaError) -> [Value] {
        try load()
        defer { rest = [] }
        return Array(rest)
    }
}

/// Something that can be called.
final class FunctionObject {
    enum Kind {
        /// One of the globals.
        case global(String)
        /// A method of a value.
        case method(Value, String)
        case macro(MacroObject)
        /// `loop.cycle`, `loop.changed`.
        case loopMethod(LoopObject, String)
        /// `self.name`
        case block(String)
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    var typeName: String {
        switch kind {
        case .macro: "Macro"
        case .global("dict"): "TemplateDict"
        case .global("cycler"), .global("joiner"), .global("namespace"): "type"
        case .global: "function"
        case .method: "builtin_function_or_method"
        case .loopMethod: "method"
        case .block(""): "TemplateReference"
        case .block: "BlockReference"
        }
    }

    var isBlock: Bool {
        if case .block = kind { return true }
        return false
    }

    var depth: Int {
        if case .method(let receiver, _) = kind { return receiver.depth + 1 }
        return 0
    }

    var weight: Int {
        if case .method(let receiver, _) = kind { return receiver.weight }
        return 8
    }
}

/// A macro, or the body of a call, with the scope that it sees.
final class MacroObject {
    let macro: Statement.Macro
    let scope: Scope
    let takesCaller: Bool
    let takesNamed: Bool
    let takesMore: Bool

    init(_ macro: Statement.Macro, scope: Scope) {
        (self.macro, self.scope) = (macro, scope)
        let names = NameCollector.names(in: macro.body)
        takesCaller = names.contains("caller")
        takesNamed = names.contains("kwargs")
        takesMore = names.contains("varargs")
    }
}

/// `namespace(…)`: the one thing that a template can change.
final class NamespaceObject {
    var values: [ExactText: Value] = [:]
    var order: [String] = []

    func set(_ name: String, _ value: Value) {
        if values.updateValue(value, forKey: ExactText(name)) == nil { order.append(name) }
    }
}

/// `loop`.
final class LoopObject {
    let items: [Value]
    var index = 0
    let level: Int
    var lastChecked: [Value]?
    /// What `loop(…)` runs.
    let statement: Statement.Loop
    let scope: Scope

    init(_ items: [Value], level: Int, statement: Statement.Loop, scope: Scope) {
        (self.items, self.level, self.statement, self.scope) = (items, level, statement, scope)
    }

    var count: Int { items.count }
}

/// `cycler(…)`.
final class CyclerObject {
    let items: [Value]
    let depth: Int
    let weight: Int
    var position = 0

    init(_ items: [Value]) {
        self.items = items
        weight = Value.weight(items)
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// `joiner(…)`.
final class JoinerObject {
    let separator: String
    var isUsed = false

    init(_ separator: String) { self.separator = separator }
}

/// The names of one level: the template, a loop's turn, a macro's call.
final class Scope {
    var values: [ExactText: Value] = [:]
    let parent: Scope?

    init(_ parent: Scope?) { self.parent = parent }

    func find(_ name: String) -> Value? {
        let key = ExactText(name)
        var scope: Scope? = self
        while let here = scope {
            if let value = here.values[key] { return value }
            scope = here.parent
        }
        return nil
    }

    func set(_ name: String, _ value: Value) { values[ExactText(name)] = value }
}
