// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import TestKit
import Testing

@Suite struct `The store on the command line` {
    private let model = ModelBuilder.tinyModel()

    @Test func `an empty store and a full one are described`() async throws {
        let workspace = try await Workspace.withModel()
        for command in ["dir", "size", "check", "gc"] { try await workspace.run("cache", command) }
        try await workspace.quietly("lock")
        try await workspace.quietly("sync")
        for command in ["dir", "size", "check", "gc", "heal"] {
            try await workspace.run("cache", command)
            try await workspace.run("cache", command, "--json")
        }
        try workspace.check("cache")
    }

    @Test func `heal fetches what is damaged or missing of the lock and nothing else`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.hub.commit("example/other", ["config.json": Array("{\"other\": 1}\n".utf8)])
        // Blobs of another project: damaged ones go, and cannot be fetched.
        let stranger = Array("{\"other\": 1}\n".utf8)
        try workspace.write("second/weighlock.yaml", Workspace.manifest("example/other"))
        #expect(try await workspace.run(["lock"], from: "second", isRecorded: false).status == 0)
        let weights = try #require(model["model.safetensors"])
        let vocabulary = try #require(model["vocab.txt"])
        try workspace.flip(workspace.blob(of: weights), at: 9)
        try workspace.flip(workspace.blob(of: stranger), at: 3)
        try FileSystem.remove(workspace.blob(of: vocabulary))
        try workspace.write("user/weighlock/store/blobs/sha256/zz/notes.txt", "mine\n")
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("cache", "check").status == 3)
        #expect(try await workspace.run("cache", "check", "--json").status == 3)
        #expect(try await workspace.run("cache", "heal").status == 0)
        let fetched = workspace.hub.requests.map { $0.path.split(separator: "/").last.map(String.init) ?? "" }
        #expect(fetched.sorted() == ["model.safetensors", "vocab.txt"])
        #expect(workspace.hub.bytesDownloaded == Int64(weights.count + vocabulary.count))
        #expect(try await workspace.run("cache", "check").status == 3)
        try FileSystem.remove(workspace.directory.appending("user/weighlock/store/blobs/sha256/zz/notes.txt"))
        #expect(try await workspace.run("cache", "check").status == 0)
        try await workspace.run("verify", "--deep")
        try workspace.flip(workspace.blob(of: weights), at: 9)
        #expect(try await workspace.run("cache", "heal", "--offline").status == 1)
        try await workspace.run("cache", "heal", "--json")
        try workspace.check("cache-heal")
    }

    @Test func `gc keeps what a view refers to and what is young`() async throws {
        let workspace = try await Workspace.synced()
        let other = Array("{\"nobody\": 1}\n".utf8)
        let path = workspace.blob(of: other)
        try FileSystem.createDirectories(path.removingLastComponent())
        try FileSystem.replace(path, with: other)
        let old = Date(timeIntervalSince1970: Double(Workspace.now) - 5 * 86_400)
        try await workspace.run("cache", "gc")
        #expect(FileSystem.exists(path))
        for (blob, _) in try FileManager.default.subpathsOfDirectory(
            atPath: workspace.home.appending("weighlock/store/blobs").string
        ).map({ ($0, 0) }) {
            let file = workspace.home.appending("weighlock/store/blobs").appending(blob)
            if try FileSystem.status(file)?.kind == .regular {
                try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file.string)
            }
        }
        try await workspace.run("cache", "gc", "--dry-run")
        try await workspace.run("cache", "gc", "--dry-run", "--json")
        #expect(FileSystem.exists(path))
        try await workspace.run("cache", "gc")
        #expect(!FileSystem.exists(path))
        try await workspace.run("verify", "--deep")
        for view in try FileSystem.list(workspace.home.appending("weighlock/views")) {
            let used = workspace.home.appending("weighlock/views/\(view)/used")
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: used.string)
        }
        try await workspace.run("cache", "gc", "--unused-for", "30", "--dry-run")
        try await workspace.run("cache", "gc", "--unused-for", "2", "--json")
        try await workspace.run("cache", "size")
        #expect(try await workspace.run("verify").status == 3)
        try await workspace.run("sync")
        try workspace.check("cache-gc")
    }
}
