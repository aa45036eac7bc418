// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import TestKit
import Testing

@Suite struct `The drift of a source` {
    /// A file in a few words: `s:` small with a git id only, `l:` large with a SHA-256 and the git id of its pointer,
    /// `b:` with both digests of its content, as a lock has it.
    private static func file(_ text: String) throws -> (path: RelativePath, state: FileState) {
        let parts = text.split(separator: ":").map(String.init)
        let content = parts.count > 2 ? Array(parts[2].utf8) : []
        let size = ByteCount(clamping: Int64(content.count))
        let pointer = GitPointer.objectID(sha256: Digest(of: content), size: size)
        let state =
            switch parts[0] {
            case "s": FileState(size: size, git: GitObjectID(ofBlob: content), sha256: nil)
            case "l": FileState(size: size, git: pointer, sha256: Digest(of: content))
            default: FileState(size: size, git: GitObjectID(ofBlob: content), sha256: Digest(of: content))
            }
        return (try RelativePath(parts[1]), state)
    }

    private static func files(_ text: String) throws -> [(path: RelativePath, state: FileState)] {
        try text.split(separator: " ").map { try file(String($0)) }
    }

    private static func locked(_ text: String, role: SourceRole = .model, include: [String] = []) throws -> LockedSource
    {
        let request = SourceRequest(
            repository: try RepositoryID("org/tiny", kind: role.repositoryKind), revision: .main,
            include: try include.map { try FilePattern($0) })
        let files = try files(text).map { path, state in
            LockedFile(
                path: path, size: state.size, sha256: try #require(state.sha256), git: state.git, isLFS: false,
                component: ComponentClassifier.component(of: path, role: role))
        }
        return LockedSource(role: role, request: request, commit: GitObjectID(ofBlob: [1]), date: nil, files: files)
    }

    private static func shown(_ drift: SourceDrift) -> String {
        drift.files.map { change in
            "\(change.kind) \(change.component) " + (change.formerPath.map { "\($0)→" } ?? "") + "\(change.path)"
        }.joined(separator: ", ")
    }

    @Test(arguments: [
        ("", "", ""),
        ("b:config.json:1", "s:config.json:1", ""),
        ("b:config.json:1", "s:config.json:2", "changed config config.json"),
        ("b:config.json:1", "s:config.json:11", "changed config config.json"),
        ("b:config.json:1", "", "removed config config.json"),
        ("", "s:config.json:1", "added config config.json"),
        // Large files: the SHA-256 decides, and a git id of a pointer is never taken for one of a content.
        ("l:model.safetensors:1", "l:model.safetensors:1", ""),
        ("l:model.safetensors:1", "l:model.safetensors:2", "changed weights model.safetensors"),
        ("b:model.bin:1", "l:model.bin:1", ""),
        ("b:vocab.txt:1", "l:vocab.txt:2", "changed tokenizer vocab.txt"),
        ("l:vocab.txt:1", "s:vocab.txt:1", "changed tokenizer vocab.txt"),
        // The same content under another path.
        ("b:README.md:x", "s:docs/README.md:x", "renamed docs README.md→docs/README.md"),
        ("l:a.safetensors:x", "l:b.safetensors:x", "renamed weights a.safetensors→b.safetensors"),
        ("b:a.py:x b:b.py:x", "s:c.py:x", "renamed code a.py→c.py, removed code b.py"),
        ("b:a.py:x", "s:b.py:x s:c.py:x", "renamed code a.py→b.py, added code c.py"),
        ("b:a.py:x", "s:a.py:x s:b.py:x", "added code b.py"),
        ("b:a.py:x", "s:a.py:y s:b.py:x", "changed code a.py, added code b.py"),
        ("b:a.py:1", "s:b.py:2", "removed code a.py, added code b.py"),
        // Empty files are all alike, which makes nothing of them a renaming.
        ("b:a.py", "s:b.py", "removed code a.py, added code b.py"),
        ("b:a.py", "s:a.py", ""),
        (
            "b:config.json:1 b:README.md:1 b:tokenizer.json:1", "s:config.json:2 s:README.md:2 s:tokenizer.json:2",
            "changed config config.json, changed docs README.md, changed tokenizer tokenizer.json"
        ),
        ("b:A.md:1", "s:a.md:1", "renamed docs A.md→a.md"),
    ])
    func `each change is named once, by component and path`(_ before: String, _ now: String, _ expected: String) throws
    {
        let commit = GitObjectID(ofBlob: [2])
        let drift = SourceDrift(
            try Self.locked(before), now: commit, date: "2024-02-01T00:00:00Z", files: try Self.files(now))
        #expect(Set(Self.shown(drift).split(separator: ", ")) == Set(expected.split(separator: ", ")))
        #expect(
            drift.files.map { ($0.component.rawValue, $0.path.description) }.map { $0.0 + " " + $0.1 }
                == drift.files.map { $0.component.rawValue + " " + $0.path.description }.sorted())
        #expect(!drift.isEmpty, "the commit moved")
        #expect(
            drift.after == commit && drift.before == GitObjectID(ofBlob: [1]) && drift.date == "2024-02-01T00:00:00Z")
        for change in drift.files {
            #expect((change.before == nil) == (change.kind == .added))
            #expect((change.after == nil) == (change.kind == .removed))
            #expect((change.formerPath != nil) == (change.kind == .renamed))
        }
    }

    @Test func `nothing differs when commit and files are the same`() throws {
        let locked = try Self.locked("b:config.json:1")
        let same = SourceDrift(locked, now: locked.commit, date: nil, files: try Self.files("s:config.json:1"))
        #expect(same.isEmpty && !same.affectsBehaviour)
        // A rewritten listing under the same commit is a difference all the same.
        #expect(SourceDrift(locked, now: locked.commit, date: nil, files: []).isEmpty == false)
    }

    @Test(arguments: [
        ("b:README.md:1", "s:README.md:2", false), ("b:README.md:1", "", false),
        ("b:config.json:1", "s:config.json:2", true),
        ("b:README.md:1", "s:README.md:2 s:new.xyz:1", true),
    ])
    func `only documentation leaves the behaviour alone`(_ before: String, _ now: String, _ affects: Bool) throws {
        let drift = SourceDrift(
            try Self.locked(before), now: GitObjectID(ofBlob: [2]), date: nil, files: try Self.files(now))
        #expect(drift.affectsBehaviour == affects)
    }

    @Test func `what the request does not select is no drift when the caller leaves it out`() throws {
        let locked = try Self.locked("b:config.json:1", include: ["*.json"])
        let now = try Self.files("s:config.json:1 l:model.safetensors:9 s:README.md:9").filter {
            locked.request.selects($0.path)
        }
        let drift = SourceDrift(locked, now: GitObjectID(ofBlob: [2]), date: nil, files: now)
        #expect(drift.files.isEmpty && !drift.isEmpty)
    }

    @Test func `every file of a dataset is of the datasets`() throws {
        let locked = try Self.locked("b:data.csv:1 b:README.md:1", role: .dataset(0))
        let drift = SourceDrift(locked, now: GitObjectID(ofBlob: [2]), date: nil, files: try Self.files("s:data.csv:2"))
        #expect(drift.files.map(\.component) == [.datasets, .datasets])
        #expect(drift.role == .dataset(0) && drift.repository.kind == .dataset)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `applying the changes to what was gives what is`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            func draw(_ kind: String) -> String {
                ["a.py", "b.md", "c.json", "d/e.txt", "f.bin", "g"].filter { _ in Bool.random(using: &random) }
                    .map { "\(kind):\($0):\(Int.random(in: 0...2, using: &random))" }.joined(separator: " ")
            }
            let (before, now) = (draw("b"), draw("s"))
            let drift = SourceDrift(
                try Self.locked(before), now: GitObjectID(ofBlob: [2]), date: nil, files: try Self.files(now))
            var state = Dictionary(
                try Self.files(before).map { ($0.path, $0.state.git) }, uniquingKeysWith: { first, _ in first })
            for change in drift.files where change.after == nil || change.formerPath != nil {
                state[change.formerPath ?? change.path] = nil
            }
            for change in drift.files { if let after = change.after { state[change.path] = after.git } }
            let expected = Dictionary(
                try Self.files(now).map { ($0.path, $0.state.git) }, uniquingKeysWith: { first, _ in first })
            #expect(state == expected, "\(before) | \(now)")
        }
    }
}
