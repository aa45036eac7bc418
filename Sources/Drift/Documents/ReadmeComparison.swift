// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares two model cards: the licence, the parameters that text and code recommend, and the rest.
struct ReadmeComparison {
    let path: RelativePath
    /// The file's name in reports.
    let name: String

    /// Settings of the code in a card that change what it computes. Sampling parameters are found in the whole text.
    private static let settings: Set<String> = [
        "trust_remote_code", "revision", "code_revision", "torch_dtype", "dtype", "prompt_name", "prompt",
        "normalize_embeddings", "max_length", "max_seq_length", "padding_side", "enable_thinking",
        "add_generation_prompt",
        "attn_implementation", "truncate_dim", "quantization", "add_special_tokens", "do_sample", "task",
    ]
    /// The most settings taken from one card.
    private static let maximumSettings = 500

    func changes(_ before: [UInt8]?, _ after: [UInt8]?) -> [DriftChange] {
        var changes = licence(before, after) + recommended(before, after) + settings(before ?? [], after ?? [])
        if changes.isEmpty || before != nil && after != nil {
            changes.append(prose(before, after))
        }
        return changes
    }

    private func prose(_ before: [UInt8]?, _ after: [UInt8]?) -> DriftChange {
        let text = before == nil ? "the card came" : after == nil ? "the card is gone" : "the card changed"
        return DriftChange(
            "docs-changed", .docs, .cosmetic, .docs, [.init(name)], text,
            consequence: "nothing reads it when the model runs",
            evidence: TextForm.diff(before ?? [], after ?? []).map { .text($0) })
    }

    // MARK: What the front matter and the text say

    private func defaults(_ content: [UInt8]?) -> [EffectiveDefault] {
        content.map { EffectiveDefaults.extract(from: [(path, $0)]) } ?? []
    }

    private func licence(_ before: [UInt8]?, _ after: [UInt8]?) -> [DriftChange] {
        func value(_ content: [UInt8]?) -> JSONValue? { defaults(content).first { $0.name == "license" }?.value }
        let (old, new) = (value(before), value(after))
        guard old != new else { return [] }
        func shown(_ value: JSONValue?) -> String {
            value?.string.map { "`\(Escaped($0, limit: 60))`" } ?? "not said"
        }
        return [
            DriftChange(
                "licence-changed", .identity, .security, .docs, [.init(name, "license")],
                "the licence is \(shown(new)), was \(shown(old))",
                consequence: "outputs stay; what may be done with them may not", before: old, after: new)
        ]
    }

    private func recommended(_ before: [UInt8]?, _ after: [UInt8]?) -> [DriftChange] {
        func values(_ content: [UInt8]?) -> [String: [JSONValue]] {
            var found: [String: [JSONValue]] = [:]
            for entry in defaults(content) where entry.name.hasPrefix("recommended:") {
                found[entry.name, default: []].append(entry.value)
            }
            return found
        }
        let (old, new) = (values(before), values(after))
        return Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (was, now) = (old[name] ?? [], new[name] ?? [])
            guard Set(was) != Set(now) else { return nil }
            let parameter = name.dropFirst("recommended:".count)
            func shown(_ values: [JSONValue]) -> String {
                values.isEmpty ? "nothing" : values.map { $0.text(.compact) }.joined(separator: ", ")
            }
            func value(_ values: [JSONValue]) -> JSONValue? {
                values.isEmpty ? nil : values.count == 1 ? values[0] : .array(values)
            }
            return DriftChange(
                "recommended-changed", .sampling, .behaviour, .docs, [.init(self.name, String(parameter))],
                "the card recommends \(shown(now)) for `\(parameter)`, recommended \(shown(was))",
                consequence: "no program reads it, but who follows the card gets other outputs",
                before: value(was), after: value(now))
        }
    }

    // MARK: Code

    private func settings(_ before: [UInt8], _ after: [UInt8]) -> [DriftChange] {
        let (old, new) = (ReadmeComparison.settings(before), ReadmeComparison.settings(after))
        return Set(old.keys).intersection(new.keys).union(new.keys.filter { $0 == "trust_remote_code" }).sorted()
            .compactMap { key in
                let (was, now) = (old[key] ?? [], new[key] ?? [])
                guard was != now, !now.isEmpty else { return nil }
                func shown(_ values: Set<String>) -> String {
                    values.isEmpty
                        ? "nothing" : values.sorted().map { "`\(Escaped($0, limit: 60))`" }.joined(separator: ", ")
                }
                let isCode = key == "trust_remote_code"
                if isCode, !now.contains("True") || was.contains("True") { return nil }
                return DriftChange(
                    "snippet-changed", isCode ? .code : .docs, isCode ? .security : .behaviour, .docs,
                    [.init(name, key)],
                    "the card's code sets `\(key)` to \(shown(now)), set it to \(shown(was))",
                    consequence: isCode
                        ? "who copies it lets the repository's code run"
                        : "no program reads it, but who copies it gets other outputs",
                    before: .array(was.sorted().map { .string($0) }), after: .array(now.sorted().map { .string($0) }))
            }
    }

    /// The settings in fenced code, by name: `name=value` with a literal value.
    private static func settings(_ content: [UInt8]) -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        var isCode = false
        var count = 0
        for line in content.split(separator: 0x0A) {
            let rest = line.drop { $0 == 0x20 || $0 == 0x09 }
            if rest.starts(with: "```".utf8) || rest.starts(with: "~~~".utf8) {
                isCode.toggle()
                continue
            }
            guard isCode, line.count <= 2000 else { continue }
            var index = line.startIndex
            while index < line.endIndex {
                guard isWord(line[index]) else {
                    index += 1
                    continue
                }
                let start = index
                while index < line.endIndex, isWord(line[index]) { index += 1 }
                let name = String(decoding: line[start..<index], as: UTF8.self)
                guard settings.contains(name) else { continue }
                while index < line.endIndex, line[index] == 0x20 { index += 1 }
                guard index < line.endIndex, line[index] == UInt8(ascii: "=") else { continue }
                index += 1
                guard index < line.endIndex, line[index] != UInt8(ascii: "=") else { continue }
                let value = line[index...].drop { $0 == 0x20 }.prefix { !",) ;#".utf8.contains($0) && $0 != 0x0D }
                let text = String(
                    decoding: value.filter { $0 != UInt8(ascii: "'") && $0 != UInt8(ascii: "\"") }, as: UTF8.self)
                guard !text.isEmpty, count < maximumSettings else { continue }
                count += 1
                found[name, default: []].insert(text)
            }
        }
        return found
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (0x30...0x39).contains(byte) || byte == 0x5F
    }
}
