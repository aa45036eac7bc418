// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Testing

@Suite struct `Names of repositories and revisions` {
    private static func long(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test(arguments: [
        "gpt2", "sentence-transformers/all-MiniLM-L6-v2", "Qwen/Qwen2.5-0.5B-Instruct", "a/b", "_a_/_b_", "0/1",
        "org/a.b-c_d",
        "org/x.git.y", "A",
    ])
    func `the Hub's names are accepted`(_ text: String) throws {
        #expect(try RepositoryID(text).name == text)
    }

    @Test(
        arguments: [
            ("", "empty", nil), ("a/b/c", "more than one", 3), ("/a", "a part is empty", 0),
            ("a/", "a part is empty", 2), ("/", "a part is empty", 0),
            ("-a", "begins or ends", 0), ("a-", "begins or ends", 0), ("org/.a", "begins or ends", 4),
            ("org/a.", "begins or ends", 4),
            ("org./a", "begins or ends", 0), ("a--b", "`--`", 2), ("org/a..b", "`..`", 6), ("a b", "only letters", 1),
            ("a@b", "only letters", 1),
            ("org/é", "only letters", 4), ("é/x", "only letters", 0), ("org/x\0", "only letters", 5),
            ("org/model.git", "`.git`", 9),
            ("https://huggingface.co/a/b", "only letters", 5), ("a\\b", "only letters", 1),
        ] as [(String, String, Int?)])
    func `other names are refused with the place`(_ text: String, _ reason: String, _ column: Int?) throws {
        let failure = try #require(failure { _ = try RepositoryID(text) })
        #expect(failure.code == .invalidName)
        #expect(failure.message.contains(reason), "\(failure.message)")
        #expect(
            failure.details
                == (column.map { [Escaped(text).description, String(repeating: " ", count: $0) + "^"] } ?? []))
    }

    @Test func `a part of 96 characters is accepted, one of 97 is not`() throws {
        let long = Self.long
        #expect(try RepositoryID(long(96) + "/" + long(96)).name.utf8.count == 193)
        #expect(failure { _ = try RepositoryID(long(97)) }?.message.contains("96") == true)
        #expect(failure { _ = try RepositoryID("org/" + long(97)) }?.message.contains("96") == true)
        #expect(failure { _ = try RepositoryID(long(97) + "/x") }?.message.contains("96") == true)
    }

    @Test func `the kind decides the places`() throws {
        let model = try RepositoryID("org/name")
        let dataset = try RepositoryID("org/name", kind: .dataset)
        #expect(model.cacheFolder == "models--org--name" && "\(model)" == "org/name")
        #expect(dataset.cacheFolder == "datasets--org--name" && "\(dataset)" == "datasets/org/name")
        #expect(try RepositoryID("gpt2").cacheFolder == "models--gpt2")
        #expect(try RepositoryID("x", kind: .space).kind.urlPrefix == "spaces/")
        #expect(model != dataset)
        #expect(
            try [RepositoryID("b"), RepositoryID("a/z"), RepositoryID("B")].sorted().map(\.name) == ["B", "a/z", "b"])
    }

    @Test(
        arguments: [
            ("main", nil, false), ("v1.0", nil, false), ("dev/x", nil, false), ("refs/pr/1", nil, false),
            ("refs/convert/parquet", nil, false),
            ("8f3c1a2", nil, true), ("8f3c1a", nil, false), ("8F3C1A2", nil, false), (long(39), nil, true),
            (long(40), long(40), false), (long(41), nil, false), ("feature#1", nil, false), ("a@b", nil, false),
            ("é", nil, false), ("x.lockfile", nil, false),
        ] as [(String, String?, Bool)])
    func `a revision knows whether it is a commit`(_ text: String, _ commit: String?, _ mayBeShort: Bool) throws {
        let revision = try Revision(text)
        #expect(revision.description == text)
        #expect(revision.commit?.description == commit)
        #expect(revision.mayBeShortCommit == mayBeShort)
    }

    @Test(arguments: [
        ("", "empty"), (" ", "space"), ("a b", "space"), ("a\nb", "control"), ("a\u{7F}", "control"),
        ("a\0", "control"), ("a~1", "`~`"), ("a^", "`^`"),
        ("a:b", "`:`"), ("a?", "`?`"), ("a*", "`*`"), ("a[0]", "`[`"), ("a\\b", "`\\`"), ("a%2Fb", "`%`"),
        ("-a", "`-`"), ("a..b", "`..`"),
        ("..", "`..`"), ("@", "`@`"), ("a@{1}", "`@`"), ("/a", "empty part"), ("a/", "empty part"),
        ("a//b", "empty part"), (".a", "begins or ends"),
        ("a.", "begins or ends"), ("a/.b", "begins or ends"), ("a.lock", "`.lock`"), ("a.lock/b", "`.lock`"),
        ("a/con", "file name"),
        ("a\u{202E}b", "file name"),
    ])
    func `what git would not take is refused`(_ text: String, _ reason: String) throws {
        let failure = try #require(failure { _ = try Revision(text) })
        #expect(failure.code == .invalidName)
        #expect(failure.message.contains(reason), "\(failure.message)")
    }

    @Test func `a revision of 255 bytes is accepted, one of 256 is not`() throws {
        let long = Self.long
        #expect(try Revision(long(255)).description.utf8.count == Revision.maximumLength)
        #expect(failure { _ = try Revision(long(256)) }?.message.contains("255 bytes") == true)
    }

    @Test func `revisions compare as bytes`() throws {
        #expect(try Revision("\u{E9}") != Revision("e\u{301}"))
        #expect(try Set([Revision("main"), Revision.main]).count == 1)
        let commit = GitObjectID(ofBlob: [])
        #expect(Revision(commit).commit == commit)
    }
}
