// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift

/// Changes of whose a deliverable is: what only the Hub's answers, and not the files, can show.
enum IdentityChanges {
    /// A source that cannot be followed any more.
    static func unavailable(_ source: LockedSource, _ failure: Failure) -> DriftChange {
        let (rule, severity): (String, DriftSeverity) =
            switch failure.code {
            case .repositoryGated: ("repository-gated", .security)
            case .repositoryDisabled: ("repository-disabled", .breaking)
            case .revisionNotFound: ("revision-gone", .breaking)
            default: ("repository-gone", .breaking)
            }
        return DriftChange(
            rule, .identity, severity, .other, [], name(source) + failure.message,
            consequence:
                "a machine that has not got the files cannot fetch them: keep the store, or a mirror; whoever takes the name over decides what it means",
            before: .string(source.commit.description))
    }

    /// A repository that has another name.
    static func renamed(_ source: LockedSource, _ now: String) -> DriftChange {
        DriftChange(
            "repository-renamed", .identity, .security, .other, [],
            name(source) + "repository `\(source.request.repository)` is called `\(now)` now",
            consequence: "the old name leads there until somebody else takes it: change `repo` in weighlock.yaml",
            before: .string(source.request.repository.description), after: .string(now))
    }

    /// A locked commit that the repository no longer has.
    static func rewritten(_ source: LockedSource) -> DriftChange {
        DriftChange(
            "history-rewritten", .identity, .security, .other, [],
            name(source)
                + "the locked commit \(source.commit.short) of `\(source.request.repository)` is gone upstream",
            consequence:
                "the history was rewritten, or the repository was made anew under the same name: keep the store, or a mirror",
            before: .string(source.commit.description))
    }

    /// A deliverable that only the new side has.
    static func added(_ locked: LockedDeliverable) -> DriftChange {
        DriftChange(
            "deliverable-added", .identity, .behaviour, .other, [],
            "deliverable `\(locked.name)` is new: " + locked.sources.map(described).joined(separator: ", "),
            after: .string(locked.identity.description))
    }

    /// A deliverable that only the old side has.
    static func removed(_ locked: LockedDeliverable) -> DriftChange {
        DriftChange(
            "deliverable-removed", .identity, .breaking, .other, [],
            "deliverable `\(locked.name)` is gone: it was " + locked.sources.map(described).joined(separator: ", "),
            before: .string(locked.identity.description))
    }

    private static func described(_ source: LockedSource) -> String {
        "\(name(source))`\(source.request.repository)` at `\(source.request.revision)`, commit \(source.commit.short)"
    }

    private static func name(_ source: LockedSource) -> String { source.role == .model ? "" : "\(source.role): " }
}
