// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Foundation
import Testing

@testable import Deliverable

/// The project of `Vectors/identity.py`, as the values of this module.
enum Vector {
    struct Broken: Error {}

    static func load() throws -> JSONValue {
        let data = try Data(contentsOf: Samples.root.appending(path: "Vectors/identity.json"))
        return try JSONDecoder().decode(JSONValue.self, from: data)
    }

    static func lock() throws -> Lock {
        Lock(deliverables: try (try load()["deliverables"]?.array ?? []).map(deliverable))
    }

    private static func require<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Broken() }
        return value
    }

    static func deliverable(_ value: JSONValue) throws -> LockedDeliverable {
        var launch: LaunchRequest?
        if let entry = value["launch"], entry != .null {
            launch = LaunchRequest(
                command: (entry["command"]?.array ?? []).compactMap(\.string),
                environment: try (entry["env"]?.array ?? []).map {
                    .init(try require($0["name"]?.string), try require($0["value"]?.string))
                }.reversed(),
                files: try (entry["files"]?.array ?? []).compactMap(\.string).map { try RelativePath($0) }.reversed())
        }
        return LockedDeliverable(
            name: try DeliverableName(try require(value["name"]?.string)),
            sources: try (value["sources"]?.array ?? []).reversed().map(source), launch: launch,
            localFiles: try (value["files"]?.array ?? []).reversed().map { entry in
                LocalFile(
                    component: try require(Component(rawValue: entry["component"]?.string ?? "")),
                    path: try RelativePath(entry["path"]?.string ?? ""),
                    size: try require(ByteCount(entry["size"]?.integer ?? -1)),
                    sha256: try require(Digest(entry["sha256"]?.string ?? "")))
            },
            defaults: try (value["defaults"]?.array ?? []).map { entry in
                EffectiveDefault(
                    name: entry["name"]?.string ?? "", value: try require(entry["value"]),
                    file: try RelativePath(entry["file"]?.string ?? ""),
                    key: entry["key"]?.string)
            },
            tensors: Listing.tensors(
                sets: try pairs(value["sets"]).map { (directory: $0, digest: $1) },
                others: try pairs(value["others"]).map { (path: $0, sha256: $1) }),
            scan: value["scan"].map { scan in
                LockedScan(
                    rulesVersion: Int(scan["rules"]?.integer ?? 0),
                    files: (scan["files"]?.array ?? []).reversed().map { file in
                        LockedScan.File(
                            path: file["path"]?.string ?? "", verdict: file["verdict"]?.string ?? "",
                            rules: (file["rules"]?.array ?? []).compactMap(\.string).reversed())
                    })
            },
            replacements: try (value["replacements"]?.array ?? []).reversed().map { item in
                LockedReplacement(
                    role: try require(SourceRole(item["role"]?.string ?? "")),
                    path: try RelativePath(item["path"]?.string ?? ""),
                    result: try item["result"]?["path"]?.string.map { path in
                        LockedReplacement.Result(
                            path: try RelativePath(path),
                            size: try require(ByteCount(item["result"]?["size"]?.integer ?? -1)),
                            sha256: try require(Digest(item["result"]?["sha256"]?.string ?? "")))
                    })
            })
    }

    private static func pairs(_ value: JSONValue?) throws -> [(String, Digest)] {
        try (value?.array ?? []).map { row in
            let texts = (row.array ?? []).compactMap(\.string)
            return (try require(texts.first), try require(texts.last.flatMap { Digest($0) }))
        }
    }

    private static func source(_ value: JSONValue) throws -> LockedSource {
        let role = try require(SourceRole(value["role"]?.string ?? ""))
        return LockedSource(
            role: role,
            request: SourceRequest(
                repository: try RepositoryID(value["repository"]?.string ?? "", kind: role.repositoryKind),
                revision: try Revision(value["revision"]?.string ?? ""),
                include: try (value["include"]?.array ?? []).compactMap(\.string).map { try FilePattern($0) },
                exclude: try (value["exclude"]?.array ?? []).compactMap(\.string).map { try FilePattern($0) }),
            commit: try require(GitObjectID(value["commit"]?.string ?? "")), date: value["date"]?.string,
            files: try (value["files"]?.array ?? []).reversed().map { entry in
                LockedFile(
                    path: try RelativePath(entry["path"]?.string ?? ""),
                    size: try require(ByteCount(entry["size"]?.integer ?? -1)),
                    sha256: try require(Digest(entry["sha256"]?.string ?? "")),
                    git: entry["git"]?.string.flatMap { GitObjectID($0) },
                    isLFS: entry["lfs"] == .bool(true),
                    component: try require(Component(rawValue: entry["component"]?.string ?? "")))
            })
    }
}

@Suite struct `The identity` {
    @Test func `agrees with the independent Python script`() throws {
        let vector = try Vector.load()
        let lock = try Vector.lock()
        #expect(lock.deliverables.count == 3)
        #expect(lock.identity.description == vector["identity"]?.string)
        for entry in vector["deliverables"]?.array ?? [] {
            let name = try DeliverableName(entry["name"]?.string ?? "")
            let deliverable = try #require(lock.deliverable(name))
            let expected = try #require(entry["expected"])
            #expect(deliverable.identity.description == expected["identity"]?.string)
            #expect(deliverable.behaviour.description == expected["behaviour"]?.string)
            let components = expected["components"]?.array ?? []
            #expect(
                deliverable.components.map(\.component.description) == components.compactMap { $0["component"]?.string }
            )
            #expect(deliverable.components.map(\.sha256.description) == components.compactMap { $0["sha256"]?.string })
            #expect(deliverable.components.map { Int64($0.files) } == components.compactMap { $0["files"]?.integer })
            #expect(
                deliverable.components.map(\.tensors?.description) == components.map { $0["tensors"]?.string })
            #expect(deliverable.components.map(\.size.value) == components.compactMap { $0["size"]?.integer })
        }
    }

    @Test func `agrees with the independent Python script on the lock's text`() throws {
        let lock = try Vector.lock()
        #expect(lock.canonicalText == (try Samples.text("valid-project.lock")))
        #expect(Digest(of: lock.canonicalText).description == (try Vector.load())["lock"]?.string)
        #expect(lock.decision.canonicalText != lock.canonicalText && lock.digest == lock.decision.digest)
    }

    @Test func `a listing is what sha256sum prints`() throws {
        let lock = try Vector.lock()
        let chat = try #require(lock.deliverable(try DeliverableName("chat")))
        let tokenizer = try #require(chat.listings.first { $0.component == .tokenizer })
        let paths = tokenizer.text.split(separator: "\n").map { String($0.dropFirst(66)) }
        #expect(paths == ["tokenizer.json", "tokenizer/tokenizer.json", "tokenizer/tokenizer_config.json"])
        #expect(tokenizer.digest.sha256 == Digest(of: tokenizer.text))
    }

    private func sample(
        docs: String = "d", config: String = "c", role: SourceRole = .model, base: Bool = false,
        launch: LaunchRequest? = nil, date: String? = nil
    ) throws -> LockedDeliverable {
        func file(_ path: String, _ content: String, _ component: Component) throws -> LockedFile {
            LockedFile(
                path: try RelativePath(path), size: ByteCount(clamping: 1), sha256: Digest(of: content), git: nil,
                isLFS: false,
                component: component)
        }
        let request = SourceRequest(repository: try RepositoryID("a/b"))
        let commit = try #require(GitObjectID(String(repeating: "a", count: 40)))
        var sources = [
            LockedSource(
                role: role, request: request, commit: commit, date: date,
                files: [try file("README.md", docs, .docs), try file("config.json", config, .config)])
        ]
        if base {
            sources.append(
                LockedSource(
                    role: .base, request: request, commit: commit, date: nil, files: [try file("x", "x", .other)]))
        }
        return LockedDeliverable(name: try DeliverableName("n"), sources: sources, launch: launch)
    }

    @Test func `moves with what it should and with nothing else`() throws {
        let plain = try sample()
        #expect(try sample(docs: "e").identity != plain.identity)
        #expect(try sample(docs: "e").behaviour == plain.behaviour)
        #expect(try sample(config: "e").behaviour != plain.behaviour)
        #expect(try sample(role: .tokenizer).behaviour != plain.behaviour)
        #expect(try sample(base: true).identity == plain.identity)
        #expect(try sample(date: "2024-01-01T00:00:00Z").identity == plain.identity)
        let launched = try sample(launch: LaunchRequest(command: ["a"]))
        #expect(launched.behaviour != plain.behaviour)
        #expect(
            try sample(launch: LaunchRequest(command: ["a"], environment: [.init("X", "1")])).identity
                != launched.identity)
        #expect(
            launched.components.last
                == ComponentDigest(
                    component: .launch, sha256: Digest(of: "\(Digest(of: #"{"command":["a"],"env":{}}"#))  -\n"),
                    files: 0, size: .zero, tensors: nil))
    }

    @Test func `does not take two spellings of a letter for one`() throws {
        let composed = LaunchRequest(command: ["\u{e9}"])
        let decomposed = LaunchRequest(command: ["e\u{301}"])
        #expect(composed != decomposed)
        #expect(try sample(launch: composed).identity != sample(launch: decomposed).identity)
    }
}
