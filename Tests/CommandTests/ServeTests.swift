// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import SystemPackage
import TestKit
import Testing

@Suite struct `Serving on the command line` {
    private static let date = "2024-05-06T07:08:09Z"

    private func folder(_ workspace: Workspace) throws {
        try ModelBuilder.write(ModelBuilder.tinyModel(), to: workspace.directory.appending("project/tiny"))
    }

    @Test func `a folder becomes a commit with the id that git gives, and the same files make no second one`()
        async throws
    {
        let workspace = try await Workspace()
        try folder(workspace)
        try await workspace.run("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--date", Self.date)
        try await workspace.run(
            "serve", "import", "tiny", "example/tiny", "--root", "mirror", "--date", Self.date, "--tag", "v1", "--json")
        try await workspace.run(
            "serve", "import", "tiny", "datasets/example/eval", "--root", "mirror", "--date", Self.date, "--branch",
            "dev", "--title", "First")
        try await workspace.run("serve", "import", "tiny", "example/now", "--root", "mirror")
        try workspace.check("serve-import")
    }

    @Test func `what cannot be imported is named`() async throws {
        let workspace = try await Workspace()
        try folder(workspace)
        try workspace.write("project/empty/.keep/x", "")
        try FileSystem.removeTree(workspace.directory.appending("project/empty/.keep"))
        try workspace.write("project/full/file", "")
        try workspace.write("outside/secret", "")
        try workspace.write("project/escaping/file", "")
        try FileManager.default.createSymbolicLink(
            atPath: workspace.directory.appending("project/escaping/link").string,
            withDestinationPath: "../../outside/secret")
        try await workspace.run("serve", "import", "nowhere", "example/tiny", "--root", "mirror")
        try await workspace.run("serve", "import", "empty", "example/tiny", "--root", "mirror")
        try await workspace.run("serve", "import", "escaping", "example/tiny", "--root", "mirror")
        try await workspace.run("serve", "import", "tiny", "example/../tiny", "--root", "mirror")
        try await workspace.run("serve", "import", "tiny", "example/tiny", "--root", "full")
        try await workspace.run("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--date", "yesterday")
        try await workspace.run("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--branch", "a..b")
        try await workspace.run("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--title", "two\nlines")
        try await workspace.quietly(
            "serve", "import", "tiny", "example/tiny", "--root", "mirror", "--tag", "v1", "--date", Self.date)
        try workspace.write("project/tiny/new.txt", "new\n")
        try await workspace.run(
            "serve", "import", "tiny", "example/tiny", "--root", "mirror", "--tag", "v1", "--date", Self.date)
        try workspace.check("serve-import-errors")
    }

    @Test func `what cannot be served is named`() async throws {
        let workspace = try await Workspace()
        try workspace.write("project/full/file", "")
        try folder(workspace)
        try await workspace.quietly("serve", "import", "tiny", "example/tiny", "--root", "mirror")
        try await workspace.run("serve", "--root", "nowhere")
        try await workspace.run("serve", "--root", "full")
        try await workspace.run("serve", "--root", "mirror", "--port", String(workspace.hub.port))
        try await workspace.run("serve", "--root", "mirror", "--host", "no.such.host.invalid", "--port", "0")
        try await workspace.run("serve", "--root", "mirror", "--port", "0", "--token-file", "no-such-file")
        try workspace.check("serve-errors", filters: [.pattern(#"--port \d{2,}"#, "--port [PORT]")])
    }

    @Test func `a served folder is locked and synced from, until the server is interrupted`() async throws {
        let workspace = try await Workspace()
        try folder(workspace)
        try await workspace.quietly("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--date", Self.date)
        let arguments = ["serve", "--root", "mirror", "--port", "0", "--port-file", "port", "--log-requests"]
        let server = try workspace.launch(arguments)
        let port = try await workspace.port(of: server)
        try workspace.write("project/weighlock.yaml", Workspace.manifest("example/tiny"))
        let environment = ["HF_ENDPOINT": "http://127.0.0.1:\(port)"]
        try await workspace.run(["lock", "--connections", "1"], environment: environment)
        try await workspace.run(["sync", "--connections", "1"], environment: environment)
        try await workspace.run("verify", "--deep")
        server.send(SIGINT)
        workspace.record(await server.outcome(), of: arguments)
        try workspace.check("serve")
    }

    @Test func `a server that is terminated, and one that says its port as JSON`() async throws {
        let workspace = try await Workspace()
        try folder(workspace)
        try await workspace.quietly("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--date", Self.date)
        let arguments = ["serve", "start", "--root", "mirror", "--port", "0", "--port-file", "port", "--json"]
        let server = try workspace.launch(arguments)
        _ = try await workspace.port(of: server)
        server.send(SIGTERM)
        workspace.record(await server.outcome(), of: arguments)
        try workspace.check("serve-json", filters: [.pattern(#""port": \d+"#, "\"port\": [PORT]")])
    }

    @Test func `tokens of a file open private repositories, and are not printed`() async throws {
        let workspace = try await Workspace()
        try folder(workspace)
        try await workspace.quietly("serve", "import", "tiny", "example/tiny", "--root", "mirror", "--date", Self.date)
        try workspace.edit(
            "project/mirror/repositories/models/example/tiny/repository.json", "\"public\"", "\"private\"")
        try workspace.write("project/tokens", "hf_other\n\(Workspace.token)\n")
        let server = try workspace.launch(
            [
                "serve", "--root", "mirror", "--port", "0", "--port-file", "port", "--log-requests", "--token-file",
                "tokens",
            ])
        let port = try await workspace.port(of: server)
        try workspace.write("project/weighlock.yaml", Workspace.manifest("example/tiny"))
        let endpoint = ["HF_ENDPOINT": "http://127.0.0.1:\(port)"]
        try await workspace.run(["lock"], environment: endpoint)
        #expect(
            try await workspace.quietly("lock", environment: endpoint.merging(["HF_TOKEN": Workspace.token]) { $1 })
                .status == 0)
        server.send(SIGINT)
        let outcome = await server.outcome()
        #expect(outcome.status == 0)
        #expect(!outcome.transcript.contains(Workspace.token))
        try workspace.check("serve-tokens")
    }
}

extension Workspace {
    /// The port that a server has written into `project/port`; waits for it as long as the server runs.
    func port(of server: Program.Running) async throws -> Int {
        while !exists("project/port") {
            guard server.isRunning else { throw Unexpected("the server ended: \(await server.outcome().transcript)") }
            try await Task.sleep(for: .milliseconds(5))
        }
        guard let port = Int(try text("project/port").dropLast()) else {
            throw Unexpected("the port file holds no port")
        }
        return port
    }
}
