// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import FileIO
import Mirror
import Store
import Synchronization
import SystemPackage
import TestKit

@testable import Operations
@testable import Transport

/// A Hub, a home and a project of one test's own.
struct Yard: Sendable {
    let directory: TemporaryDirectory
    let server: LoopbackHub
    let session: Session
    let project: Project
    let events: Events

    /// What the session said.
    final class Events: Sendable {
        private let state = Mutex<[OperationEvent]>([])
        func add(_ event: OperationEvent) { state.withLock { $0.append(event) } }
        var all: [OperationEvent] { state.withLock { $0 } }
        /// The texts of notes and warnings.
        var texts: [String] {
            all.compactMap { event in
                switch event {
                case .note(let text), .warning(let text): text
                default: nil
                }
            }
        }
        /// The bytes of all work that was announced, and of all that was done.
        var bytes: (announced: Int64, done: Int64) {
            all.reduce(into: (0, 0)) { sum, event in
                switch event {
                case .began(_, let total): sum.0 += total.value
                case .advanced(let count): sum.1 += count
                default: break
                }
            }
        }
    }

    static let manifest = """
        version: 1
        deliverables:
          tiny:
            model: {repo: org/tiny}

        """
    /// The Hub's commits are made a day apart from 2024-01-01 on.
    static let now = "2024-06-01T00:00:00Z"

    /// Runs `body` with an empty Hub and a project that holds `manifest`.
    static func run(
        _ manifest: String = manifest, now: String = now, fault: LoopbackHub.FaultPlan? = nil,
        configure: (inout Settings) -> Void = { _ in },
        _ body: (Yard) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let server = try await LoopbackHub(fault: fault)
        try directory.write("project/weighlock.yaml", manifest)
        let events = Events()
        let session = makeSession(directory, server, now: now, configure: configure) { events.add($0) }
        let yard = Yard(
            directory: directory, server: server, session: session,
            project: Project(directory: directory.appending("project")), events: events)
        do { try await body(yard) } catch {
            await session.close()
            throw error
        }
        await session.close()
    }

    private static func makeSession(
        _ directory: TemporaryDirectory, _ server: LoopbackHub, now: String,
        configure: (inout Settings) -> Void = { _ in },
        _ emit: @escaping @Sendable (OperationEvent) -> Void
    ) -> Session {
        var transport = TransportConfiguration(userAgent: "weighlock-tests")
        // A busy machine is not a silent server.
        transport.metadataTimeout = .seconds(120)
        transport.downloadTimeout = .seconds(120)
        transport.retry.attempts = 3
        transport.retry.firstPause = .milliseconds(1)
        transport.retry.longestPause = .milliseconds(4)
        var settings = Settings(
            home: directory.appending("home"), endpoint: server.url, token: nil, transport: transport,
            hubCache: directory.appending("user-cache"),
            author: "Ada", now: { now })
        configure(&settings)
        return Session(settings, emit: emit)
    }

    /// Runs `body` with another session on the same home, as a second process would have it.
    func withSession<Value>(
        now: String = Yard.now, configure: (inout Settings) -> Void = { _ in },
        _ body: (Session, Events) async throws -> Value
    ) async throws -> Value {
        let events = Events()
        let session = Yard.makeSession(directory, server, now: now, configure: configure) { events.add($0) }
        do {
            let value = try await body(session, events)
            await session.close()
            return value
        } catch {
            await session.close()
            throw error
        }
    }

    /// Commits the tiny model, with some files changed.
    @discardableResult
    func publish(
        _ name: String = "org/tiny", _ changes: [String: String] = [:], without: [String] = []
    ) throws -> GitObjectID {
        var files = ModelBuilder.tinyModel().merging(changes.mapValues { Array($0.utf8) }) { $1 }
        for path in without { files[path] = nil }
        return try server.commit(name, files)
    }

    func write(_ manifest: String) throws { try project.writeManifest(manifest) }
    @discardableResult
    func lock(check: Bool = false) async throws -> LockOperation.Outcome {
        try await LockOperation(session, project).run(check: check)
    }
    @discardableResult
    func sync() async throws -> Sync.Outcome { try await Sync(session, project).run() }
    func verify(deep: Bool = false) async throws -> Verification.Report {
        try await Verification(session, project).run(deep: deep)
    }
    @discardableResult
    func update(_ names: String..., accept: Bool = true) async throws -> Update.Review {
        try await Update(session, project).run(try names.map { try DeliverableName($0) }, reason: nil, dryRun: false) {
            _ in accept
        }.review
    }
    @discardableResult
    func rollback(_ target: String? = nil, lockOnly: Bool = false) async throws -> Rollback.Outcome {
        try await Rollback(session, project).run(to: target, reason: nil, lockOnly: lockOnly)
    }

    /// The locked commit of a deliverable's model.
    func commit(_ name: String = "tiny") throws -> GitObjectID? {
        try project.lock().deliverable(try DeliverableName(name))?.source(.model)?.commit
    }
    func lockText() throws -> String {
        String(decoding: try FileSystem.read(project.lockPath, limit: 1 << 24), as: UTF8.self)
    }
    func file(_ path: String, of name: String = "tiny") throws -> LockedFile? {
        try project.lock().deliverable(try DeliverableName(name))?.sources.flatMap(\.files).first {
            $0.path.description == path
        }
    }

    /// Changes one byte of a blob behind the store's back; its length stays.
    func damage(_ digest: Digest) throws {
        let path = session.store.path(of: digest)
        try FileSystem.setPermissions(path, 0o644)
        let file = try File(path, .updating)
        try file.write([try file.read(1, at: 0).first.map { $0 ^ 0xFF } ?? 0], at: 0)
        try FileSystem.setPermissions(path, 0o444)
    }

    /// Which files were downloaded, by name, sorted.
    var downloaded: [String] {
        server.requests.filter(\.isDownload).compactMap { $0.path.split(separator: "/").last.map(String.init) }.sorted()
    }

    /// The failure that `body` throws; nil when it throws none.
    func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure ?? Failure(.usage, "not a Failure: \(error)") }
        return nil
    }
}
