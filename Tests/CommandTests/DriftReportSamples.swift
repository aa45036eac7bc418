// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Safetensors
import SystemPackage
import Tensors

/// Reports put together by hand, with every kind of change and of proof.
enum DriftReportSamples {
    /// A side of which nobody reads a file.
    private struct Nothing: SnapshotReader {
        func read(_ file: Snapshot.File, _ range: Range<UInt64>) async throws -> [UInt8] { [] }
        func document(_ file: Snapshot.File) async throws -> [UInt8] { [] }
        func tensors(of file: Snapshot.File, progress: @Sendable (Int) -> Bool) async throws -> TensorRecord? { nil }
        func localPath(of file: Snapshot.File) -> FilePath? { nil }
    }

    static func side(_ label: String, commit seed: UInt8? = nil, date: String? = nil) throws -> DriftReport.Side {
        let sources = try seed.map { seed in
            [
                Snapshot.Source(
                    role: .model, repository: try RepositoryID("example/tiny"), revision: .main,
                    commit: GitObjectID(ofBlob: [seed]), date: date)
            ]
        }
        return DriftReport.Side(
            Snapshot(
                label: label, sources: sources ?? [], files: [], behaviour: seed.map { Digest(of: [$0]) },
                identity: seed.map { Digest(of: [$0, $0]) }, reader: Nothing()))
    }

    static func report(
        _ changes: [DriftChange], label: String = "tiny", unchecked: [DriftReport.Unchecked] = [], same: Int = 9,
        different: Int? = nil, defaults: [DriftReport.DefaultChange] = []
    ) throws -> DriftReport {
        DriftReport(
            before: try side(label, commit: 1, date: "2026-01-05T10:00:00Z"),
            after: try side(label, commit: 2, date: "2026-02-09T08:30:00Z"), changes: changes, unchecked: unchecked,
            sameFiles: same, differentFiles: different ?? changes.count, defaults: defaults)
    }

    /// A difference from lines as a unified diff has them, beginning at `start` in both texts.
    static func diff(_ lines: [String], from start: Int = 1) -> TextDiff {
        guard !lines.isEmpty else { return TextDiff(hunks: []) }
        let parsed = lines.map { line -> TextDiff.Line in
            switch line.first {
            case "+": .added(String(line.dropFirst()))
            case "-": .removed(String(line.dropFirst()))
            case "\\": .noLineEnd
            default: .context(String(line.dropFirst()))
            }
        }
        func count(_ signs: String) -> Int { lines.count { $0.first.map(signs.contains) ?? false } }
        return TextDiff(hunks: [
            TextDiff.Hunk(
                oldStart: start, oldCount: count(" -"), newStart: start, newCount: count(" +"), lines: parsed)
        ])
    }

    // MARK: - Changes

    static let template = DriftChange(
        "template-changed", .prompt, .behaviour, .chatTemplate,
        [.init("chat_template.jinja"), .init("tokenizer_config.json", "chat_template")],
        "the generation prompt now opens a `<think>` block",
        consequence: "every answer begins inside the block; a parser that waits for the opening tag sees no reasoning",
        evidence: .text(
            diff(
                [
                    " {%- for message in messages %}", "   {%- if message['role'] == 'user' %}",
                    "-    {{- '<|im_start|>user\\n' + message['content'] + '<|im_end|>' }}",
                    "+    {{- '<|im_start|>user\\n' + message['content'] | trim + '<|im_end|>\\n' }}",
                    "   {%- endif %}",
                    " {%- endfor %}", " {%- if add_generation_prompt %}", "-  {{- '<|im_start|>assistant\\n' }}",
                    "-{%- endif %}", "\\", "+  {%- if enable_thinking is defined and enable_thinking is false %}",
                    "+    {{- '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' }}", "+  {%- else %}",
                    "+    {{- '<|im_start|>assistant\\n<think>\\n' }}", "+  {%- endif %}", "+{%- endif %}",
                ], from: 12)))

    static let prompts = DriftChange(
        "template-newly-breaks", .prompt, .breaking, .chatTemplate, [.init("chat_template.jinja")],
        "tool results no longer render: 1 of 12 conversations fails",
        consequence: "an agent's second turn ends in an error instead of a prompt",
        evidence: .prompts([
            .init(
                conversation: "tool-result", title: "a tool is called and answers",
                before: .prompt(
                    "<|im_start|>user\nHow warm is it in Oslo?<|im_end|>\n<|im_start|>tool\n{\"celsius\": 3}<|im_end|>\n"
                ),
                after: .failed("undefined variable `tool_calls` in line 24, column 9"), diff: diff([])),
            .init(
                conversation: "system", title: "a system message and one turn",
                before: .prompt(
                    "<|im_start|>system\nYou answer in one sentence.<|im_end|>\n<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n"
                ),
                after: .prompt(
                    "<|im_start|>system\nYou answer in one short sentence.<|im_end|>\n<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n<think>\n"
                ),
                diff: TextDiff(
                    hunks: diff([
                        " <|im_start|>system", "-You answer in one sentence.<|im_end|>",
                        "+You answer in one short sentence.<|im_end|>", " <|im_start|>user",
                        " Why is the sky blue?<|im_end|>", " <|im_start|>assistant", "+<think>",
                    ]).hunks)),
            .init(
                conversation: "multi-turn", title: "three turns", before: .prompt("a\nb\n"), after: .prompt("a\nc\n"),
                diff: diff([" a", "-b", "+c"])),
            .init(
                conversation: "plain", title: "one turn", before: .absent, after: .prompt("x\n"), diff: diff(["+x"])),
        ]))

    static let stopTokens = DriftChange(
        "stop-tokens", .tokens, .behaviour, .generation,
        [
            .init("generation_config.json", "eos_token_id"), .init("config.json", "eos_token_id"),
            .init("tokenizer_config.json", "eos_token"),
        ], "generation also stops at `<|eot_id|>`",
        consequence: "answers that ran on until the limit end where a turn ends",
        before: 128_001, after: .array([128_001, 128_009]))

    static let vocabulary = DriftChange(
        "vocabulary-changed", .tokens, .breaking, .tokenizer, [.init("tokenizer.json", "model.vocab")],
        "2 tokens removed, 12 added, 3 renumbered", consequence: "the same text becomes other numbers",
        evidence: .vocabulary(
            .init(
                added: (0..<12).map { .init("<|reserved_\($0)|>", Int64(32_000 + $0)) },
                removed: [.init("Ġteh", 911), .init("\u{202E}", 77)],
                renumbered: [(.init("the", 262), 263), (.init("a|b", 5), 6), (.init("`x`", 7), 8)], addedCount: 12,
                removedCount: 2, renumberedCount: 3)))

    static let sampling = DriftChange(
        "temperature", .sampling, .behaviour, .generation, [.init("generation_config.json", "temperature")],
        "the default temperature is set", before: nil, after: .number(0.6))

    static let code = DriftChange(
        "code-changed", .code, .behaviour, .code, [.init("modeling_tiny.py")], "2 functions differ, 1 is new",
        evidence: .symbols([
            .init(name: "Attention.forward", kind: .changed, line: 88), .init(name: "rotate", kind: .removed, line: 12),
            .init(name: "rotate_half", kind: .added, line: 14),
        ]))

    static let owner = DriftChange(
        "remote-code-elsewhere", .identity, .security, .config, [.init("config.json", "auto_map.AutoModel")],
        "the model's code now comes from `other/place`", consequence: "whoever owns that repository decides what runs",
        before: "modeling_tiny.TinyModel", after: "other/place--modeling_tiny.TinyModel")

    static let files = DriftChange(
        "files-changed", .packaging, .cosmetic, .weights, [.init("model.safetensors.index.json")],
        "the same tensors in 3 files instead of 1",
        evidence: .names(
            added: ["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"],
            removed: ["model.safetensors"], changed: ["model.safetensors.index.json"]))

    static let card = DriftChange(
        "card-prose", .docs, .cosmetic, .docs, [.init("README.md")], "prose of the model card",
        evidence: .text(diff(["-# A tiny modle", "+# A tiny model"])))

    static func tensor(
        _ name: String, _ relative: Double?, kind: DriftEvidence.TensorDifference.Kind = .changed,
        former: String? = nil
    ) -> DriftEvidence.TensorDifference {
        let form = DriftEvidence.TensorDifference.Form(type: "F32", shape: [384, 384])
        return .init(
            name: TensorName(name), formerName: former.map { TensorName($0) }, kind: kind,
            before: kind == .added ? nil : form,
            after: kind == .removed
                ? nil
                : kind == .cast
                    ? .init(type: "BF16", shape: [384, 384])
                    : kind == .reshaped ? .init(type: "F32", shape: [384, 768]) : form,
            distance: relative.map {
                .init(maximum: $0 * 3, mean: $0 / 8, relative: $0, share: min(1, $0 * 40), nonFinite: $0 > 0.5 ? 2 : 0)
            })
    }

    static let weights = DriftChange(
        "weights-changed", .weights, .behaviour, .weights, [.init("model.safetensors")],
        "61 of 103 tensors changed, most in `encoder.layer.11.output.dense.weight`: max |Δ| 0.93",
        consequence: "this is another training state of the same architecture",
        evidence: .tensors(
            (0..<12).flatMap { layer -> [DriftEvidence.TensorDifference] in
                let base = "encoder.layer.\(layer)."
                let kinds = [
                    "attention.query.weight", "attention.key.weight", "output.dense.weight", "output.dense.bias",
                ]
                return kinds.enumerated().compactMap { index, kind in
                    // From 1e-7 in the first layers to 0.3 in the last.
                    let exponent = Double(layer) / 2 + Double(index) / 3
                    var size = 1e-7
                    for _ in 0..<Int(exponent) { size *= 10 }
                    return layer == 5 && index == 2 ? nil : tensor(base + kind, size)
                }
            } + [
                tensor("encoder.layer.4.attention.value.weight", nil), tensor("embeddings.word.weight", 0.02),
                tensor("encoder.layer.5.attention.value.weight", 1e-3, kind: .cast),
                tensor("encoder.layer.6.attention.value.weight", nil, kind: .reshaped),
                tensor("encoder.layer.7.attention.value.weight", nil, kind: .removed),
                tensor("encoder.layer.8.attention.value.weight", nil, kind: .added),
                tensor("encoder.layer.9.attention.value.weight", 0, kind: .renamed, former: "layer.9.v.weight"),
                tensor("pooler.dense.weight", .infinity),
            ]))

    // MARK: - Reports

    static func defaults() throws -> [DriftReport.DefaultChange] {
        let file = try RelativePath("generation_config.json")
        return [
            .init(
                name: "stop-tokens",
                before: EffectiveDefault(
                    name: "stop-tokens", value: .array([128_001]), file: file, key: "eos_token_id"),
                after: EffectiveDefault(
                    name: "stop-tokens", value: .array([128_001, 128_009]), file: file, key: "eos_token_id")),
            .init(
                name: "temperature", before: nil,
                after: EffectiveDefault(name: "temperature", value: .number(0.6), file: file, key: "temperature")),
        ]
    }

    /// Every class, severity and proof.
    static func everything() throws -> DriftReport {
        try report(
            [card, files, owner, code, sampling, stopTokens, template, weights, vocabulary, prompts],
            unchecked: [
                .init(
                    file: "onnx/model.onnx", reason: "the bytes differ, and what is in them is not compared",
                    hint: "look at both with `weighlock inspect`"),
                .init(file: nil, reason: "the base `example/base` is watched by its commit only"),
            ], same: 9, different: 11, defaults: try defaults())
    }

    static func cosmetic() throws -> DriftReport { try report([card, files, card, card]) }
    static func security() throws -> DriftReport { try report([owner, card]) }
    static func equal() throws -> DriftReport { try report([]) }
    static func unknown() throws -> DriftReport {
        try report(
            [card],
            unchecked: [
                .init(
                    file: "model.bin", reason: "its tensors would have to be downloaded", hint: "run `weighlock sync`")
            ])
    }

    /// What tries to be markup, to notify, to colour a terminal, to turn the direction of writing, and to end what it is in.
    static let hostileTexts = [
        "</script><img src=x onerror=alert(1)>", "</title></style></textarea><script>alert(1)</script>",
        "\" onmouseover=\"alert(1)\" x=\"", "' onfocus='alert(1)", "```\n</details>\n# owned @everyone #1", "````",
        "| a | b |\n|---|---|\n\\| x", "\u{1B}[31mred\u{1B}[0m\u{1B}]8;;https://example.org\u{7}link",
        "abc\u{202E}cba\u{200B}\u{FEFF}",
        "`` `@octocat` [x](javascript:alert(1)) <b>b</b> www.example.org https://example.org",
        "&lt;&#60;\\`*_~$x$ :tada:",
        "{{ ''.__class__ }}\r\nSet-Cookie: a", "<!-- --><svg><style>*{display:none}</style>",
    ]

    static func hostile() throws -> DriftReport {
        let changes = hostileTexts.enumerated().flatMap { index, text -> [DriftChange] in
            let safe = text.replacing("\n", with: " ")
            return [
                DriftChange(
                    "hostile-\(index)", .prompt, .behaviour, .chatTemplate, [.init(text, text), .init(text)], text,
                    consequence: text, before: .string(text), after: .object([JSONValue.Member(text, .string(text))]),
                    evidence: .text(diff([" " + safe, "-" + safe, "+x" + safe]))),
                DriftChange(
                    "hostile-\(index)", .prompt, .breaking, .chatTemplate, [.init(text)], "`\(text)`",
                    evidence: .prompts([
                        .init(
                            conversation: text, title: text, before: .prompt(text + "\n" + text), after: .prompt(text),
                            diff: diff(["-" + safe, "+" + safe + "`````"])),
                        .init(conversation: text, title: text, before: .failed(text), after: .absent, diff: diff([])),
                    ])),
                DriftChange(
                    "hostile-\(index)", .tokens, .behaviour, .tokenizer, [.init(text)], text,
                    evidence: .vocabulary(
                        .init(
                            added: [.init(text, 1)], removed: [.init(text, 2)], renumbered: [(.init(text, 3), 4)],
                            addedCount: 1,
                            removedCount: 1, renumberedCount: 1))),
                DriftChange(
                    "hostile-\(index)", .weights, .behaviour, .weights, [.init(text)], text,
                    evidence: .tensors([
                        .init(
                            name: TensorName(text + ".1." + text), formerName: TensorName(text), kind: .renamed,
                            before: .init(type: text, shape: [.max]), after: .init(type: text, shape: [])),
                        .init(
                            name: TensorName(text), kind: .changed, before: nil, after: nil,
                            distance: .init(maximum: .nan, mean: -.infinity, relative: .nan, share: 7, nonFinite: .max)),
                    ])),
                DriftChange(
                    "hostile-\(index)", .code, .security, .code, [], text,
                    evidence: .symbols([.init(name: text, kind: .changed, line: .max)])),
                DriftChange(
                    "hostile-\(index)", .packaging, .cosmetic, .other, [.init(text)], text,
                    evidence: .names(added: [text], removed: [text], changed: [text])),
            ]
        }
        return DriftReport(
            before: try side(hostileTexts[0]), after: try side(hostileTexts[1]), changes: changes,
            unchecked: hostileTexts.map { .init(file: $0, reason: $0, hint: $0) }, sameFiles: 0, differentFiles: 1,
            defaults: [])
    }
}
