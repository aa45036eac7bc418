// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FoundationEssentials

/// One line of the history: a lock that came into force.
package struct HistoryEntry: Sendable, Hashable {
    /// Why a lock came into force.
    package enum Action: String, Sendable, Hashable, Codable {
        /// The manifest asked for something new.
        case lock
        /// Somebody accepted what a name means now.
        case update
        /// Somebody went back to an earlier lock.
        case rollback
        /// A lock was found in force that this history does not know: it came with the project, a merge or an editor.
        case observed
    }

    /// What was accepted with an update.
    package struct Review: Sendable, Hashable {
        /// The digest of the lock that was in force.
        package let from: Digest
        /// The classes of changes that were accepted.
        package let accepted: [String]

        /// Notes it.
        package init(from: Digest, accepted: [String]) { (self.from, self.accepted) = (from, accepted) }
    }

    /// The number of the line, from 1.
    package let sequence: Int
    /// The SHA-256 of the line before, without its line feed; 64 zeros for the first.
    package let previous: Digest
    /// When, as `2026-01-31T12:00:00Z`.
    package let time: String
    /// Why.
    package let action: Action
    /// Who, as the environment says.
    package let author: String
    /// What the person said.
    package let reason: String?
    /// The lock that an accepted update replaced; nil for other lines and for those of older programs.
    package let from: Digest?
    /// The classes of changes that were accepted with an update, as `docs/formats/diff.md` names them; nil where `from` is.
    package let accepted: [String]?
    /// The SHA-256 of the text of the lock's decision: without what was found out about the bytes later.
    package let lock: Digest
    /// The lock's identity.
    package let identity: Digest

    /// The line, without its line feed.
    var line: String {
        JSONValue.object([
            "sequence": .integer(Int64(sequence)), "previous": .string(previous.description), "time": .string(time),
            "action": .string(action.rawValue), "author": .string(author), "reason": reason.map { .string($0) },
            "from": from.map { .string($0.description) },
            "accepted": accepted.map { .array($0.map { .string($0) }) },
            "lock": .string(lock.description), "identity": .string(identity.description),
        ]).text(.compact)
    }

    private struct Disk: Decodable {
        let sequence: Int
        let previous: String
        let time: String
        let action: Action
        let author: String
        let reason: String?
        let from: String?
        let accepted: [String]?
        let lock: String
        let identity: String
    }

    init(
        sequence: Int, previous: Digest, time: String, action: Action, author: String, reason: String?,
        from: Digest?, accepted: [String]?, lock: Digest, identity: Digest
    ) {
        (self.sequence, self.previous, self.time, self.action) = (sequence, previous, time, action)
        (self.author, self.reason, self.from, self.accepted) = (author, reason, from, accepted)
        (self.lock, self.identity) = (lock, identity)
    }

    /// Reads a line; nil when it is not exactly what `line` would write.
    init?(line: String) {
        guard let disk = try? JSONDecoder().decode(Disk.self, from: Data(line.utf8)),
            let previous = Digest(disk.previous), (disk.from == nil) == (disk.accepted == nil),
            let lock = Digest(disk.lock), let identity = Digest(disk.identity)
        else { return nil }
        self.init(
            sequence: disk.sequence, previous: previous, time: disk.time, action: disk.action, author: disk.author,
            reason: disk.reason, from: disk.from.flatMap { Digest($0) }, accepted: disk.accepted, lock: lock,
            identity: identity)
        guard self.line.utf8.elementsEqual(line.utf8) else { return nil }
    }

    static let beginning = Digest(String(repeating: "0", count: 64)) ?? Digest(of: "")
}
