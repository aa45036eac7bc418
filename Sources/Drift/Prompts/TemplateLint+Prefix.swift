// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension TemplateLint {
    /// Whether a prompt stays as it is when a turn is appended: what caches of prefixes and masks of training rely on.
    ///
    /// What stands behind the last text may change, such as the mark that ends the whole.
    mutating func checkPrefix(_ abilities: TemplateAbilities) {
        checkGrowth(samples.turns, .warning, what: "the turns before it")
        checkGrowth(samples.system, .note, what: "what stands before it, the system message among it")
        checkAnswer(samples.turns[0], samples.turns[1])
        checkAnswer(samples.turns[2], samples.turns[3])
        guard abilities.printsCalls, let call = samples.calls.first else { return }
        let steps = (1...call.messages.count).map { call.with(messages: Array(call.messages.prefix($0))) }
        checkGrowth(steps, .note, what: "what stands before it, among it the tools")
    }

    private mutating func checkGrowth(_ steps: [Conversation], _ severity: TemplateFinding.Severity, what: String) {
        for (short, long) in zip(steps, steps.dropFirst()) {
            guard let before = text(short), let after = text(long) else { continue }
            let (old, new) = (Array(before.utf8), Array(after.utf8))
            let same = Excerpt.commonPrefix(old, new)
            guard same < TemplateLint.endOfContent(short, old) else { continue }
            let isReasoning = TemplateLint.isReasoning(old, new, at: same)
            let role = long.messages.last?["role"]?.string ?? "next"
            note(
                TemplateFinding(
                    .prefix, isReasoning ? .note : severity,
                    isReasoning
                        ? "appending a turn (\(role)) takes the reasoning out of \(what)"
                        : "appending a turn (\(role)) changes \(what)",
                    conversation: long,
                    excerpt:
                        "`\(Excerpt.at(same, in: before, reach: 30))` becomes `\(Excerpt.at(same, in: after, reach: 30))`"
                ))
            return
        }
    }

    /// The beginning of an answer that is asked for must be how an answer begins.
    private mutating func checkAnswer(_ question: Conversation, _ exchange: Conversation) {
        let asked = question.setting(Conversation.generationPrompt, true)
        guard let before = text(asked), let after = text(exchange) else { return }
        var old = Array(before.utf8)
        while let last = old.last, last == 0x20 || last == 0x0A { old.removeLast() }
        let new = Array(after.utf8)
        let same = Excerpt.commonPrefix(old, new)
        guard same < old.count, same >= TemplateLint.endOfContent(question, old) else { return }
        let isReasoning = TemplateLint.isReasoning(old, new, at: same)
        let isMore = TemplateLint.goesOn(old, new, at: same, exchange)
        note(
            TemplateFinding(
                .prefix, isReasoning || isMore ? .note : .warning,
                "the beginning of an answer that `add_generation_prompt` gives is not how answers begin in the prompt"
                    + (isReasoning ? ": it opens the reasoning" : isMore ? ": it goes on with a mark" : ""),
                conversation: exchange,
                excerpt:
                    "`\(Excerpt.at(same, in: before, reach: 30))` against `\(Excerpt.at(same, in: after, reach: 30))`"))
    }

    /// Where the text of the last message ends in a prompt; 0 when it is not in it.
    private static func endOfContent(_ conversation: Conversation, _ output: [UInt8]) -> Int {
        let value = conversation.messages.last?["content"]
        guard let content = value?.string ?? value?.array?.last?["text"]?.string, !content.isEmpty else { return 0 }
        let needle = Array(content.utf8)
        guard let place = Excerpt.firstPlace(of: needle, in: output) else { return 0 }
        return place + needle.count
    }

    /// Whether two prompts part at the reasoning of an answer.
    private static func isReasoning(_ old: [UInt8], _ new: [UInt8], at place: Int) -> Bool {
        [old, new].contains { output in
            ControlTokens.isReasoning(
                String(decoding: output[max(0, place - 24)..<min(output.count, place + 48)], as: UTF8.self))
        }
    }

    /// Whether the beginning of an answer is how answers begin, and a mark behind that: where the answer's text stands in
    /// the one, a tag stands in the other.
    private static func goesOn(_ old: [UInt8], _ new: [UInt8], at place: Int, _ exchange: Conversation) -> Bool {
        func rest(_ output: [UInt8]) -> ArraySlice<UInt8> { output[place...].drop { $0 == 0x20 || $0 == 0x0A } }
        let value = exchange.messages.last?["content"]
        guard let content = value?.string ?? value?.array?.last?["text"]?.string else { return false }
        guard let mark = rest(old).first, mark == UInt8(ascii: "<") || mark == UInt8(ascii: "[") else { return false }
        return rest(new).starts(with: content.utf8)
    }
}
