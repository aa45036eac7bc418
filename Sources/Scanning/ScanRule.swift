// SPDX-License-Identifier: Apache-2.0

/// Something that is looked for. Its page in the documentation is made from these texts.
package struct ScanRule: Sendable, Hashable {
    /// The stable name that reports and allow files use: lower case, words joined by `-`, the family first: `keras-lambda`.
    package let id: String
    /// How much a finding matters.
    package let severity: Severity
    /// The verdict that a finding leads to, unless the finding says another.
    package let verdict: Verdict
    /// What the rule says: one sentence, with a full stop.
    package let summary: String
    /// Why it matters and how it is recognised: a few sentences for the rule's page.
    package let explanation: String
    /// What a person can do about it: one or two sentences.
    package let remedy: String
    /// Advisories that the rule answers, such as `CVE-2025-1550`.
    package let references: [String]

    /// Describes a rule.
    package init(
        _ id: String, _ severity: Severity, _ verdict: Verdict, _ summary: String, explanation: String, remedy: String,
        references: [String] = []
    ) {
        (self.id, self.severity, self.verdict) = (id, severity, verdict)
        (self.summary, self.explanation, self.remedy, self.references) = (summary, explanation, remedy, references)
    }

    /// By name.
    package static func == (left: ScanRule, right: ScanRule) -> Bool { left.id.utf8.elementsEqual(right.id.utf8) }
    /// By name.
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
