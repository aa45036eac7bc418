// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import Synchronization
import SystemPackage
import TestKit

/// A project, a home and a Hub of one test's own, and a transcript of the commands that were run there.
///
/// What differs from run to run (the directory, ports, pauses with jitter) has a fixed text in the transcript; everything
/// else, digests and commit ids included, is the same everywhere.
final class Workspace: Sendable {
    /// 2026-01-01T00:00:00Z.
    static let now = 1_767_225_600
    static let repository = "example/tiny"
    /// No command may ever print it.
    static let token = "hf_SecretThatNobodyMaySee"

    let directory: TemporaryDirectory
    let hub: LoopbackHub
    private let environment: [String: String]
    private let transcript = Mutex("")

    init(hub: LoopbackHub? = nil, environment: [String: String] = [:]) async throws {
        directory = try TemporaryDirectory()
        let hub = if let hub { hub } else { try await LoopbackHub() }
        self.hub = hub
        self.environment = [
            "HF_ENDPOINT": hub.url, "SOURCE_DATE_EPOCH": String(Workspace.now), "WEIGHLOCK_AUTHOR": "Ada",
            "LC_ALL": "C.UTF-8", "COLUMNS": "100",
            // A machine that is busy with other tests must not look like a server that has fallen silent.
            "HF_HUB_ETAG_TIMEOUT": "600", "HF_HUB_DOWNLOAD_TIMEOUT": "600",
        ].merging(environment) { $1 }
        try FileSystem.createDirectories(project)
        try FileSystem.createDirectories(home)
    }

    var project: FilePath { directory.appending("project") }
    var home: FilePath { directory.appending("user") }
    /// What the project's `weighlock.lock` holds.
    var lockText: String { get throws { try text("project/weighlock.lock") } }

    // MARK: Commands

    /// Runs the program in a folder of the workspace and adds the command with everything it said to the transcript.
    @discardableResult
    func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], from folder: String = "project",
        isRecorded: Bool = true
    ) async throws -> Program.Outcome {
        let outcome = try await program(folder).run(arguments, input: input, environment: environment)
        if isRecorded { record(outcome, of: arguments, environment) }
        return outcome
    }

    /// Runs the program in a folder of the workspace and adds the command with everything it said to the transcript.
    @discardableResult
    func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:], from folder: String = "project"
    ) async throws -> Program.Outcome {
        try await run(arguments, input: input, environment: environment, from: folder)
    }

    /// Runs the program, and neither records nor accepts anything but success.
    @discardableResult
    func quietly(_ arguments: [String], environment: [String: String] = [:]) async throws -> Program.Outcome {
        let outcome = try await run(arguments, environment: environment, isRecorded: false)
        guard outcome.status == 0 else {
            throw Unexpected("weighlock \(arguments.joined(separator: " ")): \(outcome.transcript)")
        }
        return outcome
    }

    /// Runs the program, and neither records nor accepts anything but success.
    @discardableResult
    func quietly(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Outcome {
        try await quietly(arguments, environment: environment)
    }

    /// Starts the program, and returns while it runs.
    func launch(_ arguments: [String], environment: [String: String] = [:]) throws -> Program.Running {
        try program("project").launch(arguments, environment: environment)
    }

    private func program(_ folder: String) throws -> Program {
        try Program(in: directory.appending(folder), home: home, environment: environment)
    }

    /// Adds a run to the transcript.
    func record(_ outcome: Program.Outcome, of arguments: [String], _ environment: [String: String] = [:]) {
        func word(_ text: String) -> String {
            text.isEmpty || text.contains(where: { " \n'*$\"".contains($0) })
                ? "'\(Workspace.visible(text))'" : Workspace.visible(text)
        }
        let settings = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(word($0.value)) " }.joined()
        var text = "$ \(settings)weighlock \(arguments.map(word).joined(separator: " "))\n"
        text +=
            Workspace.marked(outcome.output, "out") + Workspace.marked(outcome.errors, "err")
            + "exit \(outcome.status)\n\n"
        transcript.withLock { $0 += text }
    }

    /// Adds a line to the transcript that says what happened beside the commands.
    func note(_ text: String) { transcript.withLock { $0 += "# \(text)\n\n" } }

    /// Every line with the stream it came from; what does not show is made visible.
    private static func marked(_ text: String, _ stream: String) -> String {
        var lines = text.components(separatedBy: "\n")
        let isComplete = lines.last == ""
        if isComplete { lines.removeLast() }
        var out = lines.map { line in
            line.isEmpty ? "\(stream)|\n" : "\(stream)| \(visible(line))\n"
        }.joined()
        if !isComplete { out += "\(stream)| (no line end)\n" }
        return out
    }

    private static func visible(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            if scalar.value < 0x20 || scalar.value == 0x7F {
                out += "<\(String(scalar.value, radix: 16))>"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }

    /// Compares the transcript with the stored one, and begins a new one.
    func check(_ name: String, filters: [Snapshot.Filter] = [], testFile: String = #filePath) throws {
        let text = transcript.withLock { text in
            defer { text = "" }
            return text
        }
        guard !text.contains(Workspace.token) else { throw Unexpected("the token was printed:\n\(text)") }
        let common: [Snapshot.Filter] = [
            .text(directory.path.string, "[DIR]"), .ports,
            .pattern(#"trying again in \d+\.\d s"#, "trying again in [PAUSE]"),
            // The progress of what takes more than ten seconds, which it only does on a busy machine.
            .pattern(#"err\| \w+ {2}\d+% .*\n"#, ""),
        ]
        try Snapshot(name, filters: common + filters, testFile: testFile).check(text)
    }

    // MARK: Files

    /// Writes a file, by its path relative to the workspace.
    func write(_ path: String, _ text: String) throws { try directory.write(path, text) }

    /// Reads a file, by its path relative to the workspace.
    func text(_ path: String) throws -> String {
        String(decoding: try FileSystem.read(directory.appending(path), limit: 64 << 20), as: UTF8.self)
    }

    /// Whether something is there, by its path relative to the workspace.
    func exists(_ path: String) -> Bool { FileSystem.exists(directory.appending(path)) }

    /// Replaces a text in a file; it has to be there.
    func edit(_ path: String, _ old: String, _ new: String) throws {
        let before = try text(path)
        guard before.contains(old) else { throw Unexpected("`\(old)` is not in \(path)") }
        try write(path, before.replacing(old, with: new))
    }

    /// Where the store keeps a file of the tiny model.
    func blob(of bytes: [UInt8]) -> FilePath {
        let name = Digest(of: bytes).description
        return home.appending("weighlock/store/blobs/sha256/\(name.prefix(2))/\(name)")
    }

    /// The paths of all files below the project's and the program's directories with their sizes and times, to see that
    /// nothing was written.
    func state() throws -> [String] {
        var found: [String] = []
        for top in ["project", "user"] {
            let folder = directory.appending(top).string
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
                let status = try FileSystem.status(FilePath(folder).appending(name), followLinks: false)
                found.append(
                    "\(top)/\(name) \(status?.size.value ?? -1) \(status?.modified ?? -1) \(status?.inode ?? 0)")
            }
        }
        return found.sorted()
    }

    /// Inverts a byte of a file, and gives the file its old modification time back.
    func flip(_ path: FilePath, at offset: Int) throws {
        let time = try FileManager.default.attributesOfItem(atPath: path.string)[.modificationDate]
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path.string)
        let file = try File(path, .updating)
        var bytes = try file.read(1, at: Int64(offset))
        bytes[0] ^= 0xFF
        try file.write(bytes, at: Int64(offset))
        try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path.string)
        if let time { try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path.string) }
    }

    // MARK: Projects

    /// A workspace whose Hub has the tiny model and whose manifest asks for it.
    static func withModel(hub: LoopbackHub? = nil, environment: [String: String] = [:]) async throws -> Workspace {
        let workspace = try await Workspace(hub: hub, environment: environment)
        if hub == nil { try workspace.hub.commit(repository, ModelBuilder.tinyModel()) }
        try workspace.write("project/weighlock.yaml", manifest(repository))
        return workspace
    }

    /// The same, locked.
    static func locked(environment: [String: String] = [:]) async throws -> Workspace {
        let workspace = try await withModel(environment: environment)
        try await workspace.quietly("lock")
        return workspace
    }

    /// The same, locked and synced.
    static func synced(environment: [String: String] = [:]) async throws -> Workspace {
        let workspace = try await locked(environment: environment)
        try await workspace.quietly("sync")
        return workspace
    }

    static func manifest(_ repository: String, revision: String = "main") -> String {
        "version: 1\ndeliverables:\n  tiny:\n    model:\n      repo: \(repository)\n      revision: \(revision)\n"
    }

    /// A commit upstream that changes the tokenizer's configuration, the README and a default.
    func moveUpstream() throws {
        var files = ModelBuilder.tinyModel()
        files["tokenizer_config.json"] = Array(
            "{\n  \"tokenizer_class\": \"BertTokenizerFast\",\n  \"do_lower_case\": false,\n  \"padding_side\": \"left\"\n}\n"
                .utf8)
        files["README.md"] = Array(
            "---\nlicense: apache-2.0\n---\n# A tiny model\n\nUse it with `temperature=0.2`.\n".utf8)
        files["generation_config.json"] = nil
        files["chat_template.jinja"] = Array("{{ messages }}\n".utf8)
        try hub.commit(Workspace.repository, files, title: "Tune the tokenizer")
        note("upstream: main moves to a commit with another tokenizer configuration and README")
    }
}

/// A test's own preparations failed.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
