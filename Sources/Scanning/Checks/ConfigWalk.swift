// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// One look at a configuration: every key at every depth.
struct ConfigWalk {
    let name: String
    let place: ScanPlace
    let repository: String?
    var findings = ScanFindings()
    private let base: String

    /// Objects with more members than this are no settings, but tables.
    private static let settings = 256

    init(name: String, place: ScanPlace, repository: String?) {
        (self.name, self.place, self.repository) = (name, place, repository)
        base = CheckText.baseName(name)
    }

    mutating func run(_ node: ScannedJSON.Node) {
        if base == "modules.json", let modules = node.items { for module in modules { self.module(module) } }
        if let type = node.all("_class_name").first { pipeline(node, type) }
        walk(node)
    }

    private func at(_ node: ScannedJSON.Node) -> ScanPlace { place.line(node.line) }

    private mutating func walk(_ node: ScannedJSON.Node) {
        switch node.value {
        case .object(let members):
            // Keras builds what it finds at any depth, and looks at everything below.
            if KerasCheck.isModel(node) { return KerasCheck.check(node, at: place, into: &findings) }
            for (key, value) in members {
                // In a vocabulary every word is a key, with a number.
                if case .number = value.value, members.count > ConfigWalk.settings { continue }
                entry(key, value)
                // A template has been looked at as one.
                if value.string == nil || key != "chat_template" { walk(value) }
            }
        case .array(let items): for item in items { walk(item) }
        case .string(let text):
            if text.utf8.count > 8, CheckText.contains(text, "!!python/") {
                findings.add(.yamlPythonTag, at(node), "a text has a tag that begins with `!!python/`")
            }
            TemplateCheck.check(unlabelled: text, at: at(node), into: &findings)
        default: break
        }
    }

    mutating func entry(_ key: String, _ value: ScannedJSON.Node) {
        switch key {
        case "auto_map", "custom_pipelines": classes(key, value)
        case "trust_remote_code":
            guard value.isTrue, CheckText.lowered(value.string ?? "") != "false" else { return }
            findings.add(.configTrustsCode, at(value), "`trust_remote_code` is set", name: key)
        case "_target_", "target", "_callable_", "callable_name": target(key, value)
        case "py/object", "py/type", "py/class", "py/newobj", "py/reduce", "py/function", "py/repr", "py/mod", "py/ref",
            "py/state",
            "py/newargs", "py/newargsex", "py/initargs", "py/module":
            pickled(key, value)
        case "class_path", "loader_module":
            // Named in many files of training; only what no model needs counts.
            if let text = value.string, PythonNames.isForbiddenTarget(text) { judge(key, text, value) }
        case "weight_map":
            for (text, node) in strings(value) where CheckText.leavesDirectory(text) {
                findings.add(.graphOutsideFile, at(node), "`weight_map` names \(CheckText.quoted(text))", name: text)
            }
        case "chat_template", "chat_templates": templates(key, value)
        case "auto_mapping": adapter(value)
        case "Regex", "regex": if let text = value.string { pattern(text, at(value)) }
        default:
            if CheckText.contains(key, "attn_implementation") || key.utf8.elementsEqual("_experts_implementation".utf8)
            {
                kernel(key, value)
            }
        }
    }

    // MARK: - Code of repositories

    /// The strings in a value, whatever it is made of.
    private func strings(_ node: ScannedJSON.Node) -> [(text: String, node: ScannedJSON.Node)] {
        switch node.value {
        case .string(let text): [(text, node)]
        case .array(let items): items.flatMap { strings($0) }
        case .object(let members): members.flatMap { strings($0.node) }
        default: []
        }
    }

    private mutating func classes(_ key: String, _ value: ScannedJSON.Node) {
        for (text, node) in strings(value) {
            // In `custom_pipelines` the same objects name classes of the library: those have no dot.
            guard key == "auto_map" || CheckText.contains(text, ".") || CheckText.contains(text, "--") else { continue }
            code(key, text, node)
        }
    }

    private mutating func code(_ key: String, _ text: String, _ node: ScannedJSON.Node) {
        let bytes = Array(text.utf8)
        if let separator = CheckText.find(Array("--".utf8), in: bytes) {
            let other = String(decoding: bytes[..<separator], as: UTF8.self)
            if let repository, CheckText.lowered(other) == CheckText.lowered(repository) {
                findings.add(.configOwnCode, at(node), "`\(key)` names \(CheckText.quoted(text))", name: text)
            } else {
                findings.add(
                    .configForeignCode, at(node), "`\(key)` names code of the repository \(CheckText.quoted(other))",
                    name: text)
            }
        } else if CheckText.contains(text, "..") || CheckText.contains(text, "/") || CheckText.contains(text, "\\") {
            findings.add(
                .configForeignCode, at(node),
                "`\(key)` names code outside of the repository: \(CheckText.quoted(text))", name: text)
        } else {
            findings.add(.configOwnCode, at(node), "`\(key)` names \(CheckText.quoted(text))", name: text)
        }
    }

    private mutating func kernel(_ key: String, _ value: ScannedJSON.Node) {
        for (text, node) in strings(value) where CheckText.contains(text, "/") || CheckText.contains(text, "\\") {
            findings.add(
                .configRemoteKernel, at(node),
                "\(CheckText.quoted(key)) names the repository \(CheckText.quoted(text))", name: text)
        }
    }

    // MARK: - Callables

    /// Trees of which the classes (names with a capital) only build parts of models and training.
    private static let knownTrees = [
        "nemo.collections.", "nemo.core.", "torch.nn.", "torch.optim.", "pytorch_lightning.", "lightning.",
        "torchvision.transforms.",
        "torchaudio.transforms.", "transformers.models.", "ldm.modules.", "ldm.models.", "sgm.modules.", "sgm.models.",
        "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig", "torchmetrics.",
    ]

    private mutating func target(_ key: String, _ value: ScannedJSON.Node) {
        guard let text = value.string else {
            if key == "_target_" {
                for (text, node) in strings(value) { judge(key, text, node) }
            }
            return
        }
        // `target` is an everyday word: only a dotted name can be imported.
        if key != "_target_" {
            let dots = text.utf8.count { $0 == 0x2E }
            guard ConfigWalk.isDottedName(text), dots > 1 || dots == 1 && PythonNames.isForbiddenTarget(text) else {
                return
            }
        }
        judge(key, text, value)
    }

    static func isDottedName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 == 0x2E || $0 == 0x5F || ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A)
            }
    }

    mutating func judge(_ key: String, _ text: String, _ node: ScannedJSON.Node) {
        if PythonNames.isForbiddenTarget(text) {
            findings.add(.configDangerousTarget, at(node), "`\(key)` names \(CheckText.quoted(text))", name: text)
        } else if !ConfigWalk.isKnown(text) {
            // A plain `target` is mostly something else, so it only asks for a look.
            findings.add(
                .configUnknownTarget, at(node), "`\(key)` names \(CheckText.quoted(text))", name: text,
                verdict: key == "_target_" || key.utf8.starts(with: "py/".utf8) ? nil : .review)
        }
    }

    private static func isKnown(_ text: String) -> Bool {
        guard isDottedName(text), knownTrees.contains(where: { text.hasPrefix($0) }),
            let first = text.split(separator: ".").last?.utf8.first
        else { return false }
        return first >= 0x41 && first <= 0x5A
    }

    private mutating func pickled(_ key: String, _ value: ScannedJSON.Node) {
        if ["py/reduce", "py/repr", "py/function", "py/newobj", "py/module", "py/mod"].contains(key) {
            let names = strings(value).map(\.text)
            let name = names.first { PythonNames.isForbiddenTarget($0) } ?? names.first
            findings.add(
                .configDangerousTarget, at(value),
                "`\(key)` makes jsonpickle call what it names"
                    + (name.map { ": \(CheckText.quoted($0))" } ?? ""), name: name)
        } else {
            for (text, node) in strings(value).prefix(1) { judge(key, text, node) }
        }
    }

    // MARK: - Templates

    private mutating func templates(_ key: String, _ value: ScannedJSON.Node) {
        switch value.value {
        case .string(let text): template(text, key)
        case .array(let items):
            for item in items {
                if let text = item.string { template(text, key) }
                let label = item.all("name").first?.string
                for text in item.all("template").compactMap(\.string) {
                    template(text, label.map { key + "." + $0 } ?? key)
                }
            }
        case .object(let members):
            for (name, node) in members { if let text = node.string { template(text, key + "." + name) } }
        default: break
        }
    }

    private mutating func template(_ text: String, _ key: String) {
        // Some tools keep the name of a file here.
        if text.utf8.count < 256, !CheckText.contains(text, "{"), CheckText.baseName(text).hasSuffix(".jinja") {
            return
        }
        TemplateCheck.check(
            text: text, role: .chat, at: place.member(Escaped(key, limit: 80).description), into: &findings)
    }

    // MARK: - Classes of other libraries

    private mutating func module(_ node: ScannedJSON.Node) {
        for type in node.all("type") {
            guard let text = type.string else { continue }
            if CheckText.contains(text, "--") {
                code("type", text, type)
            } else if PythonNames.isForbiddenTarget(text) {
                findings.add(.configDangerousTarget, at(type), "`type` names \(CheckText.quoted(text))", name: text)
            } else if !text.hasPrefix("sentence_transformers.") {
                findings.add(.configForeignClass, at(type), "`type` names \(CheckText.quoted(text))", name: text)
            }
        }
    }

    private static let pipelineLibraries: Set<String> = [
        "diffusers", "transformers", "onnxruntime", "optimum", "peft", "onnxruntime.modeling_ort", "stable_diffusion",
        "k_diffusion",
        "flax", "paddlenlp", "ppdiffusers", "timm", "sentencepiece", "tokenizers", "diffusers_modules", "null",
    ]

    /// A pipeline of diffusers: every part is a pair of library and class.
    private mutating func pipeline(_ node: ScannedJSON.Node, _ type: ScannedJSON.Node) {
        if type.items != nil {
            findings.add(.configOwnCode, at(type), "`_class_name` names a pipeline in a Python file of the repository")
        }
        for (key, value) in node.members ?? [] {
            guard let items = value.items, items.count == 2, let library = items[0].string, items[1].string != nil,
                key.utf8.first != UInt8(ascii: "_")
            else { continue }
            if PythonNames.isForbiddenTarget(library) {
                findings.add(
                    .configDangerousTarget, at(value), "\(CheckText.quoted(key)) names \(CheckText.quoted(library))",
                    name: library)
            } else if !CheckText.isListed(library, in: ConfigWalk.pipelineLibraries), ConfigWalk.isModuleName(library) {
                findings.add(
                    .configForeignClass, at(value), "\(CheckText.quoted(key)) names \(CheckText.quoted(library))",
                    name: library)
            }
        }
    }

    private static func isModuleName(_ text: String) -> Bool {
        isDottedName(text) && !(text.utf8.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? true)
    }

    /// The module that an adapter imports for its base model.
    private mutating func adapter(_ node: ScannedJSON.Node) {
        for library in node.all("parent_library") {
            guard let text = library.string else { continue }
            if PythonNames.isForbiddenTarget(text) {
                findings.add(
                    .configDangerousTarget, at(library), "`parent_library` names \(CheckText.quoted(text))", name: text)
            } else if !text.hasPrefix("transformers.") && !text.hasPrefix("transformers_modules.")
                && !text.hasPrefix("diffusers.") && !text.hasPrefix("sentence_transformers.")
                && !text.hasPrefix("peft.")
            {
                findings.add(
                    .configForeignClass, at(library), "`parent_library` names \(CheckText.quoted(text))", name: text)
            }
        }
    }

    // MARK: - Patterns

    /// A group that ends with a repetition and is repeated itself.
    private mutating func pattern(_ text: String, _ at: ScanPlace) {
        let bytes = Array(text.utf8)
        for index in bytes.indices.dropFirst(2).dropLast() where bytes[index] == UInt8(ascii: ")") {
            let isRepeat = { (byte: UInt8) in byte == UInt8(ascii: "+") || byte == UInt8(ascii: "*") }
            guard isRepeat(bytes[index + 1]), isRepeat(bytes[index - 1]), bytes[index - 2] != UInt8(ascii: "\\"),
                index + 2 >= bytes.count || bytes[index + 2] != UInt8(ascii: "+")
            else { continue }
            findings.add(
                .configSlowPattern, at, "the pattern \(CheckText.quoted(text)) has a repetition inside a repetition")
            return
        }
    }
}
