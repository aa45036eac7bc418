// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import TestKit
import Testing

@testable import Origins
@testable import Transport

@Suite(.serialized) struct `A Hub's file` {
    private static let size = Int64(Bench.large.count)

    @Test func `a whole file is asked for without a range, a part with one`() async throws {
        try await Bench.withWeights { bench, commit async throws in
            #expect(try await bench.read(at: commit) == Bench.large)
            #expect(try await bench.read(at: commit, from: 10, to: 20) == Array(Bench.large[10..<20]))
            #expect(try await bench.read(at: commit, from: Self.size - 1) == Array(Bench.large.suffix(1)))
            #expect(try await bench.read(at: commit, from: 5, to: 5) == [])
            #expect(bench.downloads.map { $0.headers["Range"] } == [nil, "bytes=10-19", "bytes=2999999-2999999"])
            #expect(
                bench.downloads.allSatisfy {
                    $0.headers["Accept-Encoding"] == "identity" && $0.headers["User-Agent"] == "weighlock-tests"
                })
            #expect(try await bench.read("näme ü.txt", at: commit, size: 1) == [0x78])
            #expect(bench.downloads.last?.target == "/org/tiny/resolve/\(commit)/n%C3%A4me%20%C3%BC.txt")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `any range gives its bytes`(seed: UInt64) async throws {
        try await Bench.withWeights { bench, commit async throws in
            var random = SeededGenerator(seed: seed)
            for _ in 0..<15 {
                let from = Int.random(in: 0..<Bench.large.count, using: &random)
                let to = Int.random(in: from...min(Bench.large.count, from + 400_000), using: &random)
                #expect(
                    try await bench.read(at: commit, from: Int64(from), to: Int64(to)) == Array(Bench.large[from..<to]),
                    "\(from)..<\(to)")
            }
        }
    }

    @Test func `a cut connection is resumed where it broke`() async throws {
        try await Bench.withWeights(fault: {
            $0.isDownload && $0.headers["Range"] == nil ? .truncate(after: 1_000_000) : nil
        }) { bench, commit async throws in
            #expect(try await bench.read(at: commit) == Bench.large)
            #expect(bench.downloads.count == 2 && bench.notices.all.count == 1)
            // What was sent last may be lost with the connection; how much depends on how fast it was read.
            let range = try #require(bench.downloads.last?.headers["Range"])
            #expect(range.hasPrefix("bytes=") && range.hasSuffix("-2999999"))
            let start = try #require(Int(range.dropFirst(6).prefix { $0 != "-" }))
            #expect((1...1_000_000).contains(start), "\(range)")
        }
    }

    @Test func `many cuts do not use up the attempts while bytes arrive`() async throws {
        // At least ten answers and three attempts: only an attempt without progress counts.
        try await Bench.withWeights(fault: { $0.isDownload ? .truncate(after: 300_000) : nil }) {
            bench, commit async throws in
            #expect(try await bench.read(at: commit) == Bench.large)
            #expect(bench.downloads.count >= 10)
        }
    }

    @Test func `a connection that is always cut at once is an error that says what was got`() async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .truncate(after: 100) : nil }) {
            bench, commit async throws in
            let found = try #require(await bench.failure { _ = try await bench.read(at: commit) })
            #expect(found.code == .network)
            #expect(found.message.contains("/org/tiny/resolve/"))
            #expect(bench.downloads.count == 3)
        }
    }

    @Test func `a server that ignores ranges still gives the right bytes`() async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .ignoreRange : nil }) { bench, commit async throws in
            #expect(
                try await bench.read(at: commit, from: 1_000_000, to: 1_000_010)
                    == Array(Bench.large[1_000_000..<1_000_010]))
            #expect(try await bench.read(at: commit, from: 2_999_000) == Array(Bench.large[2_999_000...]))
            #expect(bench.downloads.map(\.status) == [200, 200])
        }
    }

    @Test(arguments: [
        ("bytes 0-9/3000000", Failure.Code.protocolViolation), ("bytes 11-20/3000000", .protocolViolation),
        ("bytes 10-99/3000000", .protocolViolation),
        ("bytes 10-9/3000000", .protocolViolation), ("bytes 10-19/2999999", .mismatch),
        ("bytes 10-18/3000000", .mismatch), ("10-19", .protocolViolation),
        ("bytes */3000000", .protocolViolation), ("bytes -1-19/3000000", .protocolViolation),
        ("bytes 10-99999999999999999999/3000000", .protocolViolation),
        ("items 10-19/3000000", .protocolViolation), ("", .protocolViolation),
    ])
    func `another range than was asked for is refused`(header: String, code: Failure.Code) async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .setHeader("Content-Range", header) : nil }) {
            bench, commit in
            let found = await bench.failure { _ = try await bench.read(at: commit, from: 10, to: 20) }
            #expect(found?.code == code, "\(found?.description ?? "accepted")")
            #expect(bench.downloads.count == 1)
        }
    }

    @Test func `a range without its header is refused`() async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .dropHeader("Content-Range") : nil }) { bench, commit in
            #expect(
                await bench.failure { _ = try await bench.read(at: commit, from: 10, to: 20) }?.code
                    == .protocolViolation)
        }
    }

    @Test func `a total of unknown length is accepted`() async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .setHeader("Content-Range", "bytes 10-19/*") : nil }) {
            bench, commit async throws in
            #expect(try await bench.read(at: commit, from: 10, to: 20) == Array(Bench.large[10..<20]))
        }
    }

    @Test func `a server that sends less than was asked for is asked again`() async throws {
        let bytes = Array(Bench.large[10..<14])
        try await Bench.withWeights(fault: { request in
            request.headers["Range"] == "bytes=10-19"
                ? .answer(206, headers: ["Content-Range": "bytes 10-13/3000000"], body: bytes) : nil
        }) { bench, commit async throws in
            #expect(try await bench.read(at: commit, from: 10, to: 20) == Array(Bench.large[10..<20]))
            #expect(bench.downloads.map { $0.headers["Range"] } == ["bytes=10-19", "bytes=14-19"])
        }
    }

    @Test(arguments: [
        (Fault.serveBytes(Array("short".utf8)), "found:    5 bytes"), (.pad(10, .counted), "found:    3000010 bytes"),
        (.pad(10, .chunked), "found:    more bytes"),
        (.errorPage, "found:    41 bytes"),
        (.answer(416, headers: ["Content-Range": "bytes */77"], body: []), "found:    77 bytes"),
        (.answer(416, headers: [:], body: []), "found:    more bytes"),
    ])
    func `a file of another size is refused`(fault: Fault, found text: String) async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? fault : nil }) { bench, commit in
            let found = try #require(await bench.failure { _ = try await bench.read(at: commit) })
            #expect(found.code == .mismatch)
            #expect(found.details == ["expected: 3000000 bytes", text])
            #expect(bench.downloads.count == 1, "the same again would be the same again")
        }
    }

    @Test func `a listing that lies about the size is noticed`() async throws {
        try await Bench.withWeights { bench, commit async throws in
            #expect(await bench.failure { _ = try await bench.read(at: commit, size: 2_999_999) }?.code == .mismatch)
            #expect(await bench.failure { _ = try await bench.read(at: commit, size: 3_000_001) }?.code == .mismatch)
            #expect(
                await bench.failure { _ = try await bench.read(at: commit, size: 3_000_001, from: 3_000_000) }?.code
                    == .mismatch)
        }
    }

    @Test func `bytes after the last are left on the wire`() async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .pad(10, .beyondLength) : nil }) {
            bench, commit async throws in
            #expect(try await bench.read(at: commit) == Bench.large)
            #expect(try await bench.read("config.json", at: commit, size: 2) == Array("{}".utf8))
        }
    }

    @Test func `a stream that falls silent times out, and is resumed`() async throws {
        try await Bench.withWeights(
            fault: { $0.isDownload && $0.headers["Range"] == nil ? .stall(after: 1_000_000) : nil },
            configure: {
                $0.downloadTimeout = .seconds(1)
                $0.retry.attempts = 50
            }
        ) { bench, commit async throws in
            #expect(try await bench.read(at: commit) == Bench.large)
            #expect(bench.notices.all.first?.reason.contains("the server went silent") == true)
        }
    }

    @Test func `a stream that stays silent is a time-out error`() async throws {
        try await Bench.withWeights(
            fault: { $0.isDownload ? .stall(after: 10) : nil },
            configure: {
                $0.downloadTimeout = .milliseconds(100)
                $0.retry.attempts = 2
            }
        ) { bench, commit in
            let found = try #require(await bench.failure { _ = try await bench.read(at: commit) })
            #expect(found.code == .network && found.message.contains("the server went silent"), "\(found)")
        }
    }

    @Test func `reading ends at once when it is cancelled`() async throws {
        try await Bench.withWeights(fault: { $0.isDownload ? .stall(after: 10) : nil }) { bench, commit in
            let task = Task { try await bench.read(at: commit) }
            await bench.server.wait { $0.contains { $0.bytesSent >= 10 } }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(bench.downloads.count == 1)
        }
    }

    @Test func `what the reader throws comes through`() async throws {
        struct Full: Error {}
        try await Bench.withWeights { bench, commit in
            let file = try bench.hub.file(
                try bench.id, at: commit, try RelativePath("model.safetensors"), size: ByteCount(clamping: 3_000_000))
            await #expect(throws: Full.self) { try await file.read(from: { 0 }, to: 3_000_000) { _ in throw Full() } }
            #expect(bench.downloads.count == 1)
        }
    }

    @Test func `the token stays at the Hub when the bytes lie elsewhere, and the Hub is asked once`() async throws {
        let other = try await LoopbackHub()
        let elsewhere = try other.commit("cdn/blob", ["model.safetensors": Bench.large])
        let location = "\(other.url)/cdn/blob/resolve/\(elsewhere)/model.safetensors?signature=secret"
        try await Bench.withWeights(
            token: Bench.token, known: [Bench.token], fault: { $0.isDownload ? .redirect(location, status: 302) : nil }
        ) { bench, commit in
            let file = try bench.hub.file(
                try bench.id, at: commit, try RelativePath("model.safetensors"), size: ByteCount(clamping: 3_000_000))
            #expect(try await bench.read(file, from: 0, to: 1_000_000) == Array(Bench.large[..<1_000_000]))
            #expect(try await bench.read(file, from: 1_000_000, to: 3_000_000) == Array(Bench.large[1_000_000...]))
            #expect(bench.downloads.map { $0.headers["Authorization"] } == ["Bearer \(Bench.token)"])
            #expect(other.requests.count == 2)
            #expect(other.requests.allSatisfy { $0.headers["Authorization"] == nil && $0.headers["Range"] != nil })
        }
    }

    @Test func `when a signed address has expired the Hub is asked for a new one`() async throws {
        // It serves two requests and then refuses, as an expired signature does; the third time it is asked with a new one.
        let other = try await LoopbackHub(fault: {
            $0.target.hasSuffix("signature=1") && $0.attempt > 1 ? .status(403) : nil
        })
        let elsewhere = try other.commit("cdn/blob", ["model.safetensors": Bench.large])
        let location = "\(other.url)/cdn/blob/resolve/\(elsewhere)/model.safetensors?signature="
        try await Bench.withWeights(fault: { $0.isDownload ? .redirect(location + "\($0.attempt)", status: 307) : nil })
        { bench, commit in
            let file = try bench.hub.file(
                try bench.id, at: commit, try RelativePath("model.safetensors"), size: ByteCount(clamping: 3_000_000))
            #expect(try await bench.read(file, from: 0, to: 1_000_000) == Array(Bench.large[..<1_000_000]))
            #expect(try await bench.read(file, from: 1_000_000, to: 3_000_000) == Array(Bench.large[1_000_000...]))
            #expect(bench.downloads.count == 2)
            #expect(other.requests.map(\.status) == [206, 403, 206])
        }
    }

    @Test func `no error shows the query of an address`() async throws {
        let other = try await LoopbackHub(fault: { _ in .truncate(after: 10) })
        let elsewhere = try other.commit("cdn/blob", ["model.safetensors": Bench.large])
        let location = "\(other.url)/cdn/blob/resolve/\(elsewhere)/model.safetensors?signature=secret"
        try await Bench.withWeights(fault: { $0.isDownload ? .redirect(location, status: 302) : nil }) {
            bench, commit in
            let found = try #require(await bench.failure { _ = try await bench.read(at: commit) })
            #expect(!found.description.contains("secret"), "\(found)")
            #expect(bench.notices.all.allSatisfy { !$0.reason.contains("secret") } && !bench.notices.all.isEmpty)
        }
    }
}
