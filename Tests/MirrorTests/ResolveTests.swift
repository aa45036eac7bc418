// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Mirror
import Store
import SystemPackage
import TestKit
import Testing

@Suite struct `resolve` {
    private let gallery: Gallery
    init() throws { gallery = try Gallery.shared }

    @Test func `a small file comes with its git id, a large one with its sha256`() throws {
        let small = gallery.ask("GET", "/org/tiny/resolve/main/config.json")
        let text = "{\"model_type\":\"bert\",\"x\":1}\n"
        #expect(small.status == 200)
        #expect(try small.text == text)
        #expect(small.headers["ETag"] == "\"\(GitObjectID(ofBlob: Array(text.utf8)))\"")
        #expect(small.headers["X-Repo-Commit"] == gallery.second.description)
        #expect(small.headers["Content-Length"] == String(text.utf8.count))
        #expect(small.headers["Accept-Ranges"] == "bytes")
        #expect(small.headers["X-Linked-Etag"] == nil)
        let large = gallery.ask("GET", "/org/tiny/resolve/main/model.safetensors")
        let digest = Digest(of: Gallery.weights)
        #expect(try large.bytes == Gallery.weights)
        #expect(large.headers["ETag"] == "\"\(digest)\"" && large.headers["X-Linked-Etag"] == "\"\(digest)\"")
        #expect(large.headers["X-Linked-Size"] == "3000")
        guard case .file = large.body else { return #expect(Bool(false), "a blob must leave as a file") }
    }

    @Test func `no answer speaks of Xet`() throws {
        for target in [
            "/org/tiny/resolve/main/model.safetensors", "/api/models/org/tiny?blobs=true",
            "/api/models/org/tiny/tree/main",
        ] {
            let response = gallery.ask("GET", target)
            #expect(response.status == 200)
            #expect(
                !response.headers.fields.contains { $0.name.lowercased().contains("xet") || $0.value.contains("xet") })
            if target.hasPrefix("/api") { #expect(try !response.text.contains("xetHash")) }
        }
        let token = gallery.ask("GET", "/api/models/org/tiny/xet-read-token/main")
        #expect(token.status == 404)
        #expect(token.headers["X-Error-Message"]?.contains("HF_HUB_DISABLE_XET=1") == true)
    }

    @Test(arguments: [
        "/org/tiny/resolve/main/config.json", "/org/tiny/resolve/v1/model.safetensors",
        "/org/tiny/resolve/main/empty.txt",
        "/org/tiny/raw/main/model.safetensors", "/org/tiny/resolve/main/nope", "/org/tiny/resolve/nope/config.json",
        "/api/models/org/tiny",
        "/api/models", "/nobody/nothing/resolve/main/x", "/api/models/org/tiny/refs",
        "/org/off/resolve/main/config.json",
    ])
    func `HEAD gives the header of GET and no body`(target: String) throws {
        var get = gallery.ask("GET", target).headers
        let response = gallery.ask("HEAD", target)
        var head = response.headers
        #expect(get["X-Request-Id"] != nil && get["X-Request-Id"] != head["X-Request-Id"])
        get.remove("X-Request-Id")
        head.remove("X-Request-Id")
        #expect(head == get)
        #expect(response.body == .none)
        #expect(head["Content-Length"] != nil)
    }

    @Test func `every way of writing a revision and a name`() throws {
        let (old, new) = ("{\"model_type\":\"bert\"}\n", "{\"model_type\":\"bert\",\"x\":1}\n")
        let table: [(String, String)] = [
            ("/org/tiny/resolve/v1/config.json", old), ("/org/tiny/resolve/dev%2Fx/config.json", old),
            ("/org/tiny/resolve/dev%2fx/config.json", old),
            ("/org/tiny/resolve/refs%2Fpr%2F1/config.json", new),
            ("/org/tiny/resolve/refs%2Fheads%2Fmain/config.json", new),
            ("/org/tiny/resolve/refs%2Fconvert%2Fparquet/config.json", old),
            ("/org/tiny/resolve/\(gallery.first)/config.json", old),
            ("/org/tiny/resolve/\(gallery.first.short)/config.json", old), ("/gpt2/resolve/main/config.json", "{}"),
            ("/datasets/org/data/resolve/main/data.csv", "a,b\n"), ("/spaces/org/space/resolve/main/app.py", "pass\n"),
            ("/org/tiny/resolve/main/onnx/sub/a.txt", "a"), ("/org/tiny/resolve/main/onnx%2Fsub%2Fa.txt", "a"),
            ("/org/tiny/resolve/main/n%C3%A4me%20%C3%BC.txt", "umlauts"),
            ("/org/tiny/resolve/main/quo%22te.txt", "quote"),
            ("/org/tiny/resolve/main/config.json?download=true", new),
            ("http://other.test/org/tiny/resolve/main/config.json", new),
        ]
        for (target, expected) in table {
            let response = gallery.ask("GET", target)
            #expect(response.status == 200, "\(target)")
            #expect(try response.text == expected, "\(target)")
        }
    }

    @Test func `a name that can be read in two ways means the repository that exists`() throws {
        let gallery = try Gallery()
        try gallery.root.createRepository(try RepositoryID("a")).commit(
            ["x": "one", "main/x": "a at resolve"], day: 1, branch: "resolve")
        #expect(try gallery.ask("GET", "/a/resolve/resolve/main/x").text == "a at resolve")
        try gallery.root.createRepository(try RepositoryID("a/resolve")).commit(["x": "a/resolve at main"], day: 1)
        #expect(try gallery.ask("GET", "/a/resolve/resolve/main/x").text == "a/resolve at main")
        #expect(try gallery.ask("GET", "/a/resolve/resolve/x").text == "one")
        try gallery.root.createRepository(try RepositoryID("b")).commit(["x": "1"], day: 1)
        #expect(try gallery.ask("GET", "/api/models/b/refs").json["branches"] != nil)
        try gallery.root.createRepository(try RepositoryID("b/refs")).commit(["x": "1"], day: 1)
        #expect(try gallery.ask("GET", "/api/models/b/refs").json["id"]?.string == "b/refs")
    }

    @Test func `a missing file is told with the commit, a missing revision without`() throws {
        for target in [
            "/org/tiny/resolve/main/nope.json", "/org/tiny/resolve/main/onnx", "/org/tiny/raw/main/nope.json",
        ] {
            let response = gallery.ask("GET", target)
            #expect(response.status == 404 && response.code == "EntryNotFound", "\(target)")
            #expect(response.headers["X-Repo-Commit"] == gallery.second.description)
            #expect(try response.json["error"]?.string == response.headers["X-Error-Message"])
        }
        let response = gallery.ask("GET", "/org/tiny/resolve/nope/config.json")
        #expect(response.status == 404 && response.code == "RevisionNotFound")
    }

    @Test func `raw gives the pointer that git holds`() throws {
        let response = gallery.ask(
            "GET", "/org/tiny/raw/main/model.safetensors", ["Range": "bytes=0-3", "If-None-Match": "*"])
        #expect(response.status == 200)
        #expect(
            try response.text
                == "version https://git-lfs.github.com/spec/v1\noid sha256:\(Digest(of: Gallery.weights))\nsize 3000\n")
        #expect(try gallery.ask("GET", "/org/tiny/raw/v1/README.md").text == "# tiny\n")
    }

    @Test func `ranges`() throws {
        let file = "/org/tiny/resolve/main/model.safetensors"
        let table: [(String, Int, Range<Int>?)] = [
            ("bytes=0-0", 206, 0..<1), ("bytes=0-99", 206, 0..<100), ("bytes=2999-", 206, 2999..<3000),
            ("bytes=100-", 206, 100..<3000),
            ("bytes=-1", 206, 2999..<3000), ("bytes=-5000", 206, 0..<3000),
            ("bytes=10-99999999999999999999999", 206, 10..<3000),
            ("Bytes=0-1", 206, 0..<2), ("bytes= 0 - 1", 206, 0..<2), ("bytes=3000-", 416, nil),
            ("bytes=3000-3001", 416, nil), ("bytes=-0", 416, nil),
            ("bytes=99999999999999999999999-", 416, nil), ("bytes=5-4", 200, 0..<3000),
            ("bytes=0-1,3-4", 200, 0..<3000), ("bytes=", 200, 0..<3000),
            ("bytes=-", 200, 0..<3000), ("bytes=a-b", 200, 0..<3000), ("bytes=--1", 200, 0..<3000),
            ("lines=0-1", 200, 0..<3000),
            ("bytes=0x10-20", 200, 0..<3000), ("bytes=+1-2", 200, 0..<3000),
        ]
        for (header, status, range) in table {
            let response = gallery.ask("GET", file, ["Range": header])
            #expect(response.status == status, "\(header)")
            if let range {
                #expect(try response.bytes == Array(Gallery.weights[range]), "\(header)")
                #expect(response.headers["Content-Length"] == String(range.count), "\(header)")
            }
            if status == 206, let range {
                #expect(response.headers["Content-Range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/3000")
            }
            if status == 416 { #expect(response.headers["Content-Range"] == "bytes */3000") }
        }
        #expect(gallery.ask("GET", "/org/tiny/resolve/main/empty.txt", ["Range": "bytes=0-"]).status == 416)
        #expect(gallery.ask("GET", "/org/tiny/resolve/main/empty.txt").headers["Content-Length"] == "0")
        #expect(gallery.ask("HEAD", file, ["Range": "bytes=0-1"]).headers["Content-Length"] == "3000")
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `whatever the range, the bytes are those of the file`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let edges: [Int64] = [0, 1, 2, 999, 1000, 1001, .max - 1, .max]
        for _ in 0..<3000 {
            let size =
                Bool.random(using: &generator)
                ? Int64.random(in: 0...2000, using: &generator) : edges.randomElement(using: &generator) ?? 0
            let a =
                Bool.random(using: &generator)
                ? edges.randomElement(using: &generator) ?? 0 : Int64.random(in: 0...3000, using: &generator)
            let b =
                Bool.random(using: &generator)
                ? edges.randomElement(using: &generator) ?? 0 : Int64.random(in: 0...3000, using: &generator)
            let expected: ByteRange =
                a > b ? .whole : a >= size ? .unsatisfiable : .part(offset: a, length: min(b, size - 1) - a + 1)
            #expect(ByteRange("bytes=\(a)-\(b)", size: size) == expected, "seed \(seed): \(a)-\(b) of \(size)")
            let suffix: ByteRange =
                a == 0 || size == 0 ? .unsatisfiable : .part(offset: size - min(a, size), length: min(a, size))
            #expect(ByteRange("bytes=-\(a)", size: size) == suffix, "seed \(seed): -\(a) of \(size)")
            let noise = String(decoding: generator.bytes(12).map { 0x20 + $0 % 0x5F }, as: UTF8.self)
            if case .part(let offset, let length) = ByteRange("bytes=" + noise, size: size) {
                #expect(offset >= 0 && length > 0 && offset + length <= size, "seed \(seed): \(noise)")
            }
        }
    }

    @Test func `conditions`() throws {
        let file = "/org/tiny/resolve/main/model.safetensors"
        let etag = "\"\(Digest(of: Gallery.weights))\""
        let table: [(HeaderFields, Int)] = [
            (["If-None-Match": etag], 304), (["If-None-Match": "W/\(etag)"], 304),
            (["If-None-Match": "\"x\", \(etag)"], 304), (["If-None-Match": "*"], 304),
            (["If-None-Match": "\"x\""], 200), (["If-Match": etag], 200), (["If-Match": "\"x\""], 412),
            (["Range": "bytes=0-1", "If-Range": etag], 206),
            (["Range": "bytes=0-1", "If-Range": "\"old\""], 200), (["Range": "bytes=0-1", "If-None-Match": etag], 304),
        ]
        for (headers, status) in table {
            let response = gallery.ask("GET", file, headers)
            #expect(response.status == status, "\(headers)")
            #expect(response.headers["ETag"] == etag)
            if status == 304 {
                #expect(response.body == .none && response.headers["X-Repo-Commit"] == gallery.second.description)
            }
        }
    }

    @Test func `a download has a name, and the name cannot break out of its quotes`() {
        let plain = gallery.ask("HEAD", "/org/tiny/resolve/main/config.json").headers["Content-Disposition"]
        #expect(plain == "inline; filename*=UTF-8''config.json; filename=\"config.json\";")
        let quote = gallery.ask("HEAD", "/org/tiny/resolve/main/quo%22te.txt").headers["Content-Disposition"]
        #expect(quote == "inline; filename*=UTF-8''quo%22te.txt; filename=\"quo\\\"te.txt\";")
        let umlaut = gallery.ask("HEAD", "/org/tiny/resolve/main/n%C3%A4me%20%C3%BC.txt").headers["Content-Disposition"]
        #expect(umlaut == "inline; filename*=UTF-8''n%C3%A4me%20%C3%BC.txt; filename=\"n_me _.txt\";")
    }

    @Test func `a blob that is missing or has another size is told before a byte is promised`() throws {
        let gallery = try Gallery()
        let place = gallery.root.store.path(of: Digest(of: Gallery.weights))
        try FileSystem.replace(place, with: [1, 2, 3])
        #expect(gallery.ask("GET", "/org/tiny/resolve/main/model.safetensors").status == 500)
        try FileSystem.remove(place)
        let response = gallery.ask("HEAD", "/org/tiny/resolve/main/model.safetensors")
        #expect(response.status == 500 && response.code == "ServerError")
        // Nothing of the machine is told to strangers.
        #expect(response.headers["X-Error-Message"]?.contains("/") == false)
    }
}
