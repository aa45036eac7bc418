// SPDX-License-Identifier: Apache-2.0

internal import Jinja

/// What the names of a template stand for: what it assigns to them, and which hold words of messages or the date.
struct TemplateNames {
    /// What a condition asks for.
    enum Trigger {
        /// Words in a message.
        case words(String)
        /// The date or the time.
        case date
    }

    /// Constants, folded.
    var folding = TemplateFolding()
    /// Names that the template itself binds.
    private(set) var bound: Set<String> = []
    /// Names that hold words of messages; `owner.name` for attributes of namespaces.
    private var content: Set<String> = []
    /// Names that hold the date.
    private var dates: Set<String> = []
    private var parameters: [String: [String]] = [:]
    private var assigned: [(name: String, value: Expression)] = []

    /// Rounds in which taint spreads from name to name.
    private static let rounds = 6

    /// Reads what all statements bind.
    mutating func collect(_ statements: [Statement]) {
        bind(statements)
        arguments(statements)
        for _ in 0..<TemplateNames.rounds {
            let before = (content.count, dates.count)
            for (name, value) in assigned {
                if hasContent(value) { content.insert(name) }
                if hasDate(value) { dates.insert(name) }
            }
            if before == (content.count, dates.count) { break }
        }
    }

    private mutating func assign(_ name: String, _ value: Expression) {
        folding.assignments[name, default: []].append(value)
        assigned.append((name, value))
        if case .call(let function, let arguments) = value.kind, case .name("namespace") = function.kind {
            for (key, value) in arguments.named { assign(name + "." + key, value) }
        }
    }

    private mutating func assign(_ target: Statement.Target, _ value: Expression) {
        switch target {
        case .name(let name):
            bound.insert(name)
            assign(name, value)
        case .attribute(let owner, let name): assign(owner + "." + name, value)
        case .tuple(let targets):
            var items: [Expression] = []
            if case .tuple(let all) = value.kind { items = all }
            if case .list(let all) = value.kind { items = all }
            if items.count == targets.count {
                for (target, item) in zip(targets, items) { assign(target, item) }
            } else {
                for target in targets { taint(target, value) }
            }
        }
    }

    /// Binds names to something out of `value`.
    private mutating func taint(_ target: Statement.Target, _ value: Expression) {
        switch target {
        case .name(let name):
            bound.insert(name)
            assigned.append((name, value))
        case .attribute(let owner, let name): assigned.append((owner + "." + name, value))
        case .tuple(let targets): for target in targets { taint(target, value) }
        }
    }

    private mutating func bind(_ statements: [Statement]) {
        for statement in statements {
            switch statement.kind {
            case .set(let target, let value): assign(target, value)
            case .setBlock(let target, _, let body): block(target, body)
            case .with(let bindings, _): for (target, value) in bindings { assign(target, value) }
            case .loop(let loop): bind(loop)
            case .macro(let macro):
                bound.insert(macro.name)
                folding.macros.insert(macro.name)
                parameters[macro.name] = macro.parameters.map(\.name)
                bind(macro)
            case .call(_, let caller): bind(caller)
            case .import(_, let name): bound.insert(name)
            case .fromImport(_, let names): bound.formUnion(names.map(\.alias))
            default: break
            }
            for body in statement.children { bind(body) }
        }
    }

    private mutating func bind(_ macro: Statement.Macro) {
        bound.formUnion(["varargs", "kwargs"])
        for (name, fallback) in macro.parameters {
            bound.insert(name)
            if let fallback { assign(name, fallback) }
        }
    }

    private mutating func bind(_ loop: Statement.Loop) {
        var items: [Expression] = []
        switch loop.items.kind {
        case .list(let all), .tuple(let all): items = all
        case .name(let name):
            for value in folding.assignments[name] ?? [] {
                if case .list(let all) = value.kind { items += all }
                if case .tuple(let all) = value.kind { items += all }
            }
        default: break
        }
        if items.isEmpty { taint(loop.target, loop.items) }
        for item in items.prefix(CheckLimits.foldedValues) { assign(loop.target, item) }
    }

    private mutating func block(_ target: Statement.Target, _ body: [Statement]) {
        guard case .name(let name) = target else { return }
        bound.insert(name)
        var text = ""
        for statement in body {
            switch statement.kind {
            case .text(let part): text += part
            case .output(let expression):
                assigned.append((name, expression))
                guard let part = folding.fold(expression).single else { return }
                text += part
            default: return
            }
            guard text.utf8.count <= CheckLimits.foldedBytes else { return }
        }
        folding.blocks[name, default: []].append(text)
    }

    /// Gives the parameters of macros what calls pass for them.
    private mutating func arguments(_ statements: [Statement]) {
        for statement in statements {
            for expression in statement.expressions { arguments(expression) }
            for body in statement.children { arguments(body) }
        }
    }

    private mutating func arguments(_ expression: Expression) {
        if case .call(let function, let given) = expression.kind, case .name(let name) = function.kind,
            let parameters = parameters[name]
        {
            for (parameter, value) in zip(parameters, given.positional) { assign(parameter, value) }
            for (parameter, value) in given.named where parameters.contains(parameter) { assign(parameter, value) }
        }
        for child in expression.kind.children { arguments(child) }
    }

    // MARK: - Conditions

    /// Whether words of a message are in the value.
    func hasContent(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .name(let name): return content.contains(name)
        case .attribute(let object, let name):
            if name == "content" || name == "text" { return true }
            if case .name(let owner) = object.kind, content.contains(owner + "." + name) { return true }
            // Other fields of a message are not what a person wrote.
            return isMethod(name) && hasContent(object)
        case .element(let object, let key):
            if case .constant(.string(let name)) = key.kind { return name == "content" || name == "text" }
            return hasContent(object)
        case .filter(let value?, _, _): return hasContent(value)
        case .call(let function, _): return hasContent(function)
        case .concatenation(let parts): return parts.contains { hasContent($0) }
        case .binary(_, let left, let right), .or(let left, let right): return hasContent(left) || hasContent(right)
        case .conditional(_, let value, let otherwise):
            return hasContent(value) || otherwise.map { hasContent($0) } ?? false
        default: return false
        }
    }

    private func isMethod(_ name: String) -> Bool {
        ["lower", "upper", "strip", "lstrip", "rstrip", "split", "replace", "casefold", "title", "splitlines"].contains(
            name)
    }

    private func hasDate(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .name(let name): return dates.contains(name)
        case .call(let function, _):
            if case .name("strftime_now") = function.kind { return true }
            return expression.kind.children.contains { hasDate($0) }
        case .test: return false
        default: return expression.kind.children.contains { hasDate($0) }
        }
    }

    /// What a condition asks of words in messages or of the date; nil when it asks for neither.
    mutating func trigger(in condition: Expression) -> Trigger? {
        switch condition.kind {
        case .comparison(let first, let rest):
            let sides = [first] + rest.map(\.value)
            if sides.contains(where: { hasContent($0) }), let words = natural(sides) { return .words(words) }
            if sides.contains(where: { hasDate($0) }), sides.contains(where: { isConstant($0) }) { return .date }
        case .call(let function, let arguments):
            if case .attribute(let object, let name) = function.kind,
                ["startswith", "endswith", "find", "count", "index", "rfind", "split"].contains(name),
                hasContent(object),
                let words = natural(arguments.positional)
            {
                return .words(words)
            }
        case .test(let value, let name, let arguments):
            if ["in", "eq", "equalto", "=="].contains(name),
                hasContent(value) || arguments.positional.contains(where: { hasContent($0) }),
                let words = natural([value] + arguments.positional)
            {
                return .words(words)
            }
        default: break
        }
        for child in condition.kind.children { if let found = trigger(in: child) { return found } }
        return nil
    }

    private mutating func natural(_ expressions: [Expression]) -> String? {
        for expression in expressions where !hasContent(expression) {
            switch folding.fold(expression) {
            case .texts(let texts): if let text = texts.first(where: TemplateWords.isNatural) { return text }
            case .list(let items):
                if let text = items.lazy.flatMap(\.all).first(where: TemplateWords.isNatural) { return text }
            case .computed: return "words that are put together"
            default: break
            }
        }
        return nil
    }

    private func isConstant(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .constant(.string), .constant(.integer), .list, .tuple: true
        case .filter(let value?, _, _): isConstant(value)
        default: false
        }
    }
}
