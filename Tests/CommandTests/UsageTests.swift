// SPDX-License-Identifier: Apache-2.0

import TestKit
import Testing

@Suite struct `A command line that is wrong` {
    private func check(_ name: String, _ lines: [[String]]) async throws {
        let workspace = try await Workspace()
        for line in lines {
            let outcome = try await workspace.run(line)
            #expect(outcome.status == 2, "weighlock \(line.joined(separator: " "))")
            #expect(outcome.output.isEmpty, "weighlock \(line.joined(separator: " "))")
        }
        #expect(try workspace.state().allSatisfy { !$0.contains("weighlock") }, "something was written")
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check(name)
    }

    @Test func `mistyped commands and options end with 2 and name what is near`() async throws {
        try await check(
            "usage-mistyped",
            [
                ["snyc"], ["frobnicate"], ["sync", "--dryrun"], ["sync", "--frobnicate"], ["cache", "chekc"],
                ["lock", "extra"], ["verify", "--deep=yes"],
                ["--quiet"], ["-x"],
            ])
    }

    @Test func `missing and wrong values end with 2`() async throws {
        try await check(
            "usage-values",
            [
                ["add"], ["remove"], ["run"], ["run", "--"], ["run", "true"], ["sync", "--connections"],
                ["sync", "--connections", "0"],
                ["sync", "--connections", "65"], ["sync", "--connections", "many"], ["verify", "--color", "pink"],
                ["serve"],
                ["serve", "--root", ".", "--port", "65536"], ["serve", "import", "folder"],
                ["cache", "gc", "--unused-for", "-1"],
                ["cache", "gc", "--unused-for", "soon"], ["completions", "powershell"], ["completions"],
                ["schema", "yaml"],
                ["update", "--reason"],
            ])
    }

    @Test func `names that break the rules end with 2 and say which rule`() async throws {
        try await check(
            "usage-names",
            [
                ["add", ""], ["add", "a/b/c"], ["add", "../etc"], ["add", "example/with space"],
                ["add", "example/tiny@"],
                ["add", "example/tiny@../main"], ["add", "example/tiny@v1", "--revision", "v2"],
                ["add", "example/tiny", "--name", "with space"],
                ["add", "example/tiny", "--include", ""], ["add", "https://huggingface.co/example/tiny"],
                ["add", "example/\u{1B}[31mred"],
                ["remove", "../x"], ["outdated", "a/b"], ["update", ""],
            ])
    }

    @Test func `addresses and proxies that cannot be used end with 2`() async throws {
        let workspace = try await Workspace.withModel()
        for endpoint in [
            "huggingface.co", "ftp://example.org", "http://", "http://name:word@example.org", "http://a b",
        ] {
            #expect(try await workspace.run("lock", "--endpoint", endpoint).status == 2)
        }
        #expect(try await workspace.run("lock", environment: ["HF_ENDPOINT": "not an address"]).status == 2)
        #expect(try await workspace.run("lock", environment: ["HTTP_PROXY": "socks5://127.0.0.1:1"]).status == 2)
        #expect(!workspace.exists("project/weighlock.lock"))
        try workspace.check("usage-addresses")
    }

    @Test func `errors of the command line are JSON too when that is asked for`() async throws {
        let workspace = try await Workspace()
        try await workspace.run("add", "a/b/c", "--json")
        try await workspace.run("lock", "--json")
        try workspace.check("usage-json")
    }
}
