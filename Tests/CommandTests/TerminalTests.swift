// SPDX-License-Identifier: Apache-2.0

import ContentModel
import SystemPackage
import TestKit
import Testing

@Suite struct `What reaches the terminal` {
    @Test func `quiet says nothing but errors, and data stays`() async throws {
        let workspace = try await Workspace.withModel()
        try await workspace.run("lock", "-q")
        try await workspace.run("sync", "--quiet")
        try await workspace.run("verify", "-q")
        try await workspace.run("outdated", "-q")
        try await workspace.run("log", "-q")
        try workspace.moveUpstream()
        try await workspace.run("outdated", "-q")
        try await workspace.run("update", "-q", "--yes")
        try await workspace.run("remove", "nobody", "-q")
        try workspace.check("terminal-quiet")
    }

    @Test func `colours are used when they are asked for, and not in a file`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.moveUpstream()
        for environment in [[:], ["TERM": "xterm"], ["NO_COLOR": "1"]] {
            let outcome = try await workspace.run(["outdated"], environment: environment, isRecorded: false)
            #expect(!outcome.transcript.contains("\u{1B}"))
        }
        try await workspace.run("outdated", "--color", "always")
        try await workspace.run("outdated", "--color", "always", environment: ["NO_COLOR": "1"])
        try await workspace.run("update", "--color", "always")
        try await workspace.run("log", "--color", "always")
        try await workspace.run("outdated", "--color", "never", environment: ["TERM": "xterm"])
        try workspace.check("terminal-colours")
    }

    @Test func `on a terminal the progress line moves and is removed`() async throws {
        let workspace = try await Workspace.locked()
        let script = try Program(
            in: workspace.project, home: workspace.home,
            environment: [
                "HF_ENDPOINT": workspace.hub.url, "TERM": "xterm", "SOURCE_DATE_EPOCH": String(Workspace.now),
            ], executable: "/usr/bin/script")
        let line = "'\(Program.executable.string)' outdated"
        let plain = try await script.run("-qec", line, "/dev/null")
        #expect(plain.output.contains("\u{1B}[32mcurrent\u{1B}[0m"), "\(plain.transcript)")
        let colourless = try await script.run("-qec", line, "/dev/null", environment: ["NO_COLOR": "1"])
        #expect(!colourless.output.contains("\u{1B}") && colourless.output.contains("current"))
        let dumb = try await script.run("-qec", line, "/dev/null", environment: ["TERM": "dumb"])
        #expect(!dumb.output.contains("\u{1B}"))
    }

    @Test func `a person is asked on a terminal, and only yes means yes`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.moveUpstream()
        let before = try workspace.lockText
        let script = try Program(
            in: workspace.project, home: workspace.home,
            environment: [
                "HF_ENDPOINT": workspace.hub.url, "TERM": "dumb", "SOURCE_DATE_EPOCH": String(Workspace.now),
            ], executable: "/usr/bin/script")
        let line = "'\(Program.executable.string)' update"
        for answer in ["n\n", "\n", "maybe\n"] {
            let outcome = try await script.run("-qec", line, "/dev/null", input: answer)
            #expect(
                outcome.output.contains("accept these changes (tokens, prompt, sampling)? [y/N]"),
                "\(outcome.transcript)")
            #expect(outcome.output.contains("the update was not accepted: nothing was written"))
            #expect(outcome.status == 1)
            #expect(try workspace.lockText == before)
        }
        let outcome = try await script.run("-qec", line, "/dev/null", input: "yes\n")
        #expect(outcome.status == 0, "\(outcome.transcript)")
        #expect(try workspace.lockText != before)
    }

    @Test func `output into a closed pipe is no error`() async throws {
        let workspace = try await Workspace.synced()
        let shell = try Program(in: workspace.project, home: workspace.home, executable: "/bin/bash")
        let outcome = try await shell.run(
            "-c", "'\(Program.executable.string)' completions bash | head -n 1; echo ${PIPESTATUS[0]}")
        #expect(outcome.output.hasSuffix("\n0\n"), "\(outcome.transcript)")
        #expect(outcome.errors.isEmpty)
    }

    @Test func `work goes on when nobody reads what it prints`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.moveUpstream()
        let before = try workspace.lockText
        let shell = try Program(
            in: workspace.project, home: workspace.home, environment: ["HF_ENDPOINT": workspace.hub.url],
            executable: "/bin/bash")
        let outcome = try await shell.run(
            "-c", "'\(Program.executable.string)' update --yes | true; echo ${PIPESTATUS[0]}")
        #expect(outcome.output == "0\n", "\(outcome.transcript)")
        #expect(try workspace.lockText != before)
        let silent = try await shell.run(
            "-c", "{ '\(Program.executable.string)' sync; echo $? >status; } 2>&1 >/dev/null | true; cat status")
        #expect(silent.output == "0\n", "\(silent.transcript)")
        try await workspace.quietly("verify")
    }

    @Test func `a full disk under the output is not passed over`() async throws {
        let workspace = try await Workspace.synced()
        let shell = try Program(in: workspace.project, home: workspace.home, executable: "/bin/sh")
        let outcome = try await shell.run("-c", "'\(Program.executable.string)' env >/dev/full")
        #expect(outcome.status == 1, "\(outcome.transcript)")
        #expect(outcome.errors.contains("no space"))
    }
}
