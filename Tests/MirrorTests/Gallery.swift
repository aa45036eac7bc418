// SPDX-License-Identifier: Apache-2.0

import ContentModel
import FileIO
import Foundation
import Mirror
import SystemPackage
import TestKit

/// A mirror with one repository of every sort, and short ways to ask it.
final class Gallery: Sendable {
    let directory: TemporaryDirectory
    let root: MirrorRoot
    let handler: MirrorHandler
    /// The commits of `org/tiny`, oldest first; the first has the tag `v1`, the second is `main`.
    let first, second: GitObjectID
    static let weights = SeededGenerator.sample(3_000)
    static let token = "hf_right"

    /// One gallery for all tests that only ask. Making one costs a second: everything in it is synced to the disk.
    static var shared: Gallery { get throws { try made.get() } }
    private static let made: Result<Gallery, any Error> = Result {
        let gallery = try Gallery()
        // A static value is never released, so its directory goes when the process does.
        atexit { if let gallery = try? Gallery.made.get() { try? FileSystem.removeTree(gallery.directory.path) } }
        return gallery
    }

    /// Makes a gallery; a `small` one has `org/tiny` only.
    init(tokens: [String] = [Gallery.token], small: Bool = false) throws {
        directory = try TemporaryDirectory()
        root = try MirrorRoot(directory.appending("root"), creating: true)
        handler = MirrorHandler(root: root, access: MirrorAccess(tokens: tokens.compactMap { Secret($0) }))
        let tiny = try root.createRepository(try RepositoryID("org/tiny"))
        var files: [String: String] = [
            "config.json": "{\"model_type\":\"bert\"}\n", "empty.txt": "", "README.md": "# tiny\n",
            "onnx/sub/a.txt": "a", "onnx/b.txt": "b",
            "onnx.txt": "sorts before the directory", "näme ü.txt": "umlauts", "quo\"te.txt": "quote",
        ]
        first = try tiny.commit(files, weights: Gallery.weights, day: 1, tags: ["v1"], title: "First")
        files["config.json"] = "{\"model_type\":\"bert\",\"x\":1}\n"
        second = try tiny.commit(files, weights: Gallery.weights, day: 2, title: "Second <b>")
        try tiny.setReference(try ReferenceName(branch: try Revision("dev/x")), to: first)
        try tiny.setReference(try ReferenceName(branch: try Revision("refs/pr/1")), to: second)
        try tiny.setReference(try ReferenceName(branch: try Revision("refs/convert/parquet")), to: first)
        if small { return }
        try root.createRepository(try RepositoryID("gpt2")).commit(["config.json": "{}"], day: 1)
        try root.createRepository(try RepositoryID("org/data", kind: .dataset)).commit(["data.csv": "a,b\n"], day: 1)
        try root.createRepository(try RepositoryID("org/space", kind: .space)).commit(["app.py": "pass\n"], day: 1)
        let others: [(String, RepositorySettings)] = [
            ("org/secret", RepositorySettings(access: .private)), ("org/gated", RepositorySettings(access: .gated)),
            ("org/off", RepositorySettings(isDisabled: true)),
        ]
        for (name, settings) in others {
            try root.createRepository(try RepositoryID(name), settings: settings).commit(["config.json": "{}"], day: 1)
        }
        try root.createRepository(
            try RepositoryID("org/old"), settings: RepositorySettings(movedTo: try RepositoryID("org/tiny")))
    }

    func ask(
        _ method: String = "GET", _ target: String, _ headers: HeaderFields = [:], token: String? = nil,
        body: String = ""
    ) -> MirrorResponse {
        var headers = headers
        if headers["Host"] == nil { headers.add("Host", "mirror.test:8080") }
        if let token { headers.add("Authorization", "Bearer \(token)") }
        return handler.respond(to: MirrorRequest(method, target, headers: headers, body: Array(body.utf8)))
    }
}

extension SeededGenerator {
    static func sample(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return generator.bytes(count)
    }
}

extension MirrorRepository {
    @discardableResult
    func commit(
        _ files: [String: String], weights: [UInt8]? = nil, day: Int64, tags: [String] = [], title: String = "Commit",
        branch: String = "main", base: CommitRequest.Base = .replacing
    ) throws -> GitObjectID {
        var all: [(path: RelativePath, content: CommitRequest.Content)] = []
        for (name, text) in files { all.append((try RelativePath(name), .text(text))) }
        if let weights { all.append((try RelativePath("model.safetensors"), .bytes(weights))) }
        let request = CommitRequest(
            branch: try Revision(branch), tags: try tags.map { tag in try Revision(tag) }, title: title,
            author: try CommitAuthor(name: "Ada Lovelace", email: "ada@example.org"),
            date: Timestamp(clamping: 1_704_067_200 + day * 86_400), base: base)
        return try createCommit(request, files: all)
    }
}

extension MirrorResponse {
    /// The bytes of the body, wherever they come from.
    var bytes: [UInt8] {
        get throws {
            switch body {
            case .none: return []
            case .bytes(let bytes): return bytes
            case .file(let path, let offset, let length):
                let whole = try FileBytes.read(path)
                return Array(whole[Int(offset)..<Int(offset + length)])
            }
        }
    }

    var text: String { get throws { String(decoding: try bytes, as: UTF8.self) } }
    var json: JSONValue { get throws { try JSONValue.parse(try bytes) } }
    var code: String? { headers["X-Error-Code"] }
}
