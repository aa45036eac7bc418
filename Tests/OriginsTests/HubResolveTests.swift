// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import TestKit
import Testing

@testable import Origins
@testable import Transport

@Suite(.serialized) struct `What a name means on a Hub` {
    @Test func `a branch, a tag, short and full commits and a pull request resolve`() async throws {
        try await Bench.run { bench in
            let first = try bench.server.commit(Bench.repository, ["a": [1]], tags: ["v1"])
            let second = try bench.server.commit(Bench.repository, ["a": [2]])
            let third = try bench.server.commit(Bench.repository, ["a": [3]], branch: "dev/x")
            let fourth = try bench.server.commit(Bench.repository, ["a": [4]], branch: "refs/pr/1")
            bench.server.forgetRequests()
            let names = [
                ("main", second), ("v1", first), ("dev/x", third), ("refs/pr/1", fourth), ("\(first)", first),
                (String("\(third)".prefix(7)), third), (String("\(third)".prefix(39)), third),
            ]
            for (name, commit) in names {
                #expect(try await bench.hub.resolve(try bench.id, try Revision(name)).commit == commit, "\(name)")
            }
            #expect(bench.server.requests.map(\.target).contains("/api/models/org/tiny/revision/dev%2Fx"))
            let revision = try await bench.hub.resolve(try bench.id, .main)
            #expect(
                revision == HubRevision(commit: second, date: "2024-01-02T00:00:00.000Z", name: nil, isGated: false))
        }
    }

    @Test func `datasets and names of one part have their own addresses`() async throws {
        try await Bench.run { bench in
            let data = try bench.server.commit("org/tiny", kind: .dataset, ["a": [1]])
            let short = try bench.server.commit("gpt2", ["a": [2]])
            #expect(try await bench.hub.resolve(try RepositoryID("org/tiny", kind: .dataset), .main).commit == data)
            #expect(try await bench.hub.resolve(try RepositoryID("gpt2"), .main).commit == short)
            #expect(
                bench.server.requests.map(\.target) == [
                    "/api/datasets/org/tiny/revision/main", "/api/models/gpt2/revision/main",
                ])
            #expect(try await bench.hub.files(try RepositoryID("gpt2"), at: short).count == 1)
        }
    }

    @Test func `a renamed repository answers under its new name`() async throws {
        try await Bench.withTiny { bench, commit in
            try bench.server.root.createRepository(
                try RepositoryID("org/old"), settings: RepositorySettings(movedTo: try bench.id))
            let found = try await bench.hub.resolve(try RepositoryID("org/old"), .main)
            #expect(found.commit == commit && found.name == "org/tiny")
            #expect(bench.server.requests.map(\.status) == [307, 200])
            #expect(try await bench.hub.files(try RepositoryID("org/old"), at: commit).count == 4)
        }
    }

    @Test func `a gated repository can be resolved and says so`() async throws {
        try await Bench.run { bench in
            try bench.server.root.createRepository(try bench.id, settings: RepositorySettings(access: .gated))
            let commit = try bench.server.commit(Bench.repository, ["a": [1]])
            #expect(try await bench.hub.resolve(try bench.id, .main).isGated)
            let found = try #require(await bench.failure { _ = try await bench.read("a", at: commit, size: 1) })
            #expect(found.code == .repositoryGated)
            #expect(
                found.hint?.contains("\(bench.server.url)/org/tiny") == true && found.hint?.contains("HF_TOKEN") == true
            )
        }
    }

    @Test func `what is not there is named, and the hint says what to try`() async throws {
        try await Bench.withTiny { bench, commit async throws in
            try bench.server.root.createRepository(
                try RepositoryID("org/secret"), settings: RepositorySettings(access: .private))
            try bench.server.commit("org/secret", ["a": [1]])
            try bench.server.root.createRepository(
                try RepositoryID("org/off"), settings: RepositorySettings(isDisabled: true))
            for name in ["org/none", "org/secret"] {
                let found = try #require(
                    await bench.failure { _ = try await bench.hub.resolve(try RepositoryID(name), .main) })
                #expect(found.code == .repositoryNotFound)
                #expect(found.message == "repository `\(name)` does not exist on `\(bench.server.url)`, or is private")
                #expect(found.hint == "check the name; for a private repository set HF_TOKEN or run `hf auth login`")
            }
            let disabled = try #require(
                await bench.failure { _ = try await bench.hub.resolve(try RepositoryID("org/off"), .main) })
            #expect(disabled.code == .repositoryDisabled)
            let revision = try #require(
                await bench.failure { _ = try await bench.hub.resolve(try bench.id, try Revision("nope")) })
            #expect(revision.code == .revisionNotFound && revision.message == "`org/tiny` has no revision `nope`")
            let file = try #require(await bench.failure { _ = try await bench.read("none.txt", at: commit, size: 1) })
            #expect(file.code == .entryNotFound && file.message.contains("no file `none.txt`"))
            // None of these is worth a second try.
            #expect(bench.notices.all.isEmpty)
        }
    }

    @Test func `a token opens what is private, and a wrong one is named as such`() async throws {
        for (token, code) in [(Bench.token, nil), ("hf_wrong", Failure.Code.unauthorized)] {
            try await Bench.run(token: token, known: [Bench.token]) { bench async throws in
                try bench.server.root.createRepository(try bench.id, settings: RepositorySettings(access: .private))
                let commit = try bench.server.commit(Bench.repository, ["a": [1]])
                let found = await bench.failure { () async throws in
                    #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
                    #expect(try await bench.read("a", at: commit, size: 1) == [1])
                }
                #expect(found?.code == code)
                #expect(found?.description.contains(token) != true)
                #expect(bench.server.requests.allSatisfy { $0.headers["Authorization"] == "Bearer \(token)" })
                if code == nil {
                    let missing = try #require(
                        await bench.failure { _ = try await bench.hub.resolve(try RepositoryID("org/none"), .main) })
                    #expect(
                        missing.code == .repositoryNotFound
                            && missing.message.hasSuffix("or is private and this token may not see it"))
                }
            }
        }
    }

    /// A refusal as a server may send it, and what it becomes.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let status: Int
        var code: String?
        var message: String?
        let hasToken: Bool
        let expected: Failure.Code
        let hint: String?
        var testDescription: String {
            "\(status) \(code ?? "-") \(message ?? "-") \(hasToken ? "with" : "without") a token"
        }
    }

    private static let refusals = [
        Refusal(
            status: 401, code: "RepoNotFound", hasToken: false, expected: .repositoryNotFound, hint: "hf auth login"),
        Refusal(status: 404, code: "RepoNotFound", hasToken: true, expected: .repositoryNotFound, hint: "HF_TOKEN"),
        Refusal(status: 401, code: "GatedRepo", hasToken: false, expected: .repositoryGated, hint: "hf auth login"),
        Refusal(status: 403, code: "GatedRepo", hasToken: true, expected: .repositoryGated, hint: "accept them at"),
        Refusal(status: 404, code: "RevisionNotFound", hasToken: false, expected: .revisionNotFound, hint: "revision"),
        Refusal(
            status: 404, code: "EntryNotFound", hasToken: false, expected: .entryNotFound, hint: "weighlock outdated"),
        Refusal(
            status: 401, message: "Invalid credentials in Authorization header", hasToken: true,
            expected: .unauthorized, hint: "HF_TOKEN"),
        Refusal(
            status: 403, message: "Access to this resource is disabled.", hasToken: true, expected: .repositoryDisabled,
            hint: nil),
        Refusal(status: 401, hasToken: false, expected: .repositoryNotFound, hint: "HF_TOKEN"),
        Refusal(status: 401, hasToken: true, expected: .unauthorized, hint: "HF_TOKEN"),
        Refusal(status: 403, message: "not for you", hasToken: true, expected: .unauthorized, hint: "HF_TOKEN"),
        Refusal(status: 404, hasToken: false, expected: .repositoryNotFound, hint: "HF_ENDPOINT"),
        Refusal(status: 404, code: "SomethingNew", hasToken: false, expected: .repositoryNotFound, hint: "HF_ENDPOINT"),
        Refusal(status: 400, message: "bad \u{9B}31m", hasToken: false, expected: .protocolViolation, hint: nil),
        Refusal(status: 418, hasToken: false, expected: .protocolViolation, hint: nil),
        Refusal(status: 204, hasToken: false, expected: .protocolViolation, hint: nil),
    ]

    @Test(arguments: refusals)
    func `a refusal becomes the error that fits`(refusal: Refusal) async throws {
        var fields: HeaderFields = [:]
        if let code = refusal.code { fields.add("X-Error-Code", code) }
        if let message = refusal.message { fields.add("X-Error-Message", message) }
        let headers = fields
        try await Bench.run(
            token: refusal.hasToken ? Bench.token : nil,
            fault: { _ in .answer(refusal.status, headers: headers, body: []) }
        ) { bench in
            let found = try #require(
                await bench.failure { _ = try await bench.hub.resolve(try bench.id, try Revision("v9")) })
            #expect(found.code == refusal.expected)
            if let hint = refusal.hint { #expect(found.hint?.contains(hint) == true, "\(found.hint ?? "no hint")") }
            #expect(!found.description.contains(Bench.token))
            #expect(
                found.description.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value != 0x7F) })
            #expect(bench.server.requests.count == 1)
        }
    }

    @Test(
        arguments: [
            ("<html>", .protocolViolation), ("", .protocolViolation), ("[]", .protocolViolation),
            ("{}", .protocolViolation),
            ("{\"sha\": 5}", .protocolViolation), ("{\"sha\": \"main\"}", .protocolViolation),
            ("{\"sha\": null}", .protocolViolation),
            ("{\"sha\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", .protocolViolation),
        ] as [(String, Failure.Code)])
    func `an answer that is not a Hub's is refused`(text: String, code: Failure.Code) async throws {
        try await Bench.run(fault: { _ in .answer(200, headers: [:], body: Array(text.utf8)) }) { bench in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == code)
            #expect(found.hint == "is HF_ENDPOINT the address of a Hub?")
        }
    }

    @Test(arguments: ["2024-01-02T03:04:05.678Z", "2024-01-02", "yesterday", ""])
    func `a date is passed on as the Hub wrote it, and what else is said is passed over`(text: String) async throws {
        let sha = GitObjectID(ofBlob: [])
        let body =
            "{\"sha\": \"\(sha)\", \"lastModified\": \"\(text)\", \"gated\": \"manual\", \"id\": \"org/tiny\", \"unknown\": [1]}"
        try await Bench.run(fault: { _ in .answer(200, headers: [:], body: Array(body.utf8)) }) { bench async throws in
            #expect(
                try await bench.hub.resolve(try bench.id, .main)
                    == HubRevision(commit: sha, date: text, name: nil, isGated: true))
        }
    }

    @Test func `another commit than the one asked for is refused`() async throws {
        let (asked, other) = (GitObjectID(ofBlob: [1]), GitObjectID(ofBlob: [2]))
        try await Bench.run(fault: { _ in .answer(200, headers: [:], body: Array("{\"sha\": \"\(other)\"}".utf8)) }) {
            bench in
            let found = try #require(
                await bench.failure { _ = try await bench.hub.resolve(try bench.id, Revision(asked)) })
            #expect(found.code == .mismatch)
            #expect(found.details == ["expected: \(asked)", "found:    \(other)"])
        }
    }

    @Test func `an answer that is too long is not read to its end`() async throws {
        let body = [UInt8](repeating: 0x20, count: Hub.maximumAnswer + 1)
        try await Bench.run(fault: { _ in .answer(200, headers: [:], body: body) }) { bench in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .limitExceeded)
        }
    }
}
