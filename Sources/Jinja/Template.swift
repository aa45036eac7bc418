// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// A template, parsed.
public struct Template: Sendable {
    /// The statements in their order.
    public let body: [Statement]

    /// Parses a template with the tags of chat templates. Nothing of it runs.
    ///
    /// - Throws: `JinjaError` of kind `syntax` or `assertion`, in jinja2's words where it has some; or `budget`, when a
    ///   limit is passed.
    public init(parsing text: String, limits: ParseLimits = ParseLimits()) throws(JinjaError) {
        var lexer = try Lexer(text, limits: limits)
        var parser = Parser(try lexer.run(), limits: limits)
        body = try parser.template()
    }

    /// What came out of rendering a template.
    public struct Rendering: Sendable, Hashable {
        /// The text.
        public let text: String
        /// What stood in `{% generation %}`, as places in the text's Unicode scalars.
        public let generations: [Range<Int>]
        /// The formats that `strftime_now` was asked for, in their order: the text depends on the time given.
        public let clockFormats: [String]
        /// How many steps it took.
        public let steps: Int
    }

    /// Renders the template as `apply_chat_template` does.
    ///
    /// - Parameters:
    ///   - variables: what the template sees by name: `messages`, `tools`, `add_generation_prompt`, `bos_token` …
    ///   - now: what `strftime_now` tells.
    /// - Throws: `JinjaError`: what Python would raise, or `budget` or `unsupported`.
    public func render(
        _ variables: [JSONValue.Member], now: Moment, budget: RenderBudget = RenderBudget()
    )
        throws(JinjaError) -> Rendering
    {
        var check = TemplateCheck()
        try check.check(body, isSoft: false, isInLoop: false)
        let machine = Machine(budget: budget, now: now)
        let root = Scope(nil)
        for variable in variables { root.set(variable.key, try machine.value(variable.value, level: 0)) }
        let text = try machine.render(body, root)
        return Rendering(
            text: text, generations: machine.generations, clockFormats: machine.clockFormats, steps: machine.stepsUsed)
    }
}

extension Machine {
    /// A value of JSON as the template sees it.
    func value(_ json: JSONValue, level: Int) throws(JinjaError) -> Value {
        guard level <= budget.containerDepth else {
            throw JinjaError(.budget, "more than \(budget.containerDepth) containers inside each other")
        }
        switch json {
        case .null: return .none
        case .bool(let flag): return .bool(flag)
        case .integer(let number):
            guard let whole = Int(exactly: number) else { throw Operators.tooLarge }
            return .int(whole)
        case .number(let number): return .float(number)
        case .string(let text): return try string(text)
        case .array(let items):
            var values: [Value] = []
            for item in items { values.append(try value(item, level: level + 1)) }
            return try list(values)
        case .object(let members):
            var pairs: [(key: Value, value: Value)] = []
            for member in members { pairs.append((.string(member.key), try value(member.value, level: level + 1))) }
            return try dict(pairs)
        }
    }
}
