// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import FileIO
import Safetensors
import Store
import SystemPackage
import TestKit
import Testing

@testable import Operations

/// What `sync` does with files that can carry code.
@Suite(.serialized) struct `Screening` {
    private static let corpus = FilePath(#filePath).removingLastComponent().removingLastComponent().appending("Corpus")

    private static func sample(_ path: String) throws -> [UInt8] {
        try FileSystem.read(corpus.appending(path), limit: 16 << 20)
    }

    private static let config = ["config.json": Array("{}\n".utf8)]
    /// `cos\nsystem\n(S'true'\ntR.`: a call of `os.system`, in the oldest protocol.
    private static let attack = Array("cos\nsystem\n(S'true'\ntR.".utf8)

    private func run(
        _ files: [String: [UInt8]], policy: String = "", _ body: (Yard) async throws -> Void
    ) async throws {
        try await Yard.run(Yard.manifest + (policy.isEmpty ? "" : "policy: {\(policy)}\n")) { yard in
            try yard.server.commit("org/tiny", Self.config.merging(files) { $1 })
            try await yard.lock()
            try await body(yard)
        }
    }

    private func shown(_ yard: Yard, _ view: FilePath?) throws -> [String] {
        guard let view, let commit = try yard.commit() else { return [] }
        return try FileSystem.list(view.appending("models--org--tiny/snapshots/\(commit)")).sorted()
    }

    private func locked(_ yard: Yard) throws -> LockedDeliverable? {
        try yard.project.lock().deliverable(try DeliverableName("tiny"))
    }

    @Test(arguments: ["", "pickle: allow", "pickle: convert"])
    func `a file that runs code is refused before a view shows it, whatever the policy says`(
        _ policy: String
    ) async throws {
        try await run(["pytorch_model.bin": Self.attack], policy: policy) { yard in
            let text = try yard.lockText()
            let failure = await yard.failure { try await yard.sync() }
            #expect(failure?.code == .refused)
            #expect(
                failure?.details.contains { $0.contains("pickle-global-dangerous") } == true,
                "\(failure?.details ?? [])")
            #expect(failure?.details.first?.contains("pytorch_model.bin") == true)
            #expect(try !FileSystem.exists(yard.directory.appending("home/views/\(yard.project.lock().identity)")))
            #expect(try yard.lockText() == text, "the lock stays as it was")
        }
    }

    @Test func `what was scanned is noted in the lock, and not scanned again`() async throws {
        try await run([
            "model.safetensors": ModelBuilder.tinyModel()["model.safetensors"] ?? [],
            "tool.py": Array("import os\n".utf8),
        ]) {
            yard in
            #expect(try locked(yard)?.scan == nil)
            try await yard.sync()
            let scan = try #require(try locked(yard)?.scan)
            #expect(scan.files.allSatisfy { $0.path == "tool.py" && $0.verdict == "review" }, "\(scan.files)")
            let text = try yard.lockText()
            try await yard.sync()
            #expect(try yard.lockText() == text)
        }
    }

    @Test func `a checkpoint is converted, and the view shows the same tensors as safetensors`() async throws {
        let checkpoint = try Self.sample("checkpoint/state_dict.pt")
        try await run(["pytorch_model.bin": checkpoint]) { yard in
            let view = try await yard.sync().views.first
            #expect(try shown(yard, view) == ["config.json", "model.safetensors"])
            let replacement = try #require(try locked(yard)?.replacements.first)
            let result = try #require(replacement.result)
            #expect(
                replacement.path.description == "pytorch_model.bin" && result.path.description == "model.safetensors")
            let digests = try #require(
                try TensorDigests(of: SafetensorsFile(yard.session.store.path(of: result.sha256), mode: .strict)))
            #expect(!digests.entries.isEmpty)
            #expect(try locked(yard)?.weights?.tensors == digests.model, "the behaviour is that of the tensors")
            #expect(try await yard.verify(deep: true).problems.isEmpty)
            // The converted file is part of what verify looks at.
            try yard.damage(result.sha256)
            #expect(try await yard.verify(deep: true).problems.contains { $0.place.contains("model.safetensors") })
            try yard.session.store.discard(result.sha256)
            try await yard.sync()
            #expect(try await yard.verify(deep: true).problems.isEmpty, "it is made anew, the same")
        }
        // Published as safetensors by its owner, it behaves the same.
        try await Yard.run { yard in
            try yard.server.commit("org/tiny", Self.config.merging(["pytorch_model.bin": checkpoint]) { $1 })
            try await yard.lock()
            try await yard.sync()
            let first = try #require(try locked(yard))
            let converted = try #require(first.replacements.first?.result)
            let bytes = try FileSystem.read(yard.session.store.path(of: converted.sha256), limit: 16 << 20)
            try yard.server.commit("org/tiny", Self.config.merging(["model.safetensors": bytes]) { $1 })
            try await yard.update()
            try await yard.sync()
            let second = try #require(try locked(yard))
            #expect(second.behaviour == first.behaviour && second.identity != first.identity)
        }
    }

    @Test func `a checkpoint with a safetensors twin is withheld`() async throws {
        let files = [
            "pytorch_model.bin": try Self.sample("checkpoint/state_dict.pt"),
            "model.safetensors": ModelBuilder.tinyModel()["model.safetensors"] ?? [],
        ]
        try await run(files) { yard in
            let view = try await yard.sync().views.first
            #expect(try shown(yard, view) == ["config.json", "model.safetensors"])
            #expect(try locked(yard)?.replacements.map(\.result) == [nil])
            // With another policy the view shows it, and hides it again.
            try yard.write(Yard.manifest + "policy: {pickle: allow}\n")
            #expect(try shown(yard, try await yard.sync().views.first).contains("pytorch_model.bin"))
            #expect(try locked(yard)?.replacements.isEmpty == true)
            try yard.write(Yard.manifest)
            #expect(try await !shown(yard, yard.sync().views.first).contains("pytorch_model.bin"))
            #expect(try await yard.verify().problems.isEmpty)
        }
    }

    @Test func `denied pickles without a twin are refused, and a locked sync does not convert unseen`() async throws {
        let files = ["pytorch_model.bin": try Self.sample("checkpoint/state_dict.pt")]
        try await run(files, policy: "pickle: deny") { yard in
            let failure = await yard.failure { try await yard.sync() }
            #expect(failure?.code == .refused && failure?.message.contains("refuses pickles") == true)
        }
        try await run(files) { yard in
            let failure = await yard.failure { _ = try await Sync(yard.session, yard.project).run(locked: true) }
            #expect(failure?.code == .lockOutdated)
            try await yard.sync()
            _ = try await Sync(yard.session, yard.project).run(locked: true)
        }
    }

    @Test func `code is refused where the policy denies it`() async throws {
        try await run(["modeling.py": Array("x = 1\n".utf8)], policy: "remote_code: deny") { yard in
            let failure = await yard.failure { try await yard.sync() }
            #expect(failure?.code == .refused && failure?.details == ["`modeling.py` of `tiny`"])
        }
        try await run(["modeling.py": Array("x = 1\n".utf8)], policy: "remote_code: review") { yard in
            try await yard.sync()
            #expect(yard.events.texts.contains { $0.contains("modeling.py") })
        }
    }

    /// `unknownlib.Thing`, called without arguments: on no list, so refused until somebody accepts it.
    private static let thing = [0x80, 0x04] + Array("cunknownlib\nThing\n)R.".utf8)

    @Test func `what a person has accepted passes, for those bytes and until its day`() async throws {
        try await run(["thing.pkl": Self.thing], policy: "pickle: allow") { yard in
            let place = yard.project.directory.appending(AllowFile.fileName)
            func allow(_ digest: Digest, _ what: String, _ more: String = "") throws {
                try FileSystem.replace(
                    place,
                    with: Array(
                        "version: 1\nallow:\n  - sha256: \(digest)\n    \(what)\n    reason: ours\n\(more)".utf8))
            }
            func refusal() async -> Failure? { await yard.failure { try await yard.sync() } }
            #expect(await refusal()?.details.contains { $0.contains("pickle-global-unknown") } == true)
            try allow(Digest(of: Self.thing), "names: [unknownlib.Other]")
            #expect(await refusal()?.code == .refused, "another name")
            try allow(Digest(of: []), "names: [unknownlib.Thing]")
            #expect(await refusal()?.code == .refused, "another file")
            try allow(Digest(of: Self.thing), "names: [unknownlib.Thing]", "    until: 2000-01-31\n")
            #expect(await refusal()?.code == .refused, "an entry whose day is over")
            #expect(yard.events.texts.contains { $0.contains("ended on 2000-01-31") })
            try allow(Digest(of: Self.thing), "names: [unknownlib.Thing]")
            #expect(try shown(yard, try await yard.sync().views.first).contains("thing.pkl"))
            #expect(yard.events.texts.contains { $0.contains("thing.pkl") && $0.contains("accepted") })
            // The lock says what the scan said.
            #expect(
                try locked(yard)?.scan?.files.contains { $0.path == "thing.pkl" && $0.verdict == "unknown" } == true)
            try FileSystem.replace(place, with: Array("version: 1\nallow:\n  - sha256: x\n".utf8))
            #expect(await refusal()?.code == .manifest, "a broken allow file is no permission")
        }
    }

    @Test func `code of the repository itself is for a person to review, code of another is refused`() async throws {
        func config(_ repository: String) -> [String: [UInt8]] {
            ["config.json": Array(#"{"auto_map": {"AutoModel": "\#(repository)--modeling.Model"}}"#.utf8)]
        }
        try await run(config("org/tiny")) { yard in
            try await yard.sync()
            #expect(try locked(yard)?.scan?.files.map(\.rules) == [["config-own-code"]])
        }
        try await run(config("org/tiny"), policy: "remote_code: deny") { yard in
            #expect(await yard.failure { try await yard.sync() }?.code == .refused)
        }
        try await run(config("other/one")) { yard in
            let failure = await yard.failure { try await yard.sync() }
            #expect(
                failure?.details.contains { $0.contains("config-foreign-code") } == true, "\(failure?.details ?? [])")
        }
    }
}
