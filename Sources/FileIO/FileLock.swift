// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import SystemPackage

/// A lock between processes, exclusive or shared, held as long as the value lives.
///
/// It is an advisory `flock`: on network file systems that grant it to everybody, safety rests on atomic renames alone.
package struct FileLock: ~Copyable, Sendable {
    private let file: File

    /// Takes the lock file at `path`, created when missing and never removed, waiting for the process that holds it.
    ///
    /// - Throws: `Failure` with code `busy` when it is not free after `patience`; `CancellationError` when cancelled.
    package init(
        _ path: FilePath, shared: Bool = false, patience: Duration, waiting: @Sendable () -> Void = {}
    ) async throws {
        try FileSystem.createDirectories(path.removingLastComponent())
        let opened = try File(path, .updating)
        let deadline = ContinuousClock.now + patience
        var said = false
        while try !opened.tryLock(shared: shared) {
            if !said { waiting() }
            said = true
            guard ContinuousClock.now < deadline else {
                throw Failure(
                    .busy, "another process holds `\(path.string)`",
                    hint: "wait until the other weighlock command has ended")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        file = consume opened
    }
}
