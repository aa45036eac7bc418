// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One thing that is not what it was.
package struct DriftChange: Sendable, Hashable {
    /// A place in a file.
    package struct Place: Sendable, Hashable {
        /// The file, with the role in front when it is not the model's.
        package let file: String
        /// The key in it, with dots between levels; nil when the file as a whole is meant.
        package let key: String?

        /// Names a place.
        package init(_ file: String, _ key: String? = nil) { (self.file, self.key) = (file, key) }
    }

    /// A stable word for what happened, in `docs/formats/diff.md`: `template-changed`, `stop-tokens`, `weights-cast`, ….
    package let rule: String
    /// What kind of thing it is.
    package let kind: DriftClass
    /// What it can do.
    package let severity: DriftSeverity
    /// The layer of the deliverable it is in.
    package let component: Component
    /// Where to look; the decisive place first. Empty only where no file is meant.
    package let places: [Place]
    /// One line that says what changed, in the terms of a model.
    package let summary: String
    /// One sentence on what it can do to outputs, or why it cannot; nil where the summary says it.
    package let consequence: String?
    /// The value before, where one value is meant.
    package let before: JSONValue?
    /// The value after.
    package let after: JSONValue?
    /// What proves it.
    package let evidence: DriftEvidence?

    /// Describes a change.
    package init(
        _ rule: String, _ kind: DriftClass, _ severity: DriftSeverity, _ component: Component, _ places: [Place],
        _ summary: String, consequence: String? = nil, before: JSONValue? = nil, after: JSONValue? = nil,
        evidence: DriftEvidence? = nil
    ) {
        (self.rule, self.kind, self.severity, self.component) = (rule, kind, severity, component)
        (self.places, self.summary, self.consequence) = (places, summary, consequence)
        (self.before, self.after, self.evidence) = (before, after, evidence)
    }
}
