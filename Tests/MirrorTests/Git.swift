// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKit

/// The real git, as an oracle, in a repository of its own and without anybody's configuration.
struct Git {
    /// git said no.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    let directory: FilePath

    static let executable = ["/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    init(_ directory: FilePath) async throws {
        self.directory = directory
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        _ = try await run("init", "--quiet", ".")
    }

    @discardableResult
    func run(_ arguments: String..., input: String = "", environment: [String: String] = [:]) async throws -> String {
        let clean = ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"]
        let program = try Program(
            in: directory, home: directory, environment: clean.merging(environment) { $1 },
            executable: FilePath(Git.executable ?? ""))
        let outcome = try await program.run(arguments, input: input)
        guard outcome.status == 0 else { throw Refused(description: "git \(arguments): \(outcome.errors)") }
        return outcome.output
    }
}
