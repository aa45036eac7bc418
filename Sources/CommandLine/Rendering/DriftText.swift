// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift

/// What `diff` and `update` print for people: the decisive line first, then the changes, the worst first.
package struct DriftText {
    /// How much is printed.
    package enum Form: Sendable {
        /// The changes with the beginning of what proves them.
        case report
        /// One line a class.
        case statistics
        /// The whole text differences, those of prompts among them, as a unified diff.
        case unified
    }

    /// How much is printed.
    package var form = Form.report
    /// Whether changes without effect are listed, not only counted.
    package var isVerbose = false
    private let width: Int
    private let paint: (String, Terminal.Style) -> String

    /// How many lines of a text difference, tensors, tokens and names are shown of each change.
    private static let lines = 12
    private static let tensors = 5
    private static let tokens = 10
    private static let conversations = 3
    /// How many more places than the first are named.
    private static let places = 4
    /// How long a line of a difference may get, unless whole ones were asked for.
    private static let lineLength = 400

    /// Prints for a terminal: in its width and its colours.
    init(_ terminal: Terminal) {
        width = terminal.width
        paint = terminal.paint
    }

    /// Prints for a terminal of `width` columns; `isColored` as if it had colours.
    package init(width: Int, isColored: Bool = false) {
        self.width = width
        paint = { isColored ? "\u{1B}[\($1.rawValue)m\($0)\u{1B}[0m" : $0 }
    }

    /// The lines, without line ends.
    package func lines(_ views: [DriftView]) -> [String] {
        var out: [String] = []
        for (index, view) in views.enumerated() {
            if index > 0 { out.append("") }
            out += heading(view)
            switch form {
            case .report: out += report(view)
            case .statistics: out += statistics(view)
            case .unified: out += unified(view)
            }
        }
        return out
    }

    // MARK: - The head

    private func heading(_ view: DriftView) -> [String] {
        let report = view.report
        let style: Terminal.Style =
            switch report.verdict {
            case .changed: report.severity == .breaking ? .bad : .caution
            case .unknown: .caution
            case .unchanged: view.count(.security) > 0 ? .caution : .good
            }
        let title = Escaped(view.title, limit: 400).description
        var lines = flow(
            [(title + ":", .strong)] + words(view.headline).map { ($0, style) }, indent: "", hanging: "  ")
        if form != .statistics {
            for line in origins(report) { lines += wrapped(line, indent: "  ", hanging: "    ", style: .faint) }
            if report.sameFiles + report.differentFiles > 0 {
                lines += wrapped(view.files, indent: "  ", hanging: "    ", style: .faint)
            }
        }
        if let omission = view.omission { lines += wrapped(omission, indent: "  ", hanging: "    ", style: .caution) }
        return lines
    }

    /// `example/tiny@main  0123456 → ba98765 (2026-01-31)`, a line for each source that both sides have or either.
    private func origins(_ report: DriftReport) -> [String] {
        var lines: [String] = []
        for role in Set((report.before.sources + report.after.sources).map(\.role)).sorted() {
            let old = report.before.sources.first { $0.role == role }.map(report.before.origin)
            let new = report.after.sources.first { $0.role == role }.map(report.after.origin)
            func text(_ origin: (name: String, commit: String?, date: String?)) -> String {
                let date = origin.date.map { " (\($0))" } ?? ""
                return [origin.name, origin.commit.map { $0 + date }].compactMap { $0 }.joined(separator: " ")
            }
            let line =
                switch (old, new) {
                case (let old?, let new?):
                    if old.name.utf8.elementsEqual(new.name.utf8), let was = old.commit, let now = new.commit {
                        "\(old.name) \(was) → \(now)" + (new.date.map { " (\($0))" } ?? "")
                    } else {
                        "\(text(old)) → \(text(new))"
                    }
                case (let old?, nil): "\(text(old)) → none"
                case (nil, let new?): "none → \(text(new))"
                case (nil, nil): ""
                }
            lines.append(Escaped(line, limit: 600).description)
        }
        return lines
    }

    // MARK: - The report

    private func report(_ view: DriftView) -> [String] {
        var out: [String] = []
        for severity in DriftSeverity.allCases where severity != .cosmetic || isVerbose {
            let changes = view.changes(severity)
            if changes.isEmpty { continue }
            out.append("")
            out += flow(
                [(severity.rawValue, severity.style), ("(\(severity.explanation))", .faint)], indent: "", hanging: "  ")
            for (index, change) in changes.enumerated() {
                if index > 0, severity != .cosmetic { out.append("") }
                out += lines(change)
            }
        }
        if !view.report.unchecked.isEmpty { out += unchecked(view.report.unchecked) }
        if !view.report.defaults.isEmpty { out += defaults(view.report.defaults) }
        let cosmetic = view.changes(.cosmetic)
        if !cosmetic.isEmpty, !isVerbose {
            out.append("")
            out += flow(
                [("cosmetic", .faint)]
                    + words("(\(counted(cosmetic.count, "change")): \(DriftText.rules(cosmetic)); --verbose lists them)").map {
                        ($0, .faint)
                    }, indent: "", hanging: "  ")
        }
        return out
    }

    /// `card-prose, format-only ×2`.
    private static func rules(_ changes: [DriftChange]) -> String {
        var counts: [(rule: String, count: Int)] = []
        for change in changes {
            if let index = counts.firstIndex(where: { $0.rule == change.rule }) {
                counts[index].count += 1
            } else {
                counts.append((change.rule, 1))
            }
        }
        let shown = counts.prefix(8).map { $0.rule + ($0.count > 1 ? " ×\($0.count)" : "") }
        return (shown + (counts.count > 8 ? ["…"] : [])).joined(separator: ", ")
    }

    private func lines(_ change: DriftChange) -> [String] {
        var head: [(String, Terminal.Style?)] = [(change.kind.rawValue, .name), (change.rule, change.severity.style)]
        if let place = change.places.first { head.append((place.text, .strong)) }
        var out = flow(head, indent: "  ", hanging: "      ", gap: "  ")
        out += wrapped(Escaped(change.summary, limit: 1000).description, indent: "    ", hanging: "    ")
        if let values = change.values() { out += wrapped(values, indent: "    ", hanging: "      ", style: .strong) }
        if let consequence = change.consequence {
            out += wrapped(Escaped(consequence, limit: 1000).description, indent: "    ", hanging: "    ", style: .faint)
        }
        let others = change.places.dropFirst()
        if !others.isEmpty {
            let more = others.count > Self.places ? ", and \(others.count - Self.places) more" : ""
            out += wrapped(
                "also " + others.prefix(Self.places).map(\.text).joined(separator: ", ") + more, indent: "    ",
                hanging: "      ", style: .faint)
        }
        return out + evidence(change.evidence)
    }

    private func unchecked(_ items: [DriftReport.Unchecked]) -> [String] {
        var out = ["", paint("not checked", .caution)]
        for item in items {
            let file = item.file.map { Escaped($0, limit: 1024).description + ": " } ?? ""
            out += wrapped(file + Escaped(item.reason, limit: 600).description, indent: "  ", hanging: "    ")
            if let hint = item.hint {
                out += flow(
                    [("hint:", .name)] + words(Escaped(hint, limit: 600).description).map { ($0, nil) }, indent: "    ",
                    hanging: "    ")
            }
        }
        return out
    }

    private func defaults(_ changes: [DriftReport.DefaultChange]) -> [String] {
        var out = ["", paint("effective defaults", .strong)]
        for change in changes {
            out += flow(
                [(Escaped(change.name, limit: 80).description, .name), (change.values(limit: 80), nil)]
                    + (change.place.isEmpty ? [] : [("(\(change.place))", .faint)]), indent: "  ", hanging: "      ",
                gap: "  ")
        }
        return out
    }

    // MARK: - What proves it

    private func evidence(_ evidence: DriftEvidence?) -> [String] {
        switch evidence {
        case nil: []
        case .text(let diff): beginning(of: diff, indent: "    ")
        case .prompts(let prompts): self.prompts(prompts)
        case .tensors(let tensors): self.tensors(tensors)
        case .vocabulary(let vocabulary): self.vocabulary(vocabulary)
        case .symbols(let symbols):
            list(symbols, limit: Self.tokens, noun: "name") { symbol in
                "\(mark(symbol.kind.rawValue)) \(Escaped(symbol.name, limit: 200)), line \(symbol.line)"
            }
        case .names(let added, let removed, let changed):
            list(
                removed.map { ("-", $0) } + added.map { ("+", $0) } + changed.map { ("~", $0) }, limit: Self.tokens,
                noun: "name"
            ) { sign, name in
                "\(mark(sign)) \(Escaped(name, limit: 300))"
            }
        }
    }

    private func list<Item>(_ items: [Item], limit: Int, noun: String, _ text: (Item) -> String) -> [String] {
        var out = items.prefix(limit).map { "    " + text($0) }
        if items.count > limit { out.append("    " + paint("and \(counted(items.count - limit, "more " + noun))", .faint)) }
        return out
    }

    /// A sign in the colour of what it says.
    private func mark(_ word: String) -> String {
        switch word {
        case "+", "added": paint("+", .good)
        case "-", "removed": paint("-", .bad)
        default: paint("~", .caution)
        }
    }

    /// The first lines of a difference.
    private func beginning(of diff: TextDiff, indent: String) -> [String] {
        let all = diff.hunks.flatMap { hunk in [paint(hunk.heading, .name)] + hunk.lines.map { line($0, Self.lineLength) } }
        var out = all.prefix(Self.lines).map { indent + $0 }
        if all.count > Self.lines {
            out.append(indent + paint("\(diff.size); --unified prints the other \(counted(all.count - Self.lines, "line"))", .faint))
        }
        return out
    }

    private func line(_ line: TextDiff.Line, _ limit: Int) -> String {
        let text = line.unified(limit: limit)
        switch line {
        case .added: return paint(text, .good)
        case .removed: return paint(text, .bad)
        case .context: return text
        case .noLineEnd: return paint(text, .faint)
        }
    }

    private func prompts(_ prompts: [DriftEvidence.PromptDifference]) -> [String] {
        var out: [String] = []
        var isShown = false
        for (index, prompt) in prompts.enumerated() {
            guard index < Self.conversations else {
                let names = prompts[index...].map { Escaped($0.conversation, limit: 60).description }
                out += wrapped(
                    "also in \(names.joined(separator: ", ")); --unified prints them", indent: "    ", hanging: "    ",
                    style: .faint)
                break
            }
            out += flow(
                [("conversation", .faint), (Escaped(prompt.conversation, limit: 60).description + ":", .name)]
                    + words(Escaped(prompt.title, limit: 200).description).map { ($0, nil) }, indent: "    ",
                hanging: "      ")
            out += failures(prompt, indent: "      ")
            // One difference is shown where there are many: the others of a change are mostly the same again.
            if !prompt.diff.isEmpty, !isShown || prompts.count <= Self.conversations {
                out += beginning(of: prompt.diff, indent: "      ")
                isShown = true
            }
        }
        return out
    }

    private func failures(_ prompt: DriftEvidence.PromptDifference, indent: String) -> [String] {
        [("before", prompt.before), ("after", prompt.after)].flatMap { side, outcome -> [String] in
            switch outcome {
            case .prompt: []
            case .failed(let error):
                wrapped("\(side): fails: \(Escaped(error, limit: 400))", indent: indent, hanging: indent + "  ", style: .bad)
            case .absent: [indent + paint("\(side): there is no template", .caution)]
            }
        }
    }

    private func tensors(_ tensors: [DriftEvidence.TensorDifference]) -> [String] {
        let worst = tensors.sorted(by: DriftEvidence.TensorDifference.isWorse)
        var out: [String] = []
        for tensor in worst.prefix(Self.tensors) {
            let was = tensor.formerName.map { " (was \($0))" } ?? ""
            out += flow(
                [
                    (mark(tensor.kind.rawValue) + " \(tensor.name)\(was)", nil), (tensor.kind.rawValue, .name),
                    (tensor.forms, nil), (tensor.measure ?? tensor.excuse ?? "", nil),
                ].filter { !$0.0.isEmpty }, indent: "    ", hanging: "        ", gap: "  ")
        }
        if worst.count > Self.tensors {
            out.append("    " + paint("and \(counted(worst.count - Self.tensors, "more tensor"))", .faint))
        }
        return out
    }

    private func vocabulary(_ difference: DriftEvidence.VocabularyDifference) -> [String] {
        func token(_ token: DriftEvidence.VocabularyDifference.Token) -> String {
            "\(JSONValue.string(token.text).shown(limit: 80)) \(token.id)"
        }
        let groups: [(String, Int, [String])] = [
            ("removed", difference.removedCount, difference.removed.map(token)),
            ("added", difference.addedCount, difference.added.map(token)),
            ("renumbered", difference.renumberedCount, difference.renumbered.map { "\(token($0.token)) → \($0.now)" }),
        ]
        return groups.flatMap { word, count, tokens -> [String] in
            guard count > 0 else { return [] }
            let shown = tokens.prefix(Self.tokens)
            let more = count > shown.count ? ", and \(count - shown.count) more" : ""
            return wrapped(
                "\(mark(word)) \(counted(count, "token")) \(word): \(shown.joined(separator: ", "))\(more)", indent: "    ",
                hanging: "      ")
        }
    }

    // MARK: - Other forms

    private func statistics(_ view: DriftView) -> [String] {
        var rows: [[String]] = DriftClass.allCases.compactMap { kind in
            let changes = view.changes.filter { $0.kind == kind }
            guard !changes.isEmpty else { return nil }
            let counts = DriftSeverity.allCases.compactMap { severity in
                let count = changes.count { $0.severity == severity }
                return count > 0 ? "\(count) \(severity.rawValue)" : nil
            }
            var files: [String] = []
            for file in changes.compactMap(\.places.first?.file)
            where !files.contains(where: { $0.utf8.elementsEqual(file.utf8) }) {
                files.append(file)
            }
            let names = files.prefix(3).map { Escaped($0, limit: 200).description }
            return [
                kind.rawValue, counts.joined(separator: ", "),
                names.joined(separator: ", ") + (files.count > 3 ? ", …" : ""),
            ]
        }
        if !view.report.unchecked.isEmpty { rows.append(["not checked", "\(view.report.unchecked.count)", ""]) }
        return Columns.aligned(rows, right: []).map { line in
            var line = Substring("  " + line)
            while line.last == " " { line.removeLast() }
            return String(line)
        }
    }

    /// Text differences only; `patch` and `git apply` pass over the lines between them.
    private func unified(_ view: DriftView) -> [String] {
        var out: [String] = []
        func append(_ diff: TextDiff, _ name: String) {
            guard !diff.isEmpty else { return }
            let name = Escaped(name, limit: 1024).description
            out += [paint("--- a/\(name)", .strong), paint("+++ b/\(name)", .strong)]
            for hunk in diff.hunks {
                out.append(paint(hunk.heading, .name))
                out += hunk.lines.map { line($0, .max) }
            }
        }
        for change in view.changes {
            switch change.evidence {
            case .text(let diff):
                out.append("")
                out += wrapped(
                    "\(change.rule): \(Escaped(change.summary, limit: 1000))", indent: "", hanging: "  ", style: .caution)
                append(diff, change.places.first.map { $0.file + ($0.key.map { ":\($0)" } ?? "") } ?? change.rule)
            case .prompts(let prompts):
                out.append("")
                out += wrapped(
                    "\(change.rule): \(Escaped(change.summary, limit: 1000))", indent: "", hanging: "  ", style: .caution)
                for prompt in prompts {
                    out += failures(prompt, indent: "  ")
                    append(prompt.diff, "prompt/\(prompt.conversation)")
                }
            default: break
            }
        }
        let others = view.changes.count { change in
            switch change.evidence {
            case .text, .prompts: false
            default: true
            }
        }
        if others > 0 {
            out += ["", paint("\(counted(others, "change")) without a text difference; the report lists them", .faint)]
        }
        return out
    }

    // MARK: - Lines of a width

    private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    private func wrapped(_ text: String, indent: String, hanging: String, style: Terminal.Style? = nil) -> [String] {
        flow(words(text).map { ($0, style) }, indent: indent, hanging: hanging)
    }

    /// Fills lines with pieces that are never broken inside; the width is that of the text, whatever its colour.
    private func flow(
        _ pieces: [(text: String, style: Terminal.Style?)], indent: String, hanging: String, gap: String = " "
    ) -> [String] {
        let limit = max(20, min(width, 110))
        var lines: [String] = []
        var line = indent
        var count = indent.count
        var style: Terminal.Style?
        var run = ""
        func close() {
            if !run.isEmpty { line += style.map { paint(run, $0) } ?? run }
            run = ""
        }
        var isFirst = true
        for piece in pieces where !piece.text.isEmpty {
            let length = DriftText.columns(piece.text)
            if !isFirst, count + gap.count + length > limit {
                close()
                lines.append(line)
                (line, count, isFirst) = (hanging, hanging.count, true)
            }
            if !isFirst {
                if piece.style == style { run += gap } else { close(); line += gap }
                count += gap.count
            } else {
                close()
            }
            style = piece.style
            run += piece.text
            count += length
            isFirst = false
        }
        close()
        lines.append(line)
        return lines
    }

    /// How many characters of a text show: all but those of colours.
    private static func columns(_ text: String) -> Int {
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

extension DriftSeverity {
    /// The colour of a severity.
    var style: Terminal.Style {
        switch self {
        case .breaking: .bad
        case .behaviour, .security: .caution
        case .cosmetic: .faint
        }
    }
}
