// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Evidence
import FileIO
import Mirror
import Store
import SystemPackage
import TestKit
import Testing
import Transport

@testable import Operations

@Suite(.serialized) struct `Outdated, update and rollback` {
    private func locked(
        _ manifest: String = Yard.manifest, _ body: (Yard, GitObjectID) async throws -> Void
    ) async throws {
        try await Yard.run(manifest) { yard in
            let commit = try yard.publish()
            try await yard.lock()
            try await yard.sync()
            yard.server.forgetRequests()
            try await body(yard, commit)
        }
    }

    private func outdated(_ yard: Yard) async throws -> OutdatedCheck.Finding {
        try #require(try await OutdatedCheck(yard.session, yard.project).run([]).first)
    }

    @Test func `an upstream that stands still is current`() async throws {
        try await locked { yard, commit in
            let finding = try await outdated(yard)
            guard case .current = finding.status else { return #expect(Bool(false), "\(finding.status)") }
            #expect(!finding.isDrift && finding.source.commit == commit)
            #expect(yard.server.requests.count == 1)
        }
    }

    @Test func `drift names the files by component and downloads none`() async throws {
        try await locked { yard, before in
            let after = try yard.publish(
                "org/tiny", ["README.md": "# other\n", "tokenizer_config.json": "{}\n", "new.py": "pass\n"],
                without: ["vocab.txt", "tokenizer_config.json"])
            let finding = try await outdated(yard)
            guard case .moved(let drift) = finding.status else { return #expect(Bool(false), "\(finding.status)") }
            #expect(drift.before == before && drift.after == after && finding.isDrift && !finding.isHistoryRewritten)
            #expect(
                drift.files.map { "\($0.kind) \($0.component) \($0.path)" } == [
                    "added code new.py", "changed docs README.md", "removed tokenizer tokenizer_config.json",
                    "removed tokenizer vocab.txt",
                ])
            #expect(yard.downloaded.isEmpty && drift.affectsBehaviour)
            #expect(try yard.commit() == before, "looking writes nothing")
        }
    }

    @Test func `files that are not selected do not drift`() async throws {
        try await locked("version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny, exclude: [\"*.md\"]}\n") {
            yard, _ in
            try yard.publish("org/tiny", ["README.md": "# other\n"])
            guard case .moved(let drift) = try await outdated(yard).status else {
                return #expect(Bool(false), "not moved")
            }
            #expect(drift.files.isEmpty)
        }
    }

    @Test func `a repository that is gone, closed or disabled is drift`() async throws {
        try await locked { yard, _ in
            let repository = try #require(try yard.server.root.repository(try RepositoryID("org/tiny")))
            for (settings, code) in [
                (RepositorySettings(access: .private), Failure.Code.repositoryNotFound),
                (RepositorySettings(isDisabled: true), .repositoryDisabled),
            ] {
                try repository.update(settings)
                let finding = try await outdated(yard)
                guard case .unavailable(let failure) = finding.status else {
                    return #expect(Bool(false), "\(finding.status)")
                }
                #expect(failure.code == code && finding.isDrift)
            }
            try repository.update(RepositorySettings(access: .gated))
            #expect(try await outdated(yard).isGated)
            try repository.update(RepositorySettings())
            try repository.removeReference(try ReferenceName(branch: .main))
            guard case .unavailable(let failure) = try await outdated(yard).status else {
                return #expect(Bool(false), "available")
            }
            #expect(failure.code == .revisionNotFound)
        }
    }

    @Test func `a rewritten history and a new name are noticed`() async throws {
        try await locked { yard, before in
            try yard.publish("org/tiny", ["README.md": "# other\n"])
            yard.server.setFault {
                $0.path.hasSuffix("/revision/\(before)")
                    ? .answer(404, headers: ["X-Error-Code": "RevisionNotFound"], body: []) : nil
            }
            #expect(try await outdated(yard).isHistoryRewritten)
        }
        try await Yard.run("version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/old}\n") { yard in
            try yard.publish("org/old")
            try yard.publish("org/tiny")
            try await yard.lock()
            try yard.server.root.repository(try RepositoryID("org/old"))?.update(
                RepositorySettings(movedTo: try RepositoryID("org/tiny")))
            let finding = try await outdated(yard)
            #expect(finding.renamedTo == "org/tiny" && finding.isDrift)
        }
    }

    @Test func `who could not look does not say current`() async throws {
        try await locked { yard, _ in
            yard.server.setFault { _ in .status(500) }
            #expect(await yard.failure { _ = try await outdated(yard) }?.code == .server)
            try await yard.withSession(configure: { $0.transport.offlineReason = "--offline" }) {
                session, _ async throws in
                #expect(
                    await yard.failure { _ = try await OutdatedCheck(session, yard.project).run([]) }?.code == .offline)
            }
        }
    }

    @Test func `an update is shown before it is in force, and a no leaves everything`() async throws {
        try await locked { yard, before in
            let after = try yard.publish(
                "org/tiny", ["generation_config.json": "{\n  \"temperature\": 1.5,\n  \"top_p\": 0.9\n}\n"])
            let text = try yard.lockText()
            let review = try await yard.update("tiny", accept: false)
            let change = try #require(review.changes.first)
            #expect(
                review.changes.count == 1
                    && change.sources.first?.files.map(\.path.description) == ["generation_config.json"])
            #expect(change.report.defaults.map(\.name) == ["temperature"] && change.before != change.after)
            #expect(try yard.lockText() == text && yard.project.history().entries.count == 1)
            let dry = try await Update(yard.session, yard.project).run([], reason: nil, dryRun: true) { _ in
                Issue.record("asked in a dry run")
                return true
            }
            #expect(!dry.isAccepted && dry.review.lock == review.lock)
            #expect(try yard.commit() == before)
            let done = try await Update(yard.session, yard.project).run([], reason: "warmer", dryRun: false) { _ in true
            }
            #expect(done.isAccepted)
            #expect(try yard.commit() == after && yard.project.history().entries.last?.reason == "warmer")
            let nothing = try await Update(yard.session, yard.project).run([], reason: nil, dryRun: false) { _ in
                Issue.record("asked about nothing")
                return true
            }
            #expect(!nothing.isAccepted && nothing.review.changes.isEmpty)
            #expect(await yard.failure { try await yard.update("none") }?.code == .usage)
        }
    }

    @Test func `a change of documentation alone leaves the behaviour`() async throws {
        try await locked { yard, _ in
            try yard.publish("org/tiny", ["README.md": "# other\n"])
            let change = try #require(try await yard.update("tiny").changes.first)
            #expect(change.before == change.after)
        }
    }

    @Test func `rollbacks go back one by one, offline, with their views`() async throws {
        try await locked { yard, one in
            let two = try yard.publish("org/tiny", ["README.md": "# two\n"])
            try await yard.update("tiny")
            try await yard.sync()
            let three = try yard.publish("org/tiny", ["README.md": "# three\n"])
            try await yard.update("tiny")
            try await yard.sync()
            await yard.server.stop()
            try await yard.withSession(configure: { $0.transport.offlineReason = "--offline" }) {
                session, _ async throws in
                let rollback = Rollback(session, yard.project)
                #expect(try await rollback.run(to: nil, reason: "worse", lockOnly: false).entry.sequence == 2)
                #expect(try yard.commit() == two)
                #expect(try await yard.verify().problems.isEmpty)
                #expect(try await rollback.run(to: nil, reason: nil, lockOnly: false).entry.sequence == 1)
                #expect(try yard.commit() == one)
                #expect(
                    await yard.failure { _ = try await rollback.run(to: nil, reason: nil, lockOnly: false) }?.code
                        == .usage)
                #expect(
                    try await rollback.run(to: "3", reason: nil, lockOnly: false).lock.deliverables[0].source(.model)?
                        .commit == three)
                #expect(try await yard.verify(deep: true).problems.isEmpty)
            }
            #expect(
                try yard.project.history().entries.map(\.action) == [
                    .lock, .update, .update, .rollback, .rollback, .rollback,
                ])
            #expect(try yard.project.history().entries[3].reason == "worse")
        }
    }

    @Test func `a target is named by its number or the beginning of its digest`() async throws {
        try await locked { yard, one in
            try yard.publish("org/tiny", ["README.md": "# two\n"])
            try await yard.update("tiny")
            let entries = try yard.project.history().entries
            for target in [
                "0", "3", "abcdef0", "", "2", "\(entries[1].lock)", String("\(entries[0].lock)".prefix(5)), "\u{1B}[2J",
            ] {
                let found = await yard.failure { try await yard.rollback(target) }
                #expect(found?.code == .usage, "\(target)")
                #expect(found?.description.contains("\u{1B}") == false)
            }
            for target in ["\(entries[0].lock)", String("\(entries[0].lock)".prefix(6)), "\(entries[0].identity)"] {
                try await yard.rollback(target)
                #expect(try yard.commit() == one)
                try await yard.rollback("2")
            }
        }
    }

    @Test func `when the store lacks a blob nothing is changed, unless only the lock is asked for`() async throws {
        try await locked { yard, one in
            let two = try yard.publish("org/tiny", ["README.md": "# two\n"])
            let readme = try #require(try yard.file("README.md")).sha256
            try await yard.update("tiny")
            try yard.session.store.discard(readme)
            let found = try #require(await yard.failure { try await yard.rollback() })
            #expect(found.code == .missing && found.details == ["`README.md` of `org/tiny`"])
            #expect(try yard.commit() == two && yard.project.history().entries.count == 2)
            try await yard.rollback(lockOnly: true)
            #expect(try yard.commit() == one)
            try await yard.sync()
            #expect(try await yard.verify(deep: true).problems.isEmpty)
        }
    }

    @Test func `a rollback says what does not fit the manifest any more`() async throws {
        try await locked { yard, _ in
            try yard.write(Yard.manifest + "  other:\n    model: {repo: org/other}\n")
            try yard.publish("org/other")
            try await yard.lock()
            #expect(try await yard.rollback().misfits == ["`other` is not in the lock"])
        }
    }
}
