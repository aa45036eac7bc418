// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import SystemPackage
import TestKit
import Testing

/// The instrument is tested too: a Hub that forgets to lie makes every test of a client pass.
@Suite struct `the loopback Hub` {
    private static let weights = SeededGenerator.sample(700_000, seed: 9)
    private static let target = "/org/m/resolve/main/model.safetensors"

    private func makeHub(_ fault: LoopbackHub.FaultPlan? = nil) async throws -> LoopbackHub {
        let hub = try await LoopbackHub(fault: fault)
        try hub.commit("org/m", ["model.safetensors": Self.weights, "config.json": Array("{}".utf8)])
        return hub
    }

    private func fetch(
        _ hub: LoopbackHub, _ target: String = target, method: String = "GET", with extra: String = ""
    ) async throws -> Reply {
        let connection = try await RawConnection(port: hub.port)
        try await connection.send(
            "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(hub.port)\r\nConnection: close\r\n\(extra)\r\n")
        return Reply(await connection.receiveAll())
    }

    private struct Reply {
        let head: String
        let body: [UInt8]
        init(_ bytes: [UInt8]) {
            let mark = Array("\r\n\r\n".utf8)
            let end = bytes.indices.dropLast(3).first { bytes[$0..<$0 + 4].elementsEqual(mark) }
            head = String(decoding: bytes[..<(end ?? bytes.count)], as: UTF8.self)
            body = Array(bytes.dropFirst((end ?? bytes.count) + 4))
        }
        var status: String { String(head.dropFirst(9).prefix(3)) }
        func has(_ line: String) -> Bool { head.split(separator: "\r\n").contains { $0 == line } }
    }

    @Test func `tells the truth when it is not told to lie, and records everything`() async throws {
        let hub = try await makeHub()
        let reply = try await fetch(hub, "\(Self.target)?x=1", with: "Range: bytes=10-19\r\nX-Test: yes\r\n")
        #expect(reply.status == "206" && reply.body == Array(Self.weights[10..<20]))
        #expect(try await fetch(hub).body == Self.weights)
        #expect(try await fetch(hub, method: "HEAD").body.isEmpty)
        await hub.wait { $0.count == 3 && $0.allSatisfy(\.isOver) }
        let requests = hub.requests
        #expect(
            requests[0].target == "\(Self.target)?x=1" && requests[0].path == Self.target
                && requests[0].headers["x-test"] == "yes")
        #expect(requests.map(\.attempt) == [1, 1, 1] && requests.map(\.status) == [206, 200, 200])
        #expect(
            requests.map(\.bytesSent) == [10, Int64(Self.weights.count), 0]
                && hub.bytesDownloaded == Int64(Self.weights.count) + 10)
        hub.forgetRequests()
        _ = try await fetch(hub)
        _ = try await fetch(hub)
        #expect(hub.requests.map(\.attempt) == [1, 2])
    }

    @Test func `lies about the bytes`() async throws {
        let hub = try await makeHub()
        let size = Self.weights.count
        let other = try hub.commit("org/other", ["config.json": Array("{\"other\":1}".utf8)])
        #expect(other.description.count == 40)

        hub.setFault { _ in .flipByte(at: 500_000) }
        var flipped = Self.weights
        flipped[500_000] ^= 0xFF
        #expect(try await fetch(hub).body == flipped)
        // The place is one of the file: a range that covers it is wrong there, another is right.
        #expect(try await fetch(hub, with: "Range: bytes=499999-500001\r\n").body == Array(flipped[499_999...500_001]))
        #expect(try await fetch(hub, with: "Range: bytes=0-9\r\n").body == Array(Self.weights[0...9]))

        hub.setFault { _ in .truncate(after: 300_001) }
        let short = try await fetch(hub)
        #expect(short.body == Array(Self.weights[..<300_001]) && short.has("Content-Length: \(size)"))

        hub.setFault { _ in .pad(7, .beyondLength) }
        var padded = try await fetch(hub)
        #expect(padded.body.count == size + 7 && padded.has("Content-Length: \(size)"))
        hub.setFault { _ in .pad(7, .counted) }
        padded = try await fetch(hub)
        #expect(padded.body.count == size + 7 && padded.has("Content-Length: \(size + 7)"))
        hub.setFault { _ in .pad(7, .chunked) }
        padded = try await fetch(hub, "/org/m/resolve/main/config.json")
        #expect(padded.has("Transfer-Encoding: chunked") && !padded.head.contains("Content-Length"))
        #expect(String(decoding: padded.body, as: UTF8.self) == "2\r\n{}\r\n7\r\n*******\r\n0\r\n\r\n")

        hub.setFault { _ in .serveBytes([1, 2, 3]) }
        let swapped = try await fetch(hub)
        #expect(
            swapped.body == [1, 2, 3] && swapped.has("Content-Length: 3")
                && swapped.has("X-Linked-Etag: \"\(Digest(of: Self.weights))\""))
        let directory = try TemporaryDirectory()
        let file = try directory.write("x", "another file")
        hub.setFault { _ in .serveFile(file) }
        #expect(try await fetch(hub).body == Array("another file".utf8))

        hub.setFault { _ in .ignoreRange }
        let whole = try await fetch(hub, with: "Range: bytes=5-\r\n")
        #expect(whole.status == "200" && whole.body == Self.weights)
    }

    @Test func `lies in the header and with whole answers`() async throws {
        let hub = try await makeHub()
        hub.setFault { _ in
            .all([.dropHeader("X-Repo-Commit"), .dropHeader("etag"), .setHeader("Content-Range", "bytes 0-1/2")])
        }
        let reply = try await fetch(hub)
        #expect(
            !reply.head.contains("X-Repo-Commit") && !reply.head.contains("\r\nETag")
                && reply.has("Content-Range: bytes 0-1/2"))
        hub.setFault { $0.attempt < 3 ? .rateLimit(retryAfter: 2) : nil }
        hub.forgetRequests()
        let limited = try await fetch(hub)
        #expect(limited.status == "429" && limited.has("Retry-After: 2"))
        #expect(try await fetch(hub).status == "429")
        #expect(try await fetch(hub).status == "200")
        hub.setFault { _ in .errorPage }
        let page = try await fetch(hub)
        #expect(page.status == "200" && page.has("Content-Type: text/html"))
        hub.setFault { _ in .status(503) }
        #expect(try await fetch(hub, method: "HEAD").status == "503")
        hub.setFault { _ in .redirect("http://localhost:1/x", status: 302) }
        let redirect = try await fetch(hub, method: "HEAD")
        #expect(
            redirect.status == "302" && redirect.has("Location: http://localhost:1/x")
                && redirect.has("X-Linked-Size: 700000"))
        hub.setFault { _ in .demandToken("hf_x") }
        #expect(try await fetch(hub).status == "401")
        #expect(try await fetch(hub, with: "Authorization: Bearer hf_x\r\n").status == "200")
        hub.setFault { _ in .cut }
        #expect(try await fetch(hub).head.isEmpty)
    }

    @Test func `stalls until the client goes away, and drips`() async throws {
        let hub = try await makeHub { _ in .stall(after: 1000) }
        let connection = try await RawConnection(port: hub.port)
        try await connection.send("GET \(Self.target) HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = await connection.receive(atLeast: 1100)
        await hub.wait { $0[0].bytesSent == 1000 }
        #expect(hub.requests[0].isOver == false)
        await connection.close()
        await hub.wait { $0[0].isOver }

        hub.setFault { _ in .silence }
        let silent = try await RawConnection(port: hub.port)
        try await silent.send("GET \(Self.target) HTTP/1.1\r\nHost: x\r\n\r\n")
        await hub.wait { $0.count == 2 }
        await silent.close()
        await hub.wait { $0[1].isOver }
        #expect(hub.requests[1].status == nil)

        hub.setFault { _ in .drip(bytesPerSecond: 2_000_000) }
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try await fetch(hub).body == Self.weights)
        // 700 kB at 2 MB a second: never faster, however slow the machine is.
        #expect(clock.now - start >= .milliseconds(200))
    }

    @Test func `lists without end and in circles`() async throws {
        let hub = try await makeHub { $0.path.contains("/tree/") ? .endlessTree(pageSize: 3) : nil }
        var target = "/api/models/org/m/tree/main?recursive=true"
        var names: Set<String> = []
        for _ in 0..<5 {
            let reply = try await fetch(hub, target)
            for entry in try JSONValue.parse(reply.body).array ?? [] { names.insert(entry["path"]?.string ?? "") }
            let link = try #require(reply.head.split(separator: "\r\n").first { $0.hasPrefix("Link: ") })
            target = String(link.dropFirst("Link: <http://127.0.0.1:\(hub.port)".count).prefix { $0 != ">" })
        }
        #expect(names.count == 15)
        hub.setFault { _ in .repeatingPage }
        let reply = try await fetch(hub, "/api/models/org/m/tree/main")
        #expect(reply.has("Link: <http://127.0.0.1:\(hub.port)/api/models/org/m/tree/main>; rel=\"next\""))
        hub.setFault { _ in .serveBytes(Array("[{\"path\":\"../x\",\"size\":9223372036854775808}]".utf8)) }
        #expect(
            String(decoding: try await fetch(hub, "/api/models/org/m/tree/main").body, as: UTF8.self).contains(
                "9223372036854775808"))
    }
}

@Suite struct `the other instruments` {
    @Test func `a program runs in an environment of its own`() async throws {
        let directory = try TemporaryDirectory()
        let shell = try Program(
            in: directory.path, home: directory.appending("home"), environment: ["A": "b"], executable: "/bin/sh")
        let outcome = try await shell.run("-c", "cat; echo $HOME $A; env | wc -l >&2; pwd; exit 3", input: "in\n")
        #expect(outcome.status == 3 && outcome.output == "in\n\(directory.appending("home")) b\n\(directory.path)\n")
        #expect(outcome.transcript.hasPrefix("exit: 3\n--- stdout\nin\n"))
        let running = try shell.launch(["-c", "kill -STOP $$"])
        running.send(9)
        #expect(await running.outcome().status == 137)
        #expect(throws: Program.Unavailable.self) {
            try Program(in: directory.path, home: directory.path, executable: "/nowhere")
        }
    }

    @Test func `a snapshot compares after its filters and never passes unseen`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("Snapshots/a.txt", "port 127.0.0.1:[PORT] in [TIME] at [SPEED]\n")
        let file = directory.appending("Test.swift").string
        let snapshot = Snapshot("a", filters: [.ports, .speeds, .durations], testFile: file)
        try snapshot.check("port 127.0.0.1:4321 in 1.5s at 12.3 MB/s\n")
        let mismatch = #expect(throws: Snapshot.Mismatch.self) {
            try snapshot.check("port 127.0.0.1:4321 in 1.5s\nmore\n")
        }
        #expect(mismatch?.description.contains("- port") == true && mismatch?.description.contains("+ more") == true)
        #expect(throws: Snapshot.Mismatch.self) { try Snapshot("none", testFile: file).check("x") }
    }

    @Test func `a temporary directory goes with its owner`() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(try directory?.write("a/b/c", "x"))
        #expect(try FileBytes.read(path) == [0x78])
        directory = nil
        #expect(throws: Failure.self) { try FileBytes.read(path) }
    }

    @Test func `a large file is the same for the same seed`() throws {
        let directory = try TemporaryDirectory()
        for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] as [(String, UInt64)] {
            try ModelBuilder.writeLargeFile(directory.appending(name), size: 2_500_000, seed: seed)
        }
        let (a, b, c) = try (
            FileBytes.read(directory.appending("a")), FileBytes.read(directory.appending("b")),
            FileBytes.read(directory.appending("c"))
        )
        #expect(a.count == 2_500_000 && a == b && a != c && a[..<1000] != a[1_048_576..<1_049_576])
    }
}
