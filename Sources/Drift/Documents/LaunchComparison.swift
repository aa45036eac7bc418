// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares how two deliverables are started, and the project's files that belong to them.
struct LaunchComparison {
    private static let code = KeyRule("launch-flag", .code, .behaviour, "the engine is told something else")
    private static let quiet = KeyRule(
        "launch-flag", .code, .cosmetic, "it changes where the engine listens or what it logs, not what it answers")

    /// What the flags of vLLM, SGLang, TGI and llama.cpp are about.
    private static let flags: [String: KeyRule] = KeyRule.table([
        (
            "--port --host --uvicorn-log-level --log-level --disable-log-requests --disable-log-stats"
                + " --enable-log-requests --download-dir --ssl-keyfile --ssl-certfile --root-path"
                + " --enable-metrics --served-model-name --hostname --metrics-port --log-config-file"
                + " --gpu-memory-utilization --mem-fraction-static",
            quiet
        ),
        (
            "--trust-remote-code",
            KeyRule("launch-flag", .code, .security, "code of the repository may run, or no longer does")
        ),
        (
            "--revision --code-revision --tokenizer-revision --model --model-path --model-id --tokenizer"
                + " --tokenizer-path --lora-modules --lora-paths --speculative-config"
                + " --speculative-draft-model-path -m -hf -hff --lora",
            KeyRule("launch-flag", .identity, .behaviour, "other files are loaded")
        ),
        (
            "--dtype --quantization --quantize --kv-cache-dtype --quantization-param-path --max-model-len"
                + " --context-length --max-total-tokens --max-input-tokens --rope-scaling --rope-theta"
                + " --rope-factor --hf-overrides --json-model-override-args --attention-backend --enforce-eager"
                + " --load-format --config-format -c -ctk -ctv",
            KeyRule("launch-flag", .architecture, .behaviour, "the model is computed otherwise")
        ),
        (
            "--chat-template --chat-template-content-format --default-chat-template-kwargs"
                + " --hf-chat-template-name --reasoning-parser --tool-call-parser --enable-auto-tool-choice"
                + " --completion-template --jinja --chat-template-file --chat-template-kwargs"
                + " --reasoning-format",
            KeyRule(
                "launch-flag", .prompt, .behaviour, "the model is shown another prompt, or its answer is read otherwise"
            )
        ),
        (
            "--generation-config --override-generation-config --sampling-defaults"
                + " --preferred-sampling-params --seed --random-seed --temp --top-k --top-p --min-p"
                + " --repeat-penalty --samplers",
            KeyRule(
                "launch-flag", .sampling, .behaviour, "requests that do not say it themselves are sampled otherwise")
        ),
        (
            "--tokenizer-mode --skip-tokenizer-init --tokenizer-backend",
            KeyRule("launch-flag", .tokens, .behaviour, "text becomes tokens otherwise")
        ),
    ])

    private static let component = Component.launch

    /// What differs in the command and the environment.
    static func changes(_ before: LaunchRequest?, _ after: LaunchRequest?) -> [DriftChange] {
        let (old, new) = (ArgumentList(before?.command ?? []), ArgumentList(after?.command ?? []))
        var changes: [DriftChange] = []
        if !same(old.words, new.words) {
            changes.append(
                DriftChange(
                    "launch-command", .code, .behaviour, component, [.init("launch", "command")],
                    "the command is \(shown(new.words)), was \(shown(old.words))",
                    consequence: "another program runs, or on something else", before: list(old.words),
                    after: list(new.words)))
        }
        for flag in Set(old.flags.keys).union(new.flags.keys).sorted() {
            let (was, now) = (old.flags[flag], new.flags[flag])
            guard !same(was, now) else { continue }
            let rule = flags[flag] ?? code
            changes.append(
                DriftChange(
                    rule.rule, rule.kind, rule.severity, component, [.init("launch", "command " + flag)],
                    "`\(Escaped(flag, limit: 60))` is \(value(now)), was \(value(was))", consequence: rule.consequence,
                    before: was.map(list), after: now.map(list)))
        }
        if changes.isEmpty, !same(before?.command ?? [], after?.command ?? []) {
            changes.append(
                DriftChange(
                    "format-only", .packaging, .cosmetic, component, [.init("launch", "command")],
                    "the same flags are in another order or spelling", consequence: "the command means the same"))
        }
        return changes + environment(before, after)
    }

    private static func environment(_ before: LaunchRequest?, _ after: LaunchRequest?) -> [DriftChange] {
        let old = Dictionary((before?.environment ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        let new = Dictionary((after?.environment ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (was, now) = (old[name], new[name])
            guard !same(was.map { [$0] }, now.map { [$0] }) else { return nil }
            let isQuiet = name.contains("LOG") || name.hasPrefix("HF_HUB_") || name == "HF_HOME"
            return DriftChange(
                "launch-environment", .code, isQuiet ? .cosmetic : .behaviour, component,
                [.init("launch", "env." + name)],
                "`\(Escaped(name, limit: 80))` is \(value(now.map { [$0] })), was \(value(was.map { [$0] }))",
                consequence: isQuiet ? quiet.consequence : code.consequence, before: was.map { .string($0) },
                after: now.map { .string($0) })
        }
    }

    /// What differs in the project's files.
    static func changes(_ before: [LocalFile], _ after: [LocalFile]) -> [DriftChange] {
        struct Key: Hashable {
            let component: Component
            let path: RelativePath
        }
        let old = Dictionary(before.map { (Key(component: $0.component, path: $0.path), $0) }, uniquingKeysWith: { $1 })
        let new = Dictionary(after.map { (Key(component: $0.component, path: $0.path), $0) }, uniquingKeysWith: { $1 })
        return Set(old.keys).union(new.keys).sorted { ($0.component, $0.path) < ($1.component, $1.path) }
            .compactMap { key in
                let (was, now) = (old[key], new[key])
                guard was?.sha256 != now?.sha256 else { return nil }
                let verb = was == nil ? "came" : now == nil ? "is gone" : "changed"
                return DriftChange(
                    key.component == .packages ? "packages-changed" : "local-file-changed",
                    key.component == .prompts ? .prompt : .code, .behaviour, key.component,
                    [.init(key.path.description)], "a file of the project \(verb)",
                    consequence: key.component == .prompts
                        ? "the model is shown another prompt"
                        : key.component == .packages
                            ? "other versions compute otherwise, and run other code" : "the start does something else",
                    before: was.map { .string($0.sha256.description) },
                    after: now.map { .string($0.sha256.description) })
            }
    }

    // MARK: Values

    private static func same(_ a: [String]?, _ b: [String]?) -> Bool {
        switch (a, b) {
        case (nil, nil): true
        case (let a?, let b?): a.count == b.count && zip(a, b).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
        default: false
        }
    }

    private static func list(_ values: [String]) -> JSONValue {
        switch values.count {
        case 0: .bool(true)
        case 1: .string(values[0])
        default: .array(values.map { .string($0) })
        }
    }

    private static func value(_ values: [String]?) -> String {
        guard let values else { return "not set" }
        return values.isEmpty ? "set" : shown(values)
    }

    private static func shown(_ words: [String]) -> String {
        words.isEmpty ? "nothing" : "`\(Escaped(words.joined(separator: " "), limit: 100))`"
    }
}
