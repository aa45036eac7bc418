// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift

/// Differences of texts: below one another for files, side by side for prompts, with the words marked that differ.
enum HTMLDifferences {
    /// How many lines of one difference are shown, and characters of one line and of a whole prompt.
    private static let maximumLines = 1500
    private static let lineLength = 4000
    private static let promptLength = 40_000

    // MARK: - Files

    /// A difference with removed lines above added ones.
    static func unified(_ diff: TextDiff) -> HTMLFragment {
        var out: HTMLFragment = ""
        var rest = maximumLines
        for (index, hunk) in diff.hunks.enumerated() {
            out += skip(index > 0 ? diff.hunks[index - 1] : nil, hunk)
            var block: [DriftRows.Row] = []
            for row in DriftRows.rows(of: hunk) {
                guard rest > 0 else { break }
                rest -= 1
                if row.isContext {
                    out += lines(block)
                    block = []
                    if let line = row.new { out += self.line(row.old?.number, line.number, " ", "", line) }
                } else {
                    block.append(row)
                }
            }
            out += lines(block)
        }
        return "<div class=\"diff\">\(out)</div>\(cut(diff, rest))"
    }

    private static func lines(_ block: [DriftRows.Row]) -> HTMLFragment {
        var out: HTMLFragment = ""
        for row in block { if let old = row.old { out += line(old.number, nil, "−", "old", old) } }
        for row in block { if let new = row.new { out += line(nil, new.number, "+", "new", new) } }
        return out
    }

    private static func line(
        _ old: Int?, _ new: Int?, _ sign: HTMLFragment, _ style: String, _ line: DriftRows.Line
    ) -> HTMLFragment {
        let numbers = [old, new].map { number -> HTMLFragment in number.map { "<i>\($0)</i>" } ?? "<i></i>" }
        return
            "<div class=\"line \(style)\">\(numbers)<span>\(sign)</span>\(text(line, style == "old" ? "del" : "ins", showsEnd: false))</div>"
    }

    // MARK: - Prompts

    /// What the model is shown before and after.
    static func prompt(_ prompt: DriftEvidence.PromptDifference) -> HTMLFragment {
        let head: HTMLFragment = "<div class=\"pair columns\"><div>before</div><div>after</div></div>"
        let body: HTMLFragment
        switch (prompt.before, prompt.after) {
        case (.prompt, .prompt): body = sideBySide(prompt.diff)
        default:
            body = """
                <div class="pair"><div class="cell">\(outcome(prompt.before, "Before"))</div>\
                <div class="cell">\(outcome(prompt.after, "After"))</div></div>
                """
        }
        return """
            <div class="diff">\(head)\(body)</div>\(cut(prompt.diff, maximumLines))\
            \(whole("The whole prompt before", prompt.before))\(whole("The whole prompt after", prompt.after))
            """
    }

    private static func outcome(_ outcome: DriftEvidence.PromptDifference.Outcome, _ side: String) -> HTMLFragment {
        switch outcome {
        case .prompt(let text): "<i></i><div class=\"text\">\(limited(text, promptLength))</div>"
        case .failed(let error):
            "<div class=\"fails\">\(side): the template fails: <span class=\"mono\">\(limited(error, 2000))</span></div>"
        case .absent: "<div class=\"fails\">\(side): there is no template</div>"
        }
    }

    private static func whole(
        _ title: String, _ outcome: DriftEvidence.PromptDifference.Outcome
    ) -> HTMLFragment {
        guard case .prompt(let text) = outcome else { return "" }
        return
            "<details class=\"more\"><summary>\(title)</summary><pre class=\"whole\">\(limited(text, promptLength))</pre></details>"
    }

    private static func sideBySide(_ diff: TextDiff) -> HTMLFragment {
        var out: HTMLFragment = ""
        var rest = maximumLines
        for (index, hunk) in diff.hunks.enumerated() {
            out += skip(index > 0 ? diff.hunks[index - 1] : nil, hunk)
            for row in DriftRows.rows(of: hunk) {
                guard rest > 0 else { break }
                rest -= 1
                out += """
                    <div class="pair">\(cell(row.old, row.isContext ? "" : "old", "del"))\
                    \(cell(row.new, row.isContext ? "again" : "new", "ins"))</div>
                    """
            }
        }
        return out
    }

    /// One side of a row; what stands on the other side only leaves it void. On a narrow screen the sides stand below one
    /// another, and what is on both is shown once.
    private static func cell(_ line: DriftRows.Line?, _ style: String, _ mark: String) -> HTMLFragment {
        guard let line else { return "<div class=\"cell void\"></div>" }
        return "<div class=\"cell \(style)\"><i>\(line.number)</i>\(text(line, mark, showsEnd: true))</div>"
    }

    // MARK: - Parts

    private static func text(_ line: DriftRows.Line, _ mark: String, showsEnd: Bool) -> HTMLFragment {
        var out: HTMLFragment = ""
        var rest = lineLength
        for piece in line.pieces {
            guard rest > 0 else { break }
            let shown = limited(piece.text, rest)
            rest -= min(rest, piece.text.unicodeScalars.count)
            switch (piece.isMarked, mark) {
            case (false, _): out += shown
            case (true, "del"): out += "<del>\(shown)</del>"
            case (true, _): out += "<ins>\(shown)</ins>"
            }
        }
        if !line.hasEnd, !showsEnd { out += "<span class=\"cut\"> (no line end)</span>" }
        return "<div class=\"text\(line.hasEnd && showsEnd ? " end" : "")\">\(out)</div>"
    }

    /// What is left out between two hunks.
    private static func skip(_ former: TextDiff.Hunk?, _ hunk: TextDiff.Hunk) -> HTMLFragment {
        let last = former.map { $0.newStart &+ max(0, $0.newCount) } ?? 1
        let count = hunk.newStart &- last
        guard count > 0 else { return former == nil ? "" : "<div class=\"skip\">⋯</div>" }
        return "<div class=\"skip\">⋯ \(counted(count, "line")) the same</div>"
    }

    private static func cut(_ diff: TextDiff, _ rest: Int) -> HTMLFragment {
        let coarse: HTMLFragment =
            diff.isCoarse
            ? "<p class=\"soft\">The texts are far apart: whole stretches are shown as replaced.</p>" : ""
        let count = diff.hunks.reduce(0) { $0 + $1.lines.count }
        guard rest == 0 || count > maximumLines else { return coarse }
        return
            "\(coarse)<p class=\"soft\">Not all of \(counted(count, "line")) are shown; <code>weighlock diff --unified</code> prints them.</p>"
    }

    private static func limited(_ text: String, _ limit: Int) -> HTMLFragment {
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return .verbatim(text) }
        return "\(HTMLFragment.verbatim(text[..<end]))<span class=\"cut\">… (cut)</span>"
    }
}
