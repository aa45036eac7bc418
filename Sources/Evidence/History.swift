// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import FileIO
package import SystemPackage

/// The locks that were in force, one after the other.
package struct History: Sendable {
    /// The longest history that is read.
    package static let maximumSize = 64 << 20
    /// The longest lock that is read back.
    package static let maximumLockSize = 256 << 20

    /// The directory that holds `history.jsonl` and `locks`: `.weighlock` in the project.
    package let directory: FilePath
    /// The entries, oldest first; the chain has been checked.
    package let entries: [HistoryEntry]
    /// Where the last whole line ends; what stands behind it is the rest of an interrupted write.
    private let end: Int64
    /// Whether the file ends in the rest of an interrupted write.
    package let hasTornTail: Bool

    private static func file(_ directory: FilePath) -> FilePath { directory.appending("history.jsonl") }
    private func lockFile(_ digest: Digest) -> FilePath { directory.appending("locks/\(digest).json") }

    /// Reads the history of a project; an absent one is empty.
    ///
    /// - Throws: `Failure` with code `historyBroken` that names the first line which is not what the chain says.
    package init(directory: FilePath) throws(Failure) {
        self.directory = directory
        let file = History.file(directory)
        guard FileSystem.exists(file) else {
            (entries, end, hasTornTail) = ([], 0, false)
            return
        }
        let bytes = try FileSystem.read(file, limit: History.maximumSize)
        var entries: [HistoryEntry] = []
        var previous = HistoryEntry.beginning
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.dropLast().enumerated() {
            func broken(_ reason: String) -> Failure {
                Failure(
                    .historyBroken, "the history `\(file.string)` is broken at line \(index + 1): \(reason)",
                    hint: "compare it with the copy in git; it must never be edited")
            }
            guard let text = String(validating: line, as: UTF8.self), let entry = HistoryEntry(line: text) else {
                throw broken("it is not an entry")
            }
            guard entry.previous == previous else { throw broken("it does not follow the line before it") }
            guard entry.sequence == index + 1 else { throw broken("its number is \(entry.sequence)") }
            entries.append(entry)
            previous = Digest(of: text)
        }
        self.entries = entries
        hasTornTail = lines.last?.isEmpty == false
        end = Int64(bytes.count - (lines.last?.count ?? 0))
    }

    /// Checks that every lock the history names is there and is what the history says.
    ///
    /// - Throws: `Failure` with code `historyBroken`.
    package func checkLocks() throws(Failure) {
        for entry in entries { _ = try text(of: entry) }
    }

    private func text(of entry: HistoryEntry) throws(Failure) -> String {
        guard let bytes = try? FileSystem.read(lockFile(entry.lock), limit: History.maximumLockSize) else {
            throw Failure(
                .historyBroken, "the lock of entry \(entry.sequence) is missing: `\(lockFile(entry.lock).string)`",
                hint: "take it from git")
        }
        guard Digest(of: bytes) == entry.lock else {
            throw Failure(
                .historyBroken, "the lock of entry \(entry.sequence) was changed: `\(lockFile(entry.lock).string)`",
                hint: "take it from git")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads back the lock of an entry.
    package func lock(of entry: HistoryEntry) throws(Failure) -> Lock {
        try Lock.parse(try text(of: entry), file: lockFile(entry.lock).string)
    }

    /// Writes the next entry, and the lock beside it, durably: first the lock, then the line that names it.
    ///
    /// The caller holds the project's lock.
    package func appending(
        _ lock: Lock, action: HistoryEntry.Action, reason: String?, author: String, time: String,
        review: HistoryEntry.Review? = nil
    ) throws(Failure) -> History {
        let text = lock.decision.canonicalText
        let digest = Digest(of: text)
        try FileSystem.createDirectories(directory.appending("locks"))
        if !FileSystem.exists(lockFile(digest)) { try FileSystem.replace(lockFile(digest), with: Array(text.utf8)) }
        let entry = HistoryEntry(
            sequence: entries.count + 1, previous: entries.last.map { Digest(of: $0.line) } ?? HistoryEntry.beginning,
            time: time,
            action: action, author: author, reason: reason, from: review?.from, accepted: review?.accepted,
            lock: digest,
            identity: lock.identity)
        let file = History.file(directory)
        if hasTornTail { try File(file, .updating).truncate(to: ByteCount(clamping: end)) }
        try FileSystem.append(Array((entry.line + "\n").utf8), to: file)
        return try History(directory: directory)
    }

    /// The entry that a rollback from the lock of the last entry returns to.
    package var previousInForce: HistoryEntry? { entries.last.flatMap { previous(to: $0.lock) } }

    /// The entry that a rollback from the lock in force returns to: the one before it, where going back, by a rollback or by
    /// other means, has undone what was gone back over.
    ///
    /// `inForce` need not be the last entry's: a command that was killed leaves a last line whose lock never came into
    /// force, and a lock can come from elsewhere.
    package func previous(to inForce: Digest) -> HistoryEntry? {
        var stack: [HistoryEntry] = []
        for entry in entries {
            if entry.action == .rollback || entry.action == .observed,
                let index = stack.lastIndex(where: { $0.lock == entry.lock })
            {
                stack.removeSubrange((index + 1)...)
            } else if stack.last?.lock != entry.lock {
                stack.append(entry)
            }
        }
        guard let index = stack.lastIndex(where: { $0.lock == inForce }) else { return stack.last }
        return index > 0 ? stack[index - 1] : nil
    }
}
