// SPDX-License-Identifier: Apache-2.0

/// One thing that a scan found.
package struct ScanFinding: Sendable, Hashable {
    /// The rule.
    package let rule: ScanRule
    /// What it means for the file.
    package let verdict: Verdict
    /// Where it is.
    package let place: ScanPlace
    /// What was found there: one line, lower case, without a full stop; text from the file is escaped and cut.
    package let reason: String
    /// The name that it is about, where there is one: an import, a call, a template's attribute. Allow files can name it.
    package let name: String?

    /// Describes a finding.
    package init(
        _ rule: ScanRule, _ place: ScanPlace, _ reason: String, name: String? = nil, verdict: Verdict? = nil
    ) {
        (self.rule, self.place, self.reason, self.name) = (rule, place, reason, name)
        self.verdict = verdict ?? rule.verdict
    }
}
