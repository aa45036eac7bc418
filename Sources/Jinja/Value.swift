// SPDX-License-Identifier: Apache-2.0

/// A value while a template runs. Lists, tuples and dictionaries never change, as in the sandbox that this follows.
enum Value {
    case undefined(MissingValue)
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case markup(String)
    case list(SequenceObject)
    case tuple(SequenceObject)
    case dict(DictObject)
    case range(RangeObject)
    case view(ViewObject)
    case iterator(IteratorObject)
    case function(FunctionObject)
    case namespace(NamespaceObject)
    case loop(LoopObject)
    case cycler(CyclerObject)
    case joiner(JoinerObject)

    /// The name of its class in Python.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "str"
        case .markup: "Markup"
        case .list: "list"
        case .tuple(let sequence): sequence.isGroup ? "_GroupTuple" : "tuple"
        case .dict: "dict"
        case .range: "range"
        case .view(let view): view.kind.rawValue
        case .iterator(let iterator): iterator.typeName
        case .function(let function): function.typeName
        case .namespace: "TemplateNamespace"
        case .loop: "LoopContext"
        case .cycler: "Cycler"
        case .joiner: "Joiner"
        }
    }

    /// As jinja2 names it in messages about what it does not have.
    var objectName: String {
        switch self {
        case .none: "None"
        case .undefined, .loop: "jinja2.runtime.\(typeName) object"
        case .namespace: "transformers.utils.chat_template_utils.\(typeName) object"
        case .cycler, .joiner: "jinja2.utils.\(typeName) object"
        case .markup: "markupsafe.Markup object"
        case .function(let function) where function.isBlock: "jinja2.runtime.\(typeName) object"
        case .tuple(let sequence) where sequence.isGroup: "jinja2.filters.\(typeName) object"
        default: "\(typeName) object"
        }
    }

    /// Whether it counts as true in a condition.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .float(let value): value != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .list(let sequence), .tuple(let sequence): !sequence.items.isEmpty
        case .dict(let dict): !dict.isEmpty
        case .range(let range): range.count > 0
        case .view(let view): !view.dict.isEmpty
        case .loop(let loop): loop.count > 0
        case .iterator, .function, .namespace, .cycler, .joiner: true
        }
    }

    /// The levels of containers below and with this one.
    var depth: Int {
        switch self {
        case .list(let sequence), .tuple(let sequence): sequence.depth
        case .dict(let dict): dict.depth
        case .view(let view): view.dict.depth + 1
        case .iterator(let iterator): iterator.depth
        case .function(let function): function.depth
        case .cycler(let cycler): cycler.depth
        default: 0
        }
    }

    /// About the bytes that it takes to write it, everything in it included; saturating.
    var weight: Int {
        switch self {
        case .string(let text), .markup(let text): text.utf8.count
        case .list(let sequence), .tuple(let sequence): sequence.weight
        case .dict(let dict): dict.weight
        case .view(let view): view.dict.weight
        case .iterator(let iterator): iterator.weight
        case .function(let function): function.weight
        case .cycler(let cycler): cycler.weight
        default: 8
        }
    }

    /// The weight of items together; saturating.
    static func weight(_ items: some Sequence<Value>) -> Int {
        items.reduce(8) { sum, item in
            let (total, overflow) = sum.addingReportingOverflow(item.weight &+ 2)
            return overflow ? .max / 4 : min(total, .max / 4)
        }
    }

    /// The whole number that a boolean or an integer is.
    var wholeNumber: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): value
        default: nil
        }
    }

    /// The number as a floating one.
    var number: Double? {
        if case .float(let value) = self { return value }
        return wholeNumber.map(Double.init)
    }

    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }
}
