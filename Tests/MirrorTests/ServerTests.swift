// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import Mirror
import Store
import SystemPackage
import TestKit
import Testing

@Suite struct `the server` {
    /// A server on a gallery with one large file, and its log.
    private struct Setup {
        let gallery: Gallery
        let server: MirrorServer
        let log: AsyncStream<AccessRecord>
        let large: [UInt8]
        let blob: FilePath

        init(size: Int = 5 << 20, limits: MirrorLimits = MirrorLimits()) async throws {
            gallery = try Gallery(small: true)
            large = SeededGenerator.sample(size, seed: 3)
            let repository = try gallery.root.createRepository(try RepositoryID("org/large"))
            try repository.commit(["config.json": "{}"], weights: large, day: 1)
            blob = gallery.root.store.path(of: Digest(of: large))
            let (stream, continuation) = AsyncStream.makeStream(of: AccessRecord.self)
            log = stream
            server = try await MirrorServer.start(gallery.handler, limits: limits) { continuation.yield($0) }
        }

        func next() async -> AccessRecord? { await log.first { _ in true } }

        /// How many of this process's descriptors are open on the blob.
        var openDescriptors: Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return names.count {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)) == blob.string
            }
        }
    }

    private func get(_ target: String, _ extra: String = "", close: Bool = true) -> String {
        "GET \(target) HTTP/1.1\r\nHost: x\r\n\(extra)\(close ? "Connection: close\r\n" : "")\r\n"
    }

    @Test func `a file of several megabytes arrives byte for byte, whole and in ranges`() async throws {
        let setup = try await Setup()
        let target = "/org/large/resolve/main/model.safetensors"
        let whole = try await RawConnection(port: setup.server.port)
        try await whole.send(get(target))
        let (head, body) = split(await whole.receiveAll())
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: \(setup.large.count)"))
        #expect(body == setup.large)
        let record = await setup.next()
        #expect(record?.status == 200 && record?.bytes == Int64(setup.large.count) && record?.isComplete == true)
        #expect(record?.path == target && record?.method == "GET")
        for range in [0..<1, 1_048_575..<1_048_577, 1_048_576..<3_145_729, 5_242_879..<5_242_880] {
            let part = try await RawConnection(port: setup.server.port)
            try await part.send(get(target, "Range: bytes=\(range.lowerBound)-\(range.upperBound - 1)\r\n"))
            let (head, body) = split(await part.receiveAll())
            #expect(head.hasPrefix("HTTP/1.1 206 ") && body == Array(setup.large[range]), "\(range)")
        }
        await setup.server.shutdown()
        #expect(setup.openDescriptors == 0)
    }

    @Test func `requests on one connection are answered in their order, also when sent all at once`() async throws {
        let setup = try await Setup()
        let connection = try await RawConnection(port: setup.server.port)
        let targets = [
            "/org/tiny/resolve/main/config.json", "/org/tiny/resolve/main/nope", "/org/tiny/resolve/main/empty.txt",
            "/org/tiny/resolve/main/README.md",
        ]
        try await connection.send(
            targets.map { get($0, close: false) }.joined() + "HEAD \(targets[0]) HTTP/1.1\r\nHost: x\r\n\r\n"
                + get(targets[3]))
        let text = String(decoding: await connection.receiveAll(), as: UTF8.self)
        let statuses = text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
        #expect(statuses == ["200", "404", "200", "200", "200", "200"])
        #expect(text.hasSuffix("\r\n\r\n# tiny\n"))
        await setup.server.shutdown()
    }

    @Test func `many clients at once each get their own file`() async throws {
        let setup = try await Setup(size: 300_000)
        let port = setup.server.port
        let weights = Gallery.weights
        let large = setup.large
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<40 {
                let target =
                    index.isMultiple(of: 2)
                    ? "/org/large/resolve/main/model.safetensors" : "/org/tiny/resolve/main/model.safetensors"
                let request = get(target)
                group.addTask {
                    let connection = try await RawConnection(port: port)
                    try await connection.send(request)
                    return split(await connection.receiveAll()).body == (index.isMultiple(of: 2) ? large : weights)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await setup.server.shutdown()
        #expect(setup.openDescriptors == 0)
    }

    @Test func `a client that leaves in the middle of a body leaks nothing`() async throws {
        let setup = try await Setup(size: 24 << 20)
        for _ in 0..<3 {
            let connection = try await RawConnection(port: setup.server.port, reading: false)
            try await connection.send(get("/org/large/resolve/main/model.safetensors"))
            await connection.close()
            let record = await setup.next()
            #expect(record?.isComplete == false && (record?.bytes ?? .max) < 24 << 20)
        }
        #expect(setup.openDescriptors == 0)
        let after = try await RawConnection(port: setup.server.port)
        try await after.send(get("/org/tiny/resolve/main/README.md"))
        #expect(split(await after.receiveAll()).body == Array("# tiny\n".utf8))
        await setup.server.shutdown()
    }

    @Test func `a client that takes nothing is given up`() async throws {
        var limits = MirrorLimits()
        limits.writeTime = .milliseconds(100)
        let setup = try await Setup(size: 24 << 20, limits: limits)
        let connection = try await RawConnection(port: setup.server.port, reading: false)
        try await connection.send(get("/org/large/resolve/main/model.safetensors"))
        #expect(await setup.next()?.isComplete == false)
        #expect(setup.openDescriptors == 0)
        await connection.close()
        await setup.server.shutdown()
    }

    @Test func `a header or a body that does not come is not waited for`() async throws {
        var limits = MirrorLimits()
        limits.headerTime = .milliseconds(50)
        limits.bodyTime = .milliseconds(50)
        let setup = try await Setup(size: 10, limits: limits)
        for text in [
            "GET /org/tiny HT",
            "POST /api/models/org/tiny/paths-info/main HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npaths=",
        ] {
            let connection = try await RawConnection(port: setup.server.port)
            try await connection.send(text)
            #expect(await connection.receiveAll().isEmpty)
        }
        await setup.server.shutdown()
    }

    @Test func `an idle connection is closed, before its first request and after it`() async throws {
        var limits = MirrorLimits()
        limits.idle = .seconds(2)
        let setup = try await Setup(size: 10, limits: limits)
        let silent = try await RawConnection(port: setup.server.port)
        // Where the tests have no processor for two seconds the connection is closed before the request is sent: once
        // more.
        var answer: [UInt8] = []
        for _ in 0..<100 where answer.isEmpty {
            let connection = try await RawConnection(port: setup.server.port)
            try? await connection.send(get("/org/tiny/resolve/main/README.md", close: false))
            answer = await connection.receiveAll()
        }
        #expect(split(answer).body == Array("# tiny\n".utf8))
        #expect(await silent.receiveAll().isEmpty)
        await setup.server.shutdown()
    }

    @Test func `sizes beyond the limits are refused`() async throws {
        var limits = MirrorLimits()
        limits.headerField = 1000
        limits.header = 2000
        limits.body = 100
        let setup = try await Setup(size: 10, limits: limits)
        let post = "POST /api/models/org/tiny/paths-info/main HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        let table: [(String, String)] = [
            (get("/org/tiny/resolve/main/README.md", "X: \(String(repeating: "x", count: 900))\r\n"), "200"),
            (get("/org/tiny/resolve/main/README.md", "X: \(String(repeating: "x", count: 1001))\r\n"), "400"),
            (
                get(
                    "/org/tiny/resolve/main/README.md",
                    (0..<5).map { "X\($0): \(String(repeating: "x", count: 500))\r\n" }.joined()), "400"
            ),
            (get("/" + String(repeating: "x", count: 1001)), "400"), ("NONSENSE\r\n\r\n", "400"),
            ("GET / HTTP/9.9\r\n\r\n", "400"),
            (post + "Content-Length: 100\r\n\r\npaths=README.md&x=\(String(repeating: "y", count: 82))", "200"),
            (post + "Content-Length: 101\r\n\r\n", "413"), (post + "Content-Length: 99999999999999\r\n\r\n", "413"),
            (post + "Transfer-Encoding: chunked\r\n\r\nf\r\npaths=README.md\r\n0\r\n\r\n", "200"),
            (post + "Transfer-Encoding: chunked\r\n\r\n65\r\n\(String(repeating: "x", count: 101))\r\n", "413"),
        ]
        for (text, status) in table {
            let connection = try await RawConnection(port: setup.server.port)
            try await connection.send(text)
            let answer = String(decoding: await connection.receiveAll(), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(text.prefix(60)): \(answer.prefix(40))")
        }
        await setup.server.shutdown()
    }

    @Test func `connections beyond the limit are closed at once`() async throws {
        var limits = MirrorLimits()
        limits.connections = 2
        let setup = try await Setup(size: 10, limits: limits)
        var kept: [RawConnection] = []
        for _ in 0..<2 {
            let connection = try await RawConnection(port: setup.server.port)
            try await connection.send(get("/org/tiny/resolve/main/README.md", close: false))
            _ = await connection.receive(atLeast: 10)
            kept.append(connection)
        }
        let third = try await RawConnection(port: setup.server.port)
        #expect(await third.receiveAll().isEmpty)
        await setup.server.shutdown()
        for connection in kept { await connection.close() }
    }

    @Test func `a shutdown lets the answer under way finish and closes idle connections`() async throws {
        let setup = try await Setup(size: 24 << 20)
        let idle = try await RawConnection(port: setup.server.port)
        try await idle.send(get("/org/tiny/resolve/main/README.md", close: false))
        _ = await idle.receive(atLeast: 50)
        let busy = try await RawConnection(port: setup.server.port)
        try await busy.send(get("/org/large/resolve/main/model.safetensors", close: false))
        _ = await busy.receive(atLeast: 1000)
        await setup.server.shutdown()
        #expect(split(await busy.receiveAll()).body.count == 24 << 20)
        _ = await idle.receiveAll()
        await #expect(throws: (any Error).self) { _ = try await RawConnection(port: setup.server.port) }
    }

    @Test func `a port that is taken is told`() async throws {
        let setup = try await Setup(size: 10)
        let failure = await #expect(throws: Failure.self) {
            try await MirrorServer.start(setup.gallery.handler, port: setup.server.port)
        }
        #expect(failure?.code == .network && failure?.hint != nil)
        await setup.server.shutdown()
    }
}

/// The header is ASCII here, so its length in the text is its length in bytes.
private func split(_ bytes: [UInt8]) -> (head: String, body: [UInt8]) {
    let mark = Array("\r\n\r\n".utf8)
    for index in bytes.indices.dropLast(3) where bytes[index..<index + 4].elementsEqual(mark) {
        return (String(decoding: bytes[..<index], as: UTF8.self), Array(bytes[(index + 4)...]))
    }
    return (String(decoding: bytes, as: UTF8.self), [])
}
