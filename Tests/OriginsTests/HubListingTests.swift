// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import TestKit
import Testing

@testable import Origins
@testable import Transport

@Suite(.serialized) struct `A Hub's listing` {
    private static let commit = GitObjectID(ofBlob: [])
    private static let oid = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    private static let digest = String(repeating: "ab", count: 32)

    /// Answers each listing with this text.
    private func list(_ text: String, _ body: (Result<[HubEntry], Failure>) throws -> Void) async throws {
        try await Bench.run(fault: { _ in .answer(200, headers: [:], body: Array(text.utf8)) }) { bench in
            do { try body(.success(try await bench.hub.files(try bench.id, at: Self.commit))) } catch let failure
                as Failure
            {
                try body(.failure(failure))
            }
        }
    }

    private static func entry(
        _ path: String, size: String = "1", oid: String = oid, lfs: String? = nil, type: String = "file"
    ) -> String {
        // A path is written as it is; whoever needs escapes writes them.
        "{\"type\":\"\(type)\",\"path\":\"\(path)\",\"oid\":\"\(oid)\",\"size\":\(size)"
            + (lfs.map { ",\"lfs\":\($0)" } ?? "") + "}"
    }

    @Test func `files come in path order, with the digests that are known`() async throws {
        try await Bench.withTiny { bench, commit in
            let files = try await bench.hub.files(try bench.id, at: commit)
            #expect(files.map(\.path.description) == ["config.json", "empty.txt", "model.safetensors", "näme ü.txt"])
            #expect(
                files[0]
                    == HubEntry(
                        path: try RelativePath("config.json"), size: ByteCount(clamping: 2),
                        git: GitObjectID(ofBlob: Array("{}".utf8)), sha256: nil))
            #expect(files[2].sha256 == Digest(of: "weights") && files[2].size.value == 7)
            #expect(
                bench.server.requests.map(\.target) == [
                    "/api/models/org/tiny/tree/\(commit)?recursive=true&expand=false"
                ])
        }
    }

    @Test func `a long listing is read page by page`() async throws {
        try await Bench.run { bench in
            let files = Dictionary(
                (0..<1_001).map { ("dir/file-\($0).txt", [7] as [UInt8]) }, uniquingKeysWith: { first, _ in first })
            let commit = try bench.server.commit(Bench.repository, files)
            bench.server.forgetRequests()
            let found = try await bench.hub.files(try bench.id, at: commit)
            #expect(found.count == 1_001)
            #expect(found.map(\.path) == found.map(\.path).sorted())
            #expect(bench.server.requests.count == 2)
        }
    }

    @Test func `a listing that never ends is given up at the limit`() async throws {
        try await Bench.withTiny(fault: { _ in .endlessTree(pageSize: 1) }) { bench, commit in
            let found = try #require(await bench.failure { _ = try await bench.hub.files(try bench.id, at: commit) })
            #expect(found.code == .limitExceeded)
            #expect(found.message.contains("does not end: more than 1000 pages"))
            #expect(bench.server.requests.count == Hub.maximumPages)
        }
    }

    @Test func `a page that leads to itself is noticed`() async throws {
        try await Bench.withTiny(fault: { _ in .repeatingPage }) { bench, commit in
            let found = try #require(await bench.failure { _ = try await bench.hub.files(try bench.id, at: commit) })
            #expect(found.code == .protocolViolation && found.message.hasSuffix("repeats itself"))
            #expect(bench.server.requests.count == 1)
        }
    }

    @Test func `a page that comes again under another address is noticed`() async throws {
        let body = Array("[\(Self.entry("a"))]".utf8)
        try await Bench.run(fault: { request in
            .answer(
                200,
                headers: ["Link": "</api/models/org/tiny/tree/x?cursor=\(request.target.utf8.count)>; rel=\"next\""],
                body: body)
        }) { bench in
            let found = try #require(
                await bench.failure { _ = try await bench.hub.files(try bench.id, at: Self.commit) })
            #expect(found.code == .protocolViolation && found.message.hasSuffix("repeats itself"))
        }
    }

    @Test func `a listing that goes on at another server is not followed there`() async throws {
        let other = try await LoopbackHub()
        for link in [
            "<\(other.url)/api/models/org/tiny/tree/x>; rel=\"next\"", "<//localhost:\(other.port)/x>; rel=\"next\"",
            "<mailto:x>; rel=\"next\"",
        ] {
            try await Bench.withTiny(token: Bench.token, fault: { _ in .setHeader("Link", link) }) {
                bench, commit async throws in
                let found = try #require(
                    await bench.failure { _ = try await bench.hub.files(try bench.id, at: commit) })
                #expect(found.code == .redirectRefused)
            }
        }
        #expect(other.requests.isEmpty)
    }

    @Test func `other links than the next page are passed over`() async throws {
        try await Bench.withTiny(fault: {
            $0.attempt == 1
                ? .setHeader(
                    "Link", "<http://elsewhere.test/x>; rel=\"prev\", <http://elsewhere.test/y>; rel=\"first\"") : nil
        }) { bench, commit async throws in
            #expect(try await bench.hub.files(try bench.id, at: commit).count == 4)
        }
    }

    @Test(arguments: [
        ("../evil", "leaves"), ("/etc/passwd", "absolute"), ("a/../../b", "leaves"), ("a\\u0000b", "NUL"),
        ("a\\u001b[31m", "control"),
        ("a\\nb", "control"), ("..\\\\evil", "backslash"), ("C:/x", "drive"), (".git/config", "reserved"),
        ("", "empty"), ("a//b", "empty segment"),
        ("con.txt", "device"), ("a\\u202eb", "bidirectional"), (String(repeating: "a", count: 256), "255"),
    ])
    func `a name that cannot be a file is refused`(path: String, reason: String) async throws {
        try await list("[\(Self.entry("ok")),\(Self.entry(path))]") { result in
            let found = try #require(result.failure)
            #expect(found.code == .invalidPath && found.message.contains(reason), "\(found)")
            #expect(!found.description.contains("\u{1B}") && !found.description.contains("\u{202E}"))
        }
    }

    @Test(arguments: [
        (["README.md", "readme.md"], "differ only"), (["\u{E9}", "e\u{301}"], "differ only"),
        (["ß", "SS"], "differ only"), (["\u{212A}", "k"], "differ only"),
        (["a", "a/b"], "directory"), (["A/x", "a"], "directory"),
    ])
    func `names that cannot live together are refused`(paths: [String], reason: String) async throws {
        try await list("[" + paths.map { Self.entry($0) }.joined(separator: ",") + "]") { result in
            let found = try #require(result.failure)
            #expect(found.code == .invalidPath && found.message.contains(reason))
        }
    }

    @Test func `a name that comes twice is a listing that repeats itself`() async throws {
        try await list("[\(Self.entry("a")),\(Self.entry("a"))]") { result in
            let found = try #require(result.failure)
            #expect(found.code == .protocolViolation)
        }
    }

    @Test(arguments: [
        "-1", "9223372036854775808", "9223372036854775807", "1.5", "\"1\"", "null", "1e400", "true", "70368744177665",
    ])
    func `an impossible size is refused`(size: String) async throws {
        for text in ["[\(Self.entry("a", size: size))]"] {
            try await list(text) { result in
                let found = try #require(result.failure)
                #expect(found.code == .protocolViolation)
                #expect(
                    found.message.contains("`a` has an impossible size")
                        || found.message.hasSuffix("is not what a Hub sends"), "\(found)")
            }
        }
    }

    @Test func `the largest size is accepted`() async throws {
        try await list("[\(Self.entry("a", size: "\(Hub.maximumFileSize)")),\(Self.entry("b", size: "0"))]") {
            result throws in
            #expect(try result.get().map(\.size.value) == [64 << 40, 0])
        }
    }

    @Test(arguments: [
        ("\"type\":\"symlink\"", "is a `symlink`"), ("\"type\":\"\\u001b\"", "is a `\\u{1b}`"),
        ("\"oid\":\"E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391\"", "no git id"),
        ("\"oid\":\"\"", "no git id"), ("\"lfs\":{\"oid\":\"abc\",\"size\":1}", "no SHA-256"),
        ("\"lfs\":{\"oid\":\"\(digest)\",\"size\":2}", "two sizes"),
        ("\"lfs\":{\"oid\":\"\(digest)\",\"size\":-1}", "two sizes"),
        ("\"lfs\":{\"oid\":\"\(digest)\"}", "not what a Hub sends"), ("\"path\":5", "not what a Hub sends"),
        ("\"lfs\":7", "not what a Hub sends"), ("\"oid\":null", "not what a Hub sends"),
    ])
    func `an entry that contradicts itself is refused`(change: String, reason: String) async throws {
        // The changed member replaces the one of the same name.
        let key = change.prefix { $0 != ":" }
        let members =
            ["\"type\":\"file\"", "\"path\":\"a\"", "\"oid\":\"\(Self.oid)\"", "\"size\":1"].filter {
                !$0.hasPrefix(key)
            } + [change]
        try await list("[{\(members.joined(separator: ","))}]") { result in
            let found = try #require(result.failure)
            #expect(found.code == .protocolViolation && found.message.contains(reason), "\(found)")
        }
    }

    @Test func `directories and what is not known are passed over`() async throws {
        let text = """
            [{"type":"directory","path":"..","oid":"x","size":0},
             {"type":"file","path":"a","oid":"\(Self.oid)","size":1,"lfs":null,"xetHash":"y","lastCommit":null},
             {"type":"file","path":"b","oid":"\(Self.oid)","size":2,"lfs":{"oid":"\(Self.digest)","size":2,"pointerSize":100}}]
            """
        try await list(text) { result in
            let entries = try result.get()
            #expect(entries.map(\.path.description) == ["a", "b"])
            #expect(entries.map(\.sha256) == [nil, Digest(Self.digest)])
        }
    }

    @Test(arguments: [
        "", "{}", "null", "[", "[1]", "<html>", "[{}]", "[[]]", "{\"error\":\"x\"}",
        String(repeating: "[", count: 5_000),
    ])
    func `what is no listing is refused`(text: String) async throws {
        try await list(text) { result in
            let found = try #require(result.failure)
            #expect(found.code == .protocolViolation && found.hint == "is HF_ENDPOINT the address of a Hub?")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no damage to a listing traps`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let right = Array(
            "[\(Self.entry("a", lfs: "{\"oid\":\"\(Self.digest)\",\"size\":1}")),\(Self.entry("d/b", type: "directory"))]"
                .utf8)
        let bodies = (0..<60).map { _ in
            var body = right
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                body[Int.random(in: 0..<body.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            return body
        }
        try await Bench.run(fault: { .answer(200, headers: [:], body: bodies[($0.attempt - 1) % bodies.count]) }) {
            bench in
            for body in bodies {
                let found = await bench.failure { _ = try await bench.hub.files(try bench.id, at: Self.commit) }
                #expect(
                    found == nil || [.protocolViolation, .invalidPath].contains(found?.code),
                    "\(String(decoding: body, as: UTF8.self))")
            }
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        guard case .failure(let failure) = self else { return nil }
        return failure
    }
}
