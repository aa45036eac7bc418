// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Jinja

/// One look at one template: first what names are bound to, then every statement and expression.
struct TemplateWalk {
    let role: TemplateCheck.Role
    let place: ScanPlace
    var findings = ScanFindings()
    var names = TemplateNames()
    private var reported: Set<String> = []
    /// How often the current statement runs because of constant ranges around it.
    private var repeats = 1

    /// More repetitions than this are reported.
    private static let repeatLimit = 1_000_000

    init(role: TemplateCheck.Role, place: ScanPlace) { (self.role, self.place) = (role, place) }

    mutating func run(_ statements: [Statement]) {
        names.collect(statements)
        walk(statements)
    }

    mutating func report(_ rule: ScanRule, _ at: SourcePlace, _ reason: String, name: String? = nil) {
        guard reported.insert("\(rule.id) \(reason)").inserted else { return }
        findings.add(rule, place.line(at.line), reason, name: name.map { Escaped($0, limit: 120).description })
    }

    // MARK: - Statements

    private mutating func walk(_ statements: [Statement]) {
        for statement in statements { walk(statement) }
    }

    private mutating func walk(_ statement: Statement) {
        let before = repeats
        defer { repeats = before }
        switch statement.kind {
        case .text(let text): words(text, statement.place)
        case .include(let expression, _), .import(let expression, _), .fromImport(let expression, _),
            .extends(let expression):
            include(expression, statement.place)
        case .loop(let loop):
            if case .call(let function, let arguments) = loop.items.kind, case .name("range") = function.kind {
                lengthen(arguments, statement.place)
            }
        case .conditional(let branches):
            for (index, branch) in branches.enumerated() {
                guard let condition = branch.condition, let trigger = names.trigger(in: condition) else { continue }
                for branch in branches[index...] {
                    guard let text = spoken(in: branch.body) else { continue }
                    reportTrigger(trigger, text, statement.place)
                    break
                }
            }
        case .set(.attribute(_, let name), _): judge(name, statement.place)
        default: break
        }
        for expression in statement.expressions { walk(expression) }
        for body in statement.children { walk(body) }
    }

    private mutating func include(_ expression: Expression, _ at: SourcePlace) {
        let file = names.folding.fold(expression).single
        let isLocal = file.map { !CheckText.leavesDirectory($0) } ?? false
        let what = file.map { CheckText.quoted($0) } ?? "a name that it computes"
        let rule: ScanRule = role == .prompt && isLocal ? .templatePromptInclude : .templateInclude
        report(rule, at, "another template is loaded: \(what)", name: file)
    }

    private mutating func lengthen(_ arguments: Expression.Arguments, _ at: SourcePlace) {
        let numbers = arguments.positional.prefix(2).compactMap { names.folding.fold($0).integer }
        guard let last = numbers.last, let first = numbers.count > 1 ? numbers.first : 0 else { return }
        let (count, overflow) = last.subtractingReportingOverflow(first)
        let (product, more) = repeats.multipliedReportingOverflow(by: max(1, count))
        repeats = overflow || more ? .max : product
        if repeats > TemplateWalk.repeatLimit { report(.templateUnbounded, at, "loops run more than a million times") }
    }

    private mutating func words(_ text: String, _ at: SourcePlace) {
        if let host = TemplateWords.address(in: text) {
            report(.templateAddress, at, "the text has an address of \(CheckText.quoted(host, limit: 80))", name: host)
        }
        if let phrase = TemplateWords.secrecy(in: text) { report(.templateSecrecy, at, "the text says \"\(phrase)\"") }
    }

    // MARK: - Triggers

    /// Literal text of some length that statements put out or keep.
    private mutating func spoken(in statements: [Statement]) -> String? {
        for statement in statements {
            switch statement.kind {
            case .text(let text): if isSpoken(text) { return text }
            case .output(let expression), .set(_, let expression): if let text = spoken(in: expression) { return text }
            default: break
            }
            for body in statement.children { if let text = spoken(in: body) { return text } }
        }
        return nil
    }

    private mutating func spoken(in expression: Expression) -> String? {
        if case .constant(.string(let text)) = expression.kind { return isSpoken(text) ? text : nil }
        if case .call(let function, _) = expression.kind, case .name("raise_exception") = function.kind { return nil }
        for child in expression.kind.children { if let text = spoken(in: child) { return text } }
        return names.folding.fold(expression).all.first(where: isSpoken)
    }

    private func isSpoken(_ text: String) -> Bool {
        TemplateWords.words(in: text) >= 3 || TemplateWords.address(in: text) != nil
    }

    private mutating func reportTrigger(_ trigger: TemplateNames.Trigger, _ text: String, _ at: SourcePlace) {
        let condition =
            switch trigger {
            case .words(let words): "a message contains \(CheckText.quoted(words, limit: 60))"
            case .date: "the date is right"
            }
        report(.templateTrigger, at, "if \(condition), this text is added: \(CheckText.quoted(text, limit: 80))")
    }

    // MARK: - Expressions

    private mutating func walk(_ expression: Expression) {
        switch expression.kind {
        case .constant(.string(let text)):
            words(text, expression.place)
            literal(text, expression.place)
        case .name(let name): self.name(name, expression.place)
        case .attribute(_, let name): judge(name, expression.place)
        case .element(_, let key): subscripted(key, expression.place)
        case .call(let function, let arguments):
            call(function, arguments, expression.place)
            folded(expression)
        case .filter(_, let name, let arguments):
            filter(name, arguments, expression.place)
            folded(expression)
        case .test(_, let name, _):
            if !CheckText.isListed(name, in: TemplateWords.tests) {
                report(
                    .templateUnknownFunction, expression.place, "the test \(CheckText.quoted(name)) is not known",
                    name: name)
            }
        case .conditional(let condition, let value, let otherwise):
            if let trigger = names.trigger(in: condition),
                let text = spoken(in: value) ?? otherwise.flatMap({ spoken(in: $0) })
            {
                reportTrigger(trigger, text, expression.place)
            }
        case .binary(let symbol, let left, let right): binary(symbol, left, right, expression)
        case .concatenation: folded(expression)
        default: break
        }
        for child in expression.kind.children { walk(child) }
    }

    private mutating func binary(
        _ symbol: Expression.BinaryOperator, _ left: Expression, _ right: Expression, _ expression: Expression
    ) {
        switch symbol {
        case .multiply:
            let (a, b) = (names.folding.fold(left), names.folding.fold(right))
            guard let count = a.integer ?? b.integer, count > TemplateWalk.repeatLimit,
                a.integer == nil || b.integer == nil
            else { return }
            report(.templateUnbounded, expression.place, "something is repeated \(count) times")
        case .power:
            if let exponent = names.folding.fold(right).integer, exponent > 10_000 {
                report(.templateUnbounded, expression.place, "a power with the exponent \(exponent)")
            }
        case .add, .modulo: folded(expression)
        default: break
        }
    }

    /// A text that is put together of constants must not become a special name.
    private mutating func folded(_ expression: Expression) {
        for text in names.folding.fold(expression).all { literal(text, expression.place) }
    }

    private mutating func literal(_ text: String, _ at: SourcePlace) {
        if let name = TemplateWords.special(in: text) {
            report(.templateEscape, at, "a text is, or becomes, \(CheckText.quoted(name))", name: name)
        }
    }

    private mutating func name(_ name: String, _ at: SourcePlace) {
        guard !names.bound.contains(name) else { return }
        if name == "self" || name == "lipsum" {
            report(.templateOddName, at, "the name `\(name)` is used", name: name)
        } else if name.utf8.starts(with: "__".utf8) {
            report(.templateEscape, at, "the name \(CheckText.quoted(name)) is used", name: name)
        }
    }

    private mutating func judge(_ name: String, _ at: SourcePlace) {
        if name.utf8.starts(with: "__".utf8) || TemplateWords.inner.contains(name) {
            report(.templateEscape, at, "the attribute \(CheckText.quoted(name)) is reached", name: name)
        } else if name.utf8.first == UInt8(ascii: "_") {
            report(.templateOddName, at, "the private attribute \(CheckText.quoted(name)) is reached", name: name)
        }
    }

    private mutating func subscripted(_ key: Expression, _ at: SourcePlace) {
        switch names.folding.fold(key) {
        case .texts(let texts): for text in texts { judge(text, at) }
        case .computed:
            if hasUnderscores(key) {
                report(.templateComputedName, at, "a key is put together of parts with underscores")
            } else if !isIndex(key) {
                report(.templateOddName, at, "a key is put together while the template runs")
            }
        default: break
        }
    }

    private func isIndex(_ key: Expression) -> Bool {
        if case .slice = key.kind { return true }
        return false
    }

    private func hasUnderscores(_ expression: Expression) -> Bool {
        if case .constant(.string(let text)) = expression.kind {
            return CheckText.contains(text, "__") || text.utf8.first == UInt8(ascii: "_")
                || text.utf8.last == UInt8(ascii: "_")
        }
        return expression.kind.children.contains { hasUnderscores($0) }
    }

    private mutating func call(_ function: Expression, _ arguments: Expression.Arguments, _ at: SourcePlace) {
        switch function.kind {
        case .name(let name):
            guard !names.bound.contains(name) else { return }
            if TemplateWords.dangerousCalls.contains(name) {
                report(.templateDangerousCall, at, "\(CheckText.quoted(name)) is called", name: name)
            } else if !CheckText.isListed(name, in: TemplateWords.functions) {
                report(.templateUnknownFunction, at, "the function \(CheckText.quoted(name)) is not known", name: name)
            }
        case .attribute(let object, let name):
            if TemplateWords.dangerousCalls.contains(name) {
                report(.templateDangerousCall, at, "\(CheckText.quoted(name)) is called", name: name)
            }
            if name == "format" || name == "format_map" { format(names.folding.fold(object), at) }
        default: break
        }
    }

    private mutating func format(_ folded: TemplateFolding.Folded, _ at: SourcePlace) {
        guard folded.isTexts else {
            report(.templateOddName, at, "a text that is not constant is used as a format")
            return
        }
        for text in folded.all {
            for name in TemplateFormat.reached(text) {
                judge(name, at)
                report(
                    .templateOddName, at, "a format reaches for \(CheckText.quoted(name)) in its arguments", name: name)
            }
        }
    }

    private mutating func filter(_ name: String, _ arguments: Expression.Arguments, _ at: SourcePlace) {
        guard CheckText.isListed(name, in: TemplateWords.filters) else {
            report(.templateUnknownFunction, at, "the filter \(CheckText.quoted(name)) is not known", name: name)
            return
        }
        switch name {
        case "attr":
            guard let wanted = arguments.expressions.first else { return }
            attribute(names.folding.fold(wanted), at)
        case "map", "select", "reject", "selectattr", "rejectattr", "groupby", "sort", "unique", "min", "max", "sum":
            let reaches = arguments.positional.first.map { names.folding.fold($0).single == "attr" } ?? false
            if name == "map", reaches, arguments.positional.count > 1 {
                attribute(names.folding.fold(arguments.positional[1]), at)
            }
            let isByName = ["selectattr", "rejectattr", "groupby", "sum"].contains(name)
            let wanted =
                (isByName ? Array(arguments.positional.prefix(1)) : [])
                + arguments.named.filter { $0.name == "attribute" }.map(\.value)
            for expression in wanted { path(names.folding.fold(expression), at) }
        case "center", "indent", "batch", "slice", "truncate", "wordwrap":
            if let width = arguments.positional.first.flatMap({ names.folding.fold($0).integer }),
                width > TemplateWalk.repeatLimit
            {
                report(.templateUnbounded, at, "`\(name)` with a width of \(width)")
            }
        default: break
        }
    }

    /// The argument of `attr`.
    private mutating func attribute(_ folded: TemplateFolding.Folded, _ at: SourcePlace) {
        guard case .texts(let texts) = folded else {
            report(.templateComputedName, at, "`attr` takes a name that is computed or comes from elsewhere")
            return
        }
        for text in texts {
            judge(text, at)
            report(.templateOddName, at, "`attr` reaches for \(CheckText.quoted(text))", name: text)
        }
    }

    /// An attribute with dots, as `map` and `sort` take it.
    private mutating func path(_ folded: TemplateFolding.Folded, _ at: SourcePlace) {
        switch folded {
        case .texts(let texts):
            for part in texts.flatMap({ $0.split(separator: ".") }) { judge(String(part), at) }
        case .computed: report(.templateComputedName, at, "a filter takes the name of an attribute that is computed")
        default: break
        }
    }
}
