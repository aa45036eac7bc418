// SPDX-License-Identifier: Apache-2.0

/// Which lines run only when a file is started as a program.
extension PythonScan {
    /// Whether a line begins a block that only runs when the file is started: `if __name__ == "__main__"`, and nothing but
    /// further conditions beside it.
    func isProgram(_ start: Int) -> Bool {
        guard tokens[start].isName("if"), !isRenamed else { return false }
        var (place, isMain) = (start + 1, false)
        while place < tokens.count, tokens[place].kind != .newline, !tokens[place].isSymbol(":") {
            // What can make a condition true that one part of it makes false.
            if ["or", "if", "else", "lambda"].contains(where: tokens[place].isName) { return false }
            if isComparison(place), tokens[place - 1].isName("if") || tokens[place - 1].isName("and"),
                place + 3 < tokens.count, tokens[place + 3].isSymbol(":") || tokens[place + 3].isName("and")
            {
                isMain = true
            }
            place = max(place, closing[place]) + 1
        }
        return isMain
    }

    /// Whether the file gives itself another `__name__`.
    static func isRenamed(_ tokens: [PythonToken]) -> Bool {
        tokens.indices.contains { index in
            guard tokens[index].isName("__name__"), index + 1 < tokens.count else { return false }
            guard index > 0 else { return true }
            let before = tokens[index - 1]
            return ["as", "for", "import", "def", "class"].contains(where: before.isName)
                || [.newline, .indent, .dedent].contains(before.kind)
                || !before.isSymbol(".") && ["=", ":="].contains(where: tokens[index + 1].isSymbol)
        }
    }

    private func isComparison(_ place: Int) -> Bool {
        guard place + 2 < tokens.count, tokens[place + 1].isSymbol("==") else { return false }
        func isMain(_ token: PythonToken) -> Bool {
            token.kind == .string && token.text.utf8.elementsEqual("__main__".utf8)
        }
        return tokens[place].isName("__name__") && isMain(tokens[place + 2])
            || isMain(tokens[place]) && tokens[place + 2].isName("__name__")
    }
}
