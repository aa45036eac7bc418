// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Evidence
import FileIO
import Mirror
import SystemPackage
import TestKit
import Testing

@testable import Operations

@Suite(.serialized) struct `Locking` {
    @Test func `a lock pins the commit, knows every digest and downloads no weights`() async throws {
        try await Yard.run { yard in
            let commit = try yard.publish()
            let outcome = try await yard.lock()
            #expect(outcome.isChanged && outcome.changed.map(\.description) == ["tiny"])
            #expect(try yard.commit() == commit)
            #expect(
                try yard.file("model.safetensors")?.sha256
                    == Digest(of: try #require(ModelBuilder.tinyModel()["model.safetensors"])))
            #expect(
                try yard.file("config.json")?.sha256
                    == Digest(of: try #require(ModelBuilder.tinyModel()["config.json"])))
            #expect(!yard.downloaded.contains("model.safetensors"))
            #expect(yard.downloaded.count == ModelBuilder.tinyModel().count - 1)
            let text = try yard.lockText()
            #expect(text == outcome.lock.canonicalText && text.contains("2024-01-01T00:00:00Z"))
            #expect(!text.contains(yard.server.url) && !text.contains(yard.directory.path.string))
            let defaults = try yard.project.lock().deliverables[0].defaults
            #expect(defaults.contains { $0.name == "temperature" })
            let history = try yard.project.history()
            #expect(
                history.entries.map(\.action) == [.lock] && history.entries[0].lock == outcome.lock.digest
                    && history.entries[0].author == "Ada")
        }
    }

    @Test func `locking again asks nobody and writes nothing`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            try await yard.lock()
            let before = try FileSystem.status(yard.project.lockPath)
            try yard.publish("org/tiny", ["README.md": "# moved\n"])
            yard.server.forgetRequests()
            #expect(try await !yard.lock().isChanged)
            #expect(yard.server.requests.isEmpty)
            let after = try FileSystem.status(yard.project.lockPath)
            #expect(after?.inode == before?.inode && after?.modified == before?.modified)
            #expect(try yard.project.history().entries.count == 1)
        }
    }

    @Test func `another home gives the same lock, byte for byte`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            try await yard.lock()
            let first = try yard.lockText()
            try FileSystem.remove(yard.project.lockPath)
            try await yard.withSession(
                now: "2031-01-01T00:00:00Z", configure: { $0.home = yard.directory.appending("other-home") }
            ) { session, _ async throws in
                _ = try await LockOperation(session, yard.project).run(check: false)
            }
            #expect(try yard.lockText() == first)
        }
    }

    private static let twins = """
        version: 1
        deliverables:
          one:
            model: {repo: org/tiny}
          two:
            model: {repo: org/tiny, include: ["*.json"]}
            tokenizer: {repo: org/tiny}

        """

    @Test func `sources that name the same get one commit, also when the name moves meanwhile`() async throws {
        try await Yard.run(Self.twins) { yard in
            let first = try yard.publish()
            try await yard.lock()
            #expect(yard.server.requests.count { $0.path.contains("/revision/") } == 1)
            #expect(yard.server.requests.count { $0.path.contains("/tree/") } == 1)
            #expect(try yard.commit("one") == first && yard.commit("two") == first)
            try yard.publish("org/tiny", ["README.md": "# moved\n"])
            try yard.write(Self.twins + "  three:\n    model: {repo: org/tiny}\n")
            try await yard.lock()
            #expect(try yard.commit("three") == first, "a new deliverable does not move what is locked")
        }
    }

    @Test func `updating one moves what shares its name and nothing else`() async throws {
        try await Yard.run(Self.twins + "  other:\n    model: {repo: org/other}\n") { yard in
            try yard.publish()
            let other = try yard.publish("org/other")
            try await yard.lock()
            let second = try yard.publish("org/tiny", ["README.md": "# moved\n"])
            try yard.publish("org/other", ["README.md": "# moved\n"])
            yard.server.forgetRequests()
            let review = try await yard.update("one")
            #expect(review.changes.map(\.deliverable.description) == ["one", "two"])
            #expect(try yard.commit("one") == second && yard.commit("two") == second && yard.commit("other") == other)
            #expect(
                try yard.project.lock().deliverables.flatMap(\.sources).filter {
                    $0.request.repository.name == "org/tiny"
                }.allSatisfy { $0.commit == second })
            #expect(!yard.server.requests.contains { $0.path.contains("org/other") })
        }
    }

    @Test func `a changed selection stays at the locked commit and fetches only what is new`() async throws {
        try await Yard.run("version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny, include: [\"*.json\"]}\n") {
            yard in
            let first = try yard.publish()
            try await yard.lock()
            #expect(try yard.file("README.md") == nil && yard.file("model.safetensors") == nil)
            #expect(yard.downloaded.allSatisfy { $0.hasSuffix(".json") } && yard.downloaded.count == 5)
            try yard.publish("org/tiny", ["README.md": "# moved\n"])
            yard.server.forgetRequests()
            try yard.write(
                "version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny, exclude: [\"*.safetensors\"]}\n")
            try await yard.lock()
            #expect(try yard.commit() == first)
            #expect(yard.downloaded == [".gitattributes", "README.md", "vocab.txt"])
            #expect(!yard.server.requests.contains { $0.path.contains("/revision/") })
        }
    }

    @Test func `a selection of nothing is refused`() async throws {
        try await Yard.run("version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny, include: [\"*.gguf\"]}\n") {
            yard in
            try yard.publish()
            let found = try #require(await yard.failure { try await yard.lock() })
            #expect(found.code == .manifest && found.message.contains("no file of `org/tiny` at `main` is selected"))
            #expect(!FileSystem.exists(yard.project.lockPath) && !FileSystem.exists(yard.project.stateDirectory))
        }
    }

    @Test func `what this version cannot lock is refused before anybody is asked`() async throws {
        let manifest =
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny}\n    image: vllm/vllm-openai:v0.9.1\n    patches: [a.patch]\n"
        try await Yard.run(manifest) { yard in
            try yard.publish()
            yard.server.forgetRequests()
            let found = try #require(await yard.failure { try await yard.lock() })
            #expect(found.code == .manifest && found.details.count == 2)
            #expect(found.details.allSatisfy { $0.hasPrefix("`tiny`: ") })
            #expect(yard.server.requests.isEmpty && !FileSystem.exists(yard.project.lockPath))
        }
    }

    @Test(arguments: [
        ("2024-01-07T23:59:59Z", true), ("2024-01-08T00:00:00Z", false), ("2024-06-01T00:00:00Z", false),
        ("2023-12-31T00:00:00Z", true),
    ])
    func `a revision younger than the cool-down is refused`(now: String, isRefused: Bool) async throws {
        // The Hub's first commit is of 2024-01-01.
        try await Yard.run(
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny}\npolicy: {cooldown: 7d}\n", now: now
        ) { yard in
            try yard.publish()
            let found = await yard.failure { try await yard.lock() }
            #expect(found?.code == (isRefused ? .refused : nil))
            if isRefused {
                #expect(found?.message == "`org/tiny` at `main` is too young: it was made at 2024-01-01T00:00:00Z")
                #expect(found?.hint?.contains("7 days") == true)
                #expect(!FileSystem.exists(yard.project.lockPath))
            }
        }
    }

    @Test func `the cool-down does not concern what is locked already, and does concern an update`() async throws {
        try await Yard.run(now: "2024-01-03T00:00:00Z") { yard in
            let first = try yard.publish()
            try await yard.lock()
            try yard.publish("org/tiny", ["README.md": "# moved\n"])
            try yard.write(Yard.manifest + "policy: {cooldown: 7d}\n")
            try await yard.lock()
            #expect(await yard.failure { try await yard.update("tiny") }?.code == .refused)
            #expect(try yard.commit() == first)
        }
    }

    @Test func `check writes nothing and tells`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            #expect(try await yard.lock(check: true).isChanged)
            #expect(!FileSystem.exists(yard.project.lockPath) && !FileSystem.exists(yard.project.stateDirectory))
            try await yard.lock()
            #expect(try await !yard.lock(check: true).isChanged)
        }
    }

    @Test func `a deliverable that left the manifest leaves the lock`() async throws {
        try await Yard.run(Self.twins) { yard in
            try yard.publish()
            try await yard.lock()
            try yard.write("version: 1\ndeliverables:\n  one:\n    model: {repo: org/tiny}\n")
            yard.server.forgetRequests()
            let outcome = try await yard.lock()
            #expect(outcome.changed.map(\.description) == ["two"] && outcome.lock.deliverables.count == 1)
            #expect(yard.server.requests.isEmpty)
        }
    }

    @Test func `a base is watched and not fetched, datasets have their own component`() async throws {
        let manifest =
            "version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/tiny}\n    base: {repo: org/base}\n    datasets: [{repo: org/data}]\n    adapters: [{repo: org/lora}]\n"
        try await Yard.run(manifest) { yard in
            try yard.publish()
            let base = try yard.publish("org/base")
            try yard.publish("org/lora", [:], without: ["model.safetensors"])
            try yard.server.commit("org/data", kind: .dataset, ["data.csv": Array("a,b\n".utf8)])
            try await yard.lock()
            let deliverable = try yard.project.lock().deliverables[0]
            #expect(deliverable.sources.map(\.role) == [.model, .adapter(0), .dataset(0), .base])
            #expect(deliverable.source(.base)?.commit == base && deliverable.source(.base)?.files.isEmpty == true)
            #expect(!yard.server.requests.contains { $0.path.contains("/tree/") && $0.path.contains("org/base") })
            #expect(deliverable.source(.dataset(0))?.files.map(\.component) == [.datasets])
            #expect(deliverable.source(.dataset(0))?.request.repository.kind == .dataset)
        }
    }

    @Test func `the project's own files are part of the delivery`() async throws {
        let manifest = """
            version: 1
            deliverables:
              tiny:
                model: {repo: org/tiny}
                packages: requirements.txt
                prompts: ["prompts/*.jinja"]
                launch: {command: [serve, "{model}"], files: [start.sh]}

            """
        try await Yard.run(manifest) { yard in
            try yard.publish()
            let missing = try #require(await yard.failure { try await yard.lock() })
            #expect(
                missing.code == .manifest && missing.message.contains("`start.sh` of deliverable `tiny` does not exist")
            )
            for (name, text) in [
                ("start.sh", "run\n"), ("requirements.txt", "numpy==2\n"), ("prompts/a.jinja", "{{ x }}"),
                ("prompts/.hidden/b.jinja", "no"), ("prompts/c.txt", "no"),
            ] {
                try yard.directory.write("project/" + name, text)
            }
            try await yard.lock()
            let files = try yard.project.lock().deliverables[0].localFiles
            #expect(
                files.map { "\($0.component) \($0.path)" } == [
                    "launch start.sh", "packages requirements.txt", "prompts prompts/a.jinja",
                ])
            #expect(files[0].sha256 == Digest(of: "run\n"))
            // A change of one is a change of the lock.
            try yard.directory.write("project/start.sh", "run faster\n")
            #expect(try await yard.lock().isChanged)
        }
    }

    @Test func `a small file with wrong bytes is named and nothing is locked`() async throws {
        try await Yard.run(fault: { $0.isDownload && $0.path.hasSuffix("/config.json") ? .flipByte(at: 3) : nil }) {
            yard in
            try yard.publish()
            let found = try #require(await yard.failure { try await yard.lock() })
            #expect(
                found.code == .mismatch && found.message.contains("config.json")
                    && found.message.contains("git blob id"))
            #expect(!FileSystem.exists(yard.project.lockPath))
            #expect(try await StoreMaintenance(yard.session).check().defects.isEmpty)
        }
    }

    @Test func `a lock that changed meanwhile is not overwritten`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            let outcome = try await yard.lock(check: true)
            try await yard.lock()
            let found = await yard.failure {
                try await yard.project.commit(
                    outcome.lock, replacing: nil, action: .lock, reason: nil, settings: yard.session.settings)
            }
            #expect(found?.code == .busy)
            #expect(try yard.project.history().entries.count == 1)
        }
    }

    @Test func `a lock that came from elsewhere is noted before it is replaced`() async throws {
        try await Yard.run { yard in
            try yard.publish()
            try await yard.lock()
            let theirs = try yard.lockText()
            try yard.publish("org/tiny", ["README.md": "# moved\n"])
            try await yard.update("tiny")
            // As after `git checkout`: the old lock is in force, and the history does not know why.
            try FileSystem.replace(yard.project.lockPath, with: Array(theirs.utf8))
            try await yard.update("tiny")
            #expect(try yard.project.history().entries.map(\.action) == [.lock, .update, .observed, .update])
        }
    }

    @Test func `a renamed repository is locked under the name asked for, with a warning`() async throws {
        try await Yard.run("version: 1\ndeliverables:\n  tiny:\n    model: {repo: org/old}\n") { yard in
            let commit = try yard.publish()
            try yard.server.root.createRepository(
                try RepositoryID("org/old"), settings: RepositorySettings(movedTo: try RepositoryID("org/tiny")))
            try await yard.lock()
            #expect(try yard.commit() == commit)
            #expect(yard.events.texts.contains("`org/old` is called `org/tiny` now: change it in weighlock.yaml"))
        }
    }

    @Test func `misfits name every difference between lock and manifest`() async throws {
        try await Yard.run(Self.twins) { yard in
            try yard.publish()
            try await yard.lock()
            let lock = try yard.project.lock()
            #expect(LockOperation.misfits(lock, try Manifest.parse(Self.twins)).isEmpty)
            let other = try Manifest.parse(
                "version: 1\ndeliverables:\n  one:\n    model: {repo: org/tiny, revision: v1}\n    launch: {command: [x]}\n  three:\n    model: {repo: org/x}\n"
            )
            #expect(
                LockOperation.misfits(lock, other) == [
                    "`one`: `model` is locked differently from what weighlock.yaml asks for",
                    "`one`: `launch` is locked differently", "`three` is not in the lock",
                    "`two` is locked and not in weighlock.yaml",
                ])
            let less = try Manifest.parse(
                "version: 1\ndeliverables:\n  one:\n    model: {repo: org/tiny}\n  two:\n    model: {repo: org/tiny, include: [\"*.json\"]}\n"
            )
            #expect(LockOperation.misfits(lock, less) == ["`two`: `tokenizer` is locked and not in weighlock.yaml"])
        }
    }

    @Test func `a project is found from below`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("p/weighlock.yaml", "")
        try FileSystem.createDirectories(directory.appending("p/a/b"))
        #expect(Project.find(from: directory.appending("p/a/b")).directory == directory.appending("p"))
        try directory.write("p/a/weighlock.lock", "")
        #expect(Project.find(from: directory.appending("p/a/b")).directory == directory.appending("p/a"))
        #expect(Project.find(from: directory.path).directory == directory.path)
    }
}
