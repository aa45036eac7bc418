// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares two JSON documents key by key, with the knowledge of which keys change outputs.
struct KeyedComparison {
    let kind: DocumentKind
    /// The file's name in reports.
    let name: String
    let component: Component

    /// What differs. A side that has no such file is nil.
    func changes(_ before: JSONNode?, _ after: JSONNode?) -> [DriftChange] {
        var forms = DocumentForm.pair(kind, before, after)
        let (found, isWhole) = KeyDifference.all(forms.before.root, forms.after.root)
        var changes: [DriftChange] = []
        var quiet: [(rule: KeyRule, key: String, text: String)] = []
        for difference in found {
            let key = difference.key
            let spelling = difference.after == nil ? forms.before.spelling(key) : forms.after.spelling(key)
            // A side without the file takes the defaults that the other side's model has.
            let isSilentBefore = difference.before == nil && before != nil
            let isSilentAfter = difference.after == nil && after != nil
            let fallback =
                isSilentBefore || after == nil
                ? forms.before.defaultValue(kind, difference.path)
                : isSilentAfter || before == nil ? forms.after.defaultValue(kind, difference.path) : nil
            if let fallback, fallback.sameMeaning(as: difference.after ?? difference.before ?? .null) {
                quiet.append((KeyedComparison.explicitDefault, spelling, defaultSummary(difference, spelling)))
                continue
            }
            let rule = rule(difference, forms)
            if rule.severity == .cosmetic {
                quiet.append((rule, spelling, summary(difference, spelling, fallback)))
                continue
            }
            changes.append(
                DriftChange(
                    rule.rule, rule.kind, rule.severity, rule.component ?? component,
                    [.init(name, spelling.isEmpty ? nil : spelling)], summary(difference, spelling, fallback),
                    consequence: rule.consequence, before: difference.before?.reported,
                    after: difference.after?.reported))
        }
        changes += grouped(quiet) + renamed(forms, found)
        if !isWhole {
            changes.append(
                DriftChange(
                    "document-changed", .architecture, .behaviour, component, [.init(name)],
                    "more than \(KeyDifference.maximumCount) keys differ; the first are listed"))
        }
        return changes
    }

    private static let explicitDefault = KeyRule(
        "default-explicit", .packaging, .cosmetic, "the value is the one that is taken when nothing says it")

    // MARK: Rules

    private func rule(_ difference: KeyDifference, _ forms: (before: DocumentForm, after: DocumentForm)) -> KeyRule {
        if difference.path.contains("auto_map") { return autoMap(difference) }
        switch kind {
        case .config:
            if isIdleWindow(difference, forms) {
                return KeyRule(
                    "setting-idle", .packaging, .cosmetic, "`use_sliding_window` is false, so nothing looks at a window"
                )
            }
            return ConfigKeys.rule(difference)
        case .generation: return generation(difference)
        case .tokenizerConfig, .specialTokens:
            if difference.name == "tokenizer_class", isFastTwin(difference) {
                return KeyRule(
                    "tokenizer-class-twin", .packaging, .cosmetic,
                    "`AutoTokenizer` loads the same fast tokenizer for both names")
            }
            return TokenizerKeys.rule(difference)
        case .modules where isForeignModule(difference):
            return KeyRule(
                "module-foreign", .code, .security, "a module that is not the library's own is imported and run")
        default: return OtherKeys.rule(kind, difference)
        }
    }

    /// A window that is switched off on both sides.
    private func isIdleWindow(
        _ difference: KeyDifference, _ forms: (before: DocumentForm, after: DocumentForm)
    ) -> Bool {
        guard ["sliding_window", "max_window_layers"].contains(difference.name), difference.path.count <= 2 else {
            return false
        }
        return [forms.before, forms.after].allSatisfy { form in
            let parent = difference.path.dropLast().reduce(form.root) { node, step in node[step] ?? .null }
            return parent["use_sliding_window"]?.bool == false
        }
    }

    private func autoMap(_ difference: KeyDifference) -> KeyRule {
        let now = KeyedComparison.texts(difference.after)
        let was = Set(KeyedComparison.texts(difference.before).map { TextKey(KeyedComparison.repository($0) ?? "") })
        let foreign = now.compactMap(KeyedComparison.repository).filter { !was.contains(TextKey($0)) }
        if let repository = foreign.first {
            return KeyRule(
                "auto-map-foreign", .code, .security,
                "with `trust_remote_code` the code of `\(Escaped(repository, limit: 100))` runs, and"
                    + " whatever its `main` is unless a code revision is given", component: .code)
        }
        return KeyRule(
            "auto-map-changed", .code, .security,
            now.isEmpty
                ? "without this code the library's own class is taken, or none" : ConfigKeys.remoteCode.consequence,
            component: .code)
    }

    /// The repository in `owner/name--module.Class`.
    private static func repository(_ text: String) -> String? {
        text.firstRange(of: "--").map { String(text[..<$0.lowerBound]) }
    }

    private static func texts(_ node: JSONNode?) -> [String] {
        switch node {
        case .string(let text): [text]
        case .array(let items): items.flatMap { texts($0) }
        case .object(let members): members.flatMap { texts($0.value) }
        default: []
        }
    }

    private func generation(_ difference: KeyDifference) -> KeyRule {
        if difference.key == "top_k", difference.before == nil || difference.after == nil {
            return KeyRule(
                "sampling-changed", .sampling, .behaviour,
                "where the file is silent, transformers takes 50; vLLM and SGLang sample from all tokens")
        }
        return GenerationKeys.rule(difference)
    }

    private func isFastTwin(_ difference: KeyDifference) -> Bool {
        guard let old = difference.before?.string, let new = difference.after?.string else { return false }
        return (old + "Fast").utf8.elementsEqual(new.utf8) || (new + "Fast").utf8.elementsEqual(old.utf8)
    }

    private func isForeignModule(_ difference: KeyDifference) -> Bool {
        let types = difference.after?.items?.compactMap { $0["type"]?.string } ?? [difference.after?.string ?? ""]
        let old = difference.before?.items?.compactMap { $0["type"]?.string } ?? [difference.before?.string ?? ""]
        guard difference.name == "type" || difference.path.isEmpty else { return false }
        let known = Set(old.map(TextKey.init))
        return types.contains { !$0.isEmpty && !$0.hasPrefix("sentence_transformers.") && !known.contains(TextKey($0)) }
    }

    // MARK: Defaults and spellings

    private func defaultSummary(_ difference: KeyDifference, _ key: String) -> String {
        let shown = Escaped(key, limit: 120)
        if let after = difference.after { return "`\(shown)` is written out with its default, \(after.short)" }
        return "`\(shown)` is left to its default, \(difference.before?.short ?? "the same")"
    }

    private func summary(_ difference: KeyDifference, _ key: String, _ fallback: JSONNode?) -> String {
        let shown = key.isEmpty ? "the document" : "`\(Escaped(key, limit: 120))`"
        let silence = fallback.map { " (default \($0.short))" } ?? ""
        switch (difference.before, difference.after) {
        case (let before?, let after?): return "\(shown) is \(after.short), was \(before.short)"
        case (nil, let after?): return "\(shown) is \(after.short), was not set\(silence)"
        case (let before?, nil): return "\(shown) is no longer set\(silence), was \(before.short)"
        case (nil, nil): return shown
        }
    }

    /// One change for all keys of a rule that changes nothing.
    private func grouped(_ quiet: [(rule: KeyRule, key: String, text: String)]) -> [DriftChange] {
        var order: [String] = []
        var groups: [String: [(rule: KeyRule, key: String, text: String)]] = [:]
        for entry in quiet {
            if groups[entry.rule.rule] == nil { order.append(entry.rule.rule) }
            groups[entry.rule.rule, default: []].append(entry)
        }
        return order.compactMap { name in
            guard let group = groups[name], let first = group.first else { return nil }
            let more = group.count > 1 ? "; and \(group.count - 1) more like it" : ""
            return DriftChange(
                name, first.rule.kind, .cosmetic, first.rule.component ?? component,
                group.map { .init(self.name, $0.key.isEmpty ? nil : $0.key) }, first.text + more,
                consequence: first.rule.consequence)
        }
    }

    /// Keys that are spelt otherwise and mean the same.
    private func renamed(
        _ forms: (before: DocumentForm, after: DocumentForm), _ found: [KeyDifference]
    ) -> [DriftChange] {
        let differing = Set(found.map { TextKey($0.key) })
        let (old, new) = (forms.before, forms.after)
        let pairs = Set(old.spelledKeys).union(new.spelledKeys).sorted().compactMap { key -> (String, String)? in
            let (was, now) = (old.spelling(key), new.spelling(key))
            guard was != now, old.has(key), new.has(key), !differing.contains(TextKey(key)) else { return nil }
            return (was, now)
        }
        guard let first = pairs.first else { return [] }
        let more = pairs.count > 1 ? "; and \(pairs.count - 1) more like it" : ""
        return [
            DriftChange(
                "key-renamed", .packaging, .cosmetic, component, pairs.map { .init(name, $0.1) },
                "`\(Escaped(first.0, limit: 120))` is now spelt `\(Escaped(first.1, limit: 120))`,"
                    + " with the same value\(more)",
                consequence: "current engines read both; a version of transformers before the rename reads only its own"
            )
        ]
    }
}
