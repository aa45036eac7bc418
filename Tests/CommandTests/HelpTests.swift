// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKit
import Testing

@Suite struct `What the program says of itself` {
    private static let commands = [
        [], ["init"], ["add"], ["remove"], ["lock"], ["sync"], ["verify"], ["outdated"], ["update"], ["log"],
        ["rollback"], ["run"], ["env"],
        ["inspect"], ["digest"], ["convert"], ["diff"], ["render"], ["lint"],
        ["serve"], ["serve", "start"], ["serve", "import"], ["cache"], ["cache", "dir"], ["cache", "size"],
        ["cache", "check"],
        ["cache", "heal"], ["cache", "gc"], ["completions"], ["schema"], ["help-environment"],
    ]

    @Test(arguments: commands) func `the help of every command is as reviewed`(_ command: [String]) async throws {
        let workspace = try await Workspace()
        let direct = try await workspace.quietly(command + ["--help"])
        #expect(direct.errors.isEmpty)
        workspace.record(direct, of: command + ["--help"])
        try workspace.check("help" + command.map { "-" + $0 }.joined())
    }

    @Test func `help and --help say the same`() async throws {
        let workspace = try await Workspace()
        for command in [["sync"], ["cache", "gc"]] {
            #expect(
                try await workspace.quietly(["help"] + command).output
                    == (try await workspace.quietly(command + ["--help"])).output)
        }
    }

    @Test func `no command without a subcommand does anything but explain itself`() async throws {
        let workspace = try await Workspace()
        for command in [[], ["cache"]] {
            let outcome = try await workspace.quietly(command)
            #expect(outcome.output == (try await workspace.quietly(command + ["--help"])).output)
        }
    }

    @Test func `the version is one line`() async throws {
        let workspace = try await Workspace()
        try await workspace.run("--version")
        try workspace.check("version")
    }

    @Test func `the environment variables are listed`() async throws {
        let workspace = try await Workspace()
        try await workspace.run("help-environment")
        try await workspace.run("help-environment", "--json")
        try workspace.check("help-environment-list")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `a completion script names every command`(
        _ shell: String
    ) async throws {
        let workspace = try await Workspace()
        let script = try await workspace.quietly("completions", shell).output
        for command in Self.commands where !command.isEmpty { #expect(script.contains(command[0])) }
        #expect(script.contains("print-cache-key"))
    }

    @Test func `bash accepts its completion script`() async throws {
        let workspace = try await Workspace()
        let script = try await workspace.quietly("completions", "bash").output
        let bash = try Program(in: workspace.project, home: workspace.home, executable: "/bin/bash")
        let outcome = try await bash.run("-n", input: script)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test(arguments: [("manifest", "weighlock.yaml"), ("lock", "weighlock.lock")])
    func `a schema is printed as it is in the source`(_ word: String, _ file: String) async throws {
        let workspace = try await Workspace()
        let printed = try await workspace.quietly("schema", word).output
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Sources/Deliverable/\(file).schema.json")
        #expect(printed == String(decoding: try Data(contentsOf: source), as: UTF8.self))
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(printed.utf8)) }
    }
}
