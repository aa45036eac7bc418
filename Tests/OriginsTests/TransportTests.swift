// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import TestKit
import Testing

@testable import Origins
@testable import Transport

@Suite(.serialized) struct `The transport` {
    private func head(_ status: Int, _ fields: [(String, String)]) throws -> ResponseHead {
        ResponseHead(
            status: status, address: try WebAddress("http://a.test"), fields: fields.map { (name: $0.0, value: $0.1) })
    }

    @Test(arguments: [
        ("https://huggingface.co", "https://huggingface.co"), ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
        ("HTTPS://Hub.Example:443/", "https://hub.example"),
        ("http://a:80", "http://a"), ("http://[::1]:99/x", "http://[::1]:99"), ("https://a:80", "https://a:80"),
    ])
    func `an address knows its origin`(text: String, origin: String) throws {
        #expect(try WebAddress(text).origin.description == origin)
    }

    @Test(arguments: [
        "", "huggingface.co", "ftp://a", "file:///etc/passwd", "http://", "https:///x", "http://user@a",
        "http://user:secret@a", "http://a:0", "http://a:65536", "javascript:x", "//a",
    ])
    func `what is no web address is refused`(text: String) throws {
        do {
            _ = try WebAddress(text)
            Issue.record("accepted `\(text)`")
        } catch {
            #expect(error.code == .usage)
            #expect(!error.description.contains("secret"))
        }
    }

    @Test(
        arguments: [
            ("/y", "http://a.test:81/y"), ("y", "http://a.test:81/x/y"), ("//b.test/y", "http://b.test/y"),
            ("https://c.test/z", "https://c.test/z"), ("?q=1", "http://a.test:81/x/1"),
            ("mailto:x", nil), ("http://u:p@b.test/", nil), ("ftp://b.test/", nil),
        ] as [(String, String?)])
    func `a reference is resolved against the address it came from`(reference: String, expected: String?) throws {
        #expect(try WebAddress("http://a.test:81/x/1?signature=s").resolving(reference)?.description == expected)
    }

    @Test func `an address is shown without its query`() throws {
        #expect(try WebAddress("https://a.test/x?signature=s#f").description == "https://a.test/x")
        #expect(try WebAddress("https://a.test/").appending("/b?c=d").description == "https://a.test/b")
    }

    @Test(
        arguments: [
            (503, [("Retry-After", "3")], 3_000), (503, [("retry-after", "0")], 0),
            (503, [("Retry-After", "0.25")], 250), (503, [("Retry-After", "-1")], nil),
            (503, [("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")], nil), (503, [("Retry-After", "1e99")], nil),
            (503, [("Retry-After", "nan")], nil), (503, [], nil),
            (429, [("RateLimit", "\"api\";r=0;t=55")], 56_000), (429, [("RateLimit", "\"api\"; r=0; t = 7")], 8_000),
            (429, [("RateLimit", "\"api\";r=0")], nil),
            (429, [("RateLimit", "t=-5")], nil), (429, [("RateLimit", "t=99999999999999999999")], nil),
            (429, [("Retry-After", "2"), ("RateLimit", "t=9")], 2_000),
            (503, [("RateLimit", "t=9")], nil),
        ] as [(Int, [(String, String)], Int?)])
    func `the pause that a server asks for is read`(status: Int, fields: [(String, String)], milliseconds: Int?) throws
    {
        #expect(RetryPolicy.requestedPause(try head(status, fields)) == milliseconds.map { .milliseconds($0) })
    }

    @Test func `pauses double up to the longest, with a quarter of jitter`() {
        let policy = RetryPolicy()
        for (attempt, base) in [
            (0, 500), (1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (5, 8_000), (60, 8_000), (Int.max, 8_000),
        ] {
            for _ in 0..<20 {
                let pause = policy.pause(after: attempt)
                #expect(pause >= .milliseconds(base) * 0.75 && pause <= .milliseconds(base) * 1.25)
            }
        }
    }

    @Test(arguments: [408, 500, 502, 503, 504])
    func `a failing server is asked again`(status: Int) async throws {
        try await Bench.withTiny(fault: { $0.attempt < 3 ? .status(status) : nil }) { bench, commit async throws in
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            #expect(bench.server.requests.map(\.status) == [status, status, 200])
            #expect(bench.notices.all.count == 2)
            #expect(
                bench.notices.all.allSatisfy { $0.reason.contains("status \(status)") && $0.pause <= .milliseconds(5) })
        }
    }

    @Test func `a server that keeps failing is given up after the attempts`() async throws {
        try await Bench.withTiny(fault: { _ in .status(500) }) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .server && found.message.hasSuffix("failed: status 500"))
            #expect(bench.server.requests.count == 3)
        }
    }

    @Test func `Retry-After is honoured`() async throws {
        try await Bench.withTiny(fault: { $0.attempt == 1 ? .rateLimit(retryAfter: 1) : nil }) { bench, commit in
            let begin = ContinuousClock.now
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            #expect(ContinuousClock.now - begin >= .seconds(1))
            let notice = try #require(bench.notices.all.first)
            #expect(notice.pause >= .seconds(1) && notice.pause <= .milliseconds(1_250))
            #expect(notice.reason.contains("it asks to wait 1 s"))
        }
    }

    @Test func `a wait that is too long is an error that says how long`() async throws {
        try await Bench.withTiny(fault: { _ in .rateLimit(retryAfter: 331) }) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(
                found.code == .rateLimited && found.message.contains("331 s")
                    && found.hint?.contains("HF_TOKEN") == true)
            #expect(bench.server.requests.count == 1 && bench.notices.all.isEmpty)
        }
    }

    @Test func `429 without a wait is retried with the ordinary pauses`() async throws {
        try await Bench.withTiny(fault: { _ in .status(429) }) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .rateLimited)
            #expect(bench.server.requests.count == 3)
        }
    }

    @Test func `a connection cut before the answer is tried again`() async throws {
        try await Bench.withTiny(fault: { $0.attempt == 1 ? .cut : nil }) { bench, commit async throws in
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            #expect(bench.server.requests.count == 2)
        }
        try await Bench.withTiny(fault: { _ in .cut }) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .network && found.message.contains("the connection was cut"), "\(found)")
            #expect(bench.server.requests.count == 3)
        }
    }

    @Test(arguments: ["a\u{7F}b", "a\u{0}b"])
    func `what is not HTTP is an error that says so`(value: String) async throws {
        try await Bench.withTiny(fault: { _ in .setHeader("X-Odd", value) }) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .protocolViolation, "\(found)")
        }
    }

    @Test func `an answer cut in the middle is tried again`() async throws {
        try await Bench.withTiny(fault: { $0.attempt == 1 ? .truncate(after: 20) : nil }) {
            bench, commit async throws in
            #expect(try await bench.hub.files(try bench.id, at: commit).count == 4)
            #expect(bench.server.requests.count == 2)
        }
    }

    @Test func `a silent server is a time-out error`() async throws {
        try await Bench.withTiny(
            fault: { _ in .silence },
            configure: {
                $0.metadataTimeout = .seconds(1)
                $0.retry.attempts = 2
            }
        ) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .network && found.message.contains("the server went silent"), "\(found)")
            #expect(bench.server.requests.count == 2)
        }
    }

    @Test func `nobody listening is an error that says so`() async throws {
        try await Bench.run { bench in
            await bench.server.stop()
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .network && found.message.contains("connection refused"), "\(found)")
            #expect(found.hint?.contains("HF_ENDPOINT") == true)
        }
    }

    @Test func `offline opens no connection`() async throws {
        try await Bench.withTiny(configure: { $0.offlineReason = "HF_HUB_OFFLINE is set" }) { bench, commit in
            for found in [
                await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) },
                await bench.failure { _ = try await bench.hub.files(try bench.id, at: commit) },
                await bench.failure { _ = try await bench.read(at: commit) },
            ] {
                #expect(
                    found?.code == .offline
                        && found?.message == "cannot ask `\(bench.server.url)`: HF_HUB_OFFLINE is set")
            }
            #expect(bench.server.requests.isEmpty && bench.notices.all.isEmpty)
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect to another server leaves the token behind`(status: Int) async throws {
        let other = try await LoopbackHub(access: MirrorAccess(tokens: []))
        let commit = try other.commit(Bench.repository, ["a": [1]])
        try await Bench.run(token: Bench.token, fault: { .redirect("\(other.url)\($0.target)", status: status) }) {
            bench async throws in
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            #expect(bench.server.requests.map { $0.headers["Authorization"] } == ["Bearer \(Bench.token)"])
            #expect(other.requests.map { $0.headers["Authorization"] } == [nil])
            #expect(other.requests.flatMap(\.headers.fields).allSatisfy { !$0.value.contains(Bench.token) })
        }
    }

    @Test func `another name for the same machine is another server`() async throws {
        try await Bench.withTiny(
            token: Bench.token, known: [Bench.token],
            fault: { request in
                request.headers["Host"]?.hasPrefix("127.0.0.1") == true
                    ? .redirect(
                        "http://localhost:\(request.headers["Host"]?.split(separator: ":").last ?? "")\(request.target)",
                        status: 307) : nil
            }
        ) { bench, _ in
            _ = await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) }
            #expect(bench.server.requests.count == 2)
            #expect(bench.server.requests.last?.headers["Authorization"] == nil)
        }
    }

    @Test func `a redirect on the same server keeps the token`() async throws {
        try await Bench.withTiny(
            token: Bench.token, known: [Bench.token],
            fault: { $0.target.contains("?") ? nil : .redirect($0.target + "?x=1", status: 307) }
        ) { bench, commit async throws in
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            #expect(
                bench.server.requests.map { $0.headers["Authorization"] } == [
                    "Bearer \(Bench.token)", "Bearer \(Bench.token)",
                ])
        }
    }

    @Test func `20 redirects are followed, a loop is not`() async throws {
        func plan(_ last: Int) -> LoopbackHub.FaultPlan {
            { request in
                let step = request.target.split(separator: "=").last.flatMap { Int($0) } ?? 0
                return step < last ? .redirect(request.path + "?step=\(step + 1)", status: 302) : nil
            }
        }
        try await Bench.withTiny(fault: plan(20)) { bench, commit async throws in
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            #expect(bench.server.requests.count == 21)
        }
        try await Bench.withTiny(fault: plan(.max)) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect(found.code == .redirectRefused && found.message.contains("more than 20 times"))
            #expect(bench.server.requests.count == 21)
        }
    }

    @Test(arguments: ["", "mailto:x", "ftp://a/b", "http://user:password@127.0.0.1/"])
    func `a redirect to nowhere is refused`(location: String) async throws {
        try await Bench.withTiny(fault: { _ in .redirect(location, status: 302) }) { bench, _ in
            let found = try #require(await bench.failure { _ = try await bench.hub.resolve(try bench.id, .main) })
            #expect([.protocolViolation, .redirectRefused].contains(found.code), "\(found)")
            #expect(!found.description.contains("password"))
        }
    }

    @Test func `a body at the limit is collected, one byte more is refused`() async throws {
        try await Bench.run(fault: { _ in .answer(200, headers: [:], body: [UInt8](repeating: 1, count: 100)) }) {
            bench in
            let request = HTTPRequest(try WebAddress(bench.server.url), purpose: .metadata)
            #expect(try await bench.transport.exchange(request) { try await $0.collect(limit: 100) }.count == 100)
            #expect(
                await bench.failure {
                    _ = try await bench.transport.exchange(request) { try await $0.collect(limit: 99) }
                }?.code == .limitExceeded)
        }
    }

    @Test func `waiting for the next attempt can be cancelled`() async throws {
        try await Bench.withTiny(fault: { _ in .rateLimit(retryAfter: 300) }) { bench, _ async throws in
            let task = Task { try await bench.hub.resolve(try bench.id, .main) }
            await bench.server.wait { $0.contains { $0.isOver } }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func `a transport that was closed can be used again`() async throws {
        try await Bench.withTiny { bench, commit async throws in
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
            await bench.transport.close()
            #expect(try await bench.hub.resolve(try bench.id, .main).commit == commit)
        }
    }
}
