// SPDX-License-Identifier: Apache-2.0

/// A statement of a template.
public final class Statement: Sendable {
    /// What the statement is.
    public let kind: Kind
    /// Where it begins.
    public let place: SourcePlace

    init(_ kind: Kind, at place: SourcePlace) { (self.kind, self.place) = (kind, place) }

    /// The kinds of statements, with their parts.
    public enum Kind: Sendable {
        /// Text that is printed as it is.
        case text(String)
        /// `{{ expression }}`, and `{% print %}`.
        case output(Expression)
        /// The first condition that holds; an `else` has none.
        case conditional([(condition: Expression?, body: [Statement])])
        case loop(Loop)
        case set(Target, Expression)
        /// `{% set name | filters %}…{% endset %}`
        case setBlock(Target, filter: Expression?, body: [Statement])
        case macro(Macro)
        /// `{% call(parameters) expression %}…{% endcall %}`
        case call(Expression, caller: Macro)
        /// `{% filter filters %}…{% endfilter %}`
        case filter(Expression, body: [Statement])
        case with([(target: Target, value: Expression)], body: [Statement])
        case autoescape(Expression, body: [Statement])
        /// `{% generation %}…{% endgeneration %}`: what the model wrote.
        case generation([Statement])
        case block(name: String, isScoped: Bool, isRequired: Bool, body: [Statement])
        case include(Expression, ignoresMissing: Bool)
        case `import`(Expression, name: String)
        case fromImport(Expression, names: [(name: String, alias: String)])
        case extends(Expression)
        case breakLoop
        case continueLoop
    }

    /// A loop.
    public struct Loop: Sendable {
        /// What each item is bound to.
        public let target: Target
        /// What is iterated.
        public let items: Expression
        /// Which items count.
        public let condition: Expression?
        /// Whether `loop(…)` runs it again.
        public let isRecursive: Bool
        /// What runs for each item.
        public let body: [Statement]
        /// What runs when there was none.
        public let otherwise: [Statement]
    }

    /// A macro, or the body of a `call`.
    public struct Macro: Sendable {
        /// Its name; empty for the body of a call.
        public let name: String
        /// The parameters, with their defaults.
        public let parameters: [(name: String, fallback: Expression?)]
        /// What runs.
        public let body: [Statement]
    }

    /// Something that can be assigned to.
    public indirect enum Target: Sendable {
        case name(String)
        /// `namespace.name`
        case attribute(String, name: String)
        case tuple([Target])
    }

    /// The statements directly below, in their order.
    public var children: [[Statement]] {
        switch kind {
        case .conditional(let branches): branches.map(\.body)
        case .loop(let loop): [loop.body, loop.otherwise]
        case .macro(let macro), .call(_, let macro): [macro.body]
        case .setBlock(_, _, let body), .filter(_, let body), .with(_, let body), .autoescape(_, let body),
            .generation(let body), .block(_, _, _, let body):
            [body]
        default: []
        }
    }

    /// The expressions of the statement itself, in their order.
    public var expressions: [Expression] {
        switch kind {
        case .output(let expression), .set(_, let expression), .filter(let expression, _),
            .autoescape(let expression, _), .include(let expression, _), .import(let expression, _),
            .fromImport(let expression, _), .extends(let expression):
            [expression]
        case .conditional(let branches): branches.compactMap(\.condition)
        case .loop(let loop): [loop.items] + (loop.condition.map { [$0] } ?? [])
        case .setBlock(_, let filter, _): filter.map { [$0] } ?? []
        case .macro(let macro): macro.parameters.compactMap(\.fallback)
        case .call(let call, let caller): [call] + caller.parameters.compactMap(\.fallback)
        case .with(let bindings, _): bindings.map(\.value)
        default: []
        }
    }
}
