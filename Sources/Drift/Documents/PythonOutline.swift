// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The functions and classes of a Python file, each with what it does: its lines without comments, documentation texts
/// and the spelling of white space.
///
/// A scan by indentation, not a parser: what it cannot make sense of it counts as code.
struct PythonOutline {
    struct Symbol {
        /// The name with those of what it is in, such as `Attention.forward`; empty for what stands outside.
        let name: String
        /// The first line, from 1.
        let line: Int
        /// The lines of its own.
        var lines: [String] = []
    }

    /// In the order of the file; the first is the file itself.
    let symbols: [Symbol]

    /// The most functions and classes told apart; the lines of further ones belong to the last.
    static let maximumSymbols = 20_000

    init(_ text: String) {
        var symbols = [Symbol(name: "", line: 1)]
        // What is open, outermost first: the indentation of its head, and where it is in the list.
        var open: [(indent: Int, index: Int)] = []
        // The indentations in force, for a level that does not depend on the number of spaces.
        var indents: [Int] = [0]
        var decorators: [String] = []
        var seen: [String: Int] = [:]
        for line in PythonLines(text).lines {
            while let last = indents.last, indents.count > 1, last > line.indent { indents.removeLast() }
            if line.indent > (indents.last ?? 0) { indents.append(line.indent) }
            while let last = open.last, line.indent <= last.indent { open.removeLast() }
            let shown = String(repeating: " ", count: indents.count - 1) + line.text
            if line.text.utf8.first == UInt8(ascii: "@") {
                decorators.append(shown)
                continue
            }
            if let name = PythonOutline.head(line.text), symbols.count < PythonOutline.maximumSymbols {
                let outer = open.last.map { symbols[$0.index].name + "." } ?? ""
                var full = outer + name
                let count = (seen[full] ?? 0) + 1
                seen[full] = count
                if count > 1 { full += "#\(count)" }
                symbols.append(Symbol(name: full, line: line.number, lines: decorators + [shown]))
                open.append((line.indent, symbols.count - 1))
            } else {
                symbols[open.last?.index ?? 0].lines += decorators + [shown]
            }
            decorators = []
        }
        symbols[0].lines += decorators
        self.symbols = symbols
    }

    /// The name that a line defines.
    private static func head(_ text: String) -> String? {
        for word in ["def ", "async def ", "class "] where text.hasPrefix(word) {
            let name = text.dropFirst(word.count).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            return name.isEmpty ? nil : String(name)
        }
        return nil
    }

    /// What differs, in the order of the new file, what is gone behind it; empty when the code is the same.
    static func differences(_ before: PythonOutline, _ after: PythonOutline) -> [DriftEvidence.SymbolDifference] {
        func table(_ outline: PythonOutline) -> [TextKey: Symbol] {
            Dictionary(outline.symbols.map { (TextKey($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        }
        let (old, new) = (table(before), table(after))
        var found: [DriftEvidence.SymbolDifference] = []
        for symbol in after.symbols {
            let name = symbol.name.isEmpty ? "<module>" : symbol.name
            guard let former = old[TextKey(symbol.name)] else {
                found.append(.init(name: name, kind: .added, line: symbol.line))
                continue
            }
            let isSame =
                former.lines.count == symbol.lines.count
                && zip(former.lines, symbol.lines).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
            if !isSame { found.append(.init(name: name, kind: .changed, line: symbol.line)) }
        }
        for symbol in before.symbols where new[TextKey(symbol.name)] == nil {
            found.append(.init(name: symbol.name, kind: .removed, line: symbol.line))
        }
        // The same symbols in another order: which definition counts, and what runs when, can differ.
        if found.isEmpty, before.symbols.map(\.name) != after.symbols.map(\.name) {
            found.append(.init(name: "<module>", kind: .changed, line: 1))
        }
        return found
    }
}
