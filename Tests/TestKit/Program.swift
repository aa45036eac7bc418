// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Synchronization
package import SystemPackage

/// The real `weighlock`, run as a user runs it but in an environment of its own.
///
/// Children see `HOME`, `WEIGHLOCK_HOME`, `PATH`, `TERM=dumb` and what is given, nothing else.
package struct Program: Sendable {
    /// What a finished run left behind.
    package struct Outcome: Sendable {
        /// The exit code; 128 plus the signal's number when a signal ended it.
        package let status: Int32
        /// Everything on standard output.
        package let output: String
        /// Everything on standard error.
        package let errors: String

        /// One text for a snapshot: the exit code and both streams.
        package var transcript: String {
            "exit: \(status)\n--- stdout\n\(output)\(Outcome.closed(output))--- stderr\n\(errors)\(Outcome.closed(errors))"
        }
        private static func closed(_ text: String) -> String { text.isEmpty || text.hasSuffix("\n") ? "" : "⏎\n" }
    }

    /// Why a program could not be run.
    package struct Unavailable: Error, CustomStringConvertible {
        package let description: String
    }

    private let executable: FilePath
    private let directory: FilePath
    private let environment: [String: String]
    private let files: TemporaryDirectory

    /// The binary beside the test bundle; `WEIGHLOCK_BINARY` names another one.
    package static var executable: FilePath {
        if let named = ProcessInfo.processInfo.environment["WEIGHLOCK_BINARY"], !named.isEmpty {
            return FilePath(named)
        }
        let runner =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments
            .first ?? ""
        // The runner lies in the build folder, or on macOS in a bundle in it.
        var folder = FilePath(runner).removingLastComponent()
        for _ in 0..<4 {
            let candidate = folder.appending("weighlock")
            if FileManager.default.isExecutableFile(atPath: candidate.string) { return candidate }
            folder.removeLastComponent()
        }
        return FilePath(runner).removingLastComponent().appending("weighlock")
    }

    /// Prepares to run `executable` (the real `weighlock` unless another is named) in `directory`, with `home` as home.
    package init(
        in directory: FilePath, home: FilePath, environment: [String: String] = [:],
        executable: FilePath = Program.executable
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: executable.string) else {
            throw Unavailable(
                description: "`\(executable)` is not there or not executable: build it first, or set WEIGHLOCK_BINARY")
        }
        self.executable = executable
        self.directory = directory
        files = try TemporaryDirectory()
        var all = [
            "HOME": home.string, "WEIGHLOCK_HOME": home.appending("weighlock").string, "TERM": "dumb",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        ]
        all.merge(environment) { $1 }
        self.environment = all
    }

    /// Runs to the end.
    package func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await run(arguments, input: input, environment: environment)
    }

    /// Runs to the end.
    package func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await launch(arguments, input: input, environment: environment).outcome()
    }

    /// Starts, and returns while it runs.
    package func launch(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Running {
        try Running(executable, arguments, directory, self.environment.merging(environment) { $1 }, input, files)
    }

    /// A run that may not be over yet.
    package final class Running: Sendable {
        private let identifier: Int32
        private let finish: FinishLine
        private let streams: (output: String, errors: String)
        private let files: TemporaryDirectory

        init(
            _ executable: FilePath, _ arguments: [String], _ directory: FilePath, _ environment: [String: String],
            _ input: String,
            _ files: TemporaryDirectory
        ) throws {
            // Files and not pipes: nothing has to be read while the child runs, so nothing can block.
            let name = String(UInt64.random(in: .min ... .max), radix: 36)
            let source = try files.write("\(name).in", input)
            streams = (try files.write("\(name).out", "").string, try files.write("\(name).err", "").string)
            self.files = files
            let finish = FinishLine()
            self.finish = finish
            identifier = try ChildProcess.start(
                [executable.string] + arguments, in: directory, environment: environment,
                .init(input: source.string, output: streams.output, errors: streams.errors)
            ) { finish.reach($0) }
        }

        /// Sends a signal: `SIGKILL`, `SIGINT` … Does nothing when the run is over.
        package func send(_ signal: Int32) { if finish.status == nil { _ = kill(identifier, signal) } }

        /// Waits for the end.
        package func outcome() async -> Outcome {
            let status = await finish.wait()
            return Outcome(status: status, output: output, errors: errors)
        }

        /// Whether the run is still going on.
        package var isRunning: Bool { finish.status == nil }
        /// Standard output so far.
        package var output: String {
            String(decoding: FileManager.default.contents(atPath: streams.output) ?? Data(), as: UTF8.self)
        }
        /// Standard error so far.
        package var errors: String {
            String(decoding: FileManager.default.contents(atPath: streams.errors) ?? Data(), as: UTF8.self)
        }
    }

    /// The exit code, once there is one.
    private final class FinishLine: Sendable {
        private let state = Mutex<(status: Int32?, waiters: [CheckedContinuation<Int32, Never>])>((nil, []))

        var status: Int32? { state.withLock { $0.status } }

        func reach(_ status: Int32) {
            let waiters = state.withLock { state in
                state.status = status
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: status) }
        }

        func wait() async -> Int32 {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state in
                    if state.status == nil { state.waiters.append(continuation) }
                    return state.status
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }
}
