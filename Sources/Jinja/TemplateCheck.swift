// SPDX-License-Identifier: Apache-2.0

/// What jinja2 refuses before it renders anything: unknown filters and tests, blocks twice, `break` outside of a loop.
struct TemplateCheck {
    private var blocks: Set<String> = []

    /// Under an `if`, an unknown filter is an error only when it is reached.
    mutating func check(_ body: [Statement], isSoft: Bool, isInLoop: Bool) throws(JinjaError) {
        for statement in body {
            switch statement.kind {
            case .conditional:
                for expression in statement.expressions { try check(expression, isSoft: true) }
                for child in statement.children { try check(child, isSoft: true, isInLoop: isInLoop) }
                continue
            case .breakLoop where !isInLoop:
                throw JinjaError(.pythonSyntax, "'break' outside loop", at: statement.place)
            case .continueLoop where !isInLoop:
                throw JinjaError(.pythonSyntax, "'continue' not properly in loop", at: statement.place)
            case .block(let name, _, _, _):
                guard blocks.insert(name).inserted else {
                    throw JinjaError(.assertion, "block '\(name)' defined twice", at: statement.place)
                }
            case .call(let call, _): try check(call, isSoft: isSoft)
            default: break
            }
            for expression in statement.expressions { try check(expression, isSoft: isSoft) }
            for (index, child) in statement.children.enumerated() {
                let isLoop: Bool
                switch statement.kind {
                case .loop: isLoop = index == 0 || isInLoop
                case .with, .autoescape, .setBlock, .filter: isLoop = isInLoop
                default: isLoop = false
                }
                try check(child, isSoft: false, isInLoop: isLoop)
            }
        }
    }

    private func check(_ expression: Expression, isSoft: Bool) throws(JinjaError) {
        if !isSoft {
            switch expression.kind {
            case .filter(_, let name, _) where !Machine.filterNames.contains(name):
                throw JinjaError(.assertion, "No filter named \(Representation.quoted(name)).", at: expression.place)
            case .test(_, let name, _) where !Machine.testNames.contains(name):
                throw JinjaError(.assertion, "No test named \(Representation.quoted(name)).", at: expression.place)
            default: break
            }
        }
        var isSoft = isSoft
        if case .conditional = expression.kind { isSoft = true }
        for child in expression.kind.children { try check(child, isSoft: isSoft) }
    }
}
