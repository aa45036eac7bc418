// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import TestKit
import Testing

@Suite struct `Scanning on the command line` {
    static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Corpus/scan")

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: corpus.appendingPathComponent(name)))
    }

    /// Files of every verdict.
    static func mixed() throws -> [String: [UInt8]] {
        [
            "a/evil.pkl": try bytes("modelscan/malicious2_v4.pkl"),
            "a/state.pth": try bytes("benign/tensor_float64.pt"),
            "object.npy": try bytes("benign/objarr.npy"), "locked.zip": try bytes("modelscan/password_protected.zip"),
            "model.safetensors": ModelFolder.single, "notes.txt": Array("nothing here\n".utf8), "empty.bin": [],
            // `unknownlib.Thing`, called without arguments.
            "thing.pkl": Array(
                "\u{80}\u{04}cunknownlib\nThing\n)R.".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }),
        ]
    }

    @Test func `a directory is told file by file, the worst first`() async throws {
        let workspace = try await Workspace()
        try workspace.write(try Self.mixed(), to: "models")
        for command in [
            ["models"], ["models", "--verbose"], ["models/a/state.pth"],
            ["models/a/evil.pkl", "models/object.npy", "-q"],
            ["models", "--imports"], ["models", "--json"],
        ] {
            let outcome = try await workspace.run(["scan"] + command)
            #expect(outcome.status == (command == ["models/a/state.pth"] ? 0 : 5))
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("scan")
    }

    @Test func `the exit code follows the threshold`() async throws {
        let workspace = try await Workspace()
        try workspace.write(try Self.mixed(), to: "models")
        let order = ["review", "unknown", "unscannable", "malicious", "never"]
        let files = [
            ("models/notes.txt", 0), ("models/object.npy", 1), ("models/thing.pkl", 2), ("models/locked.zip", 3),
            ("models/a/evil.pkl", 4),
        ]
        for (file, rank) in files {
            for (index, threshold) in order.enumerated() {
                let outcome = try await workspace.run(["scan", file, "--fail-on", threshold], isRecorded: false)
                #expect(outcome.status == (rank > index ? 5 : 0), "\(file) at \(threshold)")
            }
            let outcome = try await workspace.run(["scan", file], isRecorded: false)
            #expect(outcome.status == (rank >= 2 ? 5 : 0))
        }
    }

    @Test func `every file of the corpus gets the verdict that people gave it`() async throws {
        let table = String(decoding: try Self.bytes("expected.tsv"), as: UTF8.self).split(separator: "\n").dropFirst()
        let expected = Dictionary(
            table.map { line in
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
                return (String(fields[0]), String(fields[1]))
            }, uniquingKeysWith: { first, _ in first })
        let workspace = try await Workspace()
        let outcome = try await workspace.run(["scan", Self.corpus.path, "--json"], isRecorded: false)
        #expect(outcome.status == 5)
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let targets = try #require(document["targets"] as? [[String: Any]])
        let files = try #require(targets.first?["files"] as? [[String: Any]])
        var seen = 0
        for file in files {
            guard let path = file["path"] as? String, let verdict = file["verdict"] as? String,
                let people = expected[path]
            else { continue }
            seen += 1
            switch people {
            case "clean": #expect(["clean", "review"].contains(verdict), "\(path): \(verdict)")
            case "malicious":
                #expect(["malicious", "unscannable"].contains(verdict), "\(path): \(verdict)")
            default: #expect(verdict != "clean", "\(path): \(verdict)")
            }
        }
        #expect(seen == expected.count)
    }

    @Test func `what an entry names is allowed, for those bytes, until its day`() async throws {
        let workspace = try await Workspace()
        let thing = try #require(try Self.mixed()["thing.pkl"])
        try workspace.write(["thing.pkl": thing], to: ".")
        try await workspace.run("scan", "thing.pkl", "--suggest-allow")
        func allow(
            _ digest: Digest, _ what: String, until: String = "", reason: String = "ours, reviewed by Ada"
        ) throws {
            try workspace.write(
                "project/weighlock.allow.yaml",
                "version: 1\nallow:\n  - sha256: \(digest)\n    \(what)\n    reason: \(reason)\n\(until)")
        }
        let digest = Digest(of: thing)
        let run = ["scan", "thing.pkl", "--allow", "weighlock.allow.yaml"]
        try allow(digest, "names: [unknownlib.Thing]")
        // The file beside the manifest does not count for a target that could have brought it.
        #expect(try await workspace.run("scan", "thing.pkl").status == 5)
        #expect(try await workspace.run(run).status == 0)
        #expect(try await workspace.run(run + ["--json"]).status == 0)
        workspace.note("another name")
        try allow(digest, "names: [unknownlib.Other]")
        #expect(try await workspace.run(run).status == 5)
        workspace.note("an entry whose day is over, and one on its last day")
        try allow(digest, "names: [unknownlib.Thing]", until: "    until: 2025-12-31\n")
        #expect(try await workspace.run(run).status == 5)
        try allow(digest, "names: [unknownlib.Thing]", until: "    until: 2026-01-01\n")
        #expect(try await workspace.run(run, isRecorded: false).status == 0)
        workspace.note("no reason")
        try allow(digest, "names: [unknownlib.Thing]", reason: "")
        #expect(try await workspace.run(run).status == 2)
        workspace.note("a changed file")
        try allow(digest, "names: [unknownlib.Thing]")
        try workspace.write(["thing.pkl": thing + [0x4E, 0x2E]], to: ".")
        #expect(try await workspace.run(run).status == 5)
        try workspace.check("scan-allow")
    }

    @Test func `the lock is scanned from the store, with the allow file beside it`() async throws {
        let workspace = try await Workspace()
        var files = ModelBuilder.tinyModel()
        let thing = try #require(try Self.mixed()["thing.pkl"])
        files["thing.pkl"] = thing
        try workspace.hub.commit(Workspace.repository, files)
        try workspace.write("project/weighlock.yaml", Workspace.manifest(Workspace.repository))
        #expect(try await workspace.run("scan").status == 1)
        try await workspace.quietly("lock")
        #expect(try await workspace.run("scan", "tiny:thing.pkl").status == 5)
        try await workspace.run(["sync"], isRecorded: false)
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("scan").status == 5)
        try workspace.write(
            "project/weighlock.allow.yaml",
            "version: 1\nallow:\n  - sha256: \(Digest(of: thing))\n    names: [unknownlib.Thing]\n    reason: ours\n"
                + "  - sha256: \(Digest(of: []))\n    rules: [name-lies]\n    reason: never used\n")
        #expect(try await workspace.run("scan", "--verbose").status == 0)
        #expect(try await workspace.run("scan", "tiny:thing.pkl").status == 0)
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("scan-lock")
    }

    @Test func `a repository is scanned by ranges`() async throws {
        let workspace = try await Workspace()
        // Eight megabytes of numbers after a header: only the header and the end are looked at.
        let large = ModelBuilder.Tensor(
            "large", dtype: "U8", shape: [8 << 20], data: Array(repeating: 7, count: 8 << 20))
        try workspace.hub.commit(
            Workspace.repository,
            [
                "model.safetensors": ModelBuilder.safetensors([large]),
                "evil.pkl": try Self.bytes("modelscan/malicious2_v4.pkl"),
                "config.json": Array("{}\n".utf8),
            ])
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("scan", "example/tiny").status == 5)
        #expect(try await workspace.run("scan", "example/tiny:model.safetensors", "--json").status == 0)
        #expect(try await workspace.run("scan", "example/tiny", "--offline").status == 1)
        let sent = workspace.hub.requests.filter(\.isDownload).reduce(0) { $0 + $1.bytesSent }
        #expect(sent < 512 << 10, "\(sent) bytes")
        try workspace.check("scan-remote")
    }

    @Test func `what cannot be looked at is never left out in silence`() async throws {
        let workspace = try await Workspace()
        let folder = workspace.project.appending("odd")
        try workspace.write(["real/a.txt": Array("a\n".utf8)], to: "odd")
        try workspace.write(["secret.txt": Array("elsewhere\n".utf8)], to: "outside")
        let manager = FileManager.default
        func link(_ name: String, _ target: String) throws {
            try manager.createSymbolicLink(atPath: folder.appending(name).string, withDestinationPath: target)
        }
        try link("inside.txt", "real/a.txt")
        try link("inside", "real")
        try link("leads-out.txt", "../outside/secret.txt")
        try link("leads-out", "../outside")
        try link("loop", ".")
        try link("nowhere", "not-there")
        try manager.createDirectory(atPath: folder.appending(".git").string, withIntermediateDirectories: true)
        try workspace.write("project/odd/.git/HEAD", "ref: refs/heads/main\n")
        mkfifo(folder.appending("pipe").string, 0o644)
        #expect(try await workspace.run("scan", "odd", "--verbose").status == 5)
        #expect(try await workspace.run("scan", "odd/pipe").status == 1)
        #expect(try await workspace.run("scan", "not-there").status == 1)
        try workspace.check("scan-odd")
    }

    @Test func `the snapshot of a Hugging Face cache is followed into its blobs`() async throws {
        let workspace = try await Workspace()
        let top = "project/hub/models--org--name"
        try workspace.write("\(top)/blobs/abc", "hello\n")
        try workspace.write("\(top)/refs/main", "0123\n")
        let snapshot = workspace.directory.appending("\(top)/snapshots/0123")
        try FileManager.default.createDirectory(atPath: snapshot.string, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: snapshot.appending("README.md").string, withDestinationPath: "../../blobs/abc")
        let outcome = try await workspace.quietly("scan", "hub/models--org--name/snapshots/0123", "--verbose")
        #expect(outcome.output.contains("README.md") && outcome.output.hasPrefix("clean"))
    }

    @Test func `SARIF has rules, places and what is allowed`() async throws {
        let workspace = try await Workspace()
        try workspace.write(try Self.mixed(), to: "models")
        #expect(try await workspace.run(["scan", "models", "--sarif", "out.sarif"], isRecorded: false).status == 5)
        let printed = try await workspace.run(["scan", "models", "--sarif", "-"], isRecorded: false)
        #expect(try workspace.text("project/out.sarif") == printed.output)
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(printed.output.utf8)) as? [String: Any])
        let run = try #require((document["runs"] as? [[String: Any]])?.first)
        let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
        let rules = try #require(driver["rules"] as? [[String: Any]])
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(document["version"] as? String == "2.1.0" && results.count >= 4)
        for result in results {
            let index = try #require(result["ruleIndex"] as? Int)
            #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
        }
        let fingerprints = results.compactMap { ($0["partialFingerprints"] as? [String: String])?.values.first }
        #expect(fingerprints.count == results.count)
    }

    @Test func `rules are listed and explained`() async throws {
        let workspace = try await Workspace()
        let outcome = try await workspace.run(["scan", "--rules"], isRecorded: false)
        #expect(outcome.status == 0 && outcome.output.contains("name-lies"))
        try await workspace.run("scan", "--explain", "name-lies")
        try await workspace.run("scan", "--explain", "name-lie")
        try await workspace.run("scan", "--explain", "nothing-of-the-kind")
        try await workspace.run("scan", "--explain", "name-lies", "--json")
        for wrong in [
            ["--rules", "--imports"], ["--json", "--sarif", "-", "."], ["--explain", "name-lies", "."],
            ["--fail-on", "clean", "."],
        ] {
            #expect(try await workspace.run(["scan"] + wrong, isRecorded: false).status == 2)
        }
        try workspace.check("scan-rules")
    }

    @Test func `names that would colour a terminal are made visible`() async throws {
        let workspace = try await Workspace()
        let bytes = Array(
            "\u{80}\u{04}cos\u{1B}[31m\nsystem\u{7}\n)R.".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        try workspace.write(["esc\u{1B}[7m.pkl": bytes], to: "bad")
        for more in [[], ["--verbose"], ["--imports"], ["--suggest-allow"]] {
            let outcome = try await workspace.run(["scan", "bad"] + more, isRecorded: false)
            #expect(!outcome.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
            #expect(!outcome.errors.unicodeScalars.contains { $0.value == 0x1B })
        }
    }
}
