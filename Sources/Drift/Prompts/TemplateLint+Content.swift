// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension TemplateLint {
    /// Whether what people and models say reaches the prompt: each text once, in its order.
    mutating func checkContent(_ abilities: TemplateAbilities) {
        for conversation in samples.all(abilities) {
            guard let text = text(conversation) else { continue }
            let output = Array(text.utf8)
            for finding in ContentCheck(conversation, output).findings where !isKnown(finding.rule, finding.severity) {
                let small = ConversationShrinker.smallest(conversation) { candidate in
                    guard let text = self.text(candidate) else { return false }
                    return ContentCheck(candidate, Array(text.utf8)).findings.contains { $0.isSame(as: finding) }
                }
                let shown = self.text(small).flatMap { $0.isEmpty ? nil : Excerpt.at(0, in: $0, reach: 120) }
                note(
                    TemplateFinding(
                        finding.rule, finding.severity, finding.message, conversation: small, excerpt: shown))
            }
        }
    }
}

/// Looks for the texts of a conversation in its prompt.
private struct ContentCheck {
    struct Found {
        let rule: TemplateFinding.Rule
        let severity: TemplateFinding.Severity
        let message: String

        func isSame(as other: Found) -> Bool { rule == other.rule && message.utf8.elementsEqual(other.message.utf8) }
    }

    private(set) var findings: [Found] = []

    init(_ conversation: Conversation, _ output: [UInt8]) {
        var last = (place: -1, words: "", isBesideCalls: false)
        let endsWithAnswer = conversation.messages.last?["role"] == "assistant"
        var system: (place: Int, words: String)?
        for message in conversation.messages {
            let role = message["role"]?.string ?? ""
            let calls = message["tool_calls"]?.array ?? []
            for call in calls { check(call, output) }
            for words in ContentCheck.texts(message["content"]).compactMap(ContentCheck.marker) {
                let needle = Array(words.utf8)
                let who = role == "user" || role == "assistant" ? "turn" : "message"
                guard let place = Excerpt.firstPlace(of: needle, in: output) else {
                    if !calls.isEmpty {
                        add(
                            .lost, .note,
                            "what the assistant says beside its calls of tools is not in the prompt: `\(words)`")
                    } else if role == "system", endsWithAnswer {
                        add(
                            .lost, .note,
                            "the text of the system message is not in the prompt of a conversation that ends with an answer: `\(words)`"
                        )
                    } else {
                        add(.lost, .warning, "the text of the \(role) \(who) is not in the prompt: `\(words)`")
                    }
                    continue
                }
                if role == "user", Excerpt.count(of: needle, in: output) > 1 {
                    add(.repeated, .warning, "the text of the user turn is in the prompt more than once: `\(words)`")
                }
                if role == "system" {
                    system = (place, words)
                    continue
                }
                if place < last.place {
                    add(
                        .order, last.isBesideCalls ? .note : .warning,
                        "`\(words)` stands before `\(last.words)`, which came earlier")
                } else if let system, place < system.place {
                    add(.order, .note, "the system message stands behind a turn: `\(words)` before `\(system.words)`")
                }
                last = (place, words, !calls.isEmpty)
            }
        }
    }

    private mutating func add(_ rule: TemplateFinding.Rule, _ severity: TemplateFinding.Severity, _ message: String) {
        findings.append(Found(rule: rule, severity: severity, message: message))
    }

    /// The arguments of a call that are in no other message.
    private mutating func check(_ call: JSONValue, _ output: [UInt8]) {
        guard let city = call["function"]?["arguments"]?["city"]?.string, city != "Z\u{FC}rich",
            Excerpt.firstPlace(of: Array(city.utf8), in: output) == nil
        else { return }
        add(.lost, .warning, "the arguments of a call are not in the prompt: `\(city)`")
    }

    /// The texts of a message's content.
    private static func texts(_ content: JSONValue?) -> [String] {
        if let text = content?.string { return [text] }
        return (content?.array ?? []).compactMap { $0["text"]?.string }
    }

    /// The longest stretch of a text that no template escapes or trims.
    private static func marker(_ text: String) -> String? {
        let parts = text.split { "\"'\\{}[]<>&\n:".contains($0) }
        guard let longest = parts.max(by: { $0.utf8.count < $1.utf8.count }) else { return nil }
        var words = longest[...]
        while words.first == " " { words.removeFirst() }
        while words.last == " " { words.removeLast() }
        return words.utf8.count < 3 ? nil : String(words)
    }
}
