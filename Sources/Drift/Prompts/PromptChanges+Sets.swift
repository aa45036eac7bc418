// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Jinja

extension PromptChanges {
    // MARK: - Copies that came and went

    mutating func added(_ new: TemplateCopy, _ transition: Transition) {
        let isFirst = before.copies.isEmpty
        let same = before.copies.first { $0.isSameText(as: new) }
        if let same {
            // Whoever found it elsewhere is told that it moved; whoever found nothing finds it now.
            guard !transition.engines.isEmpty else { return }
            add(
                "template-moved", .prompt, .behaviour, new, same,
                "the template is now also where \(names(transition)) look\(verb(transition)) for it",
                consequence: "before, \(names(transition)) found none there")
            return
        }
        let side = PromptTrial.Side(new, after.tokens(for: new))
        let prompts = Conversation.builtIn.filter(transition.concerns).prefix(4).compactMap { conversation in
            switch side.renderer.render(conversation) {
            case .success(let rendering): PromptTrial.difference(conversation, .absent, .prompt(rendering.text))
            case .failure(let error): PromptTrial.difference(conversation, .absent, .failed(TemplateLint.text(error)))
            }
        }
        add(
            "template-added", .prompt, .behaviour, new, nil,
            isFirst ? "there is a chat template now" : "there is a template\(title(new)) now that was not there",
            consequence: transition.engines.isEmpty
                ? "nobody reads it unless told to"
                : "\(names(transition)) use\(verb(transition)) it, and found none before",
            evidence: .prompts(Array(prompts)))
    }

    mutating func removed(_ old: TemplateCopy, _ transition: Transition) {
        if let elsewhere = after.copies.first(where: { $0.isSameText(as: old) }) {
            guard !transition.engines.isEmpty else { return }
            add(
                "template-moved", .prompt, .behaviour, elsewhere, old,
                "the template moved from `\(old.label)` to `\(elsewhere.label)`, where \(names(transition)) do\(transition.engines.count == 1 ? "es" : "") not look",
                consequence: "\(names(transition)) will fall back to a template of another origin, or fail")
            return
        }
        guard !transition.engines.isEmpty || after.copies.isEmpty else {
            add(
                "template-removed", .prompt, .behaviour, old, nil, "the template\(title(old)) is gone",
                consequence: "nobody read it unless told to")
            return
        }
        let rest = after.copies.first(where: { $0.place != .other })
        add(
            "template-removed", .prompt, .breaking, old, nil,
            rest.map {
                "the template\(title(old)) is gone; `\($0.label)` is left, which \(names(transition)) do not read"
            }
                ?? "the chat template is gone",
            consequence: transition.engines.isEmpty
                ? nil : "\(names(transition)) will fall back to a template of another origin, or fail")
    }

    // MARK: - Copies that are not the same

    mutating func compareDisagreements() {
        for (first, other) in after.disagreements {
            let isOld = before.disagreements.contains { pair in
                pair.first.isSamePlace(as: first) && pair.other.isSamePlace(as: other)
                    && pair.first.isSameText(as: first)
                    && pair.other.isSameText(as: other)
            }
            guard !isOld, !TemplateSpacing.isSame(first.text, other.text) else { continue }
            func readers(_ copy: TemplateCopy) -> String {
                let engines = after.engines(using: copy).map(\.title)
                return engines.isEmpty ? "nobody by itself" : engines.joined(separator: ", ")
            }
            add(
                "template-copies-disagree", .prompt, .behaviour, first, other,
                "`\(first.label)` and `\(other.label)` are not the same template",
                consequence: "the first is read by \(readers(first)), the second by \(readers(other))",
                evidence: .text(TextDiff(first.normalised, other.normalised)))
        }
    }

    // MARK: - Words

    /// Notes a change; the place of `copy` comes first.
    mutating func add(
        _ rule: String, _ kind: DriftClass, _ severity: DriftSeverity, _ copy: TemplateCopy, _ other: TemplateCopy?,
        _ summary: String, consequence: String? = nil, before: JSONValue? = nil, after: JSONValue? = nil,
        evidence: DriftEvidence? = nil
    ) {
        var places = [copy.location]
        if let other, other.location != copy.location { places.append(other.location) }
        let change = DriftChange(
            rule, kind, severity, copy.component, places, summary, consequence: consequence, before: before,
            after: after,
            evidence: evidence)
        if !found.changes.contains(change) { found.changes.append(change) }
    }

    /// The engines of a transition, for a sentence.
    func names(_ transition: Transition) -> String {
        let names = transition.engines.map(\.title)
        let tools =
            transition.engines.isEmpty || transition.withTools == transition.withoutTools
            ? "" : transition.withTools ? " with tools" : " without tools"
        switch names.count {
        case 0: return "nobody by itself"
        case 1: return names[0] + tools
        default: return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "") + tools
        }
    }

    /// The ending of a verb behind `names`.
    func verb(_ transition: Transition) -> String { transition.engines.count == 1 ? "s" : "" }

    /// The name of a template that is not the one that everybody means.
    func title(_ copy: TemplateCopy) -> String {
        copy.isDefault || copy.place == .other ? "" : " `\(Escaped(copy.name, limit: 60))`"
    }
}

extension TemplateFinding {
    /// What a conversation is about, in two words.
    static func turns(of conversation: Conversation) -> String {
        let messages = conversation.messages
        if messages.contains(where: { $0["role"] == "tool" || $0["tool_calls"] != nil }) { return "tool turns" }
        if conversation.tools != nil { return "tools on offer" }
        if messages.contains(where: { $0["role"] == "system" }) { return "system messages" }
        if messages.contains(where: { $0["content"]?.array != nil }) { return "content in parts" }
        if messages.contains(where: { $0["reasoning_content"] != nil }) { return "turns with reasoning" }
        return "plain turns"
    }
}

/// Whether two templates differ in nothing but white space and comments outside of their literal texts.
enum TemplateSpacing {
    static func isSame(_ one: String, _ other: String) -> Bool {
        guard squeezed(one) == squeezed(other) else { return false }
        guard let left = parts(one), let right = parts(other) else { return false }
        return left == right
    }

    /// Everything in a template but where it stands and the white space that it prints; nil when it is none.
    private static func parts(_ text: String) -> [[UInt8]]? {
        guard let template = try? Template(parsing: text) else { return nil }
        let analysis = TemplateAnalysis(template)
        let mentions = [
            analysis.texts, analysis.names, analysis.calls, analysis.filters, analysis.tests, analysis.inclusions,
        ]
        let printed = analysis.outputs.map { $0.text.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } }
        return mentions.flatMap { [[0]] + $0.map { Array($0.text.utf8) } } + [[0]]
            + analysis.accesses.map { Array(($0.name ?? "").utf8) } + [[0]] + [printed.flatMap { $0 }]
    }

    /// The text without comments, white space and the marks that trim white space.
    private static func squeezed(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        let (percent, brace, hash) = (UInt8(ascii: "%"), UInt8(ascii: "{"), UInt8(ascii: "#"))
        while let byte = bytes.popFirst() {
            if byte == brace, bytes.first == hash {
                bytes.removeFirst()
                while let next = bytes.popFirst() {
                    if next == hash, bytes.first == UInt8(ascii: "}") {
                        bytes.removeFirst()
                        break
                    }
                }
                continue
            }
            if [0x20, 0x09, 0x0A, 0x0D].contains(byte) { continue }
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                let opens = out.suffix(2) == [brace, percent] || out.suffix(2) == [brace, brace]
                let closes = bytes.starts(with: "%}".utf8) || bytes.starts(with: "}}".utf8)
                if opens || closes { continue }
            }
            out.append(byte)
        }
        return out
    }
}
