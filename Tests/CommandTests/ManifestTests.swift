// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import TestKit
import Testing

@Suite struct `The manifest on the command line` {
    @Test func `init, add and remove edit it and leave the rest alone`() async throws {
        let workspace = try await Workspace()
        try await workspace.run("init")
        try await workspace.run("init")
        try await workspace.run("add", "sentence-transformers/all-MiniLM-L6-v2")
        try await workspace.run(
            "add", "example/model@v1", "--name", "chat", "--include", "*.safetensors", "--include", "*.json",
            "--exclude", "original/*")
        try await workspace.run("add", "one-segment", "--revision", "refs/pr/1", "--json")
        try await workspace.run("add", "other/all-MiniLM-L6-v2")
        workspace.note("weighlock.yaml:\n" + (try workspace.text("project/weighlock.yaml")))
        try await workspace.run("remove", "chta")
        try await workspace.run("remove", "chat")
        try await workspace.run("remove", "one-segment", "--json")
        workspace.note("weighlock.yaml:\n" + (try workspace.text("project/weighlock.yaml")))
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("manifest-edits")
    }

    @Test func `init says where it wrote`() async throws {
        let workspace = try await Workspace()
        try await workspace.run("init", "--json")
        try await workspace.run("init", "-C", "../other")
        try await workspace.run("init", "--json")
        try workspace.check("manifest-init")
    }

    @Test func `the project is found upwards, and -C names another`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.write("project/src/deep/file", "")
        try workspace.write("elsewhere/file", "")
        try await workspace.run("lock", from: "project/src/deep")
        #expect(workspace.exists("project/weighlock.lock"))
        try await workspace.run("lock", "--check", "-C", "../project", from: "elsewhere")
        try await workspace.run("lock", from: "elsewhere")
        try await workspace.run("lock", "-C", "../nowhere", from: "elsewhere")
        try workspace.check("manifest-found")
    }

    @Test func `without a manifest and a lock every command says what to do`() async throws {
        let workspace = try await Workspace()
        for command in [
            "add example/tiny", "remove tiny", "lock", "update", "sync", "verify", "outdated", "log", "rollback", "env",
            "run -- true", "cache heal",
        ] {
            try await workspace.run(command.split(separator: " ").map(String.init))
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("manifest-missing")
    }

    private static let wrong: [(String, String)] = [
        ("empty", ""),
        ("not YAML", "version: 1\ndeliverables: [\n"),
        ("a tab", "version: 1\ndeliverables:\n\ttiny: {}\n"),
        ("no version", "deliverables: {}\n"),
        ("a later version", "version: 2\ndeliverables: {}\n"),
        (
            "an unknown key",
            "version: 1\ndeliverables:\n  tiny:\n    model:\n      repo: example/tiny\n      revison: main\n"
        ),
        ("an unknown key at the top", "version: 1\ndeliverbles: {}\n"),
        (
            "a duplicate key",
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: example/tiny}\n  tiny:\n    model: {repo: example/other}\n"
        ),
        ("a list for a mapping", "version: 1\ndeliverables:\n  - tiny\n"),
        (
            "a text for a list",
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: example/tiny, include: '*.json'}\n"
        ),
        ("a text for a source", "version: 1\ndeliverables:\n  tiny:\n    model: example/tiny\n"),
        ("no model", "version: 1\ndeliverables:\n  tiny:\n    cache_dir: x\n"),
        ("no repo", "version: 1\ndeliverables:\n  tiny:\n    model: {revision: main}\n"),
        ("a bad repository", "version: 1\ndeliverables:\n  tiny:\n    model: {repo: ../../etc}\n"),
        ("a bad revision", "version: 1\ndeliverables:\n  tiny:\n    model: {repo: example/tiny, revision: 'a..b'}\n"),
        ("a bad deliverable's name", "version: 1\ndeliverables:\n  'my model':\n    model: {repo: example/tiny}\n"),
        ("a policy's word", "version: 1\ndeliverables: {}\npolicy: {pickle: convret}\n"),
        ("an alias", "version: 1\ndeliverables:\n  a: &x\n    model: {repo: example/tiny}\n  b: *x\n"),
        ("both forms", "model: {repo: example/tiny}\ndeliverables: {}\n"),
        ("a password in the endpoint", "version: 1\nendpoint: https://me:secret@example.org\ndeliverables: {}\n"),
        ("control characters", "version: 1\n\"\\e[31mred\": 1\n"),
        ("not UTF-8", "\u{FFFD}"),
        (
            "a missing local file",
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: example/tiny}\n    packages: requirements.txt\n"
        ),
        (
            "what this version cannot lock",
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: example/tiny}\n    image: vllm/vllm-openai:v0.9.1\n"
        ),
    ]

    @Test func `what is wrong in it is named with line and column, and nothing is changed`() async throws {
        let workspace = try await Workspace.locked()
        let lock = try workspace.lockText
        for (what, text) in Self.wrong {
            let bytes = what == "not UTF-8" ? [0x76, 0xFF, 0xFE, 0x0A] : Array(text.utf8)
            try workspace.directory.write("project/weighlock.yaml", bytes)
            workspace.note(what)
            let outcome = try await workspace.run("lock")
            #expect(outcome.status == 2, "\(what)")
            #expect(outcome.output.isEmpty)
            #expect(try workspace.lockText == lock)
        }
        try workspace.check("manifest-wrong")
    }

    @Test func `every command that reads it refuses it in the same words`() async throws {
        let workspace = try await Workspace.locked()
        try workspace.write(
            "project/weighlock.yaml", "version: 1\ndeliverables:\n  tiny:\n    modle: {repo: example/tiny}\n")
        let words = try await workspace.run("lock").errors
        for command in [
            "sync", "verify", "outdated", "update", "env", "run -- true", "add example/x", "remove tiny", "cache heal",
        ] {
            let outcome = try await workspace.run(command.split(separator: " ").map(String.init), isRecorded: false)
            #expect(outcome.status == 2, "\(command): \(outcome.transcript)")
            #expect(outcome.errors == words, "\(command)")
        }
        try workspace.check("manifest-refused")
    }

    @Test func `the short form is a manifest too`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.write(
            "project/weighlock.yaml", "model:\n  repo: example/tiny\n  revision: main\n  cache_dir: ../cache\n")
        try await workspace.run("lock")
        try await workspace.run("sync")
        try await workspace.run("verify")
        try await workspace.run("add", "example/other")
        try await workspace.run("remove", "model")
        try workspace.check("manifest-short-form")
    }
}
