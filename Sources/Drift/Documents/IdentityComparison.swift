// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares where two deliverables come from.
struct IdentityComparison {
    let before: Snapshot
    let after: Snapshot
    /// The sources of which a file differs, came or went.
    let touched: Set<SourceRole>

    func changes() -> [DriftChange] {
        var changes: [DriftChange] = []
        for role in Set(before.sources.map(\.role)).union(after.sources.map(\.role)).sorted() {
            let old = before.sources.first { $0.role == role }
            let new = after.sources.first { $0.role == role }
            if let old, let new { changes += moved(old, new) }
        }
        return changes
    }

    private func moved(_ old: Snapshot.Source, _ new: Snapshot.Source) -> [DriftChange] {
        // A directory has no name that could have changed hands.
        guard let was = old.repository, let now = new.repository else { return [] }
        let component: Component = if case .dataset = old.role { .datasets } else { .other }
        let place = DriftChange.Place(old.role.description)
        var changes: [DriftChange] = []
        if was != now {
            let isSameCommit = old.commit != nil && old.commit == new.commit
            changes.append(
                DriftChange(
                    isSameCommit ? "repository-moved" : "repository-changed", .identity, .security, component, [place],
                    "the \(old.role) comes from `\(now)`, came from `\(was)`",
                    consequence: isSameCommit
                        ? "the commit is the same; who can change what the name means next may be somebody else"
                        : "another repository: its owner decides what the name means next",
                    before: .string(was.description), after: .string(now.description)))
        }
        if let one = old.revision, let other = new.revision, one != other, one.commit == nil || other.commit == nil {
            changes.append(
                DriftChange(
                    "revision-changed", .identity, .cosmetic, component, [place],
                    "`\(Escaped(other.description, limit: 80))` is followed,"
                        + " was `\(Escaped(one.description, limit: 80))`",
                    consequence: "what differs in the files is said beside it",
                    before: .string(one.description), after: .string(other.description)))
        }
        guard was == now, let one = old.commit, let other = new.commit, one != other else { return changes }
        if let date = old.date, let later = new.date, date.utf8.count == later.utf8.count, later < date {
            changes.append(
                DriftChange(
                    "commit-older", .identity, .security, component, [place],
                    "the commit is of \(later), older than that of before, \(date)",
                    consequence: "the name was set back, or the history was rewritten",
                    before: .string(one.description),
                    after: .string(other.description)))
        }
        if old.role == .base {
            changes.append(
                DriftChange(
                    "base-moved", .identity, .cosmetic, component, [place],
                    "the base model is at `\(other.short)`, was at `\(one.short)`",
                    consequence: "none of its files is in this deliverable; fixes made there are not either",
                    before: .string(one.description), after: .string(other.description)))
        } else if !touched.contains(old.role) {
            changes.append(
                DriftChange(
                    "commit-moved", .identity, .cosmetic, component, [place],
                    "the commit is `\(other.short)`, was `\(one.short)`; no selected file differs",
                    consequence: "the files are the same, byte for byte", before: .string(one.description),
                    after: .string(other.description)))
        }
        return changes
    }
}
