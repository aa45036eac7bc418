// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Jinja

/// Checks one chat template by itself, by rendering it for small conversations.
///
/// A template is only held to what it means to handle: one that never mentions tools is not asked for them, and an error
/// that it raises itself is a refusal, which is no finding unless it refuses plain turns.
package struct TemplateLint: Sendable {
    let renderer: PromptRenderer
    let inventory: TokenInventory?
    private(set) var samples = LintConversations()
    private(set) var findings: [TemplateFinding] = []

    /// Prepares the check of a template.
    ///
    /// - Parameter inventory: the tokens that the tokenizer knows; nil when there is none, and then nothing is said about them.
    package init(_ text: String, tokens: SpecialTokens = .none, inventory: TokenInventory? = nil) {
        renderer = PromptRenderer(text, tokens: tokens, budget: PromptRenderer.smallBudget)
        self.inventory = inventory
    }

    /// The findings, the worst first, one of each rule at most twice.
    package func run() -> [TemplateFinding] {
        var copy = self
        copy.check()
        return copy.findings.enumerated().sorted { left, right in
            (left.element.severity, left.offset) < (right.element.severity, right.offset)
        }.map(\.element)
    }

    /// Notes a finding, unless the rule has been broken in this way already.
    mutating func note(_ finding: TemplateFinding) {
        if !isKnown(finding.rule, finding.severity) { findings.append(finding) }
    }

    /// Whether a finding would be no news; asked before a conversation is made small, which takes many renderings.
    func isKnown(_ rule: TemplateFinding.Rule, _ severity: TemplateFinding.Severity) -> Bool {
        findings.contains { $0.rule == rule && $0.severity <= severity }
    }

    private mutating func check() {
        let template: Template
        switch renderer.template {
        case .success(let parsed): template = parsed
        case .failure(let error):
            let isLimit = error.kind == .budget || error.kind == .unsupported
            return note(
                TemplateFinding(isLimit ? .notChecked : .syntax, .error, TemplateLint.text(error), place: error.place))
        }
        let abilities = TemplateAbilities(template)
        chooseTools(abilities)
        chooseForm(abilities)
        chooseContent(abilities)
        // A template that cannot do the simplest thing says nothing more about itself.
        guard checkRendering(abilities) else { return }
        checkMarkers(abilities)
        checkPrefix(abilities)
        checkContent(abilities)
        checkPython(abilities)
        checkClock(abilities)
        checkTokens(abilities)
    }

    /// Goes over to lists of parts for a template that makes nothing of a plain text.
    private mutating func chooseForm(_ abilities: TemplateAbilities) {
        let words = "Which river is the longest"
        guard abilities.readsParts, !(text(samples.first)?.contains(words) ?? false) else { return }
        var inParts = samples
        inParts.inParts = true
        guard text(inParts.first)?.contains(words) ?? false else { return }
        note(
            TemplateFinding(
                .lost, .note, "content that is a plain text does not reach the prompt: only lists of parts do",
                conversation: samples.first))
        samples = inParts
    }

    /// The error that a rendering ends with, where the template or the conversation is the reason.
    private func failure(_ conversation: Conversation) -> JinjaError? {
        guard case .failure(let error) = renderer.render(conversation) else { return nil }
        return error.kind == .budget || error.kind == .unsupported ? nil : error
    }

    /// Offers tools in every conversation to a template that does nothing without.
    private mutating func chooseTools(_ abilities: TemplateAbilities) {
        guard abilities.offersTools, let error = failure(samples.first) else { return }
        var withTools = samples
        withTools.withTools = true
        guard text(withTools.first) != nil else { return }
        note(
            TemplateFinding(
                .fails, .note, "it renders nothing unless tools are on offer: \(TemplateLint.text(error))",
                conversation: samples.first, place: error.place))
        samples = withTools
    }

    /// Gives calls of tools an empty text beside them where the template reads one without asking.
    private mutating func chooseContent(_ abilities: TemplateAbilities) {
        guard abilities.printsCalls, let call = samples.calls.first, let error = failure(call), error.kind != .raised
        else { return }
        var withContent = samples
        withContent.callsHaveContent = true
        // A template that takes any text for an answer prints no calls then.
        guard let other = withContent.calls.first, text(other)?.contains("Winterthur") ?? false else { return }
        let small = ConversationShrinker.smallest(call) { failure($0)?.message == error.message }
        note(
            TemplateFinding(
                .fails, .note,
                "a call of a tool without `content` ends with \(TemplateLint.text(error)); with an empty text it renders",
                conversation: small, place: error.place))
        samples = withContent
    }

    /// The text of a rendering, or nil when it ends with an error.
    func text(_ conversation: Conversation) -> String? {
        guard case .success(let rendering) = renderer.render(conversation) else { return nil }
        return rendering.text
    }

    /// An error in one line. Python ends some messages with a full stop: what follows here is part of the sentence.
    package static func text(_ error: JinjaError) -> String {
        let message = error.message
        let isSentence = message.hasSuffix(".") && !message.hasSuffix("..")
        return "\(error.kind.rawValue): \(Escaped(isSentence ? String(message.dropLast()) : message))"
    }

    // MARK: - Rendering

    private mutating func checkRendering(_ abilities: TemplateAbilities) -> Bool {
        var spent = 0
        for conversation in samples.all(abilities) {
            guard case .failure(let error) = renderer.render(conversation) else { continue }
            let isFirst = conversation == samples.first
            switch error.kind {
            case .budget, .unsupported:
                spent += 1
                note(
                    TemplateFinding(
                        .notChecked, .warning, TemplateLint.text(error), conversation: conversation, place: error.place)
                )
                if isFirst || spent > 2 { return false }
            case .raised where !samples.plain.contains(conversation):
                continue
            default:
                guard !isKnown(.fails, isFirst ? .error : .warning) else { continue }
                let small = ConversationShrinker.smallest(conversation) { candidate in
                    if case .failure(let other) = renderer.render(candidate) {
                        other.kind == error.kind && other.message == error.message
                    } else {
                        false
                    }
                }
                note(
                    TemplateFinding(
                        .fails, isFirst ? .error : .warning, TemplateLint.text(error), conversation: small,
                        place: error.place))
                if isFirst { return false }
            }
        }
        return true
    }

    // MARK: - The time

    private mutating func checkClock(_ abilities: TemplateAbilities) {
        let times = [
            ("2025-06-15T21:47:58Z", TemplateFinding.Severity.warning, "time of day"),
            ("2031-11-03T12:00:00Z", .note, "day"),
        ]
        for (text, severity, what) in times {
            guard let time = Timestamp(text) else { continue }
            let later = renderer.at(time)
            for conversation in samples.all(abilities) {
                guard case .success(let one) = renderer.render(conversation), !one.clockFormats.isEmpty,
                    case .success(let other) = later.render(conversation), one.text != other.text
                else { continue }
                let small = ConversationShrinker.smallest(conversation) { candidate in
                    guard case .success(let one) = renderer.render(candidate),
                        case .success(let other) = later.render(candidate)
                    else { return false }
                    return one.text != other.text
                }
                let formats = one.clockFormats.prefix(3).map { "`\(Escaped($0, limit: 60))`" }.joined(separator: ", ")
                note(
                    TemplateFinding(
                        .clock, severity, "the prompt depends on the \(what): it prints \(formats)", conversation: small
                    ))
                break
            }
        }
    }

    // MARK: - Tokens

    private mutating func checkTokens(_ abilities: TemplateAbilities) {
        guard let inventory else { return }
        var seen: Set<String> = []
        for conversation in samples.all(abilities) {
            guard let text = text(conversation) else { continue }
            for token in ControlTokens.tokens(in: text) where seen.insert(token).inserted {
                guard
                    ControlTokens.isBarred(token)
                        || renderer.tokens.tokens.contains(where: { $0.value == .string(token) }),
                    !inventory.knows(token)
                else { continue }
                return note(
                    TemplateFinding(
                        .unknownToken, .warning, "the tokenizer does not know `\(Escaped(token))` as one token",
                        conversation: ConversationShrinker.smallest(conversation) {
                            self.text($0)?.contains(token) ?? false
                        },
                        excerpt: Excerpt.around(token, in: text)))
            }
        }
    }
}
