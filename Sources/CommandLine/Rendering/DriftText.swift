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
    let width: Int
    let paint: (String, Terminal.Style) -> String

    /// How many lines of a text difference, tensors, tokens and names are shown of each change.
    static let lines = 12
    static let tensors = 5
    static let tokens = 10
    static let conversations = 3
    static let unchecked = 50
    /// How many more places than the first are named.
    static let places = 4
    /// How long a line of a difference may get, unless whole ones were asked for.
    static let lineLength = 400

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
        for role in report.roles {
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
                        // A name that has not moved, or that cannot be followed any more, has one commit.
                        (was == now ? text(old) : "\(old.name) \(was) → \(now)" + (new.date.map { " (\($0))" } ?? ""))
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
                    + words(
                        "(\(counted(cosmetic.count, "change")): \(DriftText.rules(cosmetic)); --verbose lists them)"
                    ).map {
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
            out += wrapped(
                Escaped(consequence, limit: 1000).description, indent: "    ", hanging: "    ", style: .faint)
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
        for item in items.prefix(DriftText.unchecked) {
            let file = item.file.map { Escaped($0, limit: 1024).description + ": " } ?? ""
            out += wrapped(file + Escaped(item.reason, limit: 600).description, indent: "  ", hanging: "    ")
            if let hint = item.hint {
                out += flow(
                    [("hint:", .name)] + words(Escaped(hint, limit: 600).description).map { ($0, nil) }, indent: "    ",
                    hanging: "    ")
            }
        }
        if items.count > DriftText.unchecked { out.append("  and \(items.count - DriftText.unchecked) more") }
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
                    "\(change.rule): \(Escaped(change.summary, limit: 1000))", indent: "", hanging: "  ",
                    style: .caution)
                append(diff, change.places.first.map { $0.file + ($0.key.map { ":\($0)" } ?? "") } ?? change.rule)
            case .prompts(let prompts):
                out.append("")
                out += wrapped(
                    "\(change.rule): \(Escaped(change.summary, limit: 1000))", indent: "", hanging: "  ",
                    style: .caution)
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
