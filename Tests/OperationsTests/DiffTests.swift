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

@testable import Operations

/// The sides of a comparison: what is listed, what is read, and what is not.
@Suite(.serialized) struct `Differences between sides` {
    private static let other = ["generation_config.json": "{\n  \"temperature\": 1.5,\n  \"top_p\": 0.9\n}\n"]

    private func locked(_ body: (Yard) async throws -> Void) async throws {
        try await Yard.run { yard in
            try yard.publish()
            try await yard.lock()
            try await yard.sync()
            yard.server.forgetRequests()
            try await body(yard)
        }
    }

    private func diff(_ yard: Yard, _ before: DiffSide? = nil, _ after: DiffSide? = nil) async throws -> [DriftReport] {
        try await DiffOperation(yard.session, yard.project).run(before, after)
    }

    private func remote(_ text: String) throws -> DiffSide {
        .target(try ModelTarget("hf://" + text, lock: nil, absolute: { FilePath($0) }, exists: { _ in false }))
    }

    private func local(_ yard: Yard, _ name: String) -> DiffSide {
        .target(ModelTarget(at: yard.directory.appending(name)))
    }

    private func write(_ yard: Yard, _ name: String, _ changes: [String: [UInt8]] = [:]) throws {
        try ModelBuilder.write(
            ModelBuilder.tinyModel().merging(changes) { $1 }, to: yard.directory.appending(name))
    }

    @Test func `what stands still has no difference and is not read`() async throws {
        try await locked { yard in
            let reports = try await diff(yard)
            #expect(reports.map(\.before.label) == ["tiny"])
            #expect(reports.allSatisfy { $0.changes.isEmpty && $0.unchecked.isEmpty && $0.verdict == .unchanged })
            #expect(reports[0].differentFiles == 0 && reports[0].sameFiles == ModelBuilder.tinyModel().count)
            #expect(yard.downloaded.isEmpty && yard.server.requests.count == 1)
        }
    }

    @Test func `drift is told from the documents that changed, and no other is fetched`() async throws {
        try await locked { yard in
            let text = try yard.lockText()
            try yard.publish("org/tiny", Self.other)
            let name = try DeliverableName("tiny")
            for (before, after) in [
                (nil, nil), (DiffSide.locked(name), nil), (nil, DiffSide.upstream(name)),
                (.locked(name), .upstream(name)),
            ] as [(DiffSide?, DiffSide?)] {
                yard.server.forgetRequests()
                let report = try #require(try await diff(yard, before, after).first)
                #expect(report.kinds == [.sampling] && report.severity == .behaviour && report.verdict == .changed)
                #expect(report.changes.first?.places.first?.file == "generation_config.json")
                #expect(report.defaults.map(\.name) == ["temperature"])
                #expect(Set(yard.downloaded) == ["generation_config.json"], "\(yard.downloaded)")
            }
            #expect(try yard.lockText() == text)
        }
    }

    @Test func `two revisions with equal weights cost kilobytes`() async throws {
        try await Yard.run { yard in
            var generator = SeededGenerator(seed: 7)
            let tensors = [
                ModelBuilder.Tensor("w", dtype: "U8", shape: [4 << 20], data: generator.bytes(4 << 20))
            ]
            let weights = ModelBuilder.safetensors(tensors)
            let files = ModelBuilder.tinyModel().merging(["model.safetensors": weights]) { $1 }
            let first = try yard.server.commit("org/big", files)
            let words = try #require(files["README.md"]) + Array("\nOther words.\n".utf8)
            let second = try yard.server.commit("org/big", files.merging(["README.md": words]) { $1 })
            let report = try #require(
                try await diff(yard, remote("org/big@\(first)"), remote("org/big@\(second)")).first)
            #expect(report.verdict == .unchanged && report.kinds == [.docs], "\(report.changes)")
            #expect(!yard.downloaded.contains("model.safetensors"))
            let sent = yard.server.requests.reduce(0) { $0 + $1.bytesSent }
            #expect(sent < 64 << 10, "\(sent) bytes")
        }
    }

    @Test func `a directory is hashed only where its content could be the same`() async throws {
        try await locked { yard in
            try write(yard, "same")
            try write(yard, "other", Self.other.mapValues { Array($0.utf8) })
            let name = try DeliverableName("tiny")
            let same = try #require(try await diff(yard, .locked(name), local(yard, "same")).first)
            #expect(
                same.changes.filter { $0.severity != .cosmetic }.isEmpty && same.differentFiles == 0, "\(same.changes)")
            let other = try #require(try await diff(yard, .locked(name), local(yard, "other")).first)
            #expect(other.kinds.contains(.sampling) && other.differentFiles == 1)
            let both = try #require(try await diff(yard, local(yard, "same"), local(yard, "other")).first)
            #expect(both.kinds == [.sampling] && both.differentFiles == 1, "\(both.changes)")
            #expect(yard.server.requests.isEmpty, "nothing was asked of the Hub")
        }
    }

    @Test func `files of one length at one path are told apart by their bytes`() async throws {
        try await Yard.run { yard in
            try write(yard, "one")
            var weights = try #require(ModelBuilder.tinyModel()["model.safetensors"])
            weights[weights.count - 1] ^= 0x40
            try write(yard, "two", ["model.safetensors": weights])
            let report = try #require(try await diff(yard, local(yard, "one"), local(yard, "two")).first)
            #expect(report.kinds == [.weights] && report.verdict == .changed, "\(report.changes)")
            var draft = SnapshotDraft(label: "one")
            var second = SnapshotDraft(label: "two")
            for (folder, name) in [("one", "one"), ("two", "two")] {
                let path = yard.directory.appending(folder).appending("model.safetensors")
                let size = try #require(try FileSystem.status(path)).size
                let file = SnapshotDraft.File(
                    role: .model, path: try RelativePath("model.safetensors"), size: size, place: .local(path))
                if name == "one" { draft.files = [file] } else { second.files = [file] }
            }
            try await SnapshotDraft.complete(&draft, &second, yard.session)
            #expect(
                draft.files[0].sha256 == nil && second.files[0].sha256 == nil, "their bytes differ: no digest is needed"
            )
        }
    }

    @Test func `a renamed file is found by its digest, and what has no partner is not hashed`() async throws {
        try await Yard.run { yard in
            try write(yard, "one")
            var files = ModelBuilder.tinyModel()
            files["renamed.txt"] = files.removeValue(forKey: "vocab.txt")
            try ModelBuilder.write(files, to: yard.directory.appending("two"))
            let builder = try SnapshotBuilder(yard.session, yard.project)
            var one = try await builder.target(ModelTarget(at: yard.directory.appending("one")))
            var two = try await builder.target(ModelTarget(at: yard.directory.appending("two")))
            try await SnapshotDraft.complete(&one, &two, yard.session)
            let old = one.files.first { $0.path.description == "vocab.txt" }
            let new = two.files.first { $0.path.description == "renamed.txt" }
            #expect(old?.sha256 != nil && old?.sha256 == new?.sha256)
        }
    }

    @Test func `two files are compared whatever they are called`() async throws {
        try await Yard.run { yard in
            try yard.directory.write("a/generation_config.json", "{\"temperature\": 0.5}\n")
            try yard.directory.write("b/old.json", "{\"temperature\": 0.7}\n")
            let report = try #require(
                try await diff(yard, local(yard, "a/generation_config.json"), local(yard, "b/old.json")).first)
            #expect(report.kinds == [.sampling] && report.differentFiles == 1, "\(report.changes)")
        }
    }

    @Test func `an old lock is read from the history, and what it lacks from the Hub`() async throws {
        try await locked { yard in
            let old = try #require(try yard.project.history().entries.first)
            let readme = try #require(try yard.file("generation_config.json")).sha256
            try yard.publish("org/tiny", Self.other)
            try await yard.update()
            let file = yard.project.stateDirectory.appending("locks/\(old.lock).json")
            let report = try #require(try await diff(yard, .lock(file, nil)).first)
            #expect(report.kinds == [.sampling] && report.before.identity != report.after.identity)
            try yard.session.store.discard(readme)
            yard.server.forgetRequests()
            let again = try #require(try await diff(yard, .lock(file, try DeliverableName("tiny")), nil).first)
            #expect(again.kinds == [.sampling] && yard.downloaded == ["generation_config.json"])
            #expect(try await diff(yard, .lock(yard.project.lockPath, nil)).isEmpty, "nothing differs")
        }
    }

    @Test func `deliverables that come and go are said to`() async throws {
        try await locked { yard in
            let old = try #require(try yard.project.history().entries.first)
            let file = yard.project.stateDirectory.appending("locks/\(old.lock).json")
            try yard.publish("org/other")
            try yard.write("version: 1\ndeliverables:\n  other:\n    model: {repo: org/other}\n")
            try await yard.lock()
            let reports = try await diff(yard, .lock(file, nil), .lock(yard.project.lockPath, nil))
            #expect(reports.flatMap(\.changes).map(\.rule) == ["deliverable-added", "deliverable-removed"])
            #expect(reports.map(\.severity) == [.behaviour, .breaking])
            #expect(
                await yard.failure { _ = try await diff(yard, .lock(file, try DeliverableName("other"))) }?.code
                    == .usage)
        }
    }

    @Test func `what became of the repository is part of the report`() async throws {
        try await locked { yard in
            let repository = try #require(try yard.server.root.repository(try RepositoryID("org/tiny")))
            let commit = try #require(try yard.commit())
            for (settings, rule, severity) in [
                (RepositorySettings(access: .private), "repository-gone", DriftSeverity.breaking),
                (RepositorySettings(isDisabled: true), "repository-disabled", .breaking),
            ] {
                try repository.update(settings)
                let report = try #require(try await diff(yard).first)
                #expect(report.changes.map(\.rule) == [rule] && report.severity == severity)
                #expect(report.differentFiles == 0, "the files are those of the lock")
            }
            try repository.update(RepositorySettings())
            try yard.publish("org/tiny", Self.other)
            yard.server.setFault {
                $0.path.hasSuffix("/revision/\(commit)")
                    ? .answer(404, headers: ["X-Error-Code": "RevisionNotFound"], body: []) : nil
            }
            let report = try #require(try await diff(yard).first)
            #expect(report.changes.contains { $0.rule == "history-rewritten" && $0.severity == .security })
            #expect(report.kinds.contains(.sampling))
            yard.server.setFault { _ in .status(500) }
            #expect(await yard.failure { _ = try await diff(yard) }?.code == .server, "that is no answer")
        }
    }

    @Test func `a document that the Hub sends wrongly is not compared and never equal`() async throws {
        try await locked { yard in
            try yard.publish("org/tiny", Self.other)
            let wrong = Array(String(repeating: "x", count: 41).utf8)
            yard.server.setFault {
                $0.isDownload && $0.path.hasSuffix("generation_config.json")
                    ? .answer(200, headers: ["Content-Type": "application/json"], body: wrong) : nil
            }
            do {
                let report = try #require(try await diff(yard).first)
                #expect(report.unchecked.contains { $0.file == "generation_config.json" } || report.verdict == .changed)
                #expect(report.verdict != .unchanged)
            } catch let failure as Failure {
                #expect(failure.code == .mismatch || failure.code == .protocolViolation, "\(failure)")
            }
        }
    }

    @Test func `sides that do not go together are refused`() async throws {
        try await locked { yard in
            try write(yard, "one")
            #expect(try await diff(yard, local(yard, "one"), nil).map(\.before.label) == ["tiny"])
            #expect(
                await yard.failure { _ = try await diff(yard, local(yard, "none"), local(yard, "one")) }?.code == .file)
            #expect(
                await yard.failure { _ = try await diff(yard, .locked(try DeliverableName("none")), nil) }?.code
                    == .usage)
            #expect(
                await yard.failure {
                    _ = try await diff(yard, .lock(yard.directory.appending("one/config.json"), nil))
                }?
                .code == .lockFile)
            #expect(try await diff(yard, nil, local(yard, "one")).count == 1, "the lock has one deliverable")
        }
    }

    // MARK: The project's own files

    private static let withFiles = """
        version: 1
        deliverables:
          tiny:
            model: {repo: org/tiny}
            packages: requirements.txt
            prompts: ["prompts/*"]
            launch:
              command: [vllm, serve, "{model}", --chat-template, prompts/chat.jinja]
              files: [start.sh]

        """

    private func writeFiles(_ yard: Yard, vllm: String, length: String, prompt: String, greeting: String) throws {
        try yard.directory.write("project/requirements.txt", "vllm==\(vllm)\n")
        try yard.directory.write("project/start.sh", "#!/bin/sh\nexec vllm serve m --max-model-len \(length)\n")
        try yard.directory.write("project/prompts/system.txt", "Be \(prompt).\n")
        try yard.directory.write(
            "project/prompts/chat.jinja", "{% for m in messages %}\(greeting){{ m.content }}{% endfor %}")
    }

    private static let told = [
        "prompts/chat.jinja", "prompts/chat.jinja", "prompts/system.txt", "requirements.txt", "start.sh",
    ]

    private func places(_ reports: [DriftReport]) -> [String] {
        reports.flatMap { $0.changes.compactMap { $0.places.first?.file } }.sorted()
    }

    @Test func `files of the project are kept when they are locked, and compared by content ever after`() async throws {
        try await Yard.run(Self.withFiles) { yard in
            try yard.publish()
            try writeFiles(yard, vllm: "0.8.0", length: "8192", prompt: "kind", greeting: "Hi ")
            try await yard.lock()
            let first = try yard.lockText()
            let defaults = try yard.project.lock().deliverables[0].defaults
            let launched = try #require(defaults.first { $0.name == "chat-template-launched" })
            #expect(launched.file.description == "prompts/chat.jinja")
            try writeFiles(yard, vllm: "0.9.0", length: "4096", prompt: "brief", greeting: "Hello ")
            // The review of an update sees the old content and the new.
            let review = try await Update(yard.session, yard.project).review([])
            #expect(places(review.changes.map(\.report)) == Self.told)
            #expect(review.classes.entries.map(\.word) == ["prompt", "architecture", "code"])
            #expect(review.changes.allSatisfy { $0.report.unchecked.isEmpty })
            try await yard.lock()
            let again = try #require(
                try yard.project.lock().deliverables[0].defaults.first { $0.name == "chat-template-launched" })
            #expect(again.value != launched.value)
            // Nothing of the first is in the project any more, and the collector has been round.
            try await yard.withSession(now: "2099-01-01T00:00:00Z") { session, _ async throws in
                _ = try await StoreMaintenance(session).collect(dryRun: false, unusedDays: nil)
            }
            try yard.directory.write("old.lock", first)
            let old = yard.directory.appending("old.lock")
            let reports = try await diff(yard, .lock(old, nil))
            #expect(places(reports) == Self.told)
            let length = try #require(reports[0].changes.first { $0.rule == "launch-flag" })
            #expect(length.before == .string("8192") && length.after == .string("4096"))
            #expect(reports[0].unchecked.isEmpty)
            // After a rollback it is the other way round.
            _ = try await yard.rollback(lockOnly: true)
            #expect(try yard.lockText() == first)
            #expect(places(try await diff(yard, .lock(old, nil))) == [])
        }
    }

    @Test func `a store without them says so, and another checkout has them`() async throws {
        try await Yard.run(Self.withFiles) { yard in
            try yard.publish()
            try writeFiles(yard, vllm: "0.8.0", length: "8192", prompt: "kind", greeting: "Hi ")
            try await yard.lock()
            try yard.directory.write("old.lock", try yard.lockText())
            // What a checkout of the old version has beside its lock.
            try yard.directory.write("before/weighlock.lock", try yard.lockText())
            for name in ["requirements.txt", "start.sh", "prompts/system.txt", "prompts/chat.jinja"] {
                let text = try FileSystem.read(yard.directory.appending("project/" + name), limit: 1000)
                try yard.directory.write("before/" + name, String(decoding: text, as: UTF8.self))
                try yard.session.store.discard(Digest(of: text))
            }
            try writeFiles(yard, vllm: "0.9.0", length: "8192", prompt: "kind", greeting: "Hi ")
            try await yard.lock()
            let report = try #require(try await diff(yard, .lock(yard.directory.appending("old.lock"), nil)).first)
            #expect(report.changes.map(\.rule) == ["packages-changed"] && report.changes[0].places[0].key == nil)
            #expect(report.unchecked.map(\.file) == ["requirements.txt"])
            #expect(ReviewClasses([report]).entries.map { "\($0.word) \($0.count)" } == ["code 1"])
            let known = try #require(
                try await diff(yard, .lock(yard.directory.appending("before/weighlock.lock"), nil)).first)
            #expect(known.changes.map { $0.places[0].key } == ["vllm"] && known.unchecked.isEmpty)
            // A file that is another one by now is not taken for it.
            try yard.directory.write("before/requirements.txt", "vllm==0.0.0\n")
            let other = try await diff(yard, .lock(yard.directory.appending("before/weighlock.lock"), nil))
            #expect(other.first?.unchecked.count == 1)
        }
    }

    @Test func `what only its owner may read is locked and not copied`() async throws {
        try await Yard.run(Self.withFiles) { yard in
            try yard.publish()
            try writeFiles(yard, vllm: "0.8.0", length: "8192", prompt: "kind", greeting: "Hi ")
            let script = yard.directory.appending("project/start.sh")
            try FileSystem.setPermissions(script, 0o600)
            try await yard.lock()
            let digest = Digest(of: try FileSystem.read(script, limit: 1000))
            #expect(!FileSystem.exists(yard.session.store.path(of: digest)))
            #expect(try yard.lockText().contains(digest.description))
        }
    }

    @Test func `the tensors of a file are weighed once, and what is no container is said to be none`() async throws {
        try await locked { yard in
            let locked = try #require(try yard.project.lock().deliverables.first)
            let draft = SnapshotBuilder.locked(locked, label: "tiny")
            let hub = try yard.session.hub(for: nil)
            let snapshot = draft.snapshot(yard.session, hub)
            let file = try #require(snapshot.file(try RelativePath("model.safetensors")))
            let record = String(describing: try await snapshot.reader.tensors(of: file) { _ in true })
            #expect(record.contains("encoder.layer.0.output.dense.bias"))
            let path = try #require(snapshot.reader.localPath(of: file))
            #expect(String(describing: try await SnapshotTensors.read(path, name: file.path) { _ in true }) == record)
            let text = try #require(snapshot.file(try RelativePath("config.json")))
            let textPath = try #require(snapshot.reader.localPath(of: text))
            let none = String(describing: try await SnapshotTensors.read(textPath, name: text.path) { _ in true })
            #expect(none.contains("container: nil"), "\(none)")
            await #expect(throws: CancellationError.self) {
                _ = try await SnapshotTensors.read(path, name: file.path) { _ in false }
            }
        }
    }
}
