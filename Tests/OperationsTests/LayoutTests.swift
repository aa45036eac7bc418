// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Store
import SystemPackage
import TestKit
import Testing

@testable import Operations

@Suite struct `The layout of views` {
    private static let commits = (0..<9).map { GitObjectID(ofBlob: [UInt8($0)]) }

    /// A source in a few words: role, repository, revision, number of the commit, and a `*` when only a part is selected.
    private static func source(_ text: String) throws -> LockedSource {
        let parts = text.split(separator: " ").map(String.init)
        let role = try #require(SourceRole(parts[0]))
        let content = Array("\(parts[1]) \(parts[3])".utf8)
        let file = LockedFile(
            path: try RelativePath("\(parts[0])/file.json"), size: ByteCount(clamping: Int64(content.count)),
            sha256: Digest(of: content),
            git: GitObjectID(ofBlob: content), isLFS: false, component: .config)
        return LockedSource(
            role: role,
            request: SourceRequest(
                repository: try RepositoryID(parts[1], kind: role.repositoryKind), revision: try Revision(parts[2]),
                include: parts.count > 4 ? [try FilePattern("*.json")] : []),
            commit: commits[try #require(Int(parts[3]))], date: nil, files: role == .base ? [] : [file])
    }

    private static func lock(_ deliverables: [(String, [String])]) throws -> Lock {
        Lock(
            deliverables: try deliverables.map {
                LockedDeliverable(name: try DeliverableName($0.0), sources: try $0.1.map(source))
            })
    }

    private static func layout(_ lock: Lock, _ manifest: String? = nil) throws -> Layout {
        Layout(
            lock, try manifest.map { try Manifest.parse($0) }, project: "/srv/project", home: "/srv/w",
            store: BlobStore(directory: "/srv/w/store"))
    }

    @Test(
        arguments: [
            ([("a", ["model org/x main 1"])], ["org/x@1 main"]),
            ([("a", ["model org/x v1 1"])], ["org/x@1 main v1"]),
            ([("a", ["model org/x dev/y 1"])], ["org/x@1 dev/y main"]),
            // A commit id is no name, and so `main` alone is.
            ([("a", ["model org/x \(commits[1]) 1"])], ["org/x@1 main"]),
            ([("a", ["model org/x main 1", "tokenizer org/x v1 2"])], ["org/x@1 main", "org/x@2 v1"]),
            // `main` goes to the source that follows it, not to the first.
            ([("a", ["model org/x v1 1", "tokenizer org/x main 2"])], ["org/x@1 v1", "org/x@2 main"]),
            ([("a", ["model org/x v1 1"]), ("b", ["model org/x main 2"])], ["org/x@1 v1", "org/x@2 main"]),
            ([("a", ["model org/x v1 1"]), ("b", ["model org/x v2 2"])], ["org/x@1 main v1", "org/x@2 v2"]),
            ([("b", ["model org/x main 1"]), ("a", ["tokenizer org/x main 1"])], ["org/x@1 main"]),
            ([("a", ["model org/x main 1", "tokenizer org/y v1 2"])], ["org/x@1 main", "org/y@2 main v1"]),
            // A base is not fetched and so not in the view.
            ([("a", ["model org/x main 1", "base org/z main 3"])], ["org/x@1 main"]),
            ([("a", ["model org/x main 1", "datasets/0 org/x main 4"])], ["org/x@1 main", "datasets/org/x@4 main"]),
            ([], []),
        ] as [([(String, [String])], [String])])
    func `each name means one revision, and main is always there`(
        _ deliverables: [(String, [String])], _ expected: [String]
    ) throws {
        let layout = try Self.layout(try Self.lock(deliverables))
        let shown = layout.parts.flatMap(\.snapshots).map { snapshot in
            "\(snapshot.repository)@\(Self.commits.firstIndex(of: snapshot.commit) ?? -1) "
                + snapshot.names.map(\.description).joined(separator: " ")
        }
        #expect(shown == expected)
    }

    @Test func `sources of one revision are one snapshot with the files of both`() throws {
        let layout = try Self.layout(
            try Self.lock([("a", ["model org/x main 1 *"]), ("b", ["tokenizer org/x main 1 *"])]))
        let snapshot = try #require(layout.parts.first?.snapshots.first)
        #expect(snapshot.files.map(\.path.description) == ["model/file.json", "tokenizer/file.json"])
        #expect(!snapshot.isWhole)
        // Whoever selects everything makes the snapshot whole for all.
        let whole = try Self.layout(try Self.lock([("a", ["model org/x main 1 *"]), ("b", ["model org/x main 1"])]))
        #expect(whole.parts.first?.snapshots.map(\.isWhole) == [true])
    }

    @Test func `deliverables share a view unless they name a directory of their own`() throws {
        let lock = try Self.lock([
            ("a", ["model org/x main 1"]), ("b", ["model org/y main 2"]), ("c", ["model org/z main 3"]),
            ("d", ["model org/w main 4"]),
        ])
        let manifest = """
            version: 1
            deliverables:
              a: {model: {repo: org/x}}
              b: {model: {repo: org/y}, cache_dir: cache}
              c: {model: {repo: org/z}}
              d: {model: {repo: org/w}, cache_dir: /opt/cache}

            """
        let layout = try Self.layout(lock, manifest)
        #expect(
            layout.parts.map {
                "\($0.view.directory.string) \($0.view.mode) \($0.deliverables.map(\.description).joined(separator: ","))"
            } == [
                "/srv/w/views/\(lock.identity)/hub links a,c", "/opt/cache merged d", "/srv/project/cache merged b",
            ])
        // Without a manifest nobody names a directory.
        #expect(try Self.layout(lock).parts.count == 1)
    }

    @Test func `a file without a git id is named by its digest`() throws {
        let content = Array("x".utf8)
        let file = LockedFile(
            path: try RelativePath("a"), size: ByteCount(clamping: 1), sha256: Digest(of: content), git: nil,
            isLFS: false, component: .other)
        #expect(ViewFile(file).isLFS && ViewFile(file).etag == Digest(of: content).description)
        #expect(ViewFile(file).git == GitPointer.objectID(sha256: Digest(of: content), size: ByteCount(clamping: 1)))
    }
}
