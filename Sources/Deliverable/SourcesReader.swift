// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Reads the sources of one deliverable and collects what this version cannot fetch.
struct SourcesReader {
    var sources: [ManifestSource] = []
    private(set) var unsupported: [String] = []

    /// Reads the sources beside the model.
    mutating func readOthers(_ fields: [String: ManifestNode]) throws(Failure) {
        if let node = fields["tokenizer"] { try read(node, role: .tokenizer) }
        if let node = fields["adapters"] {
            for (index, item) in try node.items("sources", limit: SourceRole.maximumListLength).enumerated() {
                try read(item, role: .adapter(index))
            }
        }
        if let node = fields["datasets"] {
            for (index, item) in try node.items("sources", limit: SourceRole.maximumListLength).enumerated() {
                try read(item, role: .dataset(index))
            }
        }
        if let node = fields["base"] { try read(node, role: .base) }
    }

    /// Reads one source; in the short form the model's mapping has keys of the deliverable, too.
    mutating func read(_ node: ManifestNode, role: SourceRole, short: Bool = false) throws(Failure) {
        if node.isScalar {
            throw node.expected(
                "a mapping with `repo` and `revision`", hint: "write `{repo: namespace/name, revision: main}`")
        }
        let known = short ? ManifestKeys.shortSource : ManifestKeys.source
        if !short,
            let stray = try node.members().first(where: { $0.key == "tokenizer_revision" || $0.key == "cache_dir" })
        {
            throw node.yaml.failure(
                stray.keyNode, "`\(stray.key)` belongs to the short form",
                hint: stray.key == "cache_dir"
                    ? "write it one level up, beside `model`"
                    : "write `tokenizer: {repo: …, revision: …}` beside `model`")
        }
        let fields = try node.fields(known)
        var revision = Revision.main
        if let node = fields["revision"] {
            let text = try node.text("a branch, tag or commit")
            revision = try node.located { () throws(Failure) in try Revision(text) }
        }
        let include = try fields["include"].map { node throws(Failure) in try node.patterns() }
        let exclude = try fields["exclude"].map { node throws(Failure) in try node.patterns() }
        if let origin = fields["origin"] {
            try check(origin, repo: fields["repo"])
            unsupported.append(origin.reference("origin"))
            return
        }
        guard let repo = fields["repo"] else {
            throw node.failure("`\(node.path)` has no `repo`", hint: "add `repo: namespace/name`")
        }
        let text = try repo.text("a repository's name")
        let repository = try repo.located { () throws(Failure) in try RepositoryID(text, kind: role.repositoryKind) }
        sources.append(
            ManifestSource(
                role: role,
                request: SourceRequest(
                    repository: repository, revision: revision,
                    include: include ?? (role == .tokenizer ? TokenizerFiles.patterns : []), exclude: exclude ?? [])))
    }

    private func check(_ origin: ManifestNode, repo: ManifestNode?) throws(Failure) {
        guard repo == nil else {
            throw origin.failure(
                "`origin` cannot stand beside `repo`", hint: "keep one of them: `repo` names a Hub repository")
        }
        let text = try origin.text("a place")
        guard ManifestKeys.origins.contains(where: { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }) else {
            let list = ManifestKeys.origins.map { "`\($0)…`" }.joined(separator: ", ")
            throw origin.expected("one of \(list)", hint: "for a Hub repository write `repo: namespace/name`")
        }
    }
}
