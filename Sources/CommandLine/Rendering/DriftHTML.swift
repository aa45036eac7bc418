// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift

/// The reports as one self-contained page: no script, no address, no picture from elsewhere; for a screen of any width, in
/// light and dark, and for paper.
package enum DriftHTML {
    /// How many tokens and names of one change are listed.
    private static let names = 200
    /// How many conversations of one change are shown.
    private static let conversations = 24

    /// The page, with a line end behind it.
    package static func page(_ views: [DriftView]) -> String {
        let title = views.count == 1 ? "Drift of \(views[0].title)" : "Drift of \(counted(views.count, "deliverable"))"
        let heading: HTMLFragment = views.count == 1 ? "" : "<h1>\(title)</h1>\(contents(views))"
        let reports = views.enumerated().map { section($0.element, index: $0.offset, isOnly: views.count == 1) }
        let fragment: HTMLFragment = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(HTMLStyle.policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <title>\(title)</title>
            <style>\(HTMLFragment(stringLiteral: HTMLStyle.text))</style></head>
            <body><main><p class="kicker">weighlock diff</p>\(heading)\(reports)
            <footer>Files with the same bytes on both sides were not opened. What a model file contains is shown as text; \
            characters that do not print are written as <b class="esc">\\u{…}</b>.</footer></main></body></html>

            """
        return fragment.source
    }

    private static func contents(_ views: [DriftView]) -> HTMLFragment {
        let items = views.enumerated().map { index, view -> HTMLFragment in
            "<li><a href=\"#report-\(index + 1)\">\(view.title)</a>: <span class=\"\(style(view))\">\(view.headline)</span></li>"
        }
        return "<ul class=\"list\">\(items)</ul>"
    }

    private static func style(_ view: DriftView) -> String {
        switch view.report.verdict {
        case .changed: view.report.severity == .breaking ? "changed breaking" : "changed"
        case .unchanged: view.count(.security) > 0 ? "unchanged security" : "unchanged"
        case .unknown: "unknown"
        }
    }

    // MARK: - A report

    private static func section(_ view: DriftView, index: Int, isOnly: Bool) -> HTMLFragment {
        let report = view.report
        let heading: HTMLFragment = isOnly ? "<h1>\(view.title)</h1>" : "<h2>\(view.title)</h2>"
        var body: HTMLFragment = """
            <section class="report" id="report-\(index + 1)">\(heading)<p class="verdict \(style(view))">\(view.headline)</p>\
            \(tiles(view))\(sides(report))
            """
        if let omission = view.omission { body += "<p class=\"note\">\(omission)</p>" }
        if !report.unchecked.isEmpty { body += unchecked(report.unchecked) }
        for severity in DriftSeverity.allCases {
            let changes = view.changes(severity)
            if changes.isEmpty { continue }
            let word = severity.rawValue
            let articles = changes.map(change)
            body += """
                <section class="group \(word)"><h3>\(word) <span>\(severity.explanation)</span></h3>\(articles)</section>
                """
        }
        if !report.defaults.isEmpty { body += defaults(report.defaults) }
        body += "</section>"
        return body
    }

    private static func tiles(_ view: DriftView) -> HTMLFragment {
        var items = DriftSeverity.allCases.map { severity -> HTMLFragment in
            let count = view.count(severity)
            return
                "<li class=\"\(severity.rawValue)\(count == 0 ? " zero" : "")\"><b>\(count)</b><span>\(severity.rawValue)</span></li>"
        }
        if !view.report.unchecked.isEmpty {
            items.append("<li class=\"behaviour\"><b>\(view.report.unchecked.count)</b><span>not checked</span></li>")
        }
        return "<ul class=\"tiles\">\(items)</ul>"
    }

    private static func sides(_ report: DriftReport) -> HTMLFragment {
        func side(_ name: String, _ side: DriftReport.Side) -> HTMLFragment {
            let sources = side.sources.map { source -> HTMLFragment in
                let origin = side.origin(of: source)
                let commit: HTMLFragment = origin.commit.map { " <code>\($0)</code>" } ?? ""
                let date: HTMLFragment = origin.date.map { " <span class=\"soft\">\($0)</span>" } ?? ""
                return "<div>\(origin.name)\(commit)\(date)</div>"
            }
            let origin: HTMLFragment = sources.isEmpty ? "\(side.label)" : "\(sources)"
            return """
                <tr><td class="soft">\(name)</td><td data-name="source">\(origin)</td>\(digest("behaviour", side.behaviour))\
                \(digest("identity", side.identity))</tr>
                """
        }
        func digest(_ name: String, _ digest: Digest?) -> HTMLFragment {
            guard let digest else { return "<td class=\"soft\" data-name=\"\(name)\">not known</td>" }
            return "<td data-name=\"\(name)\"><code title=\"\(digest.description)\">\(digest.short)</code></td>"
        }
        let files: HTMLFragment =
            report.sameFiles + report.differentFiles > 0
            ? "<p class=\"soft\">\(counted(report.sameFiles, "file")) the same, \(report.differentFiles) different</p>"
            : ""
        return """
            <div class="scroll"><table class="stack"><thead><tr><th></th><th>source</th><th>behaviour</th><th>identity</th></tr>\
            </thead><tbody>\(side("before", report.before))\(side("after", report.after))</tbody></table></div>\(files)
            """
    }

    private static func unchecked(_ items: [DriftReport.Unchecked]) -> HTMLFragment {
        var list = items.prefix(names).map { item -> HTMLFragment in
            let file: HTMLFragment = item.file.map { "<code>\($0)</code>: " } ?? ""
            let hint: HTMLFragment = item.hint.map { " <span class=\"soft\">(\(HTMLFragment.prose($0)))</span>" } ?? ""
            return "<li>\(file)\(HTMLFragment.prose(item.reason))\(hint)</li>"
        }
        if items.count > names { list.append("<li>and \(items.count - names) more</li>") }
        return "<div class=\"note\"><b>Not checked</b>, so not known to be equal:<ul>\(list)</ul></div>"
    }

    private static func defaults(_ changes: [DriftReport.DefaultChange]) -> HTMLFragment {
        let rows = changes.map { change -> HTMLFragment in
            """
            <tr><td class="name"><code>\(change.name)</code></td><td data-name="before">\(value(change.before?.value))</td>\
            <td data-name="after">\(value(change.after?.value))</td><td class="soft" data-name="in">\(change.place)</td></tr>
            """
        }
        return """
            <section class="group"><h3>effective defaults <span>values that nobody wrote down and everybody depends on</span></h3>\
            <div class="scroll"><table class="stack"><thead><tr><th>name</th><th>before</th><th>after</th><th>in</th></tr></thead>\
            <tbody>\(rows)</tbody></table></div></section>
            """
    }

    private static func value(_ value: JSONValue?) -> HTMLFragment {
        guard let value else { return "<span class=\"soft\">unset</span>" }
        return "<code>\(value.shown(limit: 600))</code>"
    }

    // MARK: - A change

    private static func change(_ change: DriftChange) -> HTMLFragment {
        let places = change.places.prefix(12).map { place -> HTMLFragment in "<li class=\"mono\">\(place.text)</li>" }
        let more: HTMLFragment = change.places.count > 12 ? "<li>and \(change.places.count - 12) more</li>" : ""
        var body: HTMLFragment = """
            <article class="change \(change.severity.rawValue)"><h4>\(HTMLFragment.prose(change.summary))</h4>\
            <ul class="meta"><li class="chip">\(change.kind.rawValue)</li><li class="mono">\(change.rule)</li>\(places)\(more)</ul>
            """
        if change.before != nil || change.after != nil {
            body += """
                <div class="values"><div class="was"><span>before</span>\(value(change.before))</div>\
                <div class="now"><span>after</span>\(value(change.after))</div></div>
                """
        }
        if let consequence = change.consequence {
            body += "<p class=\"consequence\">\(HTMLFragment.prose(consequence))</p>"
        }
        if let evidence = change.evidence { body += self.evidence(evidence, isOpen: change.severity != .cosmetic) }
        body += "</article>"
        return body
    }

    private static func fold(_ title: HTMLFragment, isOpen: Bool, _ body: HTMLFragment) -> HTMLFragment {
        let open: HTMLFragment = isOpen ? " open" : ""
        return "<details\(open)><summary>\(title)</summary>\(body)</details>"
    }

    private static func evidence(_ evidence: DriftEvidence, isOpen: Bool) -> HTMLFragment {
        switch evidence {
        case .text(let diff):
            let isShort = diff.added + diff.removed <= 200
            return fold("\(diff.size)", isOpen: isOpen && isShort, HTMLDifferences.unified(diff))
        case .prompts(let prompts):
            let shown = prompts.prefix(conversations).enumerated().map { index, prompt -> HTMLFragment in
                fold(
                    "<code>\(prompt.conversation)</code> \(prompt.title)", isOpen: isOpen && index < 2,
                    HTMLDifferences.prompt(prompt))
            }
            let more: HTMLFragment =
                prompts.count > conversations
                ? "<p class=\"soft\">and \(counted(prompts.count - conversations, "more conversation"))</p>" : ""
            return
                "<p class=\"soft\">What the model is shown, in \(counted(prompts.count, "conversation")):</p>\(shown)\(more)"
        case .tensors(let tensors):
            return fold("\(counted(tensors.count, "tensor"))", isOpen: isOpen, HTMLTensors.fragment(tensors))
        case .vocabulary(let difference):
            return vocabulary(difference)
        case .symbols(let symbols):
            return list(
                symbols.map {
                    "\($0.kind.rawValue) <code>\($0.name)</code> <span class=\"soft\">line \($0.line)</span>"
                },
                isOpen: isOpen)
        case .names(let added, let removed, let changed):
            return list(
                removed.map { "removed <code>\($0)</code>" } + added.map { "added <code>\($0)</code>" }
                    + changed.map { "changed <code>\($0)</code>" }, isOpen: isOpen)
        }
    }

    private static func list(_ items: [HTMLFragment], isOpen: Bool) -> HTMLFragment {
        let shown = items.prefix(names).map { item -> HTMLFragment in "<li>\(item)</li>" }
        let more: HTMLFragment = items.count > names ? "<li>and \(items.count - names) more</li>" : ""
        return fold(
            "\(counted(items.count, "name"))", isOpen: isOpen && items.count <= 40,
            "<ul class=\"list\">\(shown)\(more)</ul>")
    }

    private static func vocabulary(_ difference: DriftEvidence.VocabularyDifference) -> HTMLFragment {
        func chip(
            _ token: DriftEvidence.VocabularyDifference.Token, _ style: String, _ now: Int64? = nil
        ) -> HTMLFragment {
            let text = JSONValue.string(token.text).shown(limit: 120)
            let number = "\(token.id)" + (now.map { " → \($0)" } ?? "")
            return "<li><code class=\"\(style)\">\(text)</code> <span class=\"soft\">\(number)</span></li>"
        }
        let groups: [(String, Int, [HTMLFragment])] = [
            ("removed", difference.removedCount, difference.removed.prefix(names).map { chip($0, "was") }),
            ("added", difference.addedCount, difference.added.prefix(names).map { chip($0, "now") }),
            (
                "renumbered", difference.renumberedCount,
                difference.renumbered.prefix(names).map { chip($0.token, "", $0.now) }
            ),
        ]
        let parts = groups.filter { $0.1 > 0 }.map { word, count, chips -> HTMLFragment in
            let more: HTMLFragment =
                count > chips.count ? "<li class=\"soft\">and \(count - chips.count) more</li>" : ""
            return "<p><b>\(counted(count, "token"))</b> \(word)</p><ul class=\"tokens\">\(chips)\(more)</ul>"
        }
        return "\(parts)"
    }
}
