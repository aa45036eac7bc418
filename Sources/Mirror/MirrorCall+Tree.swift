// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

extension MirrorCall {
    /// How many entries a page of a tree has.
    static let treePage = 1000
    /// How many when each tells its last commit.
    static let expandedTreePage = 50
    /// How many paths may be asked for at once.
    static let maximumPaths = 1000
    /// How many commits back the last change of a path is looked for; an older one counts as that old.
    static let maximumBlame = 1000

    /// `/tree`: what is below a directory.
    func tree(_ repository: MirrorRepository, _ revision: String, _ text: String) throws(Refusal) -> MirrorResponse {
        let commit = try commit(repository, revision)
        var directory: RelativePath?
        if !text.isEmpty {
            guard let path = try? RelativePath(text), case .directory? = commit.entry(path) else {
                throw .entryNotFound(text, Revision(commit.id), commit.id)
            }
            directory = path
        }
        let expands = try target.query.flag("expand")
        let entries = commit.entries(below: directory, recursive: try target.query.flag("recursive"))
        let place = directory.map { "/" + PercentEncoding.quote($0.description, safe: "/") } ?? ""
        let page = try page(
            entries, path: "/api/\(repository.id.kind.plural)/\(repository.id.name)/tree/\(commit.id)\(place)",
            defaultLimit: expands ? MirrorCall.expandedTreePage : MirrorCall.treePage)
        var headers = page.headers
        headers.add("X-Repo-Commit", commit.id.description)
        return .json(
            .array(try describe(Array(page.items), of: commit, repository, expands: expands)), headers: headers)
    }

    private struct PathsBody: Decodable {
        let paths: [String]
        let expand: Bool?
    }

    /// `/paths-info`: the entries of the paths that exist, in the order they were asked for, each once.
    func pathsInfo(_ repository: MirrorRepository, _ revision: String) throws(Refusal) -> MirrorResponse {
        let (paths, expands): ([String], Bool)
        if request.headers["Content-Type"]?.lowercased().hasPrefix("application/json") ?? false {
            guard let body = try? JSONDecoder().decode(PathsBody.self, from: Data(request.body)) else {
                throw .badRequest("the body is not JSON of the form {\"paths\": [\"a\", \"b\"], \"expand\": false}")
            }
            (paths, expands) = (body.paths, body.expand ?? false)
        } else {
            guard let text = String(validating: request.body, as: UTF8.self) else {
                throw .badRequest("the body is not UTF-8")
            }
            let form = try FormFields(text)
            (paths, expands) = (form.all("paths"), try form.flag("expand"))
        }
        guard paths.count <= MirrorCall.maximumPaths else {
            throw .badRequest("at most \(MirrorCall.maximumPaths) paths can be asked for at once, not \(paths.count)")
        }
        let commit = try commit(repository, revision)
        var seen: Set<RelativePath> = []
        var entries: [MirrorCommit.Entry] = []
        for text in paths {
            let name =
                text.utf8.last == UInt8(ascii: "/") ? String(decoding: text.utf8.dropLast(), as: UTF8.self) : text
            guard let path = try? RelativePath(name), let entry = commit.entry(path), seen.insert(path).inserted else {
                continue
            }
            entries.append(entry)
        }
        return .json(
            .array(try describe(entries, of: commit, repository, expands: expands)),
            headers: ["X-Repo-Commit": commit.id.description])
    }

    private func describe(
        _ entries: [MirrorCommit.Entry], of commit: MirrorCommit, _ repository: MirrorRepository, expands: Bool
    ) throws(Refusal) -> [JSONValue] {
        let last = expands ? try lastChanges(of: entries, in: commit, repository) : [:]
        return entries.map { entry in
            let change = last[entry.path].map { header in
                JSONValue.object([
                    "id": .string(header.id.description), "title": .string(header.title),
                    "date": .string(header.date.hubForm),
                ])
            }
            switch entry {
            case .file(let file):
                return .object([
                    "type": "file", "oid": .string(file.git.description), "size": .integer(file.size.value),
                    "path": .string(file.path.description), "lfs": MirrorCall.large(file, digestKey: "oid"),
                    "lastCommit": change,
                ])
            case .directory(let directory):
                return .object([
                    "type": "directory", "oid": .string(directory.git.description), "size": 0,
                    "path": .string(directory.path.description), "lastCommit": change,
                ])
            }
        }
    }

    /// What is said of a large file; a tree and an info call the digest by different names.
    static func large(_ file: MirrorFile, digestKey: String) -> JSONValue? {
        file.pointer.map { pointer in
            .object([
                .init(digestKey, .string(file.sha256.description)), .init("size", .integer(file.size.value)),
                .init("pointerSize", .integer(Int64(pointer.count))),
            ])
        }
    }

    /// For each entry the commit that gave it the content it has: the oldest of those since which it did not change.
    private func lastChanges(
        of entries: [MirrorCommit.Entry], in commit: MirrorCommit, _ repository: MirrorRepository
    ) throws(Refusal) -> [RelativePath: CommitHeader] {
        try read { () throws(Failure) in
            var found: [RelativePath: CommitHeader] = [:]
            var open = entries
            var current = commit
            for _ in 0..<MirrorCall.maximumBlame where !open.isEmpty {
                let header = CommitHeader(current)
                for entry in open { found[entry.path] = header }
                guard let parent = current.parents.first, let before = try repository.commit(parent) else { break }
                open = open.filter { before.entry($0.path)?.git == $0.git }
                current = before
            }
            return found
        }
    }
}
