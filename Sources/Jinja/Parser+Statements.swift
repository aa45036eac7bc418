// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// The whole template.
    mutating func template() throws(JinjaError) -> [Statement] {
        let body = try statements(until: nil)
        return body
    }

    /// Text, output and tags up to one of `ends`, which stays the current token; or to the end of the template.
    private mutating func statements(until ends: [String]?) throws(JinjaError) -> [Statement] {
        statementDepth += 1
        defer { statementDepth -= 1 }
        guard statementDepth <= limits.statementDepth else {
            throw JinjaError(
                .budget, "more than \(limits.statementDepth) statements inside each other", at: current.place)
        }
        if let ends { endTags.append(ends) }
        defer { if ends != nil { endTags.removeLast() } }
        var body: [Statement] = []
        while current.kind != .end {
            let token = next()
            switch token.kind {
            case .data: body.append(Statement(.text(token.text), at: token.place))
            case .variableBegin:
                body.append(Statement(.output(try tuple()), at: token.place))
                try expect(.variableEnd, "end of print statement")
            case .blockBegin:
                if let ends, current.kind == .name, ends.contains(where: { current.isName($0) }) { return body }
                body += try statement(token.place)
                try expect(.blockEnd, "end of statement block")
            default: throw JinjaError(.syntax, "unexpected \(Representation.quoted(token.label))", at: token.place)
            }
        }
        if ends != nil { throw unclosed(nil, current.place) }
        return body
    }

    /// The body of a tag, whose head has been read; drops the end tag when it is the only one.
    private mutating func body(_ ends: String...) throws(JinjaError) -> [Statement] {
        _ = skip(symbol: ":")
        try expect(.blockEnd, "end of statement block")
        let body = try statements(until: ends)
        if ends.count == 1 { next() }
        return body
    }

    private func unclosed(_ name: String?, _ place: SourcePlace) -> JinjaError {
        var message = name.map { "Encountered unknown tag '\($0)'." } ?? "Unexpected end of template."
        if let last = endTags.last {
            let wanted = last.map { "'\($0)'" }.joined(separator: " or ")
            message +=
                name.map { name in endTags.contains { $0.contains(name) } } ?? false
                ? " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for \(wanted)."
                : " Jinja was looking for the following tags: \(wanted)."
        }
        if let open = openTags.last { message += " The innermost block that needs to be closed is '\(open)'." }
        return JinjaError(.syntax, message, at: place)
    }

    private mutating func statement(_ place: SourcePlace) throws(JinjaError) -> [Statement] {
        guard current.kind == .name else { throw JinjaError(.syntax, "tag name expected", at: current.place) }
        let tag = next().text
        openTags.append(tag)
        defer { openTags.removeLast() }
        func make(_ kind: Statement.Kind) -> [Statement] { [Statement(kind, at: place)] }
        switch tag {
        case "if": return make(try conditional())
        case "for": return make(.loop(try loop()))
        case "set": return make(try set())
        case "macro":
            let name = try targetName()
            let parameters = try signature()
            return make(.macro(Statement.Macro(name: name, parameters: parameters, body: try body("endmacro"))))
        case "call":
            let parameters = current.isSymbol("(") ? try signature() : []
            let call = try expression()
            guard case .call = call.kind else { throw JinjaError(.syntax, "expected call", at: place) }
            let caller = Statement.Macro(name: "", parameters: parameters, body: try body("endcall"))
            return make(.call(call, caller: caller))
        case "filter":
            guard let filter = try filter(nil, startsInline: true) else { return [] }
            return make(.filter(filter, body: try body("endfilter")))
        case "with": return make(try with())
        case "autoescape":
            let value = try expression()
            return make(.autoescape(value, body: try body("endautoescape")))
        case "generation": return make(.generation(try body("endgeneration")))
        case "block": return make(try block())
        case "print":
            var out: [Statement] = []
            while current.kind != .blockEnd {
                if !out.isEmpty { try expect(symbol: ",") }
                out += make(.output(try expression()))
            }
            return out
        case "extends": return make(.extends(try expression()))
        case "include":
            let name = try expression()
            var ignoresMissing = false
            if current.isName("ignore"), following.isName("missing") {
                next()
                next()
                ignoresMissing = true
            }
            _ = importContext()
            return make(.include(name, ignoresMissing: ignoresMissing))
        case "import":
            let template = try expression()
            try expect(name: "as")
            let name = try targetName()
            _ = importContext()
            return make(.import(template, name: name))
        case "from": return make(try fromImport())
        case "break": return make(.breakLoop)
        case "continue": return make(.continueLoop)
        default:
            openTags.removeLast()
            defer { openTags.append(tag) }
            throw unclosed(tag, place)
        }
    }

    private mutating func conditional() throws(JinjaError) -> Statement.Kind {
        var branches: [(condition: Expression?, body: [Statement])] = []
        while true {
            let condition = try tuple(conditional: false)
            branches.append((condition, try body("elif", "else", "endif")))
            let token = next()
            if token.isName("elif") { continue }
            if token.isName("else") { branches.append((nil, try body("endif"))) }
            return .conditional(branches)
        }
    }

    private mutating func loop() throws(JinjaError) -> Statement.Loop {
        let place = current.place
        let target = try self.target(end: "in")
        if mentionsLoop(target) {
            throw JinjaError(.assertion, "Can't assign to special loop variable in for-loop target", at: place)
        }
        try expect(name: "in")
        let items = try tuple(conditional: false, end: "recursive")
        let condition = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        let body = try self.body("endfor", "else")
        let otherwise = next().isName("else") ? try self.body("endfor") : []
        return Statement.Loop(
            target: target, items: items, condition: condition, isRecursive: isRecursive, body: body,
            otherwise: otherwise)
    }

    private func mentionsLoop(_ target: Statement.Target) -> Bool {
        switch target {
        case .name(let name): name == "loop"
        case .attribute: false
        case .tuple(let items): items.contains { mentionsLoop($0) }
        }
    }

    private mutating func set() throws(JinjaError) -> Statement.Kind {
        let target = try self.target(allowsNamespace: true)
        if skip(symbol: "=") { return .set(target, try tuple()) }
        let filter = try self.filter(nil)
        return .setBlock(target, filter: filter, body: try body("endset"))
    }

    private mutating func with() throws(JinjaError) -> Statement.Kind {
        var bindings: [(target: Statement.Target, value: Expression)] = []
        while current.kind != .blockEnd {
            if !bindings.isEmpty { try expect(symbol: ",") }
            let target = try self.target()
            try expect(symbol: "=")
            bindings.append((target, try expression()))
        }
        return .with(bindings, body: try body("endwith"))
    }

    private mutating func block() throws(JinjaError) -> Statement.Kind {
        let name = try expect(.name, "name").text
        let isScoped = skip(name: "scoped")
        let isRequired = skip(name: "required")
        if current.isSymbol("-") {
            throw JinjaError(
                .syntax,
                "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.",
                at: current.place)
        }
        let body = try self.body("endblock")
        _ = skip(name: name)
        return .block(name: name, isScoped: isScoped, isRequired: isRequired, body: body)
    }

    private mutating func importContext() -> Bool {
        guard current.isName("with") || current.isName("without"), following.isName("context") else { return false }
        next()
        next()
        return true
    }

    private mutating func fromImport() throws(JinjaError) -> Statement.Kind {
        let template = try expression()
        try expect(name: "import")
        var names: [(name: String, alias: String)] = []
        while true {
            if !names.isEmpty { try expect(symbol: ",") }
            if importContext() { break }
            let place = current.place
            let name = try targetName()
            if name.hasPrefix("_") {
                throw JinjaError(.assertion, "names starting with an underline can not be imported", at: place)
            }
            names.append((name, skip(name: "as") ? try targetName() : name))
            if importContext() || !current.isSymbol(",") { break }
        }
        return .fromImport(template, names: names)
    }

    private mutating func signature() throws(JinjaError) -> [(name: String, fallback: Expression?)] {
        var parameters: [(name: String, fallback: Expression?)] = []
        try expect(symbol: "(")
        while !current.isSymbol(")") {
            if !parameters.isEmpty { try expect(symbol: ",") }
            let place = current.place
            let name = try targetName()
            if skip(symbol: "=") {
                parameters.append((name, try expression()))
            } else if parameters.last?.fallback != nil {
                throw JinjaError(.syntax, "non-default argument follows default argument", at: place)
            } else {
                parameters.append((name, nil))
            }
        }
        try expect(symbol: ")")
        return parameters
    }

    // MARK: Targets

    private static let reserved: Set<String> = ["true", "false", "none", "True", "False", "None"]

    private mutating func targetName() throws(JinjaError) -> String {
        let token = try expect(.name, "name")
        guard !Parser.reserved.contains(token.text) else {
            throw JinjaError(.syntax, "can't assign to 'name'", at: token.place)
        }
        return token.text
    }

    private mutating func target(
        end: String? = nil, allowsNamespace: Bool = false
    ) throws(JinjaError)
        -> Statement.Target
    {
        let place = current.place
        var items: [Statement.Target] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(symbol: ",") }
            if isTupleEnd(end) { break }
            items.append(try simpleTarget(allowsNamespace))
            guard current.isSymbol(",") else { break }
            isTuple = true
        }
        if isTuple { return .tuple(items) }
        guard let first = items.first else {
            throw JinjaError(
                .syntax, "Expected an expression, got \(Representation.quoted(current.label))", at: place)
        }
        return first
    }

    private mutating func simpleTarget(_ allowsNamespace: Bool) throws(JinjaError) -> Statement.Target {
        if current.kind == .name, !Parser.reserved.contains(current.text) {
            let name = next().text
            guard allowsNamespace, skip(symbol: ".") else { return .name(name) }
            return .attribute(name, name: try expect(.name, "name").text)
        }
        let place = current.place
        let value = try primary()
        guard let target = target(from: value) else {
            throw JinjaError(.syntax, "can't assign to '\(Parser.kindName(value))'", at: place)
        }
        return target
    }

    /// A tuple in parentheses is a target as well.
    private func target(from value: Expression) -> Statement.Target? {
        switch value.kind {
        case .name(let name): return .name(name)
        case .tuple(let items):
            var targets: [Statement.Target] = []
            for item in items {
                guard let target = target(from: item) else { return nil }
                targets.append(target)
            }
            return .tuple(targets)
        default: return nil
        }
    }

    private static func kindName(_ value: Expression) -> String {
        switch value.kind {
        case .constant: "const"
        case .list: "list"
        case .dictionary: "dict"
        case .tuple: "tuple"
        default: "expression"
        }
    }
}
