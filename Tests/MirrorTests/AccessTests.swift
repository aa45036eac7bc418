// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Mirror
import SystemPackage
import TestKit
import Testing

@Suite struct `who may read what` {
    @Test func `the table of errors`() throws {
        let gallery = try Gallery.shared
        let right = Gallery.token
        let table: [(String, String?, Int, String?)] = [
            ("/org/none/resolve/main/x", nil, 401, "RepoNotFound"),
            ("/org/none/resolve/main/x", right, 404, "RepoNotFound"),
            ("/api/models/org/none", nil, 401, "RepoNotFound"), ("/api/models/none", right, 404, "RepoNotFound"),
            ("/org/secret/resolve/main/config.json", nil, 401, "RepoNotFound"),
            ("/org/secret/resolve/main/config.json", right, 200, nil),
            ("/api/models/org/secret", nil, 401, "RepoNotFound"), ("/api/models/org/secret", right, 200, nil),
            ("/org/gated/resolve/main/config.json", nil, 401, "GatedRepo"),
            ("/org/gated/resolve/main/config.json", right, 200, nil),
            ("/org/gated/raw/main/config.json", nil, 401, "GatedRepo"), ("/api/models/org/gated", nil, 200, nil),
            ("/api/models/org/gated/tree/main", nil, 200, nil),
            ("/api/models/org/gated/auth-check", nil, 401, "GatedRepo"),
            ("/api/models/org/gated/auth-check", right, 200, nil), ("/api/models/org/tiny/auth-check", nil, 200, nil),
            ("/api/models/org/tiny/auth-check/write", right, 403, "Forbidden"),
            ("/org/off/resolve/main/config.json", right, 403, "Disabled"),
            ("/api/models/org/off", nil, 403, "Disabled"), ("/api/whoami-v2", nil, 401, "Unauthorized"),
            ("/api/whoami-v2", right, 200, nil),
            ("/api/agent-harnesses", nil, 404, "NotFound"),
        ]
        for (target, token, status, code) in table {
            let response = gallery.ask("GET", target, token: token)
            #expect(response.status == status, "\(target) \(token ?? "-")")
            #expect(response.code == code, "\(target) \(token ?? "-")")
            if status >= 400 {
                #expect(try response.json["error"]?.string?.isEmpty == false)
                #expect(
                    response.headers["X-Error-Message"]?.isEmpty == false && response.headers["X-Request-Id"] != nil)
            }
        }
        #expect(
            gallery.ask("GET", "/api/models/org/off").headers["X-Error-Message"]
                == "Access to this resource is disabled.")
        #expect(try gallery.ask("GET", "/api/models/org/gated").json["gated"]?.string == "manual")
        #expect(try gallery.ask("GET", "/api/models/org/tiny/auth-check").text == "{}")
    }

    @Test func `a wrong token is refused everywhere, with the words that clients compare`() throws {
        let gallery = try Gallery.shared
        for header in [
            "Bearer hf_wrong", "Bearer hf_righ", "Bearer hf_rightt", "Bearer", "Basic hf_right", "hf_right",
            "Bearer hf_right x", "",
        ] {
            for target in [
                "/org/tiny/resolve/main/config.json", "/api/models", "/api/models/org/secret", "/api/whoami-v2",
            ] {
                let response = gallery.ask("GET", target, ["Authorization": header])
                #expect(response.status == 401, "\(header): \(target)")
                #expect(response.headers["X-Error-Message"] == "Invalid credentials in Authorization header")
            }
        }
    }

    @Test func `two tokens in one request are refused, any of several tokens is accepted`() throws {
        let gallery = try Gallery(tokens: ["hf_one", "hf_two"])
        for token in ["hf_one", "hf_two"] {
            #expect(gallery.ask("GET", "/api/models/org/secret", token: token).status == 200)
        }
        #expect(
            gallery.ask("GET", "/api/models/org/secret", ["Authorization": "Bearer hf_one"], token: "hf_two").status
                == 401)
        #expect(gallery.ask("GET", "/api/models/org/secret", ["Authorization": "bearer hf_one"]).status == 200)
    }

    @Test func `a mirror without tokens passes over the token for the public Hub, and shows nothing private`() throws {
        let gallery = try Gallery(tokens: [])
        #expect(gallery.ask("GET", "/org/tiny/resolve/main/config.json", token: "hf_public").status == 200)
        #expect(gallery.ask("GET", "/org/secret/resolve/main/config.json").status == 401)
        let hidden = gallery.ask("GET", "/org/secret/resolve/main/config.json", token: "hf_public")
        #expect(hidden.status == 404 && hidden.code == "RepoNotFound")
        let gated = gallery.ask("GET", "/org/gated/resolve/main/config.json", token: "hf_public")
        #expect(gated.status == 403 && gated.code == "GatedRepo")
    }

    @Test func `a private repository answers exactly as one that does not exist`() throws {
        let gallery = try Gallery.shared
        for (method, rest) in [
            ("GET", ""), ("GET", "/tree/main"), ("GET", "/refs"), ("POST", "/paths-info/main"), ("PUT", ""),
        ] {
            let hidden = gallery.ask(method, "/api/models/org/secret" + rest)
            let missing = gallery.ask(method, "/api/models/org/absent" + rest)
            #expect(hidden.status == missing.status && hidden.code == missing.code)
            #expect(
                try hidden.text.replacing("org/secret", with: "X") == missing.text.replacing("org/absent", with: "X"))
        }
    }

    @Test func `a repository that moved redirects, keeping everything behind the name`() throws {
        let gallery = try Gallery.shared
        let table = [
            ("/org/old/resolve/dev%2Fx/onnx/b.txt?download=1", "/org/tiny/resolve/dev%2Fx/onnx/b.txt?download=1"),
            ("/api/models/org/old", "/api/models/org/tiny"),
            (
                "/api/models/org/old/tree/main/onnx%2Fsub?recursive=true",
                "/api/models/org/tiny/tree/main/onnx%2Fsub?recursive=true"
            ),
        ]
        for (target, location) in table {
            for method in ["GET", "HEAD"] {
                let response = gallery.ask(method, target)
                #expect(response.status == 307 && response.headers["Location"] == location)
            }
        }
        #expect(gallery.ask("POST", "/api/models/org/old/paths-info/main", body: "paths=a").status == 307)
    }

    @Test func `methods that write are refused with the ones that do not`() throws {
        let gallery = try Gallery.shared
        for (method, target) in [
            ("PUT", "/api/models/org/tiny"), ("DELETE", "/org/tiny/resolve/main/config.json"), ("POST", "/api/models"),
            ("POST", "/api/models/org/tiny/refs"),
            ("OPTIONS", "/api/models/org/tiny"), ("PATCH", "/api/whoami-v2"),
        ] {
            let response = gallery.ask(method, target)
            #expect(response.status == 405 && response.headers["Allow"] == "GET, HEAD", "\(method) \(target)")
        }
        for target in [
            "/api/repos/create", "/api/models/org/tiny/commit/main", "/api/models/org/tiny/preupload/main",
            "/org/tiny.git/info/lfs/objects/batch",
        ] {
            #expect(gallery.ask("POST", target).status == 404, "\(target)")
        }
    }

    private static let hostileTargets = [
        "/", "", "*", "x", "//", "///org/tiny", "/org/tiny", "/api", "/api/", "/api/kernels/a/b",
        "/org/tiny/resolve/main",
        "/org/tiny/resolve/main/", "/../../etc/passwd", "/org/tiny/resolve/main/../../../../etc/passwd",
        "/org/tiny/resolve/main/%2e%2e%2f%2e%2e%2fmirror.json",
        "/org/tiny/resolve/main/%2e%2e/%2e%2e/x", "/org/tiny/resolve/main/%00", "/org/tiny/resolve/main/config.json%00",
        "/org/tiny/resolve/main/%ff%fe",
        "/org/tiny/resolve/main/%zz", "/org/tiny/resolve/main/%2", "/org/tiny/resolve/%2e%2e/config.json",
        "/org/tiny/resolve/%2e%2e%2fx/config.json",
        "/org/tiny/resolve//config.json", "/%2e%2e/tiny/resolve/main/x", "/org%2Ftiny/resolve/main/config.json",
        "/org/..%2ftiny/resolve/main/config.json",
        "/@/gpt2/resolve/main/config.json", "/api/models/@/gpt2", "/org/tiny/resolve/main/C:%5Cx",
        "/org/tiny/resolve/main/%2Fetc%2Fpasswd",
        "/org/tiny/resolve/main/config.json#x", "/org/tiny/resolve/main/con fig.json", "/api/models/org/tiny?blobs=%zz",
        "http://", "http://x", "ftp://x/org/tiny",
        "/api/models/org/tiny/tree/main?recursive=%ff", "/org/tiny/resolve/refs%2Fheads%2F..%2F..%2Frepository.json/x",
        "/org/tiny/resolve/main/ü",
    ]

    @Test func `a hostile target is an error of the client's, never the server's`() throws {
        let gallery = try Gallery.shared
        for target in Self.hostileTargets {
            for method in ["GET", "HEAD", "POST"] {
                let response = gallery.ask(method, target)
                #expect((400..<500).contains(response.status), "\(method) \(target): \(response.status)")
                #expect(response.code != nil)
                #expect(response.headers.fields.allSatisfy { $0.value.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
            }
        }
    }

    @Test func `a URL that is too long, and a host that is none`() throws {
        let gallery = try Gallery.shared
        let prefix = "/org/tiny/resolve/main/"
        #expect(gallery.ask("GET", prefix + String(repeating: "x", count: 8192 - prefix.utf8.count)).status == 404)
        #expect(gallery.ask("GET", prefix + String(repeating: "x", count: 8193 - prefix.utf8.count)).status == 414)
        for host in ["", "a b", "x>; rel=evil", "a/b", "a@b", String(repeating: "h", count: 256)] {
            #expect(gallery.ask("GET", "/api/models", ["Host": host]).status == 400, "\(host)")
        }
        #expect(gallery.ask("GET", "/api/models", ["Host": "a", "host": "b"]).status == 400)
    }

    @Test(arguments: [21, 22] as [UInt64]) func `no target makes it trap or fail`(seed: UInt64) throws {
        let gallery = try Gallery.shared
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "org", "tiny", "gpt2", "api", "models", "datasets", "resolve", "raw", "main", "tree", "revision", "refs",
            "commits", "paths-info", "config.json",
            "dev%2Fx", "%2e%2e", "..", "%", "%00", "", "?", "&", "=", "cursor=5", "limit=2", "expand=sha",
            "recursive=1", "%C3%A4", "@", "+", "'", "onnx",
        ]
        for _ in 0..<1500 {
            var target = ""
            for _ in 0..<Int.random(in: 1...9, using: &generator) {
                target += (Bool.random(using: &generator) ? "/" : "") + (parts.randomElement(using: &generator) ?? "")
            }
            let method = ["GET", "HEAD", "POST"].randomElement(using: &generator) ?? "GET"
            let response = gallery.ask(method, target)
            #expect(response.status < 500, "seed \(seed): \(method) \(target)")
        }
    }
}
