// SPDX-License-Identifier: Apache-2.0

/// A piece of Python source.
struct PythonToken {
    /// What the piece is.
    enum Kind {
        case name
        case number
        /// A text or bytes literal without placeholders; `text` is its value, one character for each byte of bytes.
        case string
        /// An f-string; its expressions follow in parentheses.
        case format
        case symbol
        case newline
        case indent
        case dedent
    }

    let kind: Kind
    let text: String
    /// From 1.
    let line: Int

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text.utf8.elementsEqual(symbol.utf8) }
    func isName(_ name: String) -> Bool { kind == .name && text.utf8.elementsEqual(name.utf8) }
}
