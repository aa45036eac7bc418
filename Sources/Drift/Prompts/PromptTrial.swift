// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Jinja

/// Two templates, rendered for the same conversations.
struct PromptTrial {
    /// A template with the tokens that it prints.
    struct Side {
        let renderer: PromptRenderer

        init(_ copy: TemplateCopy, _ tokens: SpecialTokens) {
            renderer = PromptRenderer(copy.text, tokens: tokens, budget: PromptRenderer.smallBudget)
        }
    }

    /// A conversation that the old template rendered and the new one does not.
    struct Failing {
        let conversation: Conversation
        let error: JinjaError
    }

    /// What differs.
    private(set) var differences: [DriftEvidence.PromptDifference] = []
    /// What renders no longer.
    private(set) var failing: [Failing] = []
    /// Whether the same prompts are marked otherwise by `{% generation %}`.
    private(set) var isMarkedOtherwise = false
    /// For how many conversations both gave the same, or both an error.
    private(set) var equal = 0
    /// Conversations that say nothing, because one side is beyond the renderer; with the reason.
    private(set) var unknown: [(conversation: String, reason: String)] = []
    /// The formats of the clock that each side asked for.
    private(set) var clockBefore: Set<String> = []
    private(set) var clockAfter: Set<String> = []
    /// The beginning of an answer that each side gives, where it gives one.
    private(set) var opening: (before: String, after: String)?

    /// After so many budgets that were used up the rest is not tried.
    private static let patience = 3

    /// Renders both sides.
    init(_ before: Side, _ after: Side, _ conversations: [Conversation]) {
        var spent = 0
        for conversation in conversations {
            guard spent < PromptTrial.patience else {
                unknown.append((conversation.name, "it was not tried: the template uses up its budgets"))
                continue
            }
            let (old, new) = (before.renderer.render(conversation), after.renderer.render(conversation))
            for outcome in [old, new] {
                if case .failure(let error) = outcome, error.kind == .budget { spent += 1 }
            }
            note(conversation, old, new)
        }
        if spent == 0 { opening = PromptTrial.opening(before, after) }
    }

    /// In how many conversations both sides were looked at.
    var tried: Int { equal + differences.count }

    /// Whether nothing says that the two are not the same.
    var isClean: Bool { differences.isEmpty && unknown.isEmpty && !isMarkedOtherwise }

    private mutating func note(
        _ conversation: Conversation, _ old: Result<Template.Rendering, JinjaError>,
        _ new: Result<Template.Rendering, JinjaError>
    ) {
        if let limit = PromptTrial.limit(old) ?? PromptTrial.limit(new) {
            unknown.append((conversation.name, limit))
            return
        }
        switch (old, new) {
        case (.success(let before), .success(let after)):
            clockBefore.formUnion(before.clockFormats)
            clockAfter.formUnion(after.clockFormats)
            guard !before.text.utf8.elementsEqual(after.text.utf8) else {
                if before.generations != after.generations { isMarkedOtherwise = true }
                equal += 1
                return
            }
            add(conversation, .prompt(before.text), .prompt(after.text))
        case (.success(let before), .failure(let error)):
            failing.append(Failing(conversation: conversation, error: error))
            add(conversation, .prompt(before.text), .failed(TemplateLint.text(error)))
        case (.failure(let error), .success(let after)):
            clockAfter.formUnion(after.clockFormats)
            add(conversation, .failed(TemplateLint.text(error)), .prompt(after.text))
        case (.failure, .failure): equal += 1
        }
    }

    private mutating func add(
        _ conversation: Conversation, _ before: DriftEvidence.PromptDifference.Outcome,
        _ after: DriftEvidence.PromptDifference.Outcome
    ) {
        differences.append(PromptTrial.difference(conversation, before, after))
    }

    /// A difference of what two sides gave.
    static func difference(
        _ conversation: Conversation, _ before: DriftEvidence.PromptDifference.Outcome,
        _ after: DriftEvidence.PromptDifference.Outcome
    ) -> DriftEvidence.PromptDifference {
        func text(_ outcome: DriftEvidence.PromptDifference.Outcome) -> String {
            if case .prompt(let text) = outcome { text } else { "" }
        }
        return DriftEvidence.PromptDifference(
            conversation: conversation.name, title: conversation.title, before: before, after: after,
            diff: TextDiff(text(before), text(after)))
    }

    /// Why an outcome says nothing about the template.
    private static func limit(_ outcome: Result<Template.Rendering, JinjaError>) -> String? {
        guard case .failure(let error) = outcome, error.kind == .unsupported || error.kind == .budget else {
            return nil
        }
        return TemplateLint.text(error)
    }

    /// What stands behind the last turn when an answer is asked for.
    private static func opening(_ before: Side, _ after: Side) -> (before: String, after: String)? {
        guard let with = Conversation.named("user"), let without = Conversation.named("user-no-prompt") else {
            return nil
        }
        func opening(_ side: Side) -> String? {
            guard case .success(let long) = side.renderer.render(with),
                case .success(let short) = side.renderer.render(without)
            else { return nil }
            let (all, head) = (Array(long.text.utf8), Array(short.text.utf8))
            return all.starts(with: head) ? String(decoding: all.dropFirst(head.count), as: UTF8.self) : nil
        }
        guard let old = opening(before), let new = opening(after), !old.utf8.elementsEqual(new.utf8) else { return nil }
        return (old, new)
    }
}
