// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import FileIO
import Store
import SystemPackage
import TestKit
import Testing

@testable import Operations

@Suite(.serialized) struct `Verifying, healing and collecting` {
    /// A yard with the tiny model locked and synced.
    private func synced(
        _ manifest: String = Yard.manifest, now: String = Yard.now, _ body: (Yard) async throws -> Void
    ) async throws {
        try await Yard.run(manifest, now: now) { yard in
            try yard.publish()
            try await yard.lock()
            try await yard.sync()
            yard.server.forgetRequests()
            try await body(yard)
        }
    }

    @Test func `what is attested is not read, and deep reads everything`() async throws {
        try await synced { yard in
            let quick = try await yard.verify()
            #expect(quick.problems.isEmpty && quick.read == 0 && quick.files == 9)
            let deep = try await yard.verify(deep: true)
            #expect(
                deep.problems.isEmpty && deep.read == 9 && deep.total == quick.total && deep.identity == quick.identity)
            #expect(yard.server.requests.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `exactly the damaged files are named`(deep: Bool) async throws {
        try await synced { yard in
            let weights = try #require(try yard.file("model.safetensors"))
            let config = try #require(try yard.file("config.json"))
            try yard.damage(weights.sha256)
            try yard.session.store.discard(config.sha256)
            let report = try await yard.verify(deep: deep)
            #expect(
                report.problems.map { "\($0.kind) \($0.place) \($0.reason)" }.sorted() == [
                    "mismatch model.safetensors is damaged", "missing config.json is missing",
                ])
            let damage = try #require(report.problems.first { $0.kind == .mismatch })
            #expect(damage.details.first == "expected: \(weights.sha256)" && damage.deliverable?.description == "tiny")
            // Looking does not make it right.
            #expect(try await yard.verify(deep: deep).problems.count == 2)
        }
    }

    @Test func `a file of the view and a file of the project are looked at too`() async throws {
        try await synced(
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny}\n    packages: weighlock.yaml\n"
        ) { yard in
            let view = yard.directory.appending("home/views/\(try yard.project.lock().identity)/hub")
            try FileSystem.replace(view.appending("models--org--tiny/refs/main"), with: Array("x".utf8))
            try yard.directory.write(
                "project/weighlock.yaml",
                "version: 1\n\ndeliverables:\n  tiny:\n    model: {repo: org/tiny}\n    packages: weighlock.yaml\n")
            let report = try await yard.verify()
            #expect(report.problems.map(\.kind) == [.view, .local])
            #expect(
                report.problems[0].place == "models--org--tiny/refs/main"
                    && report.problems[1].reason == "is not what was locked")
            try FileSystem.remove(yard.project.manifestPath)
            #expect(try await yard.verify().problems.last?.reason == "cannot be read")
        }
    }

    @Test func `healing fetches only what is damaged or missing`() async throws {
        try await synced { yard in
            let weights = try #require(try yard.file("model.safetensors"))
            try yard.damage(weights.sha256)
            try yard.session.store.discard(try #require(try yard.file("vocab.txt")).sha256)
            let other = try yard.session.store.ingest(Array("of no lock".utf8))
            try yard.damage(other)
            let kept = try yard.session.store.ingest(Array("of no lock either".utf8))
            let outcome = try await StoreMaintenance(yard.session).heal(yard.project)
            #expect(yard.downloaded == ["model.safetensors", "vocab.txt"])
            #expect(outcome.healed.map(\.description).sorted() == ["model.safetensors", "vocab.txt"])
            #expect(outcome.removed == [other])
            #expect(try yard.session.store.blobs().map(\.digest).contains(kept))
            #expect(try await yard.verify(deep: true).problems.isEmpty)
            #expect(try await StoreMaintenance(yard.session).check().defects.isEmpty)
            yard.server.forgetRequests()
            let again = try await StoreMaintenance(yard.session).heal(yard.project)
            #expect(again.healed.isEmpty && again.fetched == .zero && yard.server.requests.isEmpty)
        }
    }

    @Test func `what is no blob is reported and never removed`() async throws {
        try await synced { yard in
            let blobs = yard.session.store.directory.appending("blobs/sha256")
            try FileSystem.createDirectories(blobs.appending("00/folder"))
            try FileSystem.replace(blobs.appending("00/README"), with: [])
            let found = try await StoreMaintenance(yard.session).check()
            #expect(found.defects.map { $0.path.lastComponent?.string } == ["README", "folder"])
            #expect(found.defects.allSatisfy { $0.digest == nil && $0.reason == "is not a blob" })
            _ = try await StoreMaintenance(yard.session).heal(yard.project)
            #expect(FileSystem.exists(blobs.appending("00/README")) && FileSystem.exists(blobs.appending("00/folder")))
        }
    }

    @Test func `the collector keeps what views use and what is young`() async throws {
        try await synced { yard in
            let stray = try yard.session.store.ingest(Array("of no view".utf8))
            let count = try yard.session.store.blobs().count
            // Seen from 2024 everything here was made in the future, so nothing is old.
            #expect(try await StoreMaintenance(yard.session).collect(dryRun: false, unusedDays: nil).blobs.isEmpty)
            try await yard.withSession(now: "2099-01-01T00:00:00Z") { session, _ async throws in
                let maintenance = StoreMaintenance(session)
                let plan = try await maintenance.collect(dryRun: true, unusedDays: nil)
                #expect(plan.blobs == [stray] && plan.bytes.value == 10 && plan.views.isEmpty)
                #expect(try session.store.blobs().count == count, "a dry run removes nothing")
                #expect(try await maintenance.collect(dryRun: false, unusedDays: nil).blobs == [stray])
                #expect(try session.store.blobs().count == count - 1)
            }
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `a view that was not used for long is given up only when asked`() async throws {
        try await synced { yard in
            try await yard.withSession(now: "2099-01-01T00:00:00Z") { session, _ async throws in
                let maintenance = StoreMaintenance(session)
                #expect(try await maintenance.collect(dryRun: false, unusedDays: 100_000).views.isEmpty)
                let gone = try await maintenance.collect(dryRun: false, unusedDays: 30)
                #expect(try gone.views == ["\(yard.project.lock().identity)"] && gone.blobs.count == 9)
                #expect(try maintenance.size().blobs == 0 && maintenance.size().views == 0)
                #expect(try await maintenance.collect(dryRun: false, unusedDays: .max).views.isEmpty)
            }
            try await yard.sync()
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `old partial downloads go, and what is no partial file stays`() async throws {
        try await synced { yard in
            let partial = yard.session.store.directory.appending("partial")
            let key = String(repeating: "0", count: 64)
            for name in ["\(key).part", "\(key).map", ".incoming.12ab.tmp", "README"] {
                try FileSystem.replace(partial.appending(name), with: [1, 2])
            }
            try FileSystem.createDirectories(partial.appending("folder"))
            #expect(try await StoreMaintenance(yard.session).collect(dryRun: false, unusedDays: nil).partials == 0)
            try await yard.withSession(now: "2099-01-01T00:00:00Z") { session, _ async throws in
                #expect(try await StoreMaintenance(session).collect(dryRun: false, unusedDays: nil).partials == 2)
            }
            #expect(try FileSystem.list(partial) == ["README", "folder"])
        }
    }

    @Test func `the environment of a child points at the view and keeps it off the network`() async throws {
        try await synced { yard in
            let variables = try ChildEnvironment(yard.session, yard.project).variables(for: nil)
            let view = yard.directory.appending("home/views/\(try yard.project.lock().identity)/hub").string
            #expect(variables.map(\.name) == variables.map(\.name).sorted())
            let values = Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            #expect(
                values["HF_HUB_CACHE"] == view && values["HF_HUB_OFFLINE"] == "1"
                    && values["TRANSFORMERS_OFFLINE"] == "1")
            #expect(try values["WEIGHLOCK_IDENTITY"] == "\(yard.project.lock().identity)")
            let found = await yard.failure {
                _ = try ChildEnvironment(yard.session, yard.project).variables(for: try DeliverableName("none"))
            }
            #expect(found?.code == .usage && found?.hint == "it has: tiny")
        }
    }
}
