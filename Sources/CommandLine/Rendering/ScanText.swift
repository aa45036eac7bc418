// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Operations
internal import Scanning
internal import SystemPackage

/// What `scan` prints for people.
struct ScanText {
    let terminal: Terminal
    let isVerbose: Bool

    /// How many places of one rule are shown of a file.
    private static let places = 5
    /// How many names are shown of a list.
    private static let names = 12
    private static let width = "unscannable".count

    func show(_ report: ScanReport) {
        let files = ScanText.sorted(report.files.filter { isVerbose || !$0.findings.isEmpty })
        for (index, file) in files.enumerated() {
            if index > 0, !files[index - 1].findings.isEmpty || !file.findings.isEmpty { terminal.output("") }
            show(file, report.allowances)
        }
        remedies(files)
    }

    /// The worst first, then by name.
    private static func sorted(_ files: [ScanReport.File]) -> [ScanReport.File] {
        files.sorted { left, right in
            if left.verdict != right.verdict { return left.verdict > right.verdict }
            if left.worst != right.worst { return left.worst > right.worst }
            return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
    }

    // MARK: - Files

    private func show(_ file: ScanReport.File, _ allowances: [ScanReport.Allowance]) {
        var facts = [file.kind?.rawValue, "\(file.size)"].compactMap { $0 }
        if let fetched = file.fetched { facts.append("\(ByteCount(clamping: Int64(clamping: fetched))) fetched") }
        if isVerbose, file.members > 0 { facts.append(counted(file.members, "member")) }
        if isVerbose, file.unread > 0 {
            facts.append("\(ByteCount(clamping: Int64(clamping: file.unread))) of numbers not read")
        }
        terminal.output(
            terminal.paint(file.verdict.rawValue.padded(to: Self.width), file.verdict.style) + "  "
                + terminal.paint(Escaped(file.name, limit: 1024).description, .strong) + "  "
                + terminal.paint(facts.joined(separator: ", "), .faint))
        for group in ScanText.groups(file.findings) { show(group, allowances) }
        if file.isCut { line("there is more: only the worst \(file.findings.count) findings are kept", .caution) }
        if let refused = file.refusedByWeightsOnly, !refused.isEmpty, isVerbose || file.verdict != .clean {
            line("torch.load(weights_only=True) would refuse: \(list(refused))", .faint)
        }
        if isVerbose, !file.imports.isEmpty { line("imports: \(list(file.imports))", .faint) }
    }

    /// Findings of one rule, and all of them allowed or none.
    private struct Group {
        let rule: ScanRule
        let allowance: Int?
        var findings: [ScanFinding]
    }

    private static func groups(_ findings: [ScanReport.Finding]) -> [Group] {
        var groups: [Group] = []
        for item in findings {
            if let index = groups.firstIndex(where: { $0.rule == item.finding.rule && $0.allowance == item.allowance })
            {
                groups[index].findings.append(item.finding)
            } else {
                groups.append(Group(rule: item.finding.rule, allowance: item.allowance, findings: [item.finding]))
            }
        }
        return groups
    }

    private func show(_ group: Group, _ allowances: [ScanReport.Allowance]) {
        let worst = group.findings.map(\.verdict).max() ?? group.rule.verdict
        var head =
            "  \(terminal.paint(group.rule.id, group.allowance == nil ? worst.style : .faint))  \(group.rule.severity.rawValue)"
        if let allowance = group.allowance {
            let entry = allowances[allowance].entry
            head += "  " + terminal.paint("allowed: \(Escaped(entry.reason, limit: 200))", .good)
        }
        terminal.output(head)
        let shown = isVerbose ? group.findings.count : Self.places
        for finding in group.findings.prefix(shown) {
            let place = finding.place.text
            terminal.output("    " + (place.isEmpty ? "" : terminal.paint(place, .name) + ": ") + finding.reason)
        }
        if group.findings.count > shown { terminal.output("    and \(group.findings.count - shown) more") }
    }

    private func line(_ text: String, _ style: Terminal.Style) { terminal.output("  " + terminal.paint(text, style)) }

    private func list(_ names: [String]) -> String {
        let shown = isVerbose ? names.count : Self.names
        let more = names.count > shown ? " and \(names.count - shown) more" : ""
        return names.prefix(shown).map { Escaped($0, limit: 200).description }.joined(separator: ", ") + more
    }

    /// What to do about each rule, once.
    private func remedies(_ files: [ScanReport.File]) {
        var seen: Set<ScanRule> = []
        var lines: [[String]] = []
        for file in files {
            for item in file.findings where item.allowance == nil && seen.insert(item.finding.rule).inserted {
                lines.append(["  " + item.finding.rule.id, item.finding.rule.remedy])
            }
        }
        guard !lines.isEmpty else { return }
        terminal.output("\n" + terminal.paint("what to do", .strong))
        for line in Columns.aligned(lines, right: []) { terminal.output(line) }
    }

    /// `12 files: 1 malicious, 11 clean`.
    static func summary(_ report: ScanReport) -> String {
        let counts = Verdict.allCases.reversed().map { (report.count($0), $0) }.filter { $0.0 > 0 }
        let files = report.targets.reduce(0) { $0 + $1.files.count }
        guard files > 0 else { return "no files to scan" }
        let allowed = report.targets.reduce(0) { count, target in
            target.files.indices.reduce(count) { $0 + target.files[$1].findings.count { $0.allowance != nil } }
        }
        return "\(counted(files, "file")): " + counts.map { "\($0.0) \($0.1.rawValue)" }.joined(separator: ", ")
            + (allowed > 0 ? "; \(counted(allowed, "finding")) allowed" : "")
    }

    // MARK: - Other forms

    /// What pickles import: the file, a tab, the name.
    func imports(_ report: ScanReport) {
        for file in report.files {
            for name in file.imports {
                terminal.output("\(Escaped(file.name, limit: 4096))\t\(Escaped(name, limit: 400))")
            }
        }
    }

    /// Entries for an allow file. The reason is left empty, which is an error until a person has written one.
    func suggestions(_ report: ScanReport) {
        var seen: Set<Digest> = []
        var entries: [String] = []
        for file in report.files {
            guard let sha256 = file.sha256, file.verdict > .clean, !file.isCut, seen.insert(sha256).inserted else {
                continue
            }
            let open = file.findings.filter { $0.allowance == nil }.map(\.finding)
            let names = Set(open.compactMap(\.name))
            let rules = Set(open.filter { $0.name == nil }.map(\.rule.id))
            var lines = ["  # \(Escaped(file.name, limit: 400)): \(file.verdict.rawValue)", "  - sha256: \(sha256)"]
            func list(_ key: String, _ items: Set<String>) {
                guard !items.isEmpty else { return }
                lines.append("    \(key):")
                for item in items.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
                    lines.append("      - \(JSONValue.string(item).text(.compact))")
                }
            }
            list("rules", rules)
            list("names", names)
            lines.append("    reason:")
            entries.append(lines.joined(separator: "\n"))
        }
        guard !entries.isEmpty else { return terminal.say("there is nothing to allow") }
        terminal.output("version: 1\nallow:\n" + entries.joined(separator: "\n"))
        let remote = report.files.count { $0.sha256 == nil && $0.verdict > .clean }
        if remote > 0 {
            terminal.note("\(counted(remote, "file")) left out: not read whole, so without a digest")
        }
    }

    /// The page of a rule, as Markdown.
    static func page(_ rule: ScanRule) -> String {
        var parts = [
            "# `\(rule.id)`", rule.summary, "Severity: \(rule.severity.rawValue). Verdict: \(rule.verdict.rawValue).",
            rule.explanation, "**What to do.** \(rule.remedy)",
        ]
        if !rule.references.isEmpty { parts.append("References: \(rule.references.joined(separator: ", ")).") }
        return parts.joined(separator: "\n\n")
    }
}

extension Verdict {
    /// The colour of a verdict.
    var style: Terminal.Style {
        switch self {
        case .clean: .good
        case .review, .unknown: .caution
        case .unscannable, .malicious: .bad
        }
    }
}

extension ScanReport.File {
    /// The severity of the worst finding that nothing allows.
    fileprivate var worst: Severity {
        findings.filter { $0.allowance == nil }.map(\.finding.rule.severity).max() ?? .note
    }
}

extension ScanPlace {
    /// `archive/data.pkl > gzip, byte 12`.
    var text: String {
        var text = members.map { Escaped($0, limit: 200).description }.joined(separator: " > ")
        let detail = line.map { "line \($0)" } ?? offset.map { "byte \($0)" }
        if let detail { text += (text.isEmpty ? "" : ", ") + detail }
        return text
    }
}
