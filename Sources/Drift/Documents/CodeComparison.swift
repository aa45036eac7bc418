// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares programs: Python by functions and classes, lists of packages by package.
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

    /// The changes of a list of packages.
    func packages(_ before: String, _ after: String) -> [DriftChange] {
        let (old, new) = (CodeComparison.requirements(before), CodeComparison.requirements(after))
        var lists: (added: [String], removed: [String], changed: [String]) = ([], [], [])
        for (name, text) in new.sorted(by: { $0.key < $1.key }) {
            guard let former = old[name] else {
                lists.added.append(text)
                continue
            }
            if !former.utf8.elementsEqual(text.utf8) { lists.changed.append("\(former) → \(text)") }
        }
        lists.removed = old.filter { new[$0.key] == nil }.sorted { $0.key < $1.key }.map(\.value)
        guard let first = (lists.changed + lists.added + lists.removed).first else {
            return [
                DriftChange(
                    "format-only", .packaging, .cosmetic, component, [.init(name)],
                    "only order, comments or white space differ", consequence: "the same packages are asked for")
            ]
        }
        let count = lists.changed.count + lists.added.count + lists.removed.count
        return [
            DriftChange(
                "packages-changed", .code, .behaviour, component, [.init(name)],
                "\(count) \(count == 1 ? "package" : "packages") asked for otherwise"
                    + " (`\(Escaped(first, limit: 100))`\(count > 1 ? ", …" : ""))",
                consequence: "other versions compute otherwise, and run other code",
                evidence: .names(added: lists.added, removed: lists.removed, changed: lists.changed))
        ]
    }

    /// The lines of a requirements file by package; a line that is no package is its own name.
    private static func requirements(_ text: String) -> [TextKey: String] {
        var found: [TextKey: String] = [:]
        for line in text.split(whereSeparator: \.isNewline).prefix(20_000) {
            var rest = line
            if let comment = rest.firstRange(of: " #") { rest = rest[..<comment.lowerBound] }
            let words = rest.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            let plain = words.joined(separator: " ")
            let package = first.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }
            let name =
                package.isEmpty || first.hasPrefix("-")
                ? plain : String(package.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
            found[TextKey(name)] = package.isEmpty || first.hasPrefix("-") ? plain : words.joined()
        }
        return found
    }
}
