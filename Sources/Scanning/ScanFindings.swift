// SPDX-License-Identifier: Apache-2.0

/// The findings of one file while it is scanned: bounded, so that a hostile file cannot fill the memory with reports of itself.
package struct ScanFindings: Sendable {
    /// How many are kept.
    package static let limit = 1000

    /// What was found, in the order of finding; at most `limit`, of which the worst are kept.
    package private(set) var findings: [ScanFinding] = []
    /// Whether there were more.
    package private(set) var isCut = false

    /// Begins without findings.
    package init() {}

    /// Adds one. A file that has reached the limit keeps its worst.
    package mutating func add(_ finding: ScanFinding) {
        if findings.count < ScanFindings.limit { return findings.append(finding) }
        isCut = true
        guard let index = findings.firstIndex(where: { $0.verdict < finding.verdict }) else { return }
        findings[index] = finding
    }

    /// Adds one.
    package mutating func add(
        _ rule: ScanRule, _ place: ScanPlace, _ reason: String, name: String? = nil, verdict: Verdict? = nil
    ) {
        add(ScanFinding(rule, place, reason, name: name, verdict: verdict))
    }

    /// The worst verdict; `clean` without a finding.
    package var verdict: Verdict { findings.map(\.verdict).max() ?? .clean }
}
