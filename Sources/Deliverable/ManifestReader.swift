// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Reads a manifest from its YAML tree, as `docs/formats/manifest.md` says.
struct ManifestReader {
    /// The most deliverables.
    static let maximumDeliverables = 256
    /// The most entries of a list of patterns, paths or licences.
    static let maximumListLength = 256
    /// The longest directory or image name, in bytes.
    static let maximumTextLength = 4096

    let yaml: YAMLText

    func manifest() throws(Failure) -> Manifest {
        guard let node = yaml.root else { throw empty() }
        let root = ManifestNode(yaml: yaml, node: node, path: "")
        if root.isNothing { throw empty() }
        let members = try root.members("a mapping with `version` and `deliverables`")
        let short = members.contains { $0.key == "model" }
        if short, let both = members.first(where: { $0.key == "deliverables" }) {
            throw yaml.failure(
                both.keyNode, "`deliverables` cannot stand beside `model`",
                hint: "move `model` into an entry of `deliverables`: it is the short form of one deliverable")
        }
        if short, let other = members.first(where: { !ManifestKeys.shortTop.contains($0.key) }),
            ManifestKeys.deliverable.contains(other.key)
        {
            throw yaml.failure(
                other.keyNode, "`\(other.key)` cannot stand beside `model` in the short form",
                hint: "write `version: 1` and `deliverables:`, and put both into an entry of it")
        }
        let fields = try root.fields(short ? ManifestKeys.shortTop : ManifestKeys.top)
        try checkVersion(fields["version"], root: root, required: !short)
        return Manifest(
            endpoint: try fields["endpoint"].map { node throws(Failure) in try endpoint(node) },
            deliverables: short
                ? try fields["model"].map { node throws(Failure) in [try shortForm(node)] } ?? []
                : try fields["deliverables"].map { node throws(Failure) in try deliverables(node) } ?? [],
            policy: try fields["policy"].map { node throws(Failure) in try policy(node) } ?? Policy())
    }

    private func empty() -> Failure {
        Failure(
            .manifest, "\(yaml.file) is empty: expected `version: 1` and `deliverables:`",
            hint: "`weighlock init` writes a manifest to start from")
    }

    private func checkVersion(_ node: ManifestNode?, root: ManifestNode, required: Bool) throws(Failure) {
        guard let node else {
            if required {
                throw root.failure("`version` is missing", hint: "begin the file with `version: 1`", showing: false)
            }
            return
        }
        guard let text = node.plainText else { throw node.expected("the number 1") }
        guard text == "1" else {
            throw node.failure(
                "format version `\(Escaped(text, limit: 60))` is not known: this program reads version 1",
                hint: "write `version: 1`, or use a newer weighlock if the file was written for one")
        }
    }

    private func endpoint(_ node: ManifestNode) throws(Failure) -> String {
        var text = try node.text("a URL")
        while text.hasSuffix("/") { text.removeLast() }
        let scheme = ["https://", "http://"].first { text.hasPrefix($0) }
        let rest = text.utf8.dropFirst(scheme?.utf8.count ?? 0)
        let forbidden = rest.contains { $0 <= 0x20 || $0 >= 0x7F || "@?#\\\"<>".utf8.contains($0) }
        guard scheme != nil, let first = rest.first, first != UInt8(ascii: "/"), !forbidden,
            text.utf8.count <= ManifestReader.maximumTextLength
        else {
            // Not shown: a URL with a password in it is one of the things that are refused here.
            throw node.failure(
                "`endpoint` has to be an http or https URL without user name, query or fragment",
                hint: "write it as in `endpoint: https://huggingface.co`; a token belongs into the environment",
                showing: false)
        }
        return text
    }

    private func deliverables(_ node: ManifestNode) throws(Failure) -> [ManifestDeliverable] {
        if node.isNothing { return [] }
        let members = try node.members("a mapping from names to deliverables")
        guard members.count <= ManifestReader.maximumDeliverables else {
            throw node.failure(
                "there are \(members.count) deliverables, at most \(ManifestReader.maximumDeliverables) are read")
        }
        var out: [ManifestDeliverable] = []
        for member in members {
            let name: DeliverableName
            do {
                name = try DeliverableName(member.key)
            } catch {
                throw yaml.failure(member.keyNode, error.message, hint: error.hint)
            }
            out.append(try deliverable(member.value, name: name))
        }
        return out
    }

    private func deliverable(_ node: ManifestNode, name: DeliverableName) throws(Failure) -> ManifestDeliverable {
        let fields = try node.fields(ManifestKeys.deliverable)
        guard let model = fields["model"] else {
            throw node.failure(
                "`\(node.path)` has no `model`", hint: "add `model: {repo: namespace/name, revision: main}`")
        }
        var reader = SourcesReader()
        try reader.read(model, role: .model)
        try reader.readOthers(fields)
        var unsupported = reader.unsupported
        if let image = fields["image"] {
            _ = try shortText(image, "the name of a container image")
            unsupported.append(image.reference("image"))
        }
        if let patches = fields["patches"] {
            for item in try patches.items("paths", limit: ManifestReader.maximumListLength) {
                _ = try item.relativePath()
            }
            unsupported.append(patches.reference("patches"))
        }
        if let variants = fields["variants"] {
            try checkVariants(variants)
            unsupported.append(variants.reference("variants"))
        }
        return ManifestDeliverable(
            name: name, sources: reader.sources,
            cacheDirectory: try fields["cache_dir"].map { node throws(Failure) in try shortText(node, "a directory") },
            launch: try fields["launch"].map { node throws(Failure) in try LaunchReader.launch(node) },
            packages: try fields["packages"].map { node throws(Failure) in try node.relativePath() },
            prompts: try fields["prompts"].map { node throws(Failure) in try node.patterns() } ?? [],
            unsupported: unsupported)
    }

    private func checkVariants(_ node: ManifestNode) throws(Failure) {
        for member in try node.members("a mapping from names to variants") {
            let fields = try member.value.fields(ManifestKeys.variant)
            var reader = SourcesReader()
            if let model = fields["model"] { try reader.read(model, role: .model) }
            try reader.readOthers(fields)
            if let image = fields["image"] { _ = try shortText(image, "the name of a container image") }
            if let packages = fields["packages"] { _ = try packages.relativePath() }
            if let launch = fields["launch"] { _ = try LaunchReader.launch(launch) }
        }
    }

    private func shortForm(_ node: ManifestNode) throws(Failure) -> ManifestDeliverable {
        let fields = try node.fields(ManifestKeys.shortSource)
        var reader = SourcesReader()
        try reader.read(node, role: .model, short: true)
        if let tokenizer = fields["tokenizer_revision"], let model = reader.sources.first {
            let text = try tokenizer.text("a revision")
            let revision = try tokenizer.located { () throws(Failure) in try Revision(text) }
            if revision != model.request.revision {
                let request = SourceRequest(
                    repository: model.request.repository, revision: revision, include: TokenizerFiles.patterns)
                reader.sources.append(ManifestSource(role: .tokenizer, request: request))
            }
        }
        return ManifestDeliverable(
            name: .shortForm, sources: reader.sources,
            cacheDirectory: try fields["cache_dir"].map { node throws(Failure) in try shortText(node, "a directory") },
            unsupported: reader.unsupported)
    }

    private func shortText(_ node: ManifestNode, _ what: String) throws(Failure) -> String {
        let text = try node.text(what)
        guard !text.isEmpty, text.utf8.count <= ManifestReader.maximumTextLength,
            !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw node.failure(
                "`\(node.path)` has to be \(what): 1 to \(ManifestReader.maximumTextLength) bytes without control characters"
            )
        }
        return text
    }

    private func policy(_ node: ManifestNode) throws(Failure) -> Policy {
        if node.isNothing { return Policy() }
        let fields = try node.fields(ManifestKeys.policy)
        var cooldown: Duration?
        if let node = fields["cooldown"] {
            guard let value = Policy.cooldown(try node.text("a time such as `7d`")) else {
                throw node.expected(
                    "whole days, hours or minutes, at most \(Policy.maximumCooldownDays) days",
                    hint: "write `7d`, `12h` or `30m`")
            }
            cooldown = value
        }
        var licenses: [String]?
        if let node = fields["licenses"] {
            var texts: [String] = []
            for item in try node.items("licences", limit: ManifestReader.maximumListLength) {
                texts.append(try shortText(item, "the name of a licence"))
            }
            licenses = texts
        }
        return Policy(
            pickle: try fields["pickle"].map { node throws(Failure) in try choice(node) },
            remoteCode: try fields["remote_code"].map { node throws(Failure) in try choice(node) },
            cooldown: cooldown, licenses: licenses,
            accept: try fields["accept"].map { node throws(Failure) in try accepted(node) })
    }

    /// Classes of changes, each once.
    private func accepted(_ node: ManifestNode) throws(Failure) -> [String] {
        var words: [String] = []
        for item in try node.items("classes of changes", limit: ManifestReader.maximumListLength) {
            let word = try item.text("a class of changes")
            guard let known = Policy.acceptableWords.first(where: { $0.utf8.elementsEqual(word.utf8) }) else {
                throw item.expected(
                    "one of " + Policy.acceptableWords.map { "`\($0)`" }.joined(separator: ", "),
                    hint: Policy.nearestAcceptable(to: word).map { "did you mean `\($0)`?" })
            }
            guard !words.contains(known) else {
                throw item.failure("`\(known)` is there twice", hint: "keep one of them")
            }
            words.append(known)
        }
        return words
    }

    private func choice<Value: RawRepresentable & CaseIterable>(_ node: ManifestNode) throws(Failure) -> Value
    where Value.RawValue == String {
        let words = Value.allCases.map(\.rawValue)
        let list = words.map { "`\($0)`" }.joined(separator: ", ")
        let text = try node.text("one of \(list)")
        guard let value = Value(rawValue: text) else {
            let nearest = Nearest.word(to: text, among: words)
            throw node.expected("one of \(list)", hint: nearest.map { "did you mean `\($0)`?" })
        }
        return value
    }
}
