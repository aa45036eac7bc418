// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension MirrorCall {
    /// How many repositories a page of the list has.
    static let listPage = 1000

    /// The properties that `expand` may name. Of those this mirror does not know, the answer says nothing.
    private static let properties: Set<String> = [
        "author", "baseModels", "cardData", "childrenModelCount", "citation", "config", "createdAt", "datasets",
        "description",
        "disabled", "downloads", "downloadsAllTime", "evalResults", "gated", "gguf", "inference",
        "inferenceProviderMapping",
        "lastModified", "library_name", "likes", "mainSize", "mask_token", "model-index", "models", "paperswithcode_id",
        "pipeline_tag", "private", "resourceGroup", "runtime", "safetensors", "sdk", "sha", "siblings", "spaces",
        "subdomain",
        "tags", "transformersInfo", "trendingScore", "usedStorage", "widgetData", "xetEnabled",
    ]
    /// What a list tells of each repository unless more is asked for: nothing that needs a commit to be read.
    private static let brief: Set<String> = [
        "author", "createdAt", "private", "gated", "disabled", "downloads", "likes", "tags",
    ]

    /// `/api/models/…`: what a repository is, at a revision or at `main`.
    func info(
        _ repository: MirrorRepository, _ settings: RepositorySettings, _ revision: String?
    ) throws(Refusal) -> MirrorResponse {
        let blobs = try target.query.flag("blobs")
        let security = try target.query.flag("securityStatus")
        let expand = try expansion()
        if expand != nil, blobs || security {
            throw .badRequest("`expand` cannot be used together with `blobs` or `securityStatus`")
        }
        let commit: MirrorCommit?
        if let revision { commit = try self.commit(repository, revision) } else { commit = try head(repository) }
        var members = describe(repository, settings, commit, blobs: blobs)
        if let expand {
            members = members.filter { ["_id", "id"].contains($0.key) || expand.contains($0.key) }
        } else if security {
            // Nothing was scanned, and that is what it says: not that nothing was found.
            members.append(.init("securityRepoStatus", .object(["scansDone": false, "filesWithIssues": .array([])])))
        }
        return .json(.object(members), headers: commit.map { ["X-Repo-Commit": $0.id.description] } ?? [:])
    }

    /// `/api/models`: the repositories that the caller may know of, sorted by name.
    func list(_ kind: RepositoryID.Kind) throws(Refusal) -> MirrorResponse {
        let query = target.query
        let isFull = try query.flag("full")
        let expand = try expansion()
        let limit = min(try query.number("limit", in: 1...9_999_999) ?? MirrorCall.listPage, MirrorCall.listPage)
        // The list may change between two pages, so the cursor is the last name and not a number.
        let cursor = query["cursor"]
        if let cursor, (try? RepositoryID(cursor, kind: kind)) == nil {
            throw .badRequest("`cursor` is not one that this mirror gave out")
        }
        let search = query["search"]?.lowercased() ?? ""
        let author = query["author"] ?? ""
        // This mirror gives no tags to repositories, so none has the one that is asked for.
        let isFiltered = query.all("filter").contains { !$0.isEmpty }
        var items: [JSONValue] = []
        var last = ""
        var headers: HeaderFields = [:]
        for repository in try read({ () throws(Failure) in try root.repositories(kind) }) where !isFiltered {
            let name = repository.id.name
            if let cursor, !cursor.utf8.lexicographicallyPrecedes(name.utf8) { continue }
            guard search.isEmpty || name.lowercased().contains(search), author.isEmpty || name.hasPrefix(author + "/")
            else { continue }
            let settings = try read { () throws(Failure) in try repository.settings() }
            if settings.access == .private && caller != .known || settings.isDisabled || settings.movedTo != nil {
                continue
            }
            if items.count == limit {
                headers = try next("/api/\(kind.plural)", cursor: last)
                break
            }
            let needsCommit = isFull || expand.map { !$0.isSubset(of: MirrorCall.brief) } ?? false
            let members = describe(repository, settings, needsCommit ? try head(repository) : nil, blobs: false)
            let wanted =
                expand ?? MirrorCall.brief.union(["modelId"]).union(isFull ? ["sha", "lastModified", "siblings"] : [])
            items.append(.object(members.filter { ["_id", "id"].contains($0.key) || wanted.contains($0.key) }))
            last = name
        }
        return .json(.array(items), headers: headers)
    }

    private func head(_ repository: MirrorRepository) throws(Refusal) -> MirrorCommit? {
        try read { () throws(Failure) in
            guard let id = try repository.reference(try ReferenceName(branch: .main)) else { return nil }
            return try repository.commit(id)
        }
    }

    private func expansion() throws(Refusal) -> Set<String>? {
        let names = Set(target.query.all("expand"))
        if let unknown = names.subtracting(MirrorCall.properties).min() {
            throw .badRequest("`\(unknown)` is not a property that `expand` can name")
        }
        return names.isEmpty ? nil : names
    }

    private func describe(
        _ repository: MirrorRepository, _ settings: RepositorySettings, _ commit: MirrorCommit?, blobs: Bool
    ) -> [JSONValue.Member] {
        let id = repository.id
        let parts = id.name.split(separator: "/")
        let siblings = commit.map { commit in
            JSONValue.array(
                commit.files.map { file in
                    .object([
                        "rfilename": .string(file.path.description), "size": blobs ? .integer(file.size.value) : nil,
                        "blobId": blobs ? .string(file.git.description) : nil,
                        "lfs": blobs ? MirrorCall.large(file, digestKey: "sha256") : nil,
                    ])
                })
        }
        // The Hub's ids are random; this one is the same every time, which is as good for a client and better for a
        // test.
        let identifier = Digest(of: id.description + " " + id.kind.rawValue).description.prefix(24)
        let used = commit?.files.reduce(ByteCount.zero) { $0 + $1.size }
        let value = JSONValue.object([
            "_id": .string(String(identifier)), "id": .string(id.name),
            "modelId": id.kind == .model ? .string(id.name) : nil,
            "author": parts.count == 2 ? .string(String(parts[0])) : nil,
            "sha": commit.map { .string($0.id.description) },
            "lastModified": commit.map { .string($0.date.hubForm) }, "createdAt": .string(settings.created.hubForm),
            "private": .bool(settings.access == .private), "gated": settings.access == .gated ? "manual" : false,
            "disabled": .bool(settings.isDisabled), "downloads": 0, "likes": 0, "tags": .array([]),
            "siblings": siblings,
            "usedStorage": used.map { .integer($0.value) },
        ])
        return value.members ?? []
    }
}
