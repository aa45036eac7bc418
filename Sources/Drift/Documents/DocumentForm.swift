// SPDX-License-Identifier: Apache-2.0

/// A document in the one form that its several spellings have in common, and how the file spells it.
///
/// `torch_dtype` and `dtype`, `rope_theta` with `rope_scaling` and `rope_parameters`, a token as a text and as an
/// object, one stop token and a list of one: writers differ, readers take them for the same.
struct DocumentForm {
    let root: JSONNode
    /// How the file spells a key of this form, where it is otherwise.
    private(set) var spellings: [String: String] = [:]
    private var surroundings: [TextKey: KeyDefaults.Surroundings] = [:]

    /// Brings both sides into the common form. A side that has no such file is nil and becomes an empty object.
    static func pair(
        _ kind: DocumentKind, _ before: JSONNode?, _ after: JSONNode?
    ) -> (before: DocumentForm, after: DocumentForm) {
        let (old, new) = (before ?? .object([]), after ?? .object([]))
        let models = [old, new].flatMap { [$0, $0["text_config"] ?? .null, $0["llm_config"] ?? .null] }
        let hasRope = models.contains(where: usesRope)
        return (DocumentForm(kind, old, hasRope: hasRope), DocumentForm(kind, new, hasRope: hasRope))
    }

    private init(_ kind: DocumentKind, _ node: JSONNode, hasRope: Bool) {
        var spellings: [String: String] = [:]
        switch kind {
        case .config: root = DocumentForm.config(node, prefix: "", hasRope: hasRope, &spellings)
        case .generation: root = DocumentForm.stopTokens(node)
        case .tokenizerConfig, .specialTokens: root = DocumentForm.tokens(node, &spellings)
        case .pooling: root = DocumentForm.pooling(node, &spellings)
        case .modules: root = DocumentForm.modules(node)
        case .adapter: root = DocumentForm.adapter(node)
        default: root = node
        }
        self.spellings = spellings
    }

    /// The key as the file spells it.
    func spelling(_ key: String) -> String { spellings[key] ?? key }

    /// The value that is taken where nothing says the key at `path`; nil when it is not known.
    mutating func defaultValue(_ kind: DocumentKind, _ path: [String]) -> JSONNode? {
        KeyDefaults.value(kind, path, in: around(path.dropLast()))
    }

    /// Looked up once for each object: a hostile file has thousands of keys that differ in one.
    private mutating func around(_ path: ArraySlice<String>) -> KeyDefaults.Surroundings {
        let key = TextKey(path.joined(separator: "\u{0}"))
        if let known = surroundings[key] { return known }
        let found = KeyDefaults.Surroundings(root, path)
        surroundings[key] = found
        return found
    }

    /// The keys of this form that the file spells otherwise.
    var spelledKeys: [String] { Array(spellings.keys) }

    /// Whether the key is there.
    func has(_ key: String) -> Bool {
        var node = root
        for step in key.split(separator: ".") {
            guard let next = node[String(step)] else { return false }
            node = next
        }
        return true
    }

    // MARK: config.json

    private static let ropeKeys: Set<String> = [
        "rope_theta", "rope_scaling", "rope_parameters", "rope_local_base_freq", "partial_rotary_factor",
    ]

    private static func usesRope(_ node: JSONNode) -> Bool {
        node.members?.contains { ropeKeys.contains($0.key) } ?? false
    }

    private static func config(
        _ node: JSONNode, prefix: String, hasRope: Bool, _ spellings: inout [String: String]
    ) -> JSONNode {
        guard let members = node.members else { return node }
        var out: [JSONMember] = []
        let hasDtype = members.contains { $0.key == "dtype" }
        let rope = hasRope && (prefix.isEmpty ? usesRope(node) || !hasNestedModel(members) : isModel(prefix))
        for member in members {
            if member.key == "torch_dtype", !hasDtype || member.value.sameMeaning(as: node["dtype"] ?? .null) {
                guard !hasDtype else { continue }
                spellings[prefix + "dtype"] = prefix + "torch_dtype"
                out.append(JSONMember(key: "dtype", value: plainType(member.value)))
            } else if member.key == "dtype" {
                out.append(JSONMember(key: "dtype", value: plainType(member.value)))
            } else if rope, ropeKeys.contains(member.key) {
                continue
            } else if member.value.members != nil, member.key.hasSuffix("_config"), member.key != "quantization_config"
            {
                let inner = config(member.value, prefix: prefix + member.key + ".", hasRope: hasRope, &spellings)
                out.append(JSONMember(key: member.key, value: inner))
            } else {
                out.append(member)
            }
        }
        if rope { out.append(JSONMember(key: "rope_parameters", value: ropeForm(node, prefix, &spellings))) }
        return stopTokens(.object(out))
    }

    private static func hasNestedModel(_ members: [JSONMember]) -> Bool {
        members.contains { ($0.key == "text_config" || $0.key == "llm_config") && $0.value.members != nil }
    }

    private static func isModel(_ prefix: String) -> Bool { prefix == "text_config." || prefix == "llm_config." }

    private static func plainType(_ value: JSONNode) -> JSONNode {
        guard let text = value.string, text.hasPrefix("torch.") else { return value }
        return .string(String(text.dropFirst("torch.".count)))
    }

    /// What transformers 5 makes of the keys of transformers 4.
    private static func ropeForm(
        _ node: JSONNode, _ prefix: String, _ spellings: inout [String: String]
    ) -> JSONNode {
        let place = prefix + "rope_parameters."
        let given = node["rope_parameters"]
        if let given, let members = given.members, !members.isEmpty, members.allSatisfy({ $0.value.members != nil }) {
            return given
        }
        var form: [JSONMember] = []
        func put(_ name: String, _ value: JSONNode, from spelling: String) {
            guard !form.contains(where: { $0.key == name }) else { return }
            form.append(JSONMember(key: name, value: value))
            if spelling != place + name { spellings[place + name] = spelling }
        }
        for (source, container) in [("rope_parameters", given), ("rope_scaling", node["rope_scaling"])] {
            for member in container?.members ?? [] {
                let name = member.key == "type" ? "rope_type" : member.key
                put(name, member.value, from: prefix + source + "." + member.key)
            }
        }
        for name in ["rope_theta", "partial_rotary_factor"] {
            if let value = node[name] { put(name, value, from: prefix + name) }
        }
        if !form.contains(where: { $0.key == "rope_type" }) {
            form.append(JSONMember(key: "rope_type", value: .string("default")))
        }
        guard let local = node["rope_local_base_freq"] else { return .object(form) }
        // Two kinds of layers: the one that looks at a window has positions of its own.
        for member in form {
            guard let spelling = spellings.removeValue(forKey: place + member.key) else { continue }
            spellings[place + "full_attention." + member.key] = spelling
        }
        spellings[place + "sliding_attention.rope_theta"] = prefix + "rope_local_base_freq"
        return .object([
            JSONMember(key: "full_attention", value: .object(form)),
            JSONMember(
                key: "sliding_attention",
                value: .object([
                    JSONMember(key: "rope_theta", value: local),
                    JSONMember(key: "rope_type", value: .string("default")),
                ])),
        ])
    }

    // MARK: Others

    /// One stop token and a list of one are the same, and the order of a list says nothing.
    private static func stopTokens(_ node: JSONNode) -> JSONNode {
        guard let members = node.members else { return node }
        return .object(
            members.map { member in
                guard member.key == "eos_token_id", let items = member.value.items else { return member }
                if items.count == 1 { return JSONMember(key: member.key, value: items[0]) }
                let sorted = items.sorted { ($0.integer ?? .max) < ($1.integer ?? .max) }
                return JSONMember(key: member.key, value: .array(sorted))
            })
    }

    /// Tokens as texts where the object says no more than that; without what is compared elsewhere.
    private static func tokens(_ node: JSONNode, _ spellings: inout [String: String]) -> JSONNode {
        guard let members = node.members else { return node }
        let hasAdditional = members.contains { $0.key == "additional_special_tokens" }
        return .object(
            members.compactMap { member in
                if member.key == "added_tokens_decoder" { return nil }
                if member.key == "extra_special_tokens", member.value.items != nil, !hasAdditional {
                    // A list under this name is what version 5 makes of the other.
                    spellings["additional_special_tokens"] = member.key
                    return JSONMember(key: "additional_special_tokens", value: token(member.value))
                }
                return JSONMember(key: member.key, value: token(member.value))
            })
    }

    /// A token in the form that its spellings have in common.
    static func plainToken(_ value: JSONNode) -> JSONNode { token(value) }

    private static func token(_ value: JSONNode) -> JSONNode {
        if let items = value.items { return .array(items.map(token)) }
        guard let members = value.members, let content = value["content"], content.string != nil else { return value }
        // `normalized` follows from the place; the others say how the text around the token is treated.
        let says = members.contains { ["lstrip", "rstrip", "single_word"].contains($0.key) && $0.value.bool == true }
        return says ? value : content
    }

    private static func pooling(_ node: JSONNode, _ spellings: inout [String: String]) -> JSONNode {
        guard let members = node.members, !members.isEmpty else { return node }
        let words = [
            "cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens", "mean_sqrt_len": "mean_sqrt_len_tokens",
        ]
        var modes: [String] = []
        var out: [JSONMember] = []
        for member in members {
            if member.key == "pooling_mode" {
                for mode in member.value.items ?? [member.value] {
                    guard let text = mode.string else { continue }
                    modes.append(words[text] ?? text)
                }
            } else if member.key.hasPrefix("pooling_mode_"), let isOn = member.value.bool {
                guard isOn else { continue }
                modes.append(String(member.key.dropFirst("pooling_mode_".count)))
                spellings["pooling_mode"] = member.key
            } else if member.key == "embedding_dimension" {
                spellings["word_embedding_dimension"] = member.key
                out.append(JSONMember(key: "word_embedding_dimension", value: member.value))
            } else {
                out.append(member)
            }
        }
        let mode = modes.sorted { TextKey($0) < TextKey($1) }.map { JSONNode.string($0) }
        return .object(out + [JSONMember(key: "pooling_mode", value: mode.count == 1 ? mode[0] : .array(mode))])
    }

    /// The library's own modules by their last name: version 5 has moved them.
    private static func modules(_ node: JSONNode) -> JSONNode {
        guard let items = node.items else { return node }
        return .array(
            items.map { item in
                guard let members = item.members else { return item }
                return .object(
                    members.map { member in
                        guard member.key == "type", let text = member.value.string,
                            text.hasPrefix("sentence_transformers."), let last = text.split(separator: ".").last
                        else { return member }
                        return JSONMember(key: "type", value: .string("sentence_transformers." + last))
                    })
            })
    }

    /// PEFT writes a set as a list in whatever order.
    private static func adapter(_ node: JSONNode) -> JSONNode {
        guard let members = node.members else { return node }
        return .object(
            members.map { member in
                guard ["target_modules", "modules_to_save", "exclude_modules"].contains(member.key),
                    let items = member.value.items, items.allSatisfy({ $0.string != nil })
                else { return member }
                let sorted = items.compactMap(\.string).sorted { TextKey($0) < TextKey($1) }
                return JSONMember(key: member.key, value: .array(sorted.map { .string($0) }))
            })
    }
}
