// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

/// Collects the effective defaults of one source, file by file.
struct DefaultsReader {
    /// A chat template, and how strong its place is: `transformers` uses the templates of the strongest place only.
    private struct Template {
        let strength: Int
        let name: String?
        /// The digest of the text with line ends made equal.
        let content: Digest
        let place: (file: RelativePath, key: String?)
        let entry: (_ shadowed: Bool) -> EffectiveDefault
    }

    /// The most chat templates of one file.
    static let maximumTemplates = 64

    let role: SourceRole
    private var entries: [EffectiveDefault] = []
    private var templates: [Template] = []
    private var stops = StopTokens()

    init(role: SourceRole) { self.role = role }

    mutating func read(_ kind: DefaultsFile, _ path: RelativePath, _ content: [UInt8]) {
        guard content.count <= kind.maximumSize else {
            return add("unreadable", "too large", path, nil)
        }
        switch kind {
        case .templateText: addTemplate(content, strength: 3, name: nil, path, nil)
        case .namedTemplate(let name): addTemplate(content, strength: 3, name: name, path, nil)
        case .readme: readReadme(content, path)
        case .tokenizerModel: readTokenizer(content, path)
        default: readJSON(kind, path, content)
        }
    }

    /// Everything that was found; says which chat templates are in force.
    func finished() -> [EffectiveDefault] {
        let strongest = templates.map(\.strength).max() ?? 0
        return entries + templates.map { $0.entry($0.strength < strongest) } + agreements
    }

    /// Whether what is said in several places is the same: entries only where there are several.
    private var agreements: [EffectiveDefault] {
        var found: [EffectiveDefault] = []
        let copies = templates.filter { $0.name == nil }
        if copies.count > 1, let winner = copies.max(by: { $0.strength < $1.strength }) {
            let agree = copies.allSatisfy { $0.content == winner.content }
            found.append(
                EffectiveDefault(
                    name: "chat-template-copies", value: .string(agree ? "agree" : "disagree"), file: winner.place.file,
                    key: winner.place.key))
        }
        if let agree = stops.agree, let path = stops.decisive.flatMap({ try? RelativePath($0) }), let file = place(path)
        {
            found.append(
                EffectiveDefault(
                    name: "stop-tokens", value: .string(agree ? "agree" : "disagree"), file: file, key: "eos_token_id"))
        }
        return found
    }

    // MARK: JSON

    private mutating func readJSON(_ kind: DefaultsFile, _ path: RelativePath, _ content: [UInt8]) {
        if let defect = JSONShape.defect(of: content) { return add("unreadable", .string(defect.rawValue), path, nil) }
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(content)) else {
            return add("unreadable", "not JSON", path, nil)
        }
        switch kind {
        case .quantization: return add("quantization", value, path, nil)
        case .modules: return readModules(value, path)
        default: break
        }
        guard value.members != nil else { return add("unreadable", "not JSON", path, nil) }
        for rule in kind.rules {
            guard let (key, found) = find(rule.keys, in: value, nested: kind == .config) else { continue }
            add(rule.name, DefaultsReader.plainToken(found), path, key)
        }
        if kind == .pooling { readPooling(value, path) }
        stops.read(kind, value)
        if kind == .tokenizer || kind == .templateJSON {
            readTemplates(value, strength: kind == .tokenizer ? 2 : 1, path)
        }
    }

    private func find(_ keys: [String], in value: JSONValue, nested: Bool) -> (String, JSONValue)? {
        for key in keys {
            if let found = value[key] { return (key, found) }
        }
        guard nested, let inner = value["text_config"] else { return nil }
        for key in keys {
            if let found = inner[key] { return ("text_config." + key, found) }
        }
        return nil
    }

    /// A token may be written as an object; what counts is its text.
    private static func plainToken(_ value: JSONValue) -> JSONValue {
        if let content = value["content"], content.string != nil { content } else { value }
    }

    private mutating func readPooling(_ value: JSONValue, _ path: RelativePath) {
        if let mode = value["pooling_mode"] { add("pooling", mode, path, "pooling_mode") }
        let prefix = "pooling_mode_"
        for member in value.members ?? [] where member.key.hasPrefix(prefix) && member.value == .bool(true) {
            add("pooling", .string(String(member.key.dropFirst(prefix.count))), path, member.key)
        }
    }

    private mutating func readModules(_ value: JSONValue, _ path: RelativePath) {
        guard let modules = value.array else { return add("unreadable", "not JSON", path, nil) }
        let types = modules.map { $0["type"]?.string ?? "?" }
        add("modules", .array(types.map { .string($0) }), path, "type")
        add("normalize", .bool(types.contains { $0.split(separator: ".").last == "Normalize" }), path, "type")
    }

    // MARK: Templates

    private mutating func readTemplates(_ value: JSONValue, strength: Int, _ path: RelativePath) {
        switch value["chat_template"] {
        case .string(let text): addTemplate(Array(text.utf8), strength: strength, name: nil, path, "chat_template")
        case .array(let items):
            for item in items.prefix(DefaultsReader.maximumTemplates) {
                guard let name = item["name"]?.string, let text = item["template"]?.string else { continue }
                addTemplate(
                    Array(text.utf8), strength: strength, name: name == "default" ? nil : name, path, "chat_template")
            }
        case .object(let members):
            for member in members.prefix(DefaultsReader.maximumTemplates) {
                guard let text = member.value.string else { continue }
                let name = member.key == "default" ? nil : member.key
                addTemplate(Array(text.utf8), strength: strength, name: name, path, "chat_template")
            }
        default: break
        }
    }

    private mutating func addTemplate(
        _ text: [UInt8], strength: Int, name: String?, _ path: RelativePath, _ key: String?
    ) {
        let digest = JSONValue.string(Digest(of: text).description)
        // A name from a file is cut and made printable: it becomes part of a default's name.
        let suffix = name.map { ":" + Escaped($0, limit: 100).description } ?? ""
        guard let file = place(path) else { return }
        templates.append(
            Template(
                strength: strength, name: name, content: Digest(of: DefaultsReader.withPlainLineEnds(text)),
                place: (file, key)
            ) { shadowed in
                EffectiveDefault(
                    name: (shadowed ? "chat-template-shadowed" : "chat-template") + suffix, value: digest, file: file,
                    key: key)
            })
    }

    private static func withPlainLineEnds(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(0x0D) else { return text }
        var plain: [UInt8] = []
        plain.reserveCapacity(text.count)
        for (index, byte) in text.enumerated() {
            if byte != 0x0D {
                plain.append(byte)
            } else if index + 1 == text.count || text[index + 1] != 0x0A {
                plain.append(0x0A)
            }
        }
        return plain
    }

    // MARK: The tokenizer's model

    private mutating func readTokenizer(_ content: [UInt8], _ path: RelativePath) {
        guard let parts = TokenizerParts(content) else { return add("unreadable", "not JSON", path, nil) }
        for (key, name) in TokenizerParts.wanted {
            guard let part = parts.parts.first(where: { $0.key == key }) else { continue }
            add(name, TokenizerParts.summary(part.value), path, key)
        }
    }

    // MARK: README

    private mutating func readReadme(_ content: [UInt8], _ path: RelativePath) {
        guard String(validating: content, as: UTF8.self) != nil else {
            return add("unreadable", "not UTF-8", path, nil)
        }
        if let license = Readme.frontMatter(content, "license") { add("license", .string(license), path, "license") }
        if let name = Readme.frontMatter(content, "license_name") {
            add("license-name", .string(name), path, "license_name")
        }
        if let key = Readme.gatingKey(content) { add("gating", true, path, key) }
        // What an adapter's card recommends is not said of the deliverable.
        guard role == .model else { return }
        for found in Readme.recommendations(content) {
            add("recommended:" + found.parameter, found.value, path, found.written)
        }
    }

    // MARK: Entries

    private mutating func add(_ name: String, _ value: JSONValue, _ path: RelativePath, _ key: String?) {
        guard let file = place(path) else { return }
        var value = value
        let text = value.text(.compact)
        if text.utf8.count > EffectiveDefaults.maximumValueSize
            || DefaultsReader.depth(value) > EffectiveDefaults.maximumValueDepth
        {
            value = .object([.init("sha256", .string(Digest(of: text).description))])
        }
        entries.append(EffectiveDefault(name: name, value: value, file: file, key: key))
    }

    /// The path with the role in front; nil when that would be too long for a path, which only a made-up one is.
    private func place(_ path: RelativePath) -> RelativePath? { try? RelativePath(role.pathPrefix + path.description) }

    private static func depth(_ value: JSONValue) -> Int {
        switch value {
        case .array(let items): 1 + (items.map(depth).max() ?? 0)
        case .object(let members): 1 + (members.map { depth($0.value) }.max() ?? 0)
        default: 0
        }
    }
}
