// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Yams

/// Reads an allow file from its YAML tree, as `docs/formats/allow.md` says.
struct AllowFileReader {
    let yaml: YAMLText
    let rules: [String]

    private static let top = ["version", "allow"]
    private static let entry = ["sha256", "rules", "names", "reason", "until"]
    private static let maximumNames = 256

    func entries() throws(Failure) -> [AllowFile.Entry] {
        guard let node = yaml.root, case let root = ManifestNode(yaml: yaml, node: node, path: ""), !root.isNothing
        else {
            throw Failure(
                .manifest, "\(yaml.file) is empty: expected `version: 1` and `allow:`",
                hint: "`weighlock scan --suggest-allow` prints entries to start from")
        }
        guard case .mapping = node else {
            throw root.failure("expected a mapping with `version` and `allow`, found \(YAMLText.kind(node))")
        }
        let fields = try root.fields(AllowFileReader.top)
        guard let version = fields["version"] else {
            throw root.failure("`version` is missing", hint: "begin the file with `version: 1`", showing: false)
        }
        guard version.plainText == "1" else {
            throw version.failure("this program reads version 1 of the format", hint: "write `version: 1`")
        }
        guard let list = fields["allow"], !list.isNothing else { return [] }
        var entries: [AllowFile.Entry] = []
        for item in try list.items("entries", limit: AllowFile.maximumEntries) { entries.append(try entry(item)) }
        return entries
    }

    private func entry(_ node: ManifestNode) throws(Failure) -> AllowFile.Entry {
        let fields = try node.fields(AllowFileReader.entry)
        guard let digest = fields["sha256"] else {
            throw node.failure(
                "`\(node.path)` has no `sha256`", hint: "an entry is about one file, named by the digest of its bytes")
        }
        guard let sha256 = Digest(try digest.text("a digest")) else {
            throw digest.expected("a SHA-256 digest: 64 lower-case hexadecimal digits")
        }
        let rules = try fields["rules"].map { node throws(Failure) in try list(node, "rules", checking: rule) } ?? []
        let names = try fields["names"].map { node throws(Failure) in try list(node, "names") } ?? []
        guard !rules.isEmpty || !names.isEmpty else {
            throw node.failure(
                "`\(node.path)` names neither `rules` nor `names`", hint: "only what an entry names is allowed")
        }
        let until = try fields["until"].map { node throws(Failure) in try day(node) }
        return AllowFile.Entry(
            sha256: sha256, rules: rules, names: names, reason: try reason(fields["reason"], of: node), until: until,
            line: node.node.mark?.line ?? 1)
    }

    private func reason(_ field: ManifestNode?, of node: ManifestNode) throws(Failure) -> String {
        let hint = "say who looked at the file, and why it may pass"
        guard let field else { throw node.failure("`\(node.path)` has no `reason`", hint: hint) }
        guard !field.isNothing else { throw field.failure("`\(field.path)` is empty", hint: hint) }
        let text = try field.text()
        guard text.utf8.contains(where: { $0 > 0x20 }) else {
            throw field.failure("`\(field.path)` is empty", hint: hint)
        }
        guard text.utf8.count <= AllowFile.maximumReason else {
            throw field.failure("`\(field.path)` is longer than \(AllowFile.maximumReason) bytes", showing: false)
        }
        return text
    }

    private func list(
        _ node: ManifestNode, _ what: String,
        checking check: (ManifestNode, String) throws(Failure) -> Void = { _, _ in }
    ) throws(Failure) -> [String] {
        var texts: [String] = []
        for item in try node.items(what, limit: AllowFileReader.maximumNames) {
            let text = try item.text()
            guard !text.isEmpty else { throw item.failure("`\(item.path)` is empty") }
            try check(item, text)
            texts.append(text)
        }
        return texts
    }

    private func rule(_ node: ManifestNode, _ text: String) throws(Failure) {
        guard rules.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
            throw node.failure(
                "there is no rule `\(Escaped(text, limit: 60))`",
                hint: (Nearest.close(to: text, among: rules).map { "did you mean `\($0)`? " } ?? "")
                    + "`weighlock scan --rules` lists them")
        }
    }

    private func day(_ node: ManifestNode) throws(Failure) -> String {
        let text = try node.text("a day such as `2027-01-31`")
        guard text.utf8.count == 10, Timestamp(text + "T00:00:00Z") != nil else {
            throw node.expected("a day such as `2027-01-31`")
        }
        return text
    }
}
