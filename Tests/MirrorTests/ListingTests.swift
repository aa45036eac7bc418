// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import TestKit
import Testing

@Suite struct `listings` {
    private let gallery: Gallery
    init() throws { gallery = try Gallery.shared }

    @Test func `info names the commit and the files, with sizes and digests when asked`() throws {
        let plain = try gallery.ask("GET", "/api/models/org/tiny").json
        #expect(
            plain["id"]?.string == "org/tiny" && plain["modelId"]?.string == "org/tiny"
                && plain["author"]?.string == "org")
        #expect(plain["sha"]?.string == gallery.second.description)
        #expect(plain["private"]?.bool == false && plain["gated"]?.bool == false && plain["disabled"]?.bool == false)
        #expect(plain["lastModified"]?.string == "2024-01-03T00:00:00.000Z")
        #expect(plain["createdAt"]?.string == "2024-01-02T00:00:00.000Z")
        let names = plain["siblings"]?.array?.map { $0["rfilename"]?.string ?? "" } ?? []
        #expect(names.count == 9 && names.contains("model.safetensors") && names.contains("onnx/sub/a.txt"))
        #expect(plain["siblings"]?.array?.allSatisfy { $0.members?.count == 1 } == true)

        for flag in ["true", "True", "1"] {
            let full = try gallery.ask(
                "GET", "/api/models/org/tiny/revision/dev%2Fx?blobs=\(flag)&securityStatus=\(flag)"
            ).json
            #expect(full["sha"]?.string == gallery.first.description)
            let weights = full["siblings"]?.array?.first { $0["rfilename"]?.string == "model.safetensors" }
            #expect(weights?["size"]?.integer == 3000)
            #expect(weights?["lfs"]?["sha256"]?.string == Digest(of: Gallery.weights).description)
            #expect(weights?["lfs"]?["size"]?.integer == 3000)
            let pointer = try gallery.ask("GET", "/org/tiny/raw/main/model.safetensors").bytes
            #expect(weights?["lfs"]?["pointerSize"]?.integer == Int64(pointer.count))
            #expect(weights?["blobId"]?.string == GitObjectID(ofBlob: pointer).description)
            // Nothing was scanned, and the answer does not pretend it was.
            #expect(full["securityRepoStatus"]?["scansDone"]?.bool == false)
        }
        #expect(gallery.ask("GET", "/api/models/org/tiny?blobs=maybe").status == 400)
    }

    @Test func `expand gives what it names and nothing else`() throws {
        for query in ["expand=sha&expand=private", "expand[]=sha&expand%5B%5D=private"] {
            let json = try gallery.ask("GET", "/api/models/org/tiny?\(query)").json
            #expect(json.members?.map(\.key).sorted() == ["_id", "id", "private", "sha"])
        }
        #expect(gallery.ask("GET", "/api/models/org/tiny?expand=sha&blobs=true").status == 400)
        #expect(gallery.ask("GET", "/api/models/org/tiny?expand=nonsense").status == 400)
    }

    @Test func `datasets, spaces and one-segment models have infos too`() throws {
        #expect(try gallery.ask("GET", "/api/datasets/org/data").json["id"]?.string == "org/data")
        #expect(try gallery.ask("GET", "/api/datasets/org/data").json["modelId"] == nil)
        #expect(try gallery.ask("GET", "/api/spaces/org/space").json["id"]?.string == "org/space")
        let gpt2 = try gallery.ask("GET", "/api/models/gpt2/revision/main").json
        #expect(gpt2["id"]?.string == "gpt2" && gpt2["author"] == nil)
        #expect(gallery.ask("GET", "/api/models/org/data").status == 401)
    }

    @Test func `a tree lists one level or all of them, directories with their git ids`() throws {
        let top = try gallery.ask("GET", "/api/models/org/tiny/tree/main").json.array ?? []
        #expect(
            top.map { $0["path"]?.string ?? "" } == [
                "README.md", "config.json", "empty.txt", "model.safetensors", "näme ü.txt", "onnx", "onnx.txt",
                "quo\"te.txt",
            ])
        let commit = try #require(try gallery.root.repository(try RepositoryID("org/tiny"))?.commit(gallery.second))
        let onnx = top.first { $0["path"]?.string == "onnx" }
        #expect(onnx?["type"]?.string == "directory" && onnx?["size"]?.integer == 0)
        #expect(onnx?["oid"]?.string == commit.entry(try RelativePath("onnx"))?.git.description)
        let weights = top.first { $0["path"]?.string == "model.safetensors" }
        #expect(weights?["lfs"]?["oid"]?.string == Digest(of: Gallery.weights).description)
        #expect(weights?["size"]?.integer == 3000)
        for flag in ["true", "True", "1"] {
            let all =
                try gallery.ask("GET", "/api/models/org/tiny/tree/\(gallery.second)?recursive=\(flag)&expand=False")
                .json.array ?? []
            #expect(all.count == 11)
            #expect(
                all.map { $0["path"]?.string ?? "" }.filter { $0.hasPrefix("onnx/") } == [
                    "onnx/b.txt", "onnx/sub", "onnx/sub/a.txt",
                ])
        }
        for target in ["onnx/sub", "onnx%2Fsub", "onnx/sub/"] {
            let sub = try gallery.ask("GET", "/api/models/org/tiny/tree/main/\(target)").json.array ?? []
            #expect(sub.map { $0["path"]?.string ?? "" } == ["onnx/sub/a.txt"], "\(target)")
        }
        for target in ["nope", "config.json", "..", "%2e%2e", "onnx%2F..%2F..", "%00"] {
            let response = gallery.ask("GET", "/api/models/org/tiny/tree/main/\(target)")
            #expect(response.status == 404 && response.code == "EntryNotFound", "\(target)")
        }
        #expect(gallery.ask("GET", "/api/models/org/tiny/tree/nope").code == "RevisionNotFound")
    }

    @Test func `an expanded tree tells the commit that changed each entry last`() throws {
        let all = try gallery.ask("GET", "/api/models/org/tiny/tree/main?recursive=true&expand=true").json.array ?? []
        for entry in all {
            let expected = entry["path"]?.string == "config.json" ? gallery.second : gallery.first
            #expect(entry["lastCommit"]?["id"]?.string == expected.description, "\(entry["path"]?.string ?? "")")
            #expect(entry["lastCommit"]?["date"]?.string?.hasSuffix(".000Z") == true)
        }
        #expect(all.count == 11)
    }

    @Test func `pages of a tree join to the whole, and go on with the commit they began with`() throws {
        let whole = try gallery.ask("GET", "/api/models/org/tiny/tree/main?recursive=true").json.array ?? []
        for limit in 1...12 {
            var target = "/api/models/org/tiny/tree/main?recursive=true&limit=\(limit)&x=a%20b"
            var found: [JSONValue] = []
            var pages = 0
            while pages < 20 {
                let response = gallery.ask("GET", target)
                found += try response.json.array ?? []
                pages += 1
                guard let link = response.headers["Link"] else { break }
                #expect(
                    link.hasPrefix("<http://mirror.test:8080/api/models/org/tiny/tree/\(gallery.second)?")
                        && link.hasSuffix(">; rel=\"next\""))
                #expect(link.contains("recursive=true") && link.contains("x=a%20b"))
                target = String(link.dropFirst("<http://mirror.test:8080".count).prefix { $0 != ">" })
            }
            #expect(found == whole && pages == (whole.count + limit - 1) / limit, "limit \(limit)")
        }
    }

    @Test func `a thousand entries a page, fifty when expanded, and the host is the one that was asked`() throws {
        let gallery = try Gallery()
        let files = Dictionary(uniqueKeysWithValues: (0..<1005).map { ("f\($0)", "x") })
        try gallery.root.createRepository(try RepositoryID("org/many")).commit(files, day: 1)
        let page = gallery.ask("GET", "/api/models/org/many/tree/main?limit=5000", ["Host": "[::1]:99"])
        #expect(try page.json.array?.count == 1000)
        #expect(page.headers["Link"]?.hasPrefix("<http://[::1]:99/api/") == true)
        #expect(
            gallery.ask("GET", "/api/models/org/many/tree/main", ["X-Forwarded-Proto": "https"]).headers["Link"]?
                .hasPrefix("<https://") == true)
        #expect(try gallery.ask("GET", "/api/models/org/many/tree/main?expand=true").json.array?.count == 50)
        let nobody = gallery.handler.respond(to: MirrorRequest("GET", "/api/models/org/many/tree/main"))
        #expect(nobody.status == 400)
    }

    @Test func `a forged cursor and a limit that is none are refused`() {
        // Eleven entries: a cursor beyond them was never given out.
        for cursor in ["-1", "99999999", "12", "1e3", "0x1", "", "%00", "../..", "9223372036854775808", "1%0d%0aX:y"] {
            #expect(
                gallery.ask("GET", "/api/models/org/tiny/tree/main?recursive=true&cursor=\(cursor)").status == 400,
                "\(cursor)")
            #expect(gallery.ask("GET", "/api/models/org/tiny/commits/main?cursor=\(cursor)").status == 400, "\(cursor)")
        }
        for limit in ["0", "-1", "abc", "99999999999999999999"] {
            #expect(gallery.ask("GET", "/api/models/org/tiny/tree/main?limit=\(limit)").status == 400, "\(limit)")
            #expect(gallery.ask("GET", "/api/models?limit=\(limit)").status == 400, "\(limit)")
        }
    }

    @Test func `paths-info takes forms and JSON and leaves out what is not there`() throws {
        let target = "/api/models/org/tiny/paths-info/refs%2Fpr%2F1"
        let form =
            "paths=config.json&paths=onnx%2Fsub&paths=nope&paths=..%2F..%2Fx&paths=onnx%2F&paths=n%C3%A4me+%C3%BC.txt&paths=config.json&expand=True"
        let text =
            "{\"paths\":[\"config.json\",\"onnx/sub\",\"nope\",\"../../x\",\"onnx/\",\"näme ü.txt\",\"config.json\"],\"expand\":true}"
        let bodies: [(HeaderFields, String)] = [
            (["Content-Type": "application/x-www-form-urlencoded"], form),
            (["Content-Type": "application/json; charset=utf-8"], text),
        ]
        for (headers, body) in bodies {
            let response = gallery.ask("POST", target, headers, body: body)
            #expect(response.status == 200)
            let entries = try response.json.array ?? []
            #expect(entries.map { $0["path"]?.string ?? "" } == ["config.json", "onnx/sub", "onnx", "näme ü.txt"])
            #expect(entries.allSatisfy { $0["lastCommit"] != nil })
        }
        let weights = try gallery.ask("POST", target, body: "paths=model.safetensors").json.array?.first
        #expect(weights?["lfs"]?["oid"]?.string == Digest(of: Gallery.weights).description)
        #expect(weights?["lastCommit"] == nil)
        #expect(try gallery.ask("POST", target, body: "").json.array == [])
        let many = (0...1000).map { "paths=\($0)" }.joined(separator: "&")
        let json: HeaderFields = ["Content-Type": "application/json"]
        let bad: [(HeaderFields, String)] = [
            ([:], many), ([:], "paths=%zz"), (json, "[1]"), (json, "{"), (json, String(repeating: "[", count: 100_000)),
        ]
        for (headers, body) in bad {
            let response = gallery.ask("POST", target, headers, body: body)
            #expect(response.status == 400 && response.code == "BadRequest")
        }
        let get = gallery.ask("GET", target)
        #expect(get.status == 405 && get.headers["Allow"] == "POST")
    }

    @Test func `refs has the lists that clients read without asking`() throws {
        let refs = try gallery.ask("GET", "/api/models/org/tiny/refs").json
        #expect(refs.members?.map(\.key).sorted() == ["branches", "converts", "tags"])
        #expect(refs["branches"]?.array?.map { $0["name"]?.string ?? "" } == ["dev/x", "main"])
        #expect(refs["branches"]?.array?.last?["ref"]?.string == "refs/heads/main")
        #expect(refs["tags"]?.array?.first?["targetCommit"]?.string == gallery.first.description)
        #expect(refs["converts"]?.array?.first?["ref"]?.string == "refs/convert/parquet")
        let pulls = try gallery.ask("GET", "/api/models/org/tiny/refs?include_prs=1").json["pullRequests"]?.array
        #expect(pulls?.first?["name"]?.string == "refs/pr/1" && pulls?.first?["ref"]?.string == "refs/pr/1")
    }

    @Test func `commits come newest first, in pages, counted`() throws {
        let response = gallery.ask("GET", "/api/models/org/tiny/commits/main?expand[]=formatted")
        let commits = try response.json.array ?? []
        #expect(response.headers["X-Total-Count"] == "2")
        #expect(commits.map { $0["id"]?.string ?? "" } == [gallery.second.description, gallery.first.description])
        #expect(commits.first?["title"]?.string == "Second <b>")
        #expect(commits.first?["formatted"]?["title"]?.string == "Second &lt;b&gt;")
        #expect(commits.first?["authors"]?.array?.first?["user"]?.string == "Ada Lovelace")
        #expect(commits.first?["date"]?.string == "2024-01-03T00:00:00.000Z")
        let page = gallery.ask("GET", "/api/models/org/tiny/commits/main?limit=1")
        #expect(try page.json.array?.count == 1)
        #expect(
            page.headers["Link"]
                == "<http://mirror.test:8080/api/models/org/tiny/commits/\(gallery.second)?limit=1&cursor=1>; rel=\"next\""
        )
        #expect(try gallery.ask("GET", "/api/models/org/tiny/commits/v1").json.array?.count == 1)
    }

    @Test func `the list shows what the caller may know of`() throws {
        func names(_ query: String, token: String? = nil) throws -> [String] {
            try gallery.ask("GET", "/api/models" + query, token: token).json.array?.map { $0["id"]?.string ?? "" } ?? []
        }
        #expect(try names("") == ["gpt2", "org/gated", "org/tiny"])
        #expect(try names("", token: Gallery.token) == ["gpt2", "org/gated", "org/secret", "org/tiny"])
        #expect(try names("?search=TIN") == ["org/tiny"])
        #expect(try names("?author=org") == ["org/gated", "org/tiny"])
        #expect(try names("?filter=text-generation") == [])
        #expect(try names("?limit=1") == ["gpt2"])
        let first = gallery.ask("GET", "/api/models?limit=1")
        #expect(first.headers["Link"] == "<http://mirror.test:8080/api/models?limit=1&cursor=gpt2>; rel=\"next\"")
        #expect(try names("?limit=1&cursor=gpt2") == ["org/gated"])
        #expect(try names("?cursor=org/tiny") == [])
        #expect(gallery.ask("GET", "/api/models?cursor=..%2F..").status == 400)
        let full = try gallery.ask("GET", "/api/models?search=tiny&full=true").json.array?.first
        #expect(full?["sha"]?.string == gallery.second.description && full?["siblings"]?.array?.count == 9)
        #expect(try gallery.ask("GET", "/api/datasets").json.array?.map { $0["id"]?.string } == ["org/data"])
    }
}
