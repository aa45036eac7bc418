// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable

/// What changed between two deliverables, in the terms of a model.
package struct DriftReport: Sendable {
    /// A side, for people.
    package struct Side: Sendable, Hashable {
        /// What it was called.
        package let label: String
        /// Where it comes from.
        package let sources: [Snapshot.Source]
        /// The digest over what can change an output, where it is known.
        package let behaviour: Digest?
        /// The digest over everything, where it is known.
        package let identity: Digest?

        /// Describes a side.
        package init(_ snapshot: Snapshot) {
            (label, sources) = (snapshot.label, snapshot.sources)
            (behaviour, identity) = (snapshot.behaviour, snapshot.identity)
        }
    }

    /// What could not be compared, and why: it is never counted as equal.
    package struct Unchecked: Sendable, Hashable {
        /// The file, with the role in front when it is not the model's; nil when the whole is meant.
        package let file: String?
        /// What was not looked at, and why.
        package let reason: String
        /// The command that would do it.
        package let hint: String?

        /// Says it.
        package init(file: String?, reason: String, hint: String? = nil) {
            (self.file, self.reason, self.hint) = (file, reason, hint)
        }
    }

    /// What it was.
    package let before: Side
    /// What it is.
    package let after: Side
    /// The changes, the worst first; inside a severity by class, rule and place.
    package let changes: [DriftChange]
    /// What could not be compared.
    package let unchecked: [Unchecked]
    /// How many files are on both sides with the same bytes.
    package let sameFiles: Int
    /// How many files differ, came or went.
    package let differentFiles: Int
    /// The effective defaults that differ, by name.
    package let defaults: [DefaultChange]

    /// An effective default that is not what it was.
    package struct DefaultChange: Sendable, Hashable {
        /// The name, such as `temperature`.
        package let name: String
        /// What it was; nil when nothing said.
        package let before: EffectiveDefault?
        /// What it is now; nil when nothing says.
        package let after: EffectiveDefault?

        /// Puts one together.
        package init(name: String, before: EffectiveDefault?, after: EffectiveDefault?) {
            (self.name, self.before, self.after) = (name, before, after)
        }
    }

    /// Puts a report together; sorts the changes.
    package init(
        before: Side, after: Side, changes: [DriftChange], unchecked: [Unchecked], sameFiles: Int, differentFiles: Int,
        defaults: [DefaultChange]
    ) {
        (self.before, self.after, self.unchecked, self.sameFiles) = (before, after, unchecked, sameFiles)
        (self.differentFiles, self.defaults) = (differentFiles, defaults)
        self.changes = changes.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.severity != b.severity { return a.severity < b.severity }
            if a.kind != b.kind { return DriftReport.rank(a.kind) < DriftReport.rank(b.kind) }
            return left.offset < right.offset
        }.map(\.element)
    }

    private static func rank(_ kind: DriftClass) -> Int { DriftClass.allCases.firstIndex(of: kind) ?? 0 }

    /// The worst that was found; nil when nothing changed.
    package var severity: DriftSeverity? { changes.map(\.severity).min() }

    /// Whether an output can differ: `unknown` when nothing found says so, but not everything could be compared.
    package var verdict: Verdict {
        if changes.contains(where: { $0.severity == .breaking || $0.severity == .behaviour }) { return .changed }
        return unchecked.isEmpty ? .unchanged : .unknown
    }

    /// Whether an output can differ.
    package enum Verdict: String, Sendable, Hashable { case unchanged, changed, unknown }

    /// The classes that changed, in the order of `DriftClass`.
    package var kinds: [DriftClass] {
        let found = Set(changes.map(\.kind))
        return DriftClass.allCases.filter(found.contains)
    }
}
