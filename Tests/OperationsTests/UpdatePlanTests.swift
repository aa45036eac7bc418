// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Evidence
import FileIO
import SystemPackage
import TestKit
import Testing
import Transport

@testable import Operations

/// What was reviewed is what is locked.
@Suite(.serialized) struct `Plans of updates` {
    private static let other = ["generation_config.json": "{\n  \"temperature\": 1.5,\n  \"top_p\": 0.9\n}\n"]

    private func planned(
        _ manifest: String = Yard.manifest, _ body: (Yard, UpdatePlan, FilePath) async throws -> Void
    ) async throws {
        try await Yard.run(manifest) { yard in
            try yard.publish()
            try await yard.lock()
            try await yard.sync()
            try yard.publish("org/tiny", Self.other)
            let plan = UpdatePlan(try await Update(yard.session, yard.project).review([]))
            let file = yard.directory.appending("update.plan.json")
            try FileSystem.replace(file, with: Array(plan.text.utf8))
            try await body(yard, plan, file)
        }
    }

    private func apply(
        _ yard: Yard, _ file: FilePath, reason: String? = nil, accept: Bool = true
    ) async throws -> UpdateFromPlan.Outcome {
        try await yard.withSession(configure: { $0.transport.offlineReason = "--offline" }) { session, _ async throws in
            try await UpdateFromPlan(session, yard.project).run(file, reason: reason) { _, _ in accept }
        }
    }

    @Test func `a plan is the same bytes each time and says what was found`() async throws {
        try await planned { yard, plan, file in
            let again = UpdatePlan(try await Update(yard.session, yard.project).review([]))
            #expect(again.text == plan.text)
            #expect(try UpdatePlan.read(file) == plan)
            #expect(try plan.from == yard.project.lock().digest && plan.lock.digest != plan.from)
            #expect(plan.classes.decisive == ["sampling"])
            #expect(plan.entries.map(\.name.description) == ["tiny"] && plan.entries[0].verdict == "changed")
            #expect(plan.entries[0].changes.contains { $0.kind == "sampling" && $0.severity == "behaviour" })
            #expect(try plan.entries[0].sources.first?.before == yard.commit())
            #expect(!plan.text.contains("2024-06-01"), "no time of day")
            #expect(!plan.text.contains(yard.directory.path.string), "no path of this machine")
        }
    }

    @Test func `applied hours later it locks exactly what was reviewed, offline, whatever the names mean by then`()
        async throws
    {
        try await planned { yard, plan, file in
            try yard.publish("org/tiny", ["README.md": "# something else\n"])
            await yard.server.stop()
            let before = try yard.project.lock()
            let outcome = try await apply(yard, file, reason: "warmer")
            #expect(!outcome.wasInForce)
            #expect(try yard.project.lock().decision == plan.lock.decision)
            let entry = try #require(try yard.project.history().entries.last)
            #expect(entry.action == .update && entry.reason == "warmer" && entry.lock == plan.lock.digest)
            #expect(entry.from == before.digest && entry.accepted == ["sampling"])
            let text = try yard.lockText()
            #expect(try await apply(yard, file).wasInForce, "a second time is no error and writes nothing")
            #expect(try yard.lockText() == text && yard.project.history().entries.count == 2)
        }
    }

    @Test func `what was found out about bytes since the review stays known`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            try await yard.lock()
            try yard.publish("org/tiny", Self.other)
            let plan = UpdatePlan(try await Update(yard.session, yard.project).review([]))
            let file = yard.directory.appending("plan")
            try FileSystem.replace(file, with: Array(plan.text.utf8))
            try await yard.sync()
            let tensors = try #require(try yard.project.lock().deliverables.first?.weights?.tensors)
            _ = try await apply(yard, file)
            #expect(try yard.project.lock().deliverables.first?.weights?.tensors == tensors)
        }
    }

    @Test func `a plan that was altered anywhere is refused`() async throws {
        try await planned { yard, plan, file in
            let text = plan.text
            let changes: [(String, String)] = [
                ("\"behaviour\"", "\"cosmetic\""), ("\"sampling\"", "\"docs\""),
                ("\"verdict\": \"changed\"", "\"verdict\": \"unchanged\""),
                ("weighlock/plan/1", "weighlock/plan/2"), ("\"accept\": [", "\"accept\": [ "), ("org/tiny", "org/tinx"),
                ("\\\"component\\\"", "\\\"Component\\\""), ("}\n", "}"), ("{\n", "{\n  \"extra\": 1,\n"),
            ]
            for (old, new) in changes {
                guard let place = text.firstRange(of: old) else {
                    Issue.record("`\(old)` is not in the plan")
                    continue
                }
                try FileSystem.replace(file, with: Array(text.replacingCharacters(place, new).utf8))
                let found = await yard.failure { _ = try await apply(yard, file) }
                #expect(found?.code == .mismatch || found?.code == .lockFile, "\(old): \(String(describing: found))")
            }
            // Any byte, wherever it is.
            var generator = SeededGenerator(seed: 11)
            let bytes = Array(text.utf8)
            for _ in 0..<40 {
                var altered = bytes
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                altered[place] ^= UInt8(1 << Int.random(in: 0..<7, using: &generator))
                try FileSystem.replace(file, with: altered)
                let found = await yard.failure { _ = try await apply(yard, file) }
                #expect(found != nil, "seed 11: byte \(place) was changed and nobody noticed")
            }
            #expect(try yard.project.history().entries.count == 1, "nothing was written")
        }
    }

    @Test func `a plan for another lock, another manifest or another policy is refused`() async throws {
        try await planned { yard, _, file in
            try yard.write(Yard.manifest + "policy: {licenses: [mit]}\n")
            #expect(await yard.failure { _ = try await apply(yard, file) }?.code == .refused)
            try yard.write(Yard.manifest + "policy: {cooldown: 3000d}\n")
            #expect(await yard.failure { _ = try await apply(yard, file) }?.code == .refused)
            try yard.write(Yard.manifest + "  other:\n    model: {repo: org/other}\n")
            #expect(await yard.failure { _ = try await apply(yard, file) }?.code == .lockOutdated)
            try yard.write(Yard.manifest)
            #expect(await yard.failure { _ = try await apply(yard, file, accept: false) }?.code == .declined)
            let text = try yard.lockText()
            try yard.publish("org/tiny", ["README.md": "# a third\n"])
            try await yard.update()
            #expect(try yard.lockText() != text)
            #expect(await yard.failure { _ = try await apply(yard, file) }?.code == .refused)
        }
    }

    @Test func `acceptance follows policy, command line and terminal`() throws {
        func entry(_ word: String, _ severity: DriftSeverity) -> ReviewClasses.Entry {
            ReviewClasses.Entry(word: word, severity: severity, count: 1)
        }
        let all = ReviewClasses([entry("prompt", .breaking), entry("sampling", .behaviour), entry("docs", .cosmetic)])
        let harmless = ReviewClasses([entry("docs", .cosmetic), entry("packaging", .cosmetic)])
        let table:
            [(policy: [String]?, given: [String], yes: Bool, canAsk: Bool, ReviewClasses, UpdateAcceptance.Decision)] =
                [
                    (nil, [], false, true, all, .ask(["prompt", "sampling"])),
                    (nil, [], false, true, harmless, .ask([])),
                    (nil, [], false, false, all, .refused(["prompt", "sampling"])),
                    (nil, [], false, false, harmless, .accepted),
                    (nil, [], true, false, all, .accepted),
                    (nil, ["prompt"], false, false, all, .refused(["sampling"])),
                    (nil, ["prompt"], false, true, all, .ask(["sampling"])),
                    (nil, ["prompt", "sampling"], false, false, all, .accepted),
                    (nil, ["prompt", "sampling"], false, true, all, .accepted),
                    (["prompt"], ["sampling"], false, false, all, .accepted),
                    (["docs"], [], false, false, all, .refused(["prompt", "sampling"])),
                    (["docs"], [], false, true, harmless, .accepted),
                    ([], [], false, true, harmless, .accepted),
                    ([], [], false, false, all, .refused(["prompt", "sampling"])),
                ]
        for (index, row) in table.enumerated() {
            let acceptance = UpdateAcceptance(
                policy: row.policy, given: row.given, acceptsAll: row.yes, canAsk: row.canAsk)
            #expect(acceptance.decision(row.4) == row.5, "row \(index)")
        }
        #expect(try UpdateAcceptance.words(["prompt,sampling", "docs", "docs"]) == ["prompt", "sampling", "docs"])
        for text in ["", "promt", "prompt,", "all", "Prompt"] {
            #expect(throws: Failure.self) { try UpdateAcceptance.words([text]) }
        }
        #expect(Policy.acceptableWords == DriftClass.allCases.map(\.rawValue) + [ReviewClasses.unchecked])
    }

    @Test func `what could not be compared has to be accepted too`() async throws {
        try await Yard.run { yard in
            let side = DriftReport.Side(SnapshotDraft(label: "x").snapshot(yard.session, nil))
            for (file, word) in [
                ("model.safetensors", "weights"), ("tokenizer/tokenizer.json", "tokens"), ("README.md", "docs"),
                (nil, "unchecked"),
            ] {
                let report = DriftReport(
                    before: side, after: side, changes: [], unchecked: [.init(file: file, reason: "too large")],
                    sameFiles: 0, differentFiles: 1, defaults: [])
                #expect(ReviewClasses([report]).decisive == [word])
            }
        }
    }
}

extension String {
    /// The text with one part replaced.
    fileprivate func replacingCharacters(_ range: Range<String.Index>, _ other: String) -> String {
        String(self[..<range.lowerBound]) + other + self[range.upperBound...]
    }
}
