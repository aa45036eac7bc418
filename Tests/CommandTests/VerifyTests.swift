// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import TestKit
import Testing

@Suite struct `Verifying on the command line` {
    private let weights = ModelBuilder.tinyModel()["model.safetensors"] ?? []

    @Test func `a clean view is verified without a connection, attested or to the last byte`() async throws {
        let workspace = try await Workspace.synced()
        workspace.hub.forgetRequests()
        for command in [
            ["verify"], ["verify", "--deep"], ["verify", "--json"], ["verify", "--deep", "--json"],
            ["verify", "--quiet"],
        ] {
            #expect(try await workspace.run(command).status == 0)
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("verify-clean")
    }

    @Test func `before the first sync everything is missing`() async throws {
        let workspace = try await Workspace.locked()
        #expect(try await workspace.run("verify").status == 3)
        #expect(try await workspace.run("verify", "--json").status == 3)
        try workspace.check("verify-unsynced")
    }

    @Test func `a flipped byte is found although size and modification time are the same`() async throws {
        let workspace = try await Workspace.synced()
        try workspace.flip(workspace.blob(of: weights), at: 77)
        for command in [
            ["verify", "--deep"], ["verify", "--deep", "--json"], ["verify"], ["run", "--", "true"],
            ["cache", "check"],
        ] {
            #expect(try await workspace.run(command).status == 3)
        }
        workspace.hub.forgetRequests()
        try await workspace.run("cache", "heal")
        #expect(workspace.hub.requests.map(\.path).allSatisfy { $0.hasSuffix("/model.safetensors") })
        #expect(workspace.hub.requests.filter(\.isDownload).count == 1)
        #expect(try await workspace.run("verify", "--deep").status == 0)
        try workspace.check("verify-damaged")
    }

    @Test func `a truncated and a missing blob are found`() async throws {
        let workspace = try await Workspace.synced()
        let blob = workspace.blob(of: weights)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: blob.string)
        try File(blob, .updating).truncate(to: ByteCount(clamping: 10))
        #expect(try await workspace.run("verify").status == 3)
        try FileSystem.remove(blob)
        #expect(try await workspace.run("verify").status == 3)
        #expect(try await workspace.run("run", "--", "true").status == 3)
        try await workspace.run("sync")
        #expect(try await workspace.run("verify").status == 0)
        try workspace.check("verify-missing")
    }

    @Test func `whatever is changed in the view is named, and sync puts it right`() async throws {
        let workspace = try await Workspace.synced()
        let views = try FileSystem.list(workspace.home.appending("weighlock/views"))
        let view = "user/weighlock/views/\(try #require(views.first))/hub/models--example--tiny"
        let commit = try #require(try FileSystem.list(workspace.directory.appending("\(view)/snapshots")).first)
        try workspace.write("\(view)/snapshots/\(commit)/evil.py", "import os\n")
        try workspace.write("\(view)/snapshots/\(commit)/new\nline", "")
        try FileSystem.remove(workspace.directory.appending("\(view)/snapshots/\(commit)/config.json"))
        try FileSystem.remove(workspace.directory.appending("\(view)/snapshots/\(commit)/vocab.txt"))
        try workspace.write("\(view)/snapshots/\(commit)/vocab.txt", "mine\n")
        try workspace.write("\(view)/refs/main", String(repeating: "0", count: 40))
        try workspace.write("\(view)/trees/\(commit).json", "[]")
        #expect(try await workspace.run("verify").status == 3)
        #expect(try await workspace.run("run", "--", "true").status == 3)
        try await workspace.run("sync")
        try await workspace.run("verify")
        try workspace.check("verify-view")
    }

    @Test func `a local file that is not what was locked is named`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.edit(
            "project/weighlock.yaml", "    model:\n",
            "    packages: requirements.txt\n    launch: {command: [python, app.py], files: [start.sh]}\n    model:\n")
        try workspace.write("project/requirements.txt", "numpy==2.0.0\n")
        try workspace.write("project/start.sh", "exec python app.py\n")
        try await workspace.quietly("lock")
        try await workspace.quietly("sync")
        try workspace.write("project/requirements.txt", "numpy==2.0.1\n")
        try FileSystem.remove(workspace.directory.appending("project/start.sh"))
        #expect(try await workspace.run("verify").status == 3)
        #expect(try await workspace.run("verify", "--json").status == 3)
        try workspace.write("project/start.sh", "exec python app.py\n")
        try await workspace.run("lock", "--check")
        try await workspace.run("lock")
        try workspace.check("verify-local")
    }
}
