// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import Evidence
internal import Operations

/// What the commands print for people.
struct Text {
    let terminal: Terminal

    func plan(_ steps: [SyncStep]) {
        for step in steps where step.kind != .keep {
            terminal.output("\(step.kind.word)  \(step.file.size)  \(step.repository)  \(step.file.path)")
        }
        let others = steps.filter { $0.kind != .fetch && $0.kind != .keep }
        let parts = ["fetch", "adopt", "examine"].compactMap { word -> String? in
            let chosen = steps.filter { $0.kind.word == word }
            guard word == "fetch" ? chosen.count > 0 || others.isEmpty : chosen.count > 0 else { return nil }
            return "\(word) \(counted(chosen.count, "file")), \(chosen.reduce(ByteCount.zero) { $0 + $1.file.size })"
        }
        terminal.say(
            "would \(parts.joined(separator: "; ")); \(counted(steps.count { $0.kind == .keep }, "file")) in the store already"
        )
    }

    func verification(_ report: Verification.Report, deep: Bool) {
        for problem in report.problems {
            let owner = problem.deliverable.map { "\($0): " } ?? ""
            terminal.output(terminal.paint("FAILED", .bad) + "  \(owner)\(problem.place) \(problem.reason)")
            for detail in problem.details { terminal.output("        " + detail) }
        }
    }

    func outdated(_ findings: [OutdatedCheck.Finding]) {
        for finding in findings {
            let request = finding.source.request
            let name =
                terminal.paint(finding.deliverable.description, .strong)
                + (finding.source.role == .model ? "" : " (\(finding.source.role))")
            let followed = "\(request.repository)@\(request.revision)"
            switch finding.status {
            case .current:
                terminal.output(
                    "\(name)  \(followed)  \(terminal.paint("current", .good)) at \(finding.source.commit.short)")
            case .moved(let drift):
                terminal.output(
                    "\(name)  \(followed)  \(terminal.paint("moved", .caution)) \(drift.before.short) → \(drift.after.short)"
                        + (drift.date.map { " (\($0.prefix(10)))" } ?? ""))
                changes(drift)
            case .unavailable(let failure):
                terminal.output("\(name)  \(followed)  \(terminal.paint(failure.code.rawValue, .bad))")
                terminal.output("  \(failure.message)")
                if let hint = failure.hint { terminal.say("hint: " + hint) }
            }
            if let now = finding.renamedTo {
                terminal.output("  the repository is called `\(now)` now: change `repo` in weighlock.yaml")
            }
            if finding.isGated {
                terminal.output("  the repository is gated: new machines need a token that has accepted its conditions")
            }
            if finding.isHistoryRewritten {
                terminal.output(
                    "  the locked commit \(finding.source.commit.short) is gone upstream: the history was rewritten; keep your store or a mirror"
                )
            }
        }
    }

    /// The files that differ, by component.
    func changes(_ drift: SourceDrift) {
        if drift.files.isEmpty {
            terminal.output(drift.role == .base ? "  a base is watched by its commit only" : "  no file differs")
            return
        }
        for component in Set(drift.files.map(\.component)).sorted() {
            let files = drift.files.filter { $0.component == component }
            let effect =
                component.affectsBehaviour
                ? terminal.paint("can change outputs", .caution) : terminal.paint("cannot change outputs", .faint)
            terminal.output(
                "  \(terminal.paint(component.rawValue, .name))  \(counted(files.count, "file"))  \(effect)")
            for file in files { terminal.output("    \(mark(file)) \(file.path)  \(sizes(file))") }
        }
    }

    private func mark(_ change: FileChange) -> String {
        switch change.kind {
        case .added: terminal.paint("+", .good)
        case .removed: terminal.paint("-", .bad)
        case .changed: terminal.paint("~", .caution)
        case .renamed: terminal.paint(">", .name)
        }
    }

    private func sizes(_ change: FileChange) -> String {
        switch (change.before?.size, change.after?.size) {
        case (let before?, let after?) where change.kind == .renamed:
            "was \(change.formerPath?.description ?? "?"), \(before == after ? "\(after)" : "\(before) → \(after)")"
        case (let before?, let after?): before == after ? "\(after), same size" : "\(before) → \(after)"
        case (let size?, nil), (nil, let size?): "\(size)"
        case (nil, nil): ""
        }
    }

    func review(_ review: Update.Review) {
        for (index, change) in review.changes.enumerated() {
            if index > 0 { terminal.output("") }
            for line in DriftText(terminal).lines([DriftView(change.report)]) { terminal.output(line) }
        }
        if review.toFetch > .zero { terminal.say("\(review.toFetch) to fetch with the next `weighlock sync`") }
    }

    /// What a plan holds, as its review said it.
    func plan(_ plan: UpdatePlan) {
        for entry in plan.entries {
            let verdict =
                switch entry.verdict {
                case "changed": terminal.paint("behaviour changed", .caution)
                case "unchanged": terminal.paint("no behaviour change", .good)
                default: terminal.paint("behaviour not known", .caution)
                }
            terminal.output("\(terminal.paint(entry.name.description, .strong)): \(verdict)")
            for source in entry.sources {
                let moved = [source.before, source.after].map { $0?.short ?? "none" }.joined(separator: " → ")
                terminal.output("  \(source.role)  \(source.repository)@\(source.revision)  \(moved)")
            }
            for change in entry.changes {
                let place = change.place.map { "  " + Escaped($0, limit: 400).description } ?? ""
                terminal.output(
                    "  \(change.severity)  \(terminal.paint(change.kind, .name))  \(Escaped(change.rule))\(place)")
                terminal.output("    \(Escaped(change.summary, limit: 1000))")
            }
            for line in entry.unchecked { terminal.output("  not checked  \(Escaped(line, limit: 1000))") }
        }
    }

    /// What the changes upstream mean, in the terms of a model.
    func deep(_ summaries: [OutdatedCheck.Summary]) {
        for report in summaries.compactMap(\.report) {
            terminal.output("")
            for line in DriftText(terminal).lines([DriftView(report)]) { terminal.output(line) }
        }
    }

    func history(_ history: History, inForce: Digest?) {
        for entry in history.entries.reversed() {
            let mark = entry.lock == inForce && entry == history.entries.last ? terminal.paint("*", .good) : " "
            terminal.output(
                "\(mark) \(entry.sequence)  \(entry.time)  \(entry.action.rawValue)  \(entry.identity.short)  \(Escaped(entry.author))"
                    + (entry.reason.map { "  " + Escaped($0).description } ?? "")
                    + ((entry.accepted ?? []).isEmpty
                        ? ""
                        : terminal.paint(
                            "  (accepted: "
                                + (entry.accepted ?? []).map { Escaped($0).description }.joined(separator: ", ") + ")",
                            .faint)))
        }
    }
}
