// SPDX-License-Identifier: Apache-2.0

/// Collects the names that statements read.
enum NameCollector {
    static func names(in statements: [Statement]) -> Set<String> {
        var names: Set<String> = []
        collect(statements, &names)
        return names
    }

    private static func collect(_ statements: [Statement], _ names: inout Set<String>) {
        for statement in statements {
            for expression in statement.expressions { collect(expression, &names) }
            for body in statement.children { collect(body, &names) }
        }
    }

    private static func collect(_ expression: Expression, _ names: inout Set<String>) {
        if case .name(let name) = expression.kind { names.insert(name) }
        for child in expression.kind.children { collect(child, &names) }
    }
}
