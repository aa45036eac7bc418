// SPDX-License-Identifier: Apache-2.0

/// An expression of a template.
public final class Expression: Sendable {
    /// What the expression is.
    public let kind: Kind
    /// Where it begins.
    public let place: SourcePlace
    /// The levels of the tree below and with this one.
    let height: Int

    init(_ kind: Kind, at place: SourcePlace) {
        (self.kind, self.place) = (kind, place)
        height = 1 + (kind.children.map(\.height).max() ?? 0)
    }

    /// The kinds of expressions, with their parts.
    public enum Kind: Sendable {
        case constant(Constant)
        case name(String)
        case list([Expression])
        case tuple([Expression])
        case dictionary([(key: Expression, value: Expression)])
        /// `object.name`
        case attribute(Expression, name: String)
        /// `object[key]`
        case element(Expression, key: Expression)
        /// `start:stop:step`, only as a key.
        case slice(start: Expression?, stop: Expression?, step: Expression?)
        case call(Expression, Arguments)
        /// `value|name(arguments)`; without a value in `{% filter %}` and `{% set %}` blocks.
        case filter(Expression?, name: String, Arguments)
        /// `value is name(arguments)`
        case test(Expression, name: String, Arguments)
        /// `value if condition else otherwise`
        case conditional(condition: Expression, value: Expression, otherwise: Expression?)
        case not(Expression)
        case negative(Expression)
        case positive(Expression)
        case binary(BinaryOperator, Expression, Expression)
        /// `a < b <= c`: one or more comparisons.
        case comparison(Expression, [(relation: ComparisonOperator, value: Expression)])
        case and(Expression, Expression)
        case or(Expression, Expression)
        /// Parts joined by `~`.
        case concatenation([Expression])

        /// The expressions directly below.
        public var children: [Expression] {
            switch self {
            case .constant, .name: []
            case .list(let items), .tuple(let items), .concatenation(let items): items
            case .dictionary(let pairs): pairs.flatMap { [$0.key, $0.value] }
            case .attribute(let object, _): [object]
            case .element(let object, let key): [object, key]
            case .slice(let start, let stop, let step): [start, stop, step].compactMap(\.self)
            case .call(let function, let arguments): [function] + arguments.expressions
            case .filter(let value, _, let arguments): (value.map { [$0] } ?? []) + arguments.expressions
            case .test(let value, _, let arguments): [value] + arguments.expressions
            case .conditional(let condition, let value, let otherwise):
                [condition, value] + (otherwise.map { [$0] } ?? [])
            case .not(let value), .negative(let value), .positive(let value): [value]
            case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right): [left, right]
            case .comparison(let first, let rest): [first] + rest.map(\.value)
            }
        }
    }

    /// A literal.
    public enum Constant: Sendable, Hashable {
        case none
        case bool(Bool)
        case integer(Int)
        case float(Double)
        case string(String)
    }

    /// Arithmetic.
    public enum BinaryOperator: String, Sendable, Hashable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "**"
    }

    /// Comparisons.
    public enum ComparisonOperator: String, Sendable, Hashable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isIn = "in"
        case isNotIn = "not in"
    }

    /// What a call, a filter or a test is given.
    public struct Arguments: Sendable {
        /// By position.
        public var positional: [Expression] = []
        /// By name.
        public var named: [(name: String, value: Expression)] = []
        /// `*sequence`
        public var sequence: Expression?
        /// `**mapping`
        public var mapping: Expression?

        /// All of them.
        public var expressions: [Expression] {
            positional + named.map(\.value) + [sequence, mapping].compactMap(\.self)
        }
    }
}
