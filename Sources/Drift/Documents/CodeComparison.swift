// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares programs: Python by functions and classes.
struct CodeComparison {
    /// The file's name in reports.
    let name: String
    let component: Component

    private static let came = KeyRule(
        "code-added", .code, .security, "with `trust_remote_code` it can run on the machine that loads the model")

    /// The change of a Python file.
    func python(_ before: String, _ after: String) -> DriftChange {
        let symbols = PythonOutline.differences(PythonOutline(before), PythonOutline(after))
        guard let first = symbols.first else {
            return DriftChange(
                "code-comments-only", .code, .cosmetic, component, [.init(name)],
                "only comments, documentation texts or white space differ",
                consequence: "the code is the same, function by function", evidence: .text(TextDiff(before, after)))
        }
        let counts = [DriftEvidence.SymbolDifference.Kind.changed, .added, .removed].compactMap { kind -> String? in
            let count = symbols.count { $0.kind == kind }
            return count > 0 ? "\(count) \(kind.rawValue)" : nil
        }
        return DriftChange(
            "code-changed", .code, .behaviour, component, [.init(name, first.name)],
            "code changed: \(counts.joined(separator: ", ")) (`\(Escaped(first.name, limit: 80))`"
                + "\(symbols.count > 1 ? ", …" : ""))",
            consequence: "with `trust_remote_code` this code computes the outputs",
            evidence: .symbols(Array(symbols.prefix(500))))
    }

    /// A file of code that came or went.
    func placed(_ isThere: Bool) -> DriftChange {
        isThere
            ? DriftChange(
                Self.came.rule, .code, .security, component, [.init(name)], "a file of code came",
                consequence: Self.came.consequence)
            : DriftChange(
                "code-removed", .code, .behaviour, component, [.init(name)], "a file of code is gone",
                consequence: "what imports it no longer loads, or takes the library's own code")
    }

    /// The change of any other program or script.
    func other(_ diff: TextDiff?) -> DriftChange {
        let runsByHand = name.lowercased().hasSuffix(".ipynb")
        return DriftChange(
            "code-changed", .code, runsByHand ? .security : .behaviour, component, [.init(name)],
            runsByHand ? "the notebook changed" : "the program changed",
            consequence: runsByHand ? "it runs only when somebody opens it" : "what it does can be something else",
            evidence: diff.map { .text($0) })
    }
}
