// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Mirror
import SystemPackage
import TestKit
import Testing

@Suite(.enabled(if: Git.executable != nil, "git is not installed"))
struct `ids are the ones that git computes` {
    private func compare(_ files: [String: [UInt8]], seed: UInt64? = nil) async throws {
        let directory = try TemporaryDirectory()
        let root = try MirrorRoot(directory.appending("root"), creating: true)
        let repository = try root.createRepository(try RepositoryID("org/model"))
        let git = try await Git(directory.appending("work"))
        var parent: String?
        for (index, title) in ["First", "Second: ünicode"].enumerated() {
            let seconds = Int64(1_700_000_000 + index * 1000)
            var current = files
            if index == 1 { current["README.md"] = Array("changed".utf8) }
            let id = try repository.createCommit(
                CommitRequest(
                    title: title, message: index == 1 ? "with a body\n\nof two paragraphs" : "",
                    author: try CommitAuthor(name: "Ada Lovelace", email: "ada@example.org"),
                    date: Timestamp(clamping: seconds)),
                files: try current.map { name, bytes in (try RelativePath(name), .bytes(bytes)) })
            let commit = try #require(try repository.commit(id))
            // git gets what it would hold itself: pointers in place of large files.
            for file in commit.files {
                let content = file.pointer ?? current[file.path.description] ?? []
                let path = git.directory.appending(file.path.description)
                try FileSystem.createDirectories(path.removingLastComponent())
                try FileSystem.replace(path, with: content, durably: false)
            }
            try await git.run("add", "--all", "--force", ".")
            let tree = try await git.run("write-tree").trimmed
            #expect(tree == commit.tree.description, "seed \(seed ?? 0)")
            let person = ["NAME": "Ada Lovelace", "EMAIL": "ada@example.org", "DATE": "\(seconds) +0000"]
            var environment: [String: String] = [:]
            for (key, value) in person {
                for role in ["AUTHOR", "COMMITTER"] { environment["GIT_\(role)_\(key)"] = value }
            }
            let message = commit.message.isEmpty ? title + "\n" : "\(title)\n\n\(commit.message)\n"
            let real: String
            if let parent {
                real = try await git.run("commit-tree", tree, "-p", parent, input: message, environment: environment)
            } else {
                real = try await git.run("commit-tree", tree, input: message, environment: environment)
            }
            #expect(real.trimmed == id.description, "seed \(seed ?? 0)")
            parent = real.trimmed
            let listing = try await git.run("ls-tree", "-r", "-t", "-z", tree)
            var listed: [String: String] = [:]
            for line in listing.split(separator: "\0") {
                let parts = line.split(separator: "\t", maxSplits: 1)
                listed[String(parts[1])] = String(parts[0].split(separator: " ")[2])
            }
            #expect(listed.count == commit.entries.count)
            for entry in commit.entries {
                #expect(listed[entry.path.description] == entry.git.description, "\(entry.path)")
            }
        }
    }

    @Test func `for a small model with a large file`() async throws {
        try await compare(ModelBuilder.tinyModel())
    }

    @Test func `for names whose order is easily got wrong`() async throws {
        let names = [
            "a", "a.b", "a-b", "a0", "b/c", "b.c", "b-c/d", "b0", "B", "c/d/e/f", "c/d.e", "c/d-e/x", "ü/x", "ü.x",
            "z z/q", "README.md",
        ]
        try await compare(Dictionary(uniqueKeysWithValues: names.map { ($0, Array($0.utf8)) }))
    }

    @Test(arguments: [11, 12, 13] as [UInt64]) func `for random trees`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let parts = ["a", "b", "a.b", "a-b", "a0", "x", "é", "aa"]
        var files: [String: [UInt8]] = ["README.md": []]
        while files.count < 40 {
            let depth = Int.random(in: 1...4, using: &generator)
            let name = (0..<depth).map { _ in parts.randomElement(using: &generator) ?? "a" }.joined(separator: "/")
            let conflicts = files.keys.contains { $0.hasPrefix(name + "/") || name.hasPrefix($0 + "/") || $0 == name }
            if !conflicts { files[name + ".t"] = generator.bytes(Int.random(in: 0...20, using: &generator)) }
        }
        try await compare(files, seed: seed)
    }

    @Test func `attributes select the files that git check-attr selects`() async throws {
        let patterns = [
            "*.dat", "data/*.raw", "/top.raw", "deep/**", "**/any/x", "a/**/z", "sp[[:space:]]ace.q", "[ab]?.r",
            "[!ab]c.r", "lit\\*.s",
            "\"quo ted.u\"", "no/slash/match", "*.w",
        ]
        var attributes = patterns.map { $0 + " filter=lfs diff=lfs -text" }
        attributes += ["keep.w -filter", "*.v filter=other", "# *.c filter=lfs", "sub/*.dat !filter"]
        let paths = [
            "x.dat", "d/x.dat", "data/x.raw", "data/d/x.raw", "top.raw", "d/top.raw", "deep/a", "deep/b/c", "any/x",
            "p/any/x", "p/q/any/x",
            "many/x", "a/z", "a/b/z", "a/b/c/z", "ab/z", "sp ace.q", "space.q", "aX.r", "bY.r", "cX.r", "cc.r", "ac.r",
            "lit*.s", "litX.s",
            "quo ted.u", "no/slash/match", "x.w", "keep.w", "d/keep.w", "x.v", "x.c", "sub/x.dat", "sub/d/x.dat",
            "plain",
        ]
        let directory = try TemporaryDirectory()
        let git = try await Git(directory.appending("work"))
        let text = attributes.joined(separator: "\n") + "\n"
        try FileSystem.replace(git.directory.appending(".gitattributes"), with: Array(text.utf8))
        let answer = try await git.run(
            "check-attr", "--stdin", "-z", "filter", input: paths.joined(separator: "\0") + "\0")
        let words = answer.split(separator: "\0").map(String.init)
        var expected: [String: Bool] = [:]
        for index in stride(from: 0, to: words.count - 2, by: 3) { expected[words[index]] = words[index + 2] == "lfs" }
        let root = try MirrorRoot(directory.appending("root"), creating: true)
        let repository = try root.createRepository(try RepositoryID("org/model"))
        var files = Dictionary(uniqueKeysWithValues: paths.map { ($0, "x") })
        // A name with a backslash cannot be in a repository; `lit*.s` is what the escaped pattern means.
        files[".gitattributes"] = text
        let id = try repository.commit(files, day: 1)
        let commit = try #require(try repository.commit(id))
        #expect(expected.count == paths.count)
        for path in paths {
            #expect(commit.file(try RelativePath(path))?.isLarge == expected[path], "\(path)")
        }
    }
}

extension String {
    var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
