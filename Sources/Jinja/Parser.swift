// SPDX-License-Identifier: Apache-2.0

/// Turns tokens into a tree: the grammar of jinja2's parser with its loop controls and `generation`.
struct Parser {
    private let tokens: [Token]
    private var index = 0
    let limits: ParseLimits
    var statementDepth = 0
    private var expressionDepth = 0
    /// Tags that are open, for messages.
    var openTags: [String] = []
    var endTags: [[String]] = []

    init(_ tokens: [Token], limits: ParseLimits) { (self.tokens, self.limits) = (tokens, limits) }

    // MARK: Tokens

    var current: Token { tokens[min(index, tokens.count - 1)] }
    var following: Token { tokens[min(index + 1, tokens.count - 1)] }

    @discardableResult
    mutating func next() -> Token {
        let token = current
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    mutating func skip(name: String) -> Bool {
        guard current.isName(name) else { return false }
        next()
        return true
    }

    mutating func skip(symbol: String) -> Bool {
        guard current.isSymbol(symbol) else { return false }
        next()
        return true
    }

    private func unexpected(_ wanted: String) -> JinjaError {
        current.kind == .end
            ? JinjaError(.syntax, "unexpected end of template, expected '\(wanted)'.", at: current.place)
            : JinjaError(
                .syntax, "expected token '\(wanted)', got \(Representation.quoted(current.label))", at: current.place)
    }

    @discardableResult
    mutating func expect(_ kind: Token.Kind, _ wanted: String) throws(JinjaError) -> Token {
        guard current.kind == kind else { throw unexpected(wanted) }
        return next()
    }

    @discardableResult
    mutating func expect(symbol: String) throws(JinjaError) -> Token {
        guard current.isSymbol(symbol) else { throw unexpected(symbol) }
        return next()
    }

    mutating func expect(name: String) throws(JinjaError) {
        guard current.isName(name) else { throw unexpected(name) }
        next()
    }

    // MARK: Expressions

    /// Makes a node and checks how high its tree has become.
    private func node(_ kind: Expression.Kind, _ place: SourcePlace) throws(JinjaError) -> Expression {
        let expression = Expression(kind, at: place)
        guard expression.height <= limits.expressionDepth else { throw tooDeep(place) }
        return expression
    }

    private func tooDeep(_ place: SourcePlace) -> JinjaError {
        JinjaError(.budget, "an expression of more than \(limits.expressionDepth) levels", at: place)
    }

    /// A tuple where there are commas, else an expression.
    mutating func tuple(
        conditional: Bool = true, end: String? = nil, inParentheses: Bool = false
    ) throws(JinjaError) -> Expression {
        let place = current.place
        var items: [Expression] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(symbol: ",") }
            if isTupleEnd(end) { break }
            items.append(conditional ? try expression() : try or())
            guard current.isSymbol(",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let first = items.first { return first }
            guard inParentheses else {
                throw JinjaError(
                    .syntax, "Expected an expression, got \(Representation.quoted(current.label))", at: current.place)
            }
        }
        return try node(.tuple(items), place)
    }

    func isTupleEnd(_ end: String?) -> Bool {
        current.kind == .variableEnd || current.kind == .blockEnd || current.isSymbol(")")
            || (end.map { current.isName($0) } ?? false)
    }

    /// An expression with `if … else`.
    mutating func expression() throws(JinjaError) -> Expression {
        expressionDepth += 1
        defer { expressionDepth -= 1 }
        guard expressionDepth <= limits.expressionDepth else { throw tooDeep(current.place) }
        let place = current.place
        var value = try or()
        while skip(name: "if") {
            let condition = try or()
            let otherwise = skip(name: "else") ? try expression() : nil
            value = try node(.conditional(condition: condition, value: value, otherwise: otherwise), place)
        }
        return value
    }

    mutating func or() throws(JinjaError) -> Expression {
        let place = current.place
        var left = try and()
        while skip(name: "or") { left = try node(.or(left, try and()), place) }
        return left
    }

    private mutating func and() throws(JinjaError) -> Expression {
        let place = current.place
        var left = try not()
        while skip(name: "and") { left = try node(.and(left, try not()), place) }
        return left
    }

    private mutating func not() throws(JinjaError) -> Expression {
        var places: [SourcePlace] = []
        while current.isName("not") {
            places.append(next().place)
            guard places.count <= limits.expressionDepth else { throw tooDeep(current.place) }
        }
        var value = try comparison()
        for place in places.reversed() { value = try node(.not(value), place) }
        return value
    }

    private mutating func comparison() throws(JinjaError) -> Expression {
        let place = current.place
        let first = try sum()
        var rest: [(relation: Expression.ComparisonOperator, value: Expression)] = []
        while true {
            if current.kind == .symbol, let symbol = Expression.ComparisonOperator(rawValue: current.text) {
                next()
                rest.append((symbol, try sum()))
            } else if skip(name: "in") {
                rest.append((.isIn, try sum()))
            } else if current.isName("not"), following.isName("in") {
                next()
                next()
                rest.append((.isNotIn, try sum()))
            } else {
                break
            }
        }
        return rest.isEmpty ? first : try node(.comparison(first, rest), place)
    }

    private mutating func sum() throws(JinjaError) -> Expression {
        let place = current.place
        var left = try concatenation()
        while current.isSymbol("+") || current.isSymbol("-") {
            let symbol: Expression.BinaryOperator = next().text == "+" ? .add : .subtract
            left = try node(.binary(symbol, left, try concatenation()), place)
        }
        return left
    }

    private mutating func concatenation() throws(JinjaError) -> Expression {
        let place = current.place
        var parts = [try product()]
        while skip(symbol: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try node(.concatenation(parts), place)
    }

    private mutating func product() throws(JinjaError) -> Expression {
        let place = current.place
        var left = try power()
        while current.kind == .symbol, ["*", "/", "//", "%"].contains(current.text),
            let symbol = Expression.BinaryOperator(rawValue: current.text)
        {
            next()
            left = try node(.binary(symbol, left, try power()), place)
        }
        return left
    }

    private mutating func power() throws(JinjaError) -> Expression {
        let place = current.place
        var left = try unary(withFilters: true)
        while skip(symbol: "**") { left = try node(.binary(.power, left, try unary(withFilters: true)), place) }
        return left
    }

    private mutating func unary(withFilters: Bool) throws(JinjaError) -> Expression {
        expressionDepth += 1
        defer { expressionDepth -= 1 }
        guard expressionDepth <= limits.expressionDepth else { throw tooDeep(current.place) }
        let place = current.place
        var value: Expression
        if skip(symbol: "-") {
            value = try node(.negative(try unary(withFilters: false)), place)
        } else if skip(symbol: "+") {
            value = try node(.positive(try unary(withFilters: false)), place)
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return withFilters ? try filters(value) : value
    }

    mutating func primary() throws(JinjaError) -> Expression {
        let token = current
        switch token.kind {
        case .name:
            next()
            switch token.text {
            case "true", "True": return try node(.constant(.bool(true)), token.place)
            case "false", "False": return try node(.constant(.bool(false)), token.place)
            case "none", "None": return try node(.constant(.none), token.place)
            default: return try node(.name(token.text), token.place)
            }
        case .string:
            var text = ""
            while current.kind == .string { text += next().text }
            return try node(.constant(.string(text)), token.place)
        case .integer:
            next()
            return try node(.constant(.integer(token.integer)), token.place)
        case .float:
            next()
            return try node(.constant(.float(token.float)), token.place)
        case .symbol:
            expressionDepth += 1
            defer { expressionDepth -= 1 }
            guard expressionDepth <= limits.expressionDepth else { throw tooDeep(token.place) }
            if skip(symbol: "(") {
                let value = try tuple(inParentheses: true)
                try expect(symbol: ")")
                return value
            }
            if skip(symbol: "[") { return try list(token.place) }
            if skip(symbol: "{") { return try dictionary(token.place) }
        default: break
        }
        throw JinjaError(.syntax, "unexpected \(Representation.quoted(token.label))", at: token.place)
    }

    private mutating func list(_ place: SourcePlace) throws(JinjaError) -> Expression {
        var items: [Expression] = []
        while !current.isSymbol("]") {
            if !items.isEmpty { try expect(symbol: ",") }
            if current.isSymbol("]") { break }
            items.append(try expression())
        }
        try expect(symbol: "]")
        return try node(.list(items), place)
    }

    private mutating func dictionary(_ place: SourcePlace) throws(JinjaError) -> Expression {
        var items: [(key: Expression, value: Expression)] = []
        while !current.isSymbol("}") {
            if !items.isEmpty { try expect(symbol: ",") }
            if current.isSymbol("}") { break }
            let key = try expression()
            try expect(symbol: ":")
            items.append((key, try expression()))
        }
        try expect(symbol: "}")
        return try node(.dictionary(items), place)
    }

    private mutating func postfix(_ start: Expression) throws(JinjaError) -> Expression {
        var value = start
        while true {
            if current.isSymbol(".") || current.isSymbol("[") {
                value = try access(value)
            } else if current.isSymbol("(") {
                let place = current.place
                value = try node(.call(value, try arguments()), place)
            } else {
                return value
            }
        }
    }

    private mutating func filters(_ start: Expression) throws(JinjaError) -> Expression {
        var value = start
        while true {
            if current.isSymbol("|") {
                value = try filter(value) ?? value
            } else if current.isName("is") {
                value = try test(value)
            } else if current.isSymbol("(") {
                let place = current.place
                value = try node(.call(value, try arguments()), place)
            } else {
                return value
            }
        }
    }

    private mutating func access(_ object: Expression) throws(JinjaError) -> Expression {
        let place = current.place
        if skip(symbol: ".") {
            let token = next()
            if token.kind == .name { return try node(.attribute(object, name: token.text), place) }
            guard token.kind == .integer else {
                throw JinjaError(.syntax, "expected name or number", at: token.place)
            }
            return try node(.element(object, key: try node(.constant(.integer(token.integer)), token.place)), place)
        }
        try expect(symbol: "[")
        var keys: [Expression] = []
        while !current.isSymbol("]") {
            if !keys.isEmpty { try expect(symbol: ",") }
            keys.append(try key())
        }
        try expect(symbol: "]")
        let key = keys.count == 1 ? keys[0] : try node(.tuple(keys), place)
        return try node(.element(object, key: key), place)
    }

    private mutating func key() throws(JinjaError) -> Expression {
        let place = current.place
        var start: Expression?
        if !current.isSymbol(":") {
            let value = try expression()
            guard current.isSymbol(":") else { return value }
            start = value
        }
        next()
        func isEnd() -> Bool { current.isSymbol("]") || current.isSymbol(",") }
        var (stop, step): (Expression?, Expression?)
        if !current.isSymbol(":"), !isEnd() { stop = try expression() }
        if skip(symbol: ":"), !isEnd() { step = try expression() }
        return try node(.slice(start: start, stop: stop, step: step), place)
    }

    mutating func arguments() throws(JinjaError) -> Expression.Arguments {
        let place = try expect(symbol: "(").place
        var out = Expression.Arguments()
        var needsComma = false
        func ensure(_ condition: Bool) throws(JinjaError) {
            guard condition else {
                throw JinjaError(.syntax, "invalid syntax for function call expression", at: place)
            }
        }
        while !current.isSymbol(")") {
            if needsComma {
                try expect(symbol: ",")
                if current.isSymbol(")") { break }
            }
            if current.isSymbol("*") {
                try ensure(out.sequence == nil && out.mapping == nil)
                next()
                out.sequence = try expression()
            } else if current.isSymbol("**") {
                try ensure(out.mapping == nil)
                next()
                out.mapping = try expression()
            } else if current.kind == .name, following.isSymbol("=") {
                try ensure(out.mapping == nil)
                let name = next().text
                next()
                out.named.append((name, try expression()))
            } else {
                try ensure(out.sequence == nil && out.mapping == nil && out.named.isEmpty)
                out.positional.append(try expression())
            }
            needsComma = true
        }
        try expect(symbol: ")")
        return out
    }

    /// Filters one after the other; `startsInline` where the first needs no `|`.
    mutating func filter(_ start: Expression?, startsInline: Bool = false) throws(JinjaError) -> Expression? {
        var value = start
        var isInline = startsInline
        while isInline || current.isSymbol("|") {
            if !isInline { next() }
            isInline = false
            let place = current.place
            let name = try dottedName()
            let arguments = current.isSymbol("(") ? try arguments() : Expression.Arguments()
            value = try node(.filter(value, name: name, arguments), place)
        }
        return value
    }

    private mutating func dottedName() throws(JinjaError) -> String {
        var name = try expect(.name, "name").text
        while skip(symbol: ".") { name += "." + (try expect(.name, "name").text) }
        return name
    }

    private mutating func test(_ value: Expression) throws(JinjaError) -> Expression {
        let place = next().place
        let isNegated = skip(name: "not")
        let name = try dottedName()
        var arguments = Expression.Arguments()
        if current.isSymbol("(") {
            arguments = try self.arguments()
        } else if startsArgument() {
            if current.isName("is") {
                throw JinjaError(.syntax, "You cannot chain multiple tests with is", at: current.place)
            }
            arguments.positional = [try postfix(try primary())]
        }
        let test = try node(.test(value, name: name, arguments), place)
        return isNegated ? try node(.not(test), place) : test
    }

    private func startsArgument() -> Bool {
        switch current.kind {
        case .name: !current.isName("else") && !current.isName("or") && !current.isName("and")
        case .string, .integer, .float: true
        case .symbol: current.isSymbol("[") || current.isSymbol("{")
        default: false
        }
    }
}
