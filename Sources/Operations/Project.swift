// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
package import Evidence
internal import FileIO
package import SystemPackage

/// The user's directory: manifest, lock and history.
package struct Project: Sendable {
    /// The directory that holds `weighlock.yaml`.
    package let directory: FilePath
    /// The longest manifest that is read.
    static let maximumManifestSize = 1 << 20
    /// The longest lock that is read.
    static let maximumLockSize = 256 << 20

    /// Names a project.
    package init(directory: FilePath) { self.directory = directory }

    /// `weighlock.yaml`.
    package var manifestPath: FilePath { directory.appending(Manifest.fileName) }
    /// `weighlock.lock`.
    package var lockPath: FilePath { directory.appending(Lock.fileName) }
    /// `.weighlock`.
    package var stateDirectory: FilePath { directory.appending(".weighlock") }

    /// Finds the project that `start` lies in: the nearest directory upwards with a manifest or a lock; `start` itself when
    /// there is none.
    package static func find(from start: FilePath) -> Project {
        var directory = start
        for _ in 0..<64 {
            let project = Project(directory: directory)
            if FileSystem.exists(project.manifestPath) || FileSystem.exists(project.lockPath) { return project }
            let parent = directory.removingLastComponent()
            if parent == directory || parent.isEmpty { break }
            directory = parent
        }
        return Project(directory: start)
    }

    /// The manifest's text.
    ///
    /// - Throws: `Failure` with code `manifest` when there is none.
    package func manifestText() throws(Failure) -> String {
        guard FileSystem.exists(manifestPath) else {
            throw Failure(
                .manifest, "there is no `\(Manifest.fileName)` in `\(directory.string)` or above it",
                hint: "run `weighlock init`")
        }
        guard
            let text = String(
                validating: try FileSystem.read(manifestPath, limit: Project.maximumManifestSize), as: UTF8.self)
        else {
            throw Failure(.manifest, "`\(Manifest.fileName)` is not UTF-8 text")
        }
        return text
    }

    /// The manifest.
    package func manifest() throws(Failure) -> Manifest { try Manifest.parse(try manifestText()) }

    /// The manifest, when there is one: what a lock alone can do needs none.
    package func manifestIfPresent() throws(Failure) -> Manifest? {
        FileSystem.exists(manifestPath) ? try manifest() : nil
    }

    /// The lock, when there is one.
    package func lockIfPresent() throws(Failure) -> Lock? {
        guard let text = try lockText() else { return nil }
        return try Lock.parse(text)
    }

    /// The lock.
    ///
    /// - Throws: `Failure` with code `lockFile` when there is none or it cannot be read.
    package func lock() throws(Failure) -> Lock {
        guard let lock = try lockIfPresent() else {
            throw Failure(
                .lockFile, "there is no `\(Lock.fileName)` in `\(directory.string)`", hint: "run `weighlock lock`")
        }
        return lock
    }

    private func lockText() throws(Failure) -> String? {
        guard FileSystem.exists(lockPath) else { return nil }
        guard
            let text = String(validating: try FileSystem.read(lockPath, limit: Project.maximumLockSize), as: UTF8.self)
        else {
            throw Failure(
                .lockFile, "`\(Lock.fileName)` is not UTF-8 text",
                hint: "take it from git, or remove it and run `weighlock lock`")
        }
        return text
    }

    /// The history; an absent one is empty.
    package func history() throws(Failure) -> History { try History(directory: stateDirectory) }

    /// Replaces the manifest's text.
    package func writeManifest(_ text: String) throws(Failure) {
        try FileSystem.replace(manifestPath, with: Array(text.utf8))
    }

    /// Brings a lock into force: its text beside the history, the line that names it, then the lock file itself.
    ///
    /// A command killed in between leaves the old lock in force; the next one notes that with an `observed` entry.
    ///
    /// - Parameter expected: the lock that the decision was made on. When another one is in force by now nothing is written
    ///   and the code is `busy`.
    package func commit(
        _ lock: Lock, replacing expected: Lock?, action: HistoryEntry.Action, reason: String?,
        review: HistoryEntry.Review? = nil, settings: Settings
    ) async throws {
        let held = try await FileLock(stateDirectory.appending("project.lock"), patience: .seconds(60))
        defer { withExtendedLifetime(held) {} }
        let ignore = stateDirectory.appending(".gitignore")
        if !FileSystem.exists(ignore) { try FileSystem.replace(ignore, with: Array("project.lock\n".utf8)) }
        let current = try lockIfPresent()
        guard current == expected else {
            throw Failure(
                .busy, "`\(Lock.fileName)` was changed by another command meanwhile", hint: "run the command again")
        }
        var history = try history()
        if let current, history.entries.last?.lock != current.digest {
            history = try history.appending(
                current, action: .observed, reason: nil, author: settings.author, time: settings.now())
        }
        if history.entries.last?.lock != lock.digest {
            _ = try history.appending(
                lock, action: action, reason: reason, author: settings.author, time: settings.now(), review: review)
        }
        try FileSystem.replace(lockPath, with: Array(lock.canonicalText.utf8))
    }

    /// Notes in the lock in force what was found out about its bytes. The decision is the same, so the history says nothing.
    ///
    /// - Throws: `Failure` with code `busy` when another lock is in force by now.
    func complete(_ lock: Lock, replacing expected: Lock) async throws {
        try FileSystem.createDirectories(stateDirectory)
        let held = try await FileLock(stateDirectory.appending("project.lock"), patience: .seconds(60))
        defer { withExtendedLifetime(held) {} }
        guard try lockIfPresent() == expected else {
            throw Failure(
                .busy, "`\(Lock.fileName)` was changed by another command meanwhile", hint: "run the command again")
        }
        try FileSystem.replace(lockPath, with: Array(lock.canonicalText.utf8))
    }
}
