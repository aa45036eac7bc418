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
        for change in review.changes {
            let same = change.before == change.after
            terminal.output(
                terminal.paint(change.deliverable.description, .strong) + "  behaviour "
                    + (same
                        ? terminal.paint("unchanged", .good)
                        : "\(change.before?.short ?? "none") → \(change.after?.short ?? "none")"))
            for drift in change.sources {
                terminal.output(
                    "  \(drift.role)  \(drift.repository)@\(drift.revision)  \(drift.before.short) → \(drift.after.short)"
                        + (drift.date.map { " (\($0.prefix(10)))" } ?? ""))
                changes(drift)
            }
            for item in change.defaults {
                let place = item.after ?? item.before
                let key = place.map { "\($0.file)" + ($0.key.map { " : \($0)" } ?? "") } ?? ""
                terminal.output(
                    "  default \(terminal.paint(item.name, .name))  \(item.before?.value.text(.compact) ?? "unset") → "
                        + "\(item.after?.value.text(.compact) ?? "unset")  (\(key))")
            }
        }
        if review.toFetch > .zero { terminal.say("\(review.toFetch) to fetch with the next `weighlock sync`") }
    }

    func history(_ history: History, inForce: Digest?) {
        for entry in history.entries.reversed() {
            let mark = entry.lock == inForce && entry == history.entries.last ? terminal.paint("*", .good) : " "
            terminal.output(
                "\(mark) \(entry.sequence)  \(entry.time)  \(entry.action.rawValue)  \(entry.identity.short)  \(Escaped(entry.author))"
                    + (entry.reason.map { "  " + Escaped($0).description } ?? ""))
        }
    }
}
