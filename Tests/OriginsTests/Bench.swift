// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import Synchronization
import TestKit

@testable import Origins
@testable import Transport

/// A Hub that can lie, and an impatient client of it.
struct Bench: Sendable {
    let server: LoopbackHub
    let transport: HTTPTransport
    let hub: Hub
    let notices: Notices

    /// What the transport said while it tried again.
    final class Notices: Sendable {
        private let state = Mutex<[(reason: String, pause: Duration)]>([])
        func add(_ notice: HTTPTransport.Notice) {
            guard case .retrying(let reason, let pause) = notice else { return }
            state.withLock { $0.append((reason, pause)) }
        }
        var all: [(reason: String, pause: Duration)] { state.withLock { $0 } }
    }

    static let repository = "org/tiny"
    static let token = "hf_right"
    /// Larger than what a connection's buffers hold.
    static let large: [UInt8] = {
        var random = SeededGenerator(seed: 91)
        return random.bytes(3_000_000)
    }()

    /// Runs `body` with a Hub that holds nothing yet.
    static func run(
        token: String? = nil, known: [String] = [], fault: LoopbackHub.FaultPlan? = nil,
        configure: (inout TransportConfiguration) -> Void = { _ in },
        _ body: (Bench) async throws -> Void
    ) async throws {
        let server = try await LoopbackHub(access: MirrorAccess(tokens: known.compactMap { Secret($0) }), fault: fault)
        var configuration = TransportConfiguration(userAgent: "weighlock-tests")
        // A busy machine is not a silent server: whoever tests silence sets a time of its own.
        configuration.metadataTimeout = .seconds(120)
        configuration.downloadTimeout = .seconds(120)
        configuration.retry.attempts = 3
        configuration.retry.firstPause = .milliseconds(1)
        configuration.retry.longestPause = .milliseconds(4)
        configure(&configuration)
        let notices = Notices()
        let transport = HTTPTransport(configuration) { notices.add($0) }
        let hub = Hub(endpoint: try WebAddress(server.url), token: Secret(token), transport: transport)
        do { try await body(Bench(server: server, transport: transport, hub: hub, notices: notices)) } catch {
            await transport.close()
            throw error
        }
        await transport.close()
    }

    /// Runs `body` with a Hub that holds one repository of four small files.
    static func withTiny(
        token: String? = nil, known: [String] = [], fault: LoopbackHub.FaultPlan? = nil,
        configure: (inout TransportConfiguration) -> Void = { _ in },
        weights: [UInt8] = Array("weights".utf8), _ body: (Bench, GitObjectID) async throws -> Void
    ) async throws {
        try await run(token: token, known: known, fault: fault, configure: configure) { bench in
            let commit = try bench.server.commit(
                repository,
                [
                    "config.json": Array("{}".utf8), "model.safetensors": weights, "empty.txt": [],
                    "näme ü.txt": Array("x".utf8),
                ], tags: ["v1"])
            bench.server.forgetRequests()
            try await body(bench, commit)
        }
    }

    /// The same with a large file of weights.
    static func withWeights(
        token: String? = nil, known: [String] = [], fault: LoopbackHub.FaultPlan? = nil,
        configure: (inout TransportConfiguration) -> Void = { _ in },
        _ body: (Bench, GitObjectID) async throws -> Void
    ) async throws {
        try await withTiny(token: token, known: known, fault: fault, configure: configure, weights: large, body)
    }

    var id: RepositoryID { get throws { try RepositoryID(Bench.repository) } }

    /// Reads a whole file, or a range of it, as the client would.
    func read(
        _ path: String = "model.safetensors", at commit: GitObjectID, size: Int = Bench.large.count, from: Int64 = 0,
        to: Int64? = nil
    ) async throws -> [UInt8] {
        let file = try hub.file(try id, at: commit, try RelativePath(path), size: ByteCount(clamping: Int64(size)))
        return try await read(file, from: from, to: to ?? Int64(size))
    }

    func read(_ file: HubFile, from: Int64, to end: Int64) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await file.read(from: { from + Int64(bytes.count) }, to: end) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The failure that `body` throws; nil when it throws none.
    func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure ?? Failure(.usage, "not a Failure: \(error)") }
        return nil
    }

    var downloads: [RecordedRequest] { server.requests.filter(\.isDownload) }
}
