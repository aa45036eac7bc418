// SPDX-License-Identifier: Apache-2.0

/// Looks at the code cells of a Jupyter notebook. Nothing in it runs on its own, so calls are only named.
enum NotebookCheck {
    static func isNotebook(_ node: ScannedJSON.Node) -> Bool {
        (node.has("cells") || node.has("worksheets")) && node.has("nbformat")
    }

    static func check(_ node: ScannedJSON.Node, at place: ScanPlace, into findings: inout ScanFindings) {
        findings.add(.pythonCode, place, "the file is a notebook")
        // Before format 4 the cells were in worksheets, and their code was called input.
        let sheets = [node] + node.all("worksheets").flatMap { $0.items ?? [] }
        for cells in sheets.flatMap({ $0.all("cells") }) {
            for (index, cell) in (cells.items ?? []).enumerated() where cell.all("cell_type").last?.string == "code" {
                for source in cell.all("source") + cell.all("input") {
                    let text = source.string ?? source.items?.compactMap(\.string).joined() ?? ""
                    check(text, cell: index, at: place.member("cell \(index + 1)"), into: &findings)
                }
            }
        }
    }

    private static func check(_ text: String, cell: Int, at place: ScanPlace, into findings: inout ScanFindings) {
        guard text.utf8.count <= CheckLimits.textBytes else {
            findings.add(.documentTooLarge, place, "a cell of \(text.utf8.count) bytes")
            return
        }
        var code: [UInt8] = []
        for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let words = line.drop { $0 == 0x20 || $0 == 0x09 }
            let isShell =
                words.first == UInt8(ascii: "!")
                || [
                    "%%bash", "%%sh", "%%script", "%%cmd", "%%perl", "%%ruby", "%%javascript", "%%html", "%sx",
                    "%system", "%pip", "%conda",
                ]
                .contains { words.starts(with: $0.utf8) }
            if isShell {
                findings.add(
                    .notebookShell, place.line(index + 1),
                    "the line runs a command: \(CheckText.quoted(String(decoding: words, as: UTF8.self), limit: 80))")
                // What follows in a cell of another language is not Python.
                if words.starts(with: "%%".utf8) { return }
            }
            // Lines of magic are left out, but their places stay.
            if !isShell, words.first != UInt8(ascii: "%"), words.first != UInt8(ascii: "?") { code += line }
            code.append(0x0A)
        }
        PythonCheck.check(code, name: "cell \(cell + 1)", isImported: false, at: place, into: &findings)
    }
}
