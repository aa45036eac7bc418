// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What each engine will use, given the effective defaults of a deliverable: the table in `docs/guides/review.md`.
///
/// It says what the sources of one release of each engine do with the files when nothing else is said. A launch command, a
/// request or another release can say otherwise.
package struct EngineDefaults: Sendable {
    /// What a GGUF file says, as far as llama.cpp takes its settings from it.
    package struct GGUF: Sendable, Hashable {
        /// The file.
        package let file: RelativePath
        /// Its metadata by key; of long values a few words.
        package let metadata: [String: JSONValue]
        /// How many tensors it has of each type, the most first.
        package let types: [(type: String, tensors: UInt64)]

        /// Describes a file.
        package init(file: RelativePath, metadata: [String: JSONValue], types: [(type: String, tensors: UInt64)]) {
            (self.file, self.metadata, self.types) = (file, metadata, types)
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.file == right.file && left.metadata == right.metadata
                && left.types.elementsEqual(right.types) { $0 == $1 }
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(file)
            hasher.combine(metadata)
        }
    }

    private let defaults: [EffectiveDefault]
    private let gguf: GGUF?

    /// Takes the effective defaults of a deliverable and, where it has one, a GGUF file.
    package init(_ defaults: [EffectiveDefault], gguf: GGUF? = nil) { (self.defaults, self.gguf) = (defaults, gguf) }

    /// The settings that an engine will use, in the order of the table.
    package func table(for engine: Engine) -> [EngineDefault] {
        switch engine {
        case .transformers: transformers
        case .vllm: vllm
        case .sglang: sglang
        case .tgi: tgi
        case .llamaCpp: llamaCpp
        }
    }

    // MARK: What the files say

    private func found(_ name: String, in files: [String]) -> EffectiveDefault? {
        for file in files {
            // A tokenizer of its own comes before the model's.
            for prefix in ["tokenizer/", ""] {
                let path = prefix + file
                if let item = defaults.first(where: {
                    $0.name == name && $0.file.description.utf8.elementsEqual(path.utf8)
                }),
                    item.value != .null
                {
                    return item
                }
            }
        }
        return nil
    }

    private func row(
        _ name: String, _ files: [String], else fallback: JSONValue? = nil, note: String? = nil, missing: String? = nil
    ) -> EngineDefault {
        if let item = found(name, in: files) {
            return EngineDefault(name, item.value, .file(item.file, key: item.key), note: note)
        }
        return EngineDefault(name, fallback, fallback == nil ? .open : .program, note: missing ?? note)
    }

    private static let generation = ["generation_config.json"]
    private static let config = ["config.json"]
    private static let fromWeights = "the type of the first floating tensor of the weights"

    /// The settings of sampling that an engine takes from `generation_config.json`.
    private func sampling(_ fallbacks: [(name: String, value: JSONValue?)], note: String? = nil) -> [EngineDefault] {
        fallbacks.map { row($0.name, EngineDefaults.generation, else: $0.value, note: note) }
    }

    private func program(_ settings: [(name: String, value: JSONValue?)], note: String) -> [EngineDefault] {
        settings.map { EngineDefault($0.name, $0.value, $0.value == nil ? .open : .program, note: note) }
    }

    /// The template that the launch names, which an engine with such a flag takes instead of all others.
    private var launched: EngineDefault? {
        defaults.first { $0.name == "chat-template-launched" }.map {
            EngineDefault(
                "chat-template", $0.value, .file($0.file, key: $0.key),
                note: "the launch names it with `--chat-template`")
        }
    }

    /// The template in the first of some places; `named` adds how many others have a name.
    private func template(_ places: [String]?, missing: String, isLaunched: Bool = false) -> EngineDefault {
        if isLaunched, let launched { return launched }
        let all = defaults.filter { $0.name == "chat-template" || $0.name == "chat-template-shadowed" }
        let winner: EffectiveDefault? =
            if let places {
                places.lazy.compactMap { place in all.first { $0.file.name.utf8.elementsEqual(place.utf8) } }.first
            } else {
                all.first { $0.name == "chat-template" }
            }
        guard let winner else { return EngineDefault("chat-template", nil, .open, note: missing) }
        let named = defaults.filter { $0.name.hasPrefix("chat-template:") }.count
        return EngineDefault(
            "chat-template", winner.value, .file(winner.file, key: winner.key),
            note: named > 0 ? "and \(named) by name: the one called `tool_use` when tools are offered" : nil)
    }

    private func stopTokens(note: String? = nil) -> EngineDefault {
        row(
            "stop-token-ids", EngineDefaults.generation + EngineDefaults.config, note: note,
            missing: "the end-of-sequence token of the tokenizer")
    }

    private func halved(_ note: String) -> EngineDefault {
        let item = row("dtype", EngineDefaults.config, missing: EngineDefaults.fromWeights)
        guard item.value == .string("float32") else { return item }
        return EngineDefault("dtype", .string("float16"), item.origin, note: note)
    }

    // MARK: Engines

    private var transformers: [EngineDefault] {
        let samples = found("do-sample", in: EngineDefaults.generation)?.value == .bool(true)
        let unused = samples ? nil : "only used with `do_sample`, which is off"
        return [
            row(
                "dtype", EngineDefaults.config,
                missing: "the index's metadata, else " + EngineDefaults.fromWeights + "; releases before 5 use float32"),
            row("context-length", EngineDefaults.config, note: "the architecture's limit; nothing is cut to it"),
            row("do-sample", EngineDefaults.generation, else: false),
        ]
            + sampling(
                [("temperature", .number(1)), ("top-p", .number(1)), ("top-k", 50), ("min-p", nil)], note: unused)
            + [
                row("repetition-penalty", EngineDefaults.generation, else: .number(1)), maximumForTransformers,
                template(nil, missing: "none: `apply_chat_template` fails"), stopTokens(),
            ]
    }

    private var maximumForTransformers: EngineDefault {
        if let item = found("max-new-tokens", in: EngineDefaults.generation) {
            return EngineDefault("max-new-tokens", item.value, .file(item.file, key: item.key))
        }
        if let item = found("max-length", in: EngineDefaults.generation) {
            return EngineDefault(
                "max-new-tokens", nil, .file(item.file, key: item.key),
                note: "`max_length` \(item.value.text(.compact)), which counts the prompt")
        }
        return EngineDefault("max-new-tokens", nil, .program, note: "`max_length` 20, which counts the prompt")
    }

    private var vllm: [EngineDefault] {
        [
            halved("float32 becomes float16, for some models and machines bfloat16"),
            row("context-length", EngineDefaults.config, note: "it does not start when the memory does not hold it"),
        ]
            + sampling([
                ("temperature", .number(1)), ("top-p", .number(1)), ("top-k", 0), ("min-p", .number(0)),
                ("repetition-penalty", .number(1)),
            ])
            + [
                row(
                    "max-new-tokens", EngineDefaults.generation, note: "no request gets more",
                    missing: "what the context leaves"),
                template(
                    nil, missing: "a template that comes with the engine for some model types, else an error",
                    isLaunched: true),
                stopTokens(note: "and the end-of-sequence token of the tokenizer"),
            ]
    }

    private var sglang: [EngineDefault] {
        [halved("float32 becomes float16"), row("context-length", EngineDefaults.config)]
            + sampling([
                ("temperature", .number(1)), ("top-p", .number(1)), ("top-k", -1), ("min-p", .number(0)),
                ("repetition-penalty", .number(1)),
            ])
            + [
                EngineDefault("max-new-tokens", nil, .open, note: "the request's; the file's is not read"),
                template(
                    nil, missing: "a template that comes with the engine for some model types", isLaunched: true),
                stopTokens(),
            ]
    }

    private var tgi: [EngineDefault] {
        [
            row("dtype", [], missing: "the engine's choice for the architecture"),
            EngineDefault(
                "context-length", found("context-length", in: EngineDefaults.config)?.value, .open,
                note: "at most this; the memory of the machine can make it less"),
        ]
            + program(
                [
                    ("temperature", nil), ("top-p", nil), ("top-k", nil), ("min-p", nil), ("repetition-penalty", nil),
                    ("max-new-tokens", nil),
                ], note: "the request's or the engine's own; the file's is not read")
            + [
                template(
                    ["tokenizer_config.json", "chat_template.json"],
                    missing: "none: `chat_template.jinja` is not read by this engine"), stopTokens(),
            ]
    }

    private var llamaCpp: [EngineDefault] {
        let settings: [(name: String, value: JSONValue?)] = [
            ("temperature", .number(0.8)), ("top-p", .number(0.95)), ("top-k", 40), ("min-p", .number(0.05)),
            ("repetition-penalty", .number(1)),
        ]
        guard let gguf else {
            return [EngineDefault("weights", nil, .open, note: "there is no GGUF file, and it reads nothing else")]
        }
        func own(_ name: String, _ key: String?, missing: String) -> EngineDefault {
            guard let key, let value = gguf.metadata[key] else { return EngineDefault(name, nil, .open, note: missing) }
            return EngineDefault(name, value, .file(gguf.file, key: key))
        }
        let architecture = gguf.metadata["general.architecture"]?.string
        let types = gguf.types.prefix(6).map { "\($0.type) ×\($0.tensors)" }.joined(separator: ", ")
        return [
            EngineDefault("dtype", .string(types), .file(gguf.file, key: nil), note: "the tensors as they are"),
            EngineDefault(
                "context-length", architecture.flatMap { gguf.metadata[$0 + ".context_length"] },
                architecture.map { .file(gguf.file, key: $0 + ".context_length") } ?? .open,
                note: "`--fit`, which is on, makes it less when the memory does not hold it"),
        ]
            + program(settings, note: "`generation_config.json` is not read")
            + [
                EngineDefault("max-new-tokens", nil, .program, note: "no limit"),
                launched
                    ?? own("chat-template", "tokenizer.chat_template", missing: "a template that comes with the engine"),
                own("stop-token-ids", "tokenizer.ggml.eos_token_id", missing: "the vocabulary's end tokens"),
            ]
    }
}
