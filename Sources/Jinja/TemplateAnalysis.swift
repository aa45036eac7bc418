// SPDX-License-Identifier: Apache-2.0

/// What a template would reach for, found by reading its tree. Nothing of it runs.
///
/// Names that are put together from literals are folded: `'__cl' ~ 'ass__'`, `'%s__' % '__class'`, `['a', 'b']|join`,
/// `'{}'.format('x')`, escapes, slices, `|replace`, `|lower`, `|reverse`.
public struct TemplateAnalysis: Sendable {
    /// A name that is reached on a value.
    public struct Access: Sendable, Hashable {
        /// How it is reached.
        public enum Way: Sendable, Hashable {
            case dot
            case brackets
            case attrFilter
            case mapFilter
            case formatField
        }
        /// The name; nil when it is only known at run time.
        public let name: String?
        /// How it is reached.
        public let way: Way
        /// Whether the name was put together, not written out.
        public let isFolded: Bool
        /// Whether what was reached is called.
        public let isCalled: Bool
        /// Where.
        public let place: SourcePlace
    }

    /// A loop over a range of known size, or loops inside each other.
    public struct Loop: Sendable, Hashable {
        /// How often the body can run, the loops around it included; nil when it depends on the data.
        public let bound: Int?
        /// The loops around it.
        public let level: Int
        /// Where.
        public let place: SourcePlace
    }

    /// A name or a text with its place.
    public struct Mention: Sendable, Hashable {
        /// The name or the text.
        public let text: String
        /// Where.
        public let place: SourcePlace
    }

    /// A condition on a text that a person or a model wrote.
    public struct ContentCondition: Sendable, Hashable {
        /// The text that is looked for.
        public let text: String
        /// What is looked at, as far as it has names: `message.content`.
        public let subject: String
        /// Where.
        public let place: SourcePlace
    }

    /// Names reached on values.
    public private(set) var accesses: [Access] = []
    /// Names read.
    public private(set) var names: [Mention] = []
    /// Names that are called, as they are written.
    public private(set) var calls: [Mention] = []
    /// Filters used.
    public private(set) var filters: [Mention] = []
    /// Tests used.
    public private(set) var tests: [Mention] = []
    /// `include`, `import`, `from` and `extends`, with the template they name.
    public private(set) var inclusions: [Mention] = []
    /// Loops.
    public private(set) var loops: [Loop] = []
    /// Literal and folded texts in expressions.
    public private(set) var texts: [Mention] = []
    /// Text that is printed as it is.
    public private(set) var outputs: [Mention] = []
    /// Conditions on content.
    public private(set) var conditions: [ContentCondition] = []
    private var loopBounds: [Int?] = []

    /// Analyses a template.
    public init(_ template: Template) { walk(template.body) }

    private mutating func walk(_ body: [Statement]) {
        for statement in body {
            switch statement.kind {
            case .text(let text): outputs.append(Mention(text: text, place: statement.place))
            case .include(let name, _), .import(let name, _), .fromImport(let name, _), .extends(let name):
                inclusions.append(Mention(text: ConstantFolder.text(name) ?? "", place: statement.place))
            case .call(let call, _): walk(call, isCalled: false)
            case .setBlock(_, let filter?, _): walk(filter, isCalled: false)
            default: break
            }
            for expression in statement.expressions { walk(expression, isCalled: false) }
            if case .loop(let loop) = statement.kind {
                loopBounds.append(ConstantFolder.count(loop.items))
                var bound: Int? = 1
                for factor in loopBounds {
                    guard let known = bound, let factor else {
                        bound = nil
                        break
                    }
                    let (product, overflow) = known.multipliedReportingOverflow(by: factor)
                    bound = overflow ? .max : product
                }
                loops.append(Loop(bound: bound, level: loopBounds.count, place: statement.place))
                walk(loop.body)
                loopBounds.removeLast()
                walk(loop.otherwise)
            } else {
                for child in statement.children { walk(child) }
            }
        }
    }

    private mutating func reach(_ name: Expression?, _ way: Access.Way, isCalled: Bool, at place: SourcePlace) {
        guard let name else { return }
        if case .constant(.integer) = name.kind { return }
        if case .slice = name.kind { return }
        var isFolded = true
        if case .constant = name.kind { isFolded = false }
        accesses.append(
            Access(name: ConstantFolder.text(name), way: way, isFolded: isFolded, isCalled: isCalled, place: place))
    }

    private mutating func walk(_ expression: Expression, isCalled: Bool) {
        let place = expression.place
        switch expression.kind {
        case .constant(.string(let text)): texts.append(Mention(text: text, place: place))
        case .name(let name): names.append(Mention(text: name, place: place))
        case .attribute(_, let name):
            accesses.append(Access(name: name, way: .dot, isFolded: false, isCalled: isCalled, place: place))
        case .element(_, let key): reach(key, .brackets, isCalled: isCalled, at: place)
        case .call(let function, let arguments):
            calls.append(Mention(text: ConstantFolder.path(function), place: place))
            if case .attribute(let format, let name) = function.kind, name == "format" || name == "format_map",
                let text = ConstantFolder.text(format)
            {
                for field in ConstantFolder.fields(text) {
                    accesses.append(
                        Access(name: field, way: .formatField, isFolded: true, isCalled: false, place: place))
                }
            }
            walk(function, isCalled: true)
            for argument in arguments.expressions { walk(argument, isCalled: false) }
            fold(expression)
            return
        case .filter(_, let name, let arguments):
            filters.append(Mention(text: name, place: place))
            if name == "attr" { reach(arguments.positional.first, .attrFilter, isCalled: isCalled, at: place) }
            if ["map", "selectattr", "rejectattr", "sort", "groupby", "unique", "sum", "min", "max", "join"].contains(
                name)
            {
                let named = arguments.named.first { $0.name == "attribute" }?.value
                let first = name.hasSuffix("attr") || name == "groupby" ? arguments.positional.first : nil
                reach(named ?? first, .mapFilter, isCalled: false, at: place)
            }
        case .test(_, let name, _): tests.append(Mention(text: name, place: place))
        case .comparison(let first, let rest):
            for part in rest where part.relation == .isIn || part.relation == .isNotIn || part.relation == .equal {
                let subject = part.relation == .equal ? first : part.value
                let needle = part.relation == .equal ? part.value : first
                if let text = ConstantFolder.text(needle), ConstantFolder.path(subject).contains("content") {
                    conditions.append(
                        ContentCondition(text: text, subject: ConstantFolder.path(subject), place: place))
                }
            }
        default: break
        }
        for child in expression.kind.children { walk(child, isCalled: false) }
        fold(expression)
    }

    /// Notes the text that an expression of literals comes to.
    private mutating func fold(_ expression: Expression) {
        if case .constant = expression.kind { return }
        if let text = ConstantFolder.text(expression) { texts.append(Mention(text: text, place: expression.place)) }
    }
}
