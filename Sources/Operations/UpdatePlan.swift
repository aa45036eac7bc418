// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import Drift
internal import FileIO
internal import FoundationEssentials
package import SystemPackage

/// A reviewed update as a file: what it starts from, exactly what it locks, and what was found to differ. Specified in
/// `docs/formats/plan.md`.
///
/// The same review gives the same bytes. The digest in it guards against accidents and quiet edits; it is no signature.
package struct UpdatePlan: Sendable, Hashable {
    /// A deliverable that changes.
    package struct Entry: Sendable, Hashable {
        /// A source that moves, comes or goes.
        package struct Source: Sendable, Hashable {
            package let role: SourceRole
            /// The repository, as the new lock names it, or the old one where the source goes.
            package let repository: RepositoryID
            package let revision: Revision
            /// The commit before; nil for a source that is new.
            package let before: GitObjectID?
            /// The commit after; nil for a source that goes.
            package let after: GitObjectID?
        }

        /// A change, as the review said it.
        package struct Change: Sendable, Hashable {
            package let rule: String
            package let kind: String
            package let severity: String
            package let place: String?
            package let summary: String
        }

        package let name: DeliverableName
        /// `changed`, `unchanged` or `unknown`: whether an output can differ.
        package let verdict: String
        package let sources: [Source]
        package let changes: [Change]
        /// What could not be compared, a line each.
        package let unchecked: [String]
    }

    /// The word that begins the file.
    static let schema = "weighlock/plan/1"
    /// The longest plan that is read.
    static let maximumSize = 128 << 20
    /// The most changes of one deliverable that are kept; the classes count all of them.
    static let maximumChanges = 1000

    /// The digest of the decision of the lock that the plan starts from.
    package let from: Digest
    /// The lock that comes into force.
    package let lock: Lock
    /// The deliverables that change, by name.
    package let entries: [Entry]
    /// The classes that changed, with the worst of each.
    package let classes: ReviewClasses

    /// Makes a plan of a review.
    package init(_ review: Update.Review) {
        from = review.from.digest
        lock = review.lock
        classes = review.classes
        entries = review.changes.map { change in
            Entry(
                name: change.deliverable, verdict: change.report.verdict.rawValue,
                sources: UpdatePlan.sources(
                    review.from.deliverable(change.deliverable), review.lock.deliverable(change.deliverable)),
                changes: change.report.changes.prefix(UpdatePlan.maximumChanges).map { item in
                    Entry.Change(
                        rule: item.rule, kind: item.kind.rawValue, severity: item.severity.rawValue,
                        place: item.places.first.map { $0.file + ($0.key.map { " : " + $0 } ?? "") },
                        summary: item.summary)
                },
                unchecked: change.report.unchecked.prefix(UpdatePlan.maximumChanges).map {
                    ($0.file.map { $0 + ": " } ?? "") + $0.reason
                })
        }
    }

    private static func sources(_ old: LockedDeliverable?, _ new: LockedDeliverable?) -> [Entry.Source] {
        let roles = Set((old?.sources ?? []).map(\.role)).union((new?.sources ?? []).map(\.role)).sorted()
        return roles.compactMap { role in
            let (before, after) = (old?.source(role), new?.source(role))
            guard let request = (after ?? before)?.request, before != after else { return nil }
            return Entry.Source(
                role: role, repository: request.repository, revision: request.revision, before: before?.commit,
                after: after?.commit)
        }
    }

    // MARK: Text

    /// The bytes of the file.
    package var text: String {
        let members = self.members
        return JSONValue.object(members + [.init("digest", .string(UpdatePlan.digest(members).description))]).text()
            + "\n"
    }

    /// The SHA-256 of the compact JSON of everything else.
    private static func digest(_ members: [JSONValue.Member]) -> Digest {
        Digest(of: JSONValue.object(members).text(.compact))
    }

    private var members: [JSONValue.Member] {
        [
            .init("schema", .string(UpdatePlan.schema)), .init("from", .string(from.description)),
            .init("to", .string(lock.digest.description)),
            .init(
                "classes",
                .array(
                    classes.entries.map { entry in
                        .object([
                            "class": .string(entry.word), "severity": .string(entry.severity.rawValue),
                            "changes": .integer(Int64(entry.count)),
                        ])
                    })),
            .init("accept", .array(classes.decisive.map { .string($0) })),
            .init("deliverables", .array(entries.map(\.json))),
            .init("lock", .string(lock.canonicalText)),
        ]
    }

    fileprivate struct Disk: Decodable {
        struct Class: Decodable {
            let `class`: String
            let severity: String
            let changes: Int
        }
        struct Deliverable: Decodable {
            struct Source: Decodable {
                let role: String
                let kind: String
                let repository: String
                let revision: String
                let before: String?
                let after: String?
            }
            struct Change: Decodable {
                let rule: String
                let `class`: String
                let severity: String
                let place: String?
                let summary: String
            }
            let name: String
            let verdict: String
            let sources: [Source]
            let changes: [Change]
            let unchecked: [String]
        }
        let from: String
        let to: String
        let classes: [Class]
        let deliverables: [Deliverable]
        let lock: String
    }

    /// Reads a plan from a file.
    ///
    /// - Throws: `Failure` with code `file` when there is none, `mismatch` when it is not exactly what the program writes.
    package static func read(_ path: FilePath) throws(Failure) -> UpdatePlan {
        let shown = Escaped(path.string, limit: 1024).description
        guard let text = String(validating: try FileSystem.read(path, limit: maximumSize), as: UTF8.self) else {
            throw altered(shown, "it is not UTF-8 text")
        }
        return try parse(text, file: shown)
    }

    /// Reads the text of a plan.
    package static func parse(_ text: String, file: String) throws(Failure) -> UpdatePlan {
        guard let disk = try? JSONDecoder().decode(Disk.self, from: Data(text.utf8)) else {
            throw altered(file, "it is no plan of this version")
        }
        guard let from = Digest(disk.from), let to = Digest(disk.to) else {
            throw altered(file, "a digest in it is none")
        }
        let lock = try Lock.parse(disk.lock, file: file + " : lock")
        guard lock.digest == to else { throw altered(file, "its lock is not the one that it names") }
        var classes: [ReviewClasses.Entry] = []
        for item in disk.classes {
            guard let severity = DriftSeverity(rawValue: item.severity) else {
                throw altered(file, "it has an unknown severity")
            }
            classes.append(ReviewClasses.Entry(word: item.class, severity: severity, count: item.changes))
        }
        var entries: [Entry] = []
        for item in disk.deliverables {
            guard let entry = try? Entry(item) else { throw altered(file, "a deliverable in it cannot be read") }
            entries.append(entry)
        }
        let plan = UpdatePlan(from: from, lock: lock, entries: entries, classes: ReviewClasses(classes))
        // There is one text for one plan: whatever was changed, added or put in another order shows here.
        guard plan.text.utf8.elementsEqual(text.utf8) else { throw altered(file, "it is not what was written") }
        return plan
    }

    private init(from: Digest, lock: Lock, entries: [Entry], classes: ReviewClasses) {
        (self.from, self.lock, self.entries, self.classes) = (from, lock, entries, classes)
    }

    private static func altered(_ file: String, _ reason: String) -> Failure {
        Failure(
            .mismatch, "the plan `\(file)` was altered or is damaged: \(reason)",
            hint: "make it anew with `weighlock update --plan FILE` and review that")
    }
}

extension UpdatePlan.Entry {
    fileprivate init(_ disk: UpdatePlan.Disk.Deliverable) throws(Failure) {
        var sources: [Source] = []
        for item in disk.sources {
            guard let role = SourceRole(item.role), let kind = RepositoryID.Kind(rawValue: item.kind) else {
                throw Failure(.mismatch, "a source cannot be read")
            }
            sources.append(
                Source(
                    role: role, repository: try RepositoryID(item.repository, kind: kind),
                    revision: try Revision(item.revision), before: item.before.flatMap { GitObjectID($0) },
                    after: item.after.flatMap { GitObjectID($0) }))
        }
        self.init(
            name: try DeliverableName(disk.name), verdict: disk.verdict, sources: sources,
            changes: disk.changes.map {
                Change(rule: $0.rule, kind: $0.class, severity: $0.severity, place: $0.place, summary: $0.summary)
            }, unchecked: disk.unchecked)
    }

    fileprivate var json: JSONValue {
        .object([
            "name": .string(name.description), "verdict": .string(verdict),
            "sources": .array(
                sources.map { source in
                    .object([
                        "role": .string(source.role.description), "kind": .string(source.repository.kind.rawValue),
                        "repository": .string(source.repository.name), "revision": .string(source.revision.description),
                        "before": source.before.map { .string($0.description) },
                        "after": source.after.map { .string($0.description) },
                    ])
                }),
            "changes": .array(
                changes.map { change in
                    .object([
                        "rule": .string(change.rule), "class": .string(change.kind),
                        "severity": .string(change.severity),
                        "place": change.place.map { .string($0) }, "summary": .string(change.summary),
                    ])
                }),
            "unchecked": .array(unchecked.map { .string($0) }),
        ])
    }
}
