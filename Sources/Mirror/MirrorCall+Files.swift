// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Store
internal import SystemPackage

extension MirrorCall {
    /// `/resolve`: the bytes of a file, whole or a range of them.
    func resolve(_ repository: MirrorRepository, _ revision: String, _ text: String) throws(Refusal) -> MirrorResponse {
        let (commit, file) = try find(repository, revision, text)
        let etag = "\"\(file.etag)\""
        var headers: HeaderFields = ["ETag": etag, "X-Repo-Commit": commit.id.description, "Accept-Ranges": "bytes"]
        if file.isLarge {
            headers.add("X-Linked-Etag", etag)
            headers.add("X-Linked-Size", String(file.size.value))
        }
        if let wanted = request.headers["If-Match"], !MirrorCall.matches(wanted, etag) {
            throw Refusal(
                status: 412, code: "PreconditionFailed", message: "the file is `\(file.etag)` now", headers: headers)
        }
        if let known = request.headers["If-None-Match"], MirrorCall.matches(known, etag) {
            return MirrorResponse(304, headers: headers)
        }
        headers.add("Content-Type", file.isLarge ? "application/octet-stream" : "text/plain; charset=utf-8")
        headers.add("X-Content-Type-Options", "nosniff")
        headers.add("Content-Disposition", MirrorCall.disposition(file.path.name))
        // A range is defined for GET only, and one that is tied to other bytes is void.
        var range = ByteRange.whole
        if request.method == "GET", request.headers["If-Range"].map({ $0 == etag }) ?? true {
            range = ByteRange(request.headers["Range"], size: file.size.value)
        }
        switch range {
        case .whole: return try answer(200, file, headers, offset: 0, length: file.size.value)
        case .part(let offset, let length):
            headers.add("Content-Range", "bytes \(offset)-\(offset + length - 1)/\(file.size.value)")
            return try answer(206, file, headers, offset: offset, length: length)
        case .unsatisfiable:
            throw Refusal(
                status: 416, code: "RangeNotSatisfiable",
                message: "the range lies outside of the file's \(file.size.value) bytes",
                headers: [
                    "Content-Range": "bytes */\(file.size.value)", "ETag": etag, "X-Repo-Commit": commit.id.description,
                    "Accept-Ranges": "bytes",
                ])
        }
    }

    /// `/raw`: what git holds, which for a large file is its pointer. Conditions and ranges are not honoured.
    func raw(_ repository: MirrorRepository, _ revision: String, _ text: String) throws(Refusal) -> MirrorResponse {
        let (commit, file) = try find(repository, revision, text)
        var headers: HeaderFields = [
            "ETag": "\"\(file.git)\"", "X-Repo-Commit": commit.id.description,
            "Content-Type": "text/plain; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
        ]
        guard let pointer = file.pointer else {
            return try answer(200, file, headers, offset: 0, length: file.size.value)
        }
        headers.add("Content-Length", String(pointer.count))
        return MirrorResponse(200, headers: headers, body: .bytes(pointer))
    }

    private func find(
        _ repository: MirrorRepository, _ revision: String, _ text: String
    ) throws(Refusal) -> (MirrorCommit, MirrorFile) {
        let commit = try commit(repository, revision)
        // A text that cannot be a path names no file: `..`, NUL and the like end here.
        guard let path = try? RelativePath(text), let file = commit.file(path) else {
            throw .entryNotFound(text, Revision(commit.id), commit.id)
        }
        return (commit, file)
    }

    private func answer(
        _ status: Int, _ file: MirrorFile, _ headers: HeaderFields, offset: Int64, length: Int64
    ) throws(Refusal) -> MirrorResponse {
        let place = root.store.path(of: file.sha256)
        // A promise of bytes that are not there would cut the connection in the middle of the body.
        try read { () throws(Failure) in
            guard let status = try FileSystem.status(place), status.kind == .regular, status.size == file.size else {
                throw Failure(
                    .missing,
                    "blob `\(file.sha256)` of `\(file.path)` is missing from the mirror's store, or has another size",
                    hint: "import the files again, or restore the blob from a backup")
            }
        }
        var headers = headers
        headers.add("Content-Length", String(length))
        return MirrorResponse(
            status, headers: headers, body: length == 0 ? .none : .file(place, offset: offset, length: length))
    }

    /// Whether a list of entity tags contains `etag`, weakly compared.
    static func matches(_ header: String, _ etag: String) -> Bool {
        header.split(separator: ",").contains { item in
            var text = item.drop { $0 == " " || $0 == "\t" }
            while text.last == " " || text.last == "\t" { text.removeLast() }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            return text == "*" || text == etag
        }
    }

    /// The header that names a download: percent-encoded UTF-8 (RFC 5987) and, for old clients, quoted ASCII.
    static func disposition(_ name: String) -> String {
        var quoted = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default: quoted += "_"
            }
        }
        return "inline; filename*=UTF-8''\(PercentEncoding.quote(name)); filename=\"\(quoted)\";"
    }
}
