// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What it means that a key has another value.
struct KeyRule: Sendable {
    /// The word in `docs/formats/diff.md`.
    let rule: String
    let kind: DriftClass
    let severity: DriftSeverity
    /// The layer of the deliverable; nil for that of the file.
    var component: Component?
    /// What it can do to outputs, or why it cannot.
    let consequence: String?

    init(
        _ rule: String, _ kind: DriftClass, _ severity: DriftSeverity, _ consequence: String?,
        component: Component? = nil
    ) {
        (self.rule, self.kind, self.severity) = (rule, kind, severity)
        (self.consequence, self.component) = (consequence, component)
    }

    /// A key that no table knows.
    static func unknown(_ rule: String, _ kind: DriftClass) -> KeyRule {
        KeyRule(
            rule, kind, .behaviour, "no table of this program knows the key, so an output may depend on it")
    }

    /// Names that share a rule, as a table.
    static func table(_ rows: [(names: String, rule: KeyRule)]) -> [String: KeyRule] {
        var table: [String: KeyRule] = [:]
        for row in rows {
            for name in row.names.split(separator: " ") { table[String(name)] = row.rule }
        }
        return table
    }
}
