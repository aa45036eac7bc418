// SPDX-License-Identifier: Apache-2.0

/// What the lexer makes of the text.
struct Token {
    enum Kind: Hashable {
        case data
        case variableBegin
        case variableEnd
        case blockBegin
        case blockEnd
        case name
        case string
        case integer
        case float
        case symbol
        case end
    }

    let kind: Kind
    /// The name, the symbol, the decoded string, or the text.
    let text: String
    let place: SourcePlace
    var integer: Int = 0
    var float: Double = 0

    func isName(_ name: String) -> Bool { kind == .name && text.utf8.elementsEqual(name.utf8) }

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text.utf8.elementsEqual(symbol.utf8) }

    /// As jinja2 names it in its messages.
    var label: String {
        switch kind {
        case .data: "template data / text"
        case .variableBegin: "begin of print statement"
        case .variableEnd: "end of print statement"
        case .blockBegin: "begin of statement block"
        case .blockEnd: "end of statement block"
        case .name, .symbol: text
        case .string: text
        case .integer: "integer"
        case .float: "float"
        case .end: "end of template"
        }
    }
}
