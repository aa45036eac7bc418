// SPDX-License-Identifier: Apache-2.0

/// Lines that fit a terminal.
extension DriftText {
    func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    func wrapped(_ text: String, indent: String, hanging: String, style: Terminal.Style? = nil) -> [String] {
        flow(words(text).map { ($0, style) }, indent: indent, hanging: hanging)
    }

    /// Fills lines with words, which are never broken, and `gap` between pieces; the width is that of the text, whatever its
    /// colour.
    func flow(
        _ pieces: [(text: String, style: Terminal.Style?)], indent: String, hanging: String, gap: String = " "
    ) -> [String] {
        let limit = max(20, min(width, 110))
        var lines: [String] = []
        var line = indent
        var count = indent.count
        var run = ""
        var style: Terminal.Style?
        var isFirst = true
        func close() {
            if !run.isEmpty { line += style.map { paint(run, $0) } ?? run }
            run = ""
        }
        for piece in pieces {
            for (index, word) in words(piece.text).enumerated() {
                let space = isFirst ? "" : index == 0 ? gap : " "
                let length = DriftText.columns(word)
                if !isFirst, count + space.count + length > limit {
                    close()
                    lines.append(line)
                    (line, count, run) = (hanging, hanging.count, "")
                } else if style == piece.style {
                    run += space
                    count += space.count
                } else {
                    close()
                    line += space
                    count += space.count
                }
                style = piece.style
                run += word
                count += length
                isFirst = false
            }
        }
        close()
        lines.append(line)
        return lines
    }

    /// How many characters of a text show: all but those of colours.
    static func columns(_ text: String) -> Int {
        guard text.utf8.contains(0x1B) else { return text.count }
        var count = 0
        var isColour = false
        for character in text {
            if character == "\u{1B}" { isColour = true }
            if !isColour { count += 1 }
            if character == "m" { isColour = false }
        }
        return count
    }
}
