// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import Safetensors

/// The reports as a comment for a pull request: what decides first, then a table, then what proves it in folds.
///
/// Never longer than `maximumLength`: what does not fit is left out from the end, and the text says so.
package struct DriftMarkdown {
    /// The most characters (Unicode scalars) of a comment; code hosts take 65,536.
    package static let maximumLength = 60_000
    /// What a program finds its own comment by.
    package static let marker = "<!-- weighlock diff -->"

    /// How many rows the tables of all reports have together, and what is shown of each difference.
    private static let rows = 120
    /// No fold is shorter: with less room left, none is tried.
    private static let leastDetail = 60
    /// How many lines of a difference: the first number with which it fits; 0 leaves the proof out.
    private static let lines = [80, 16, 0]
    private static let lineLength = 300
    private static let tensors = 15
    private static let names = 30
    private static let defaults = 20
    private static let conversations = 4

    /// A report, in blocks that are left out whole or not at all.
    private struct Piece {
        /// Come before the details of any report when there is no room for all.
        var head: [String]
        /// Each in the forms it can have, the longest first; made when it is its turn, since most of a long report never is.
        var details: [[() -> String]]
    }

    /// The comment, with a line end behind it.
    package static func text(_ views: [DriftView]) -> String {
        var rest = rows
        let pieces = views.map { view in
            let shown = min(rest, view.changes.count)
            rest -= shown
            return piece(view, rows: shown)
        }
        return assembled(pieces)
    }

    // MARK: - Cutting

    private static func assembled(_ pieces: [Piece]) -> String {
        // Room for the sentences that say what is missing.
        let limit = maximumLength - 600
        var used = marker.unicodeScalars.count
        func cost(_ block: String) -> Int { block.unicodeScalars.count + 2 }
        var heads: [Int] = []
        for piece in pieces {
            // A head may be cut between its blocks: the headline is the first.
            var count = 0
            for block in piece.head {
                guard used + cost(block) <= limit else { break }
                used += cost(block)
                count += 1
            }
            heads.append(count)
        }
        var details: [[String]] = []
        var omitted = 0
        for piece in pieces {
            var kept: [String] = []
            for forms in piece.details {
                var isWhole = false
                for (index, form) in forms.enumerated() where used + leastDetail <= limit {
                    let text = form()
                    guard used + cost(text) <= limit else { continue }
                    used += cost(text)
                    kept.append(text)
                    isWhole = index == 0
                    break
                }
                if !isWhole { omitted += 1 }
            }
            details.append(kept)
        }
        var blocks = [marker]
        var silent = 0
        for (index, piece) in pieces.enumerated() {
            if heads[index] == 0 { silent += 1 }
            blocks += piece.head.prefix(heads[index]) + details[index]
            omitted += heads[index] == 0 ? 0 : piece.head.count - heads[index]
        }
        if omitted > 0 || silent > 0 {
            let parts = [
                omitted > 0 ? "\(counted(omitted, "part")) shortened or left out" : nil,
                silent > 0 ? "\(counted(silent, "whole report")) left out" : nil,
            ].compactMap { $0 }
            blocks.append(
                "> **Cut:** \(parts.joined(separator: ", ")), because a comment takes \(maximumLength) characters. "
                    + "`weighlock diff --html report.html` shows everything.")
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    // MARK: - A report

    private static func piece(_ view: DriftView, rows: Int) -> Piece {
        let report = view.report
        var head = [
            "### \(DriftMarkdownText.code(view.title)): \(view.headline)"
        ]
        var facts = origins(report)
        if report.sameFiles + report.differentFiles > 0 { facts.append(view.files) }
        if let omission = view.omission { facts.append(omission) }
        if !facts.isEmpty { head.append(facts.joined(separator: "  \n")) }
        if !report.unchecked.isEmpty { head.append(unchecked(report.unchecked)) }
        let listed = view.changes
        if rows > 0 {
            var lines = ["| severity | class | what changed | where | before → after |", "|---|---|---|---|---|"]
            for change in listed.prefix(rows) { lines.append(row(change)) }
            head.append(lines.joined(separator: "\n"))
        }
        if listed.count > rows {
            head.append(
                rows > 0
                    ? "and \(counted(listed.count - rows, "more change")) that the table leaves out"
                    : "\(counted(listed.count, "change")), not listed for want of room")
        }
        var details = listed.map(forms).filter { !$0.isEmpty }
        if !report.defaults.isEmpty { details.insert([{ defaults(report.defaults) }], at: 0) }
        return Piece(head: head, details: details)
    }

    private static func origins(_ report: DriftReport) -> [String] {
        var lines: [String] = []
        for role in report.roles {
            func text(_ side: DriftReport.Side) -> String {
                guard let source = side.sources.first(where: { $0.role == role }) else { return "none" }
                let origin = side.origin(of: source)
                return DriftMarkdownText.code(origin.name)
                    + (origin.commit.map { " " + DriftMarkdownText.code($0) } ?? "")
                    + (origin.date.map { " (\(DriftMarkdownText.plain($0)))" } ?? "")
            }
            let (old, new) = (text(report.before), text(report.after))
            lines.append(old.utf8.elementsEqual(new.utf8) ? old : "\(old) → \(new)")
        }
        return lines
    }

    private static func row(_ change: DriftChange) -> String {
        let severity = change.severity == .cosmetic ? change.severity.rawValue : "**\(change.severity.rawValue)**"
        let more = change.places.count > 1 ? " and \(change.places.count - 1) more" : ""
        let place = change.places.first.map { DriftMarkdownText.code($0.text, limit: 160, inTable: true) + more } ?? ""
        let values =
            change.before == nil && change.after == nil
            ? "" : "\(value(change.before)) → \(value(change.after))"
        return
            "| \(severity) | \(change.kind.rawValue) | \(DriftMarkdownText.prose(change.summary, limit: 240, inTable: true)) | \(place) | \(values) |"
    }

    private static func value(_ value: JSONValue?, limit: Int = 60) -> String {
        value.map { DriftMarkdownText.code($0.shown(limit: limit), limit: limit, inTable: true) } ?? "unset"
    }

    private static func unchecked(_ items: [DriftReport.Unchecked]) -> String {
        let shown = items.prefix(20).map { item in
            "> - " + (item.file.map { DriftMarkdownText.code($0, limit: 160) + ": " } ?? "")
                + DriftMarkdownText.prose(item.reason, limit: 300)
                + (item.hint.map { " (" + DriftMarkdownText.prose($0, limit: 300) + ")" } ?? "")
        }
        let more = items.count > shown.count ? ["> - and \(items.count - shown.count) more"] : []
        return (["> **Not checked**, so not known to be equal:"] + shown + more).joined(separator: "\n")
    }

    private static func defaults(_ changes: [DriftReport.DefaultChange]) -> String {
        var lines = ["| effective default | before → after | where |", "|---|---|---|"]
        for change in changes.prefix(defaults) {
            lines.append(
                "| \(DriftMarkdownText.code(change.name, limit: 80, inTable: true)) | \(value(change.before?.value)) → \(value(change.after?.value)) "
                    + "| \(DriftMarkdownText.code(change.place, limit: 200, inTable: true)) |")
        }
        if changes.count > defaults { lines.append("| and \(changes.count - defaults) more | | |") }
        return lines.joined(separator: "\n")
    }

    // MARK: - What proves a change

    /// The fold of a change in its forms; none when the table says it all.
    private static func forms(_ change: DriftChange) -> [() -> String] {
        guard change.evidence != nil || (change.consequence != nil && change.severity != .cosmetic) else { return [] }
        return lines.map { count in { detail(change, lines: count) } }
    }

    private static func detail(_ change: DriftChange, lines: Int) -> String {
        var parts: [String] = []
        if let consequence = change.consequence { parts.append(DriftMarkdownText.prose(consequence)) }
        if change.places.count > 1 {
            parts.append(
                "In "
                    + change.places.prefix(8).map { DriftMarkdownText.code($0.text, limit: 160) }.joined(
                        separator: ", ")
                    + (change.places.count > 8 ? ", and \(change.places.count - 8) more" : ""))
        }
        if let evidence = change.evidence, lines > 0 { parts += self.evidence(evidence, lines) }
        let title =
            "\(change.severity.rawValue): <code>\(DriftMarkdownText.html(change.rule))</code> "
            + (change.places.first.map { "in <code>\(DriftMarkdownText.html($0.text))</code>" } ?? "")
        let open = change.severity == .breaking ? " open" : ""
        return (["<details\(open)><summary>\(title)</summary>"] + parts + ["</details>"]).joined(separator: "\n\n")
    }

    private static func evidence(_ evidence: DriftEvidence, _ lines: Int) -> [String] {
        switch evidence {
        case .text(let diff): return [block(diff, lines)]
        case .prompts(let prompts):
            var parts: [String] = []
            for prompt in prompts.prefix(conversations) {
                parts.append(
                    "What the model sees in \(DriftMarkdownText.code(prompt.conversation)): "
                        + DriftMarkdownText.prose(prompt.title, limit: 200))
                for (side, outcome) in [("Before", prompt.before), ("After", prompt.after)] {
                    switch outcome {
                    case .prompt: break
                    case .failed(let error):
                        parts.append("\(side): **fails**: " + DriftMarkdownText.code(error, limit: 400))
                    case .absent: parts.append("\(side): there is no template")
                    }
                }
                if !prompt.diff.isEmpty { parts.append(block(prompt.diff, lines)) }
            }
            if prompts.count > conversations {
                let names = prompts.dropFirst(conversations).prefix(names).map {
                    DriftMarkdownText.code($0.conversation, limit: 60)
                }
                parts.append("Also in " + names.joined(separator: ", "))
            }
            return parts
        case .tensors(let tensors): return [table(tensors)]
        case .vocabulary(let difference): return vocabulary(difference)
        case .symbols(let symbols):
            return list(symbols.map { "\($0.kind.rawValue) \(DriftMarkdownText.code($0.name)), line \($0.line)" })
        case .names(let added, let removed, let changed):
            return list(
                removed.map { "removed \(DriftMarkdownText.code($0))" }
                    + added.map { "added \(DriftMarkdownText.code($0))" }
                    + changed.map { "changed \(DriftMarkdownText.code($0))" })
        }
    }

    private static func list(_ items: [String]) -> [String] {
        let more = items.count > names ? ["- and \(items.count - names) more"] : []
        return items.isEmpty ? [] : [(items.prefix(names).map { "- " + $0 } + more).joined(separator: "\n")]
    }

    private static func block(_ diff: TextDiff, _ lines: Int) -> String {
        var shown: [String] = []
        for hunk in diff.hunks where shown.count < lines {
            shown.append(hunk.heading)
            shown += hunk.lines.prefix(lines - shown.count).map { $0.unified(limit: lineLength) }
        }
        let block = DriftMarkdownText.block(shown)
        guard diff.length > shown.count else { return block }
        return block + "\n\nand \(counted(diff.length - shown.count, "more line")) (\(diff.size) in all)"
    }

    private static func table(_ tensors: [DriftEvidence.TensorDifference]) -> String {
        let worst = tensors.sorted(by: DriftEvidence.TensorDifference.isWorse)
        var lines = ["| tensor | | type and shape | max abs. Δ | relative | elements |", "|---|---|---|--:|--:|--:|"]
        for tensor in worst.prefix(self.tensors) {
            let was =
                tensor.formerName.map { " (was \(DriftMarkdownText.code($0.string, limit: 160, inTable: true)))" } ?? ""
            let distance = tensor.distance
            let cells = [
                DriftMarkdownText.code(tensor.name.string, limit: 160, inTable: true) + was, tensor.kind.rawValue,
                DriftMarkdownText.plain(tensor.forms), distance.map { DriftNumber.short($0.maximum) } ?? "",
                distance.map { DriftNumber.short($0.relative) } ?? "",
                distance.map { DriftNumber.percent($0.share) } ?? "",
            ]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        if worst.count > self.tensors {
            lines.append("| and \(counted(worst.count - self.tensors, "more tensor")) | | | | | |")
        }
        return lines.joined(separator: "\n")
    }

    private static func vocabulary(_ difference: DriftEvidence.VocabularyDifference) -> [String] {
        func token(_ token: DriftEvidence.VocabularyDifference.Token) -> String {
            "\(DriftMarkdownText.code(JSONValue.string(token.text).shown(limit: 80))) \(token.id)"
        }
        let groups: [(String, Int, [String])] = [
            ("removed", difference.removedCount, difference.removed.map(token)),
            ("added", difference.addedCount, difference.added.map(token)),
            ("renumbered", difference.renumberedCount, difference.renumbered.map { "\(token($0.token)) → \($0.now)" }),
        ]
        return groups.compactMap { word, count, tokens in
            guard count > 0 else { return nil }
            let shown = tokens.prefix(names)
            return "\(counted(count, "token")) \(word): " + shown.joined(separator: ", ")
                + (count > shown.count ? ", and \(count - shown.count) more" : "")
        }
    }
}
