// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
package import Drift

/// A report as somebody asked to see it: all of it, or the changes of some classes and severities.
///
/// What it says of the whole (headline, counts, verdict) is never that of the selection: a filter must not make a change
/// that it hides look like no change.
package struct DriftView: Sendable {
    /// Which changes are listed.
    package struct Filter: Sendable, Hashable {
        /// Those of these classes; of all when it is empty.
        package var classes: Set<DriftClass>
        /// Those of this severity or a worse one.
        package var severity: DriftSeverity

        /// Lists everything unless told otherwise.
        package init(classes: Set<DriftClass> = [], severity: DriftSeverity = .cosmetic) {
            (self.classes, self.severity) = (classes, severity)
        }

        func selects(_ change: DriftChange) -> Bool {
            change.severity <= severity && (classes.isEmpty || classes.contains(change.kind))
        }
    }

    /// The whole report.
    package let report: DriftReport
    /// The changes that are listed, the worst first.
    package let changes: [DriftChange]

    /// Selects changes of a report.
    package init(_ report: DriftReport, _ filter: Filter = Filter()) {
        self.report = report
        changes = report.changes.filter(filter.selects)
    }

    /// How many changes the filter leaves out.
    package var hidden: Int { report.changes.count - changes.count }

    /// Whether there is something to look at: a listed change, or something that could not be compared, which no filter
    /// can call equal.
    package var differs: Bool { !changes.isEmpty || !report.unchecked.isEmpty }

    /// The listed changes of one severity.
    func changes(_ severity: DriftSeverity) -> [DriftChange] { changes.filter { $0.severity == severity } }

    // MARK: - The words that all renderings share

    /// Whose drift it is: `tiny`, or `./old → ./new`.
    var title: String {
        let (old, new) = (report.before.label, report.after.label)
        return old.utf8.elementsEqual(new.utf8) ? old : "\(old) → \(new)"
    }

    /// The decisive line: `behaviour changed: 1 breaking, 2 behaviour, 3 cosmetic`.
    package var headline: String {
        let notChecked = report.unchecked.count
        switch report.verdict {
        case .changed:
            return "behaviour changed: " + counts() + (notChecked > 0 ? "; \(notChecked) not checked" : "")
        case .unknown:
            return "behaviour not known: \(counted(notChecked, "part")) could not be compared"
                + (report.changes.isEmpty ? "" : "; found so far: " + counts())
        case .unchanged:
            if count(.security) > 0 { return "no behaviour change, but what runs or who controls it did: " + counts() }
            if !report.changes.isEmpty { return "no behaviour change: \(counted(count(.cosmetic), "cosmetic change"))" }
            if report.differentFiles > 0 {
                let verb = report.differentFiles == 1 ? "differs" : "differ"
                return "no behaviour change: \(counted(report.differentFiles, "file")) \(verb) without effect"
            }
            guard report.sameFiles > 0 else { return "no difference" }
            return "no difference: \(counted(report.sameFiles, "file")) with the same bytes"
        }
    }

    /// `1 breaking, 2 behaviour`, of all changes.
    private func counts() -> String {
        DriftSeverity.allCases.compactMap { severity in
            let number = count(severity)
            return number > 0 ? "\(number) \(severity.rawValue)" : nil
        }.joined(separator: ", ")
    }

    /// How many changes of a severity the whole report has.
    func count(_ severity: DriftSeverity) -> Int { report.changes.count { $0.severity == severity } }

    /// Why not all changes are listed; nil when they are.
    var omission: String? {
        hidden > 0 ? "\(counted(hidden, "change")) of other classes or severities not listed" : nil
    }

    /// How many files were the same.
    var files: String {
        "\(counted(report.sameFiles, "file")) the same, \(report.differentFiles) different"
    }
}

extension DriftSeverity {
    /// What the word means, for people who see it for the first time.
    var explanation: String {
        switch self {
        case .breaking: "what worked no longer does, or does something else for everybody"
        case .behaviour: "outputs can differ"
        case .security: "outputs need not differ, but what runs or who controls it does"
        case .cosmetic: "no output can differ"
        }
    }
}

extension DriftReport {
    /// The roles of sources of which more is known than what the sides are called: not those of plain directories.
    var roles: [SourceRole] {
        let known = (before.sources + after.sources).filter { $0.commit != nil || $0.repository != nil }
        return Set(known.map(\.role)).sorted()
    }
}

extension DriftReport.Side {
    /// What each source was called and what it meant: `org/model@main`, the commit, the date.
    func origin(of source: Snapshot.Source) -> (name: String, commit: String?, date: String?) {
        let name = [source.repository?.description, source.revision?.description].compactMap { $0 }.joined(
            separator: "@")
        let role = source.role == .model ? "" : "\(source.role) "
        return (role + (name.isEmpty ? label : name), source.commit?.short, source.date.map { String($0.prefix(10)) })
    }
}
