// SPDX-License-Identifier: Apache-2.0

import FileIO
import SystemPackage
import TestKit
import Testing

@Suite struct `Running programs on the view` {
    @Test func `the child gets the arguments, the input, the variables, and its exit code is ours`() async throws {
        let workspace = try await Workspace.synced()
        workspace.hub.forgetRequests()
        try await workspace.run("run", "--", "printf", "<%s>\\n", "a b", "", "--json", "$HOME", "ä")
        try await workspace.run("run", "--", "cat", input: "what was typed\n")
        try await workspace.run(
            "run", "--", "sh", "-c",
            "env | grep -E '^(HF_|HUGGING|TRANSFORMERS|WEIGHLOCK_ID)' | LC_ALL=C sort; echo told >&2; exit 42")
        try await workspace.run(
            "run", "--", "sh", "-c",
            "cat \"$HF_HUB_CACHE\"/models--example--tiny/refs/main; cat \"$HF_HUB_CACHE\"/models--example--tiny/snapshots/*/vocab.txt"
        )
        try await workspace.run("run", "--", "sh", "-c", "kill -TERM $$")
        try await workspace.run("run", "--", "sh", "-c", "test -z \"$(trap)\" && kill -PIPE $$")
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("run")
    }

    @Test func `commands that cannot be run are named`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.write("project/not-executable", "#!/bin/sh\n")
        try await workspace.run("run", "--", "no-such-command-anywhere")
        try await workspace.run("run", "--", "./no-such-file")
        try await workspace.run("run", "--", "./not-executable")
        try await workspace.run("run", "--", "")
        try await workspace.run("run", "--deliverable", "tniy", "--", "true")
        try workspace.check("run-cannot")
    }

    @Test func `nothing is run before the first sync`() async throws {
        let workspace = try await Workspace.locked()
        let outcome = try await workspace.run("run", "--", "touch", "was-run")
        #expect(outcome.status == 3)
        #expect(!workspace.exists("project/was-run"))
        try workspace.check("run-unsynced")
    }

    @Test func `a signal that is sent to run reaches the child`() async throws {
        let workspace = try await Workspace.synced()
        let running = try workspace.launch([
            "run", "--", "sh", "-c", "trap 'echo caught; exit 7' INT; touch ready; while :; do sleep 0.01; done",
        ])
        while !workspace.exists("project/ready") { try await Task.sleep(for: .milliseconds(5)) }
        running.send(2)
        let outcome = await running.outcome()
        #expect(outcome.status == 7)
        #expect(outcome.output == "caught\n")
    }

    @Test func `env prints what a shell can evaluate, whatever the directory is called`() async throws {
        let workspace = try await Workspace.synced(environment: [:])
        try await workspace.run("env")
        try await workspace.run("env", "--json")
        try workspace.check("env")
        let strange = workspace.directory.appending("it's a \"home\" $HOME `x` \\ é").string
        try await workspace.quietly("sync", environment: ["WEIGHLOCK_HOME": strange])
        let text = try await workspace.quietly("env", environment: ["WEIGHLOCK_HOME": strange]).output
        let shell = try Program(in: workspace.project, home: workspace.home, executable: "/bin/sh")
        let outcome = try await shell.run(
            "-eu", input: text + "cd \"$HF_HUB_CACHE\" && pwd && printf '%s\\n' \"$HF_HUB_OFFLINE\"\n")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.output.hasPrefix(strange + "/views/") && outcome.output.hasSuffix("/hub\n1\n"), "\(outcome.output)")
    }

    @Test func `env before the first sync warns`() async throws {
        let workspace = try await Workspace.locked()
        try await workspace.run("env")
        try workspace.check("env-unsynced")
    }

    @Test func `where deliverables have views of their own one has to be named`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.write(
            "project/weighlock.yaml",
            "version: 1\ndeliverables:\n  a:\n    model: {repo: example/tiny}\n    cache_dir: ../cache\n  b:\n    model: {repo: example/tiny}\n"
        )
        try await workspace.quietly("lock")
        try await workspace.run("sync")
        try await workspace.run("env")
        try await workspace.run("run", "--", "true")
        try await workspace.run("env", "--deliverable", "a")
        try await workspace.run("run", "--deliverable", "b", "--", "sh", "-c", "echo \"$HF_HUB_CACHE\"")
        try await workspace.run("env", "--deliverable", "c")
        try workspace.check("run-views")
    }
}
