// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A child of the test run, started with `posix_spawn`.
///
/// Not Foundation's `Process`: its `run()` reads past its memory now and then when several threads start children.
enum ChildProcess {
    /// Where the streams of a child lie: files, so that nothing has to be read while it runs and nothing can block.
    struct Streams: Sendable {
        let input: String
        let output: String
        let errors: String
    }

    /// Starts `arguments`, the program first, in `directory`; `ended` hears the exit code, or 128 plus the signal.
    static func start(
        _ arguments: [String], in directory: FilePath, environment: [String: String], _ streams: Streams,
        ended: @escaping @Sendable (Int32) -> Void
    ) throws -> Int32 {
        // `env -C` changes the directory and then becomes the program: the process is the same one.
        let tool = "/usr/bin/env"
        var words = ([tool, "-C", directory.string] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, streams.input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, streams.output, O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, streams.errors, O_WRONLY, 0)
        // A test runner's threads may block or ignore signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&all)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP] { sigaddset(&all, signal) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var identifier: pid_t = 0
        let result = posix_spawn(&identifier, tool, &actions, &attributes, &words, &variables)
        guard result == 0 else {
            throw Program.Unavailable(description: "`\(arguments.first ?? "")` cannot be started: error \(result)")
        }
        let child = identifier
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(child, &status, 0) == -1, errno == EINTR {}
            let signal = status & 0x7f
            ended(signal == 0 ? (status >> 8) & 0xff : 128 + signal)
        }
        return child
    }
}
