// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Jinja

/// Renders one template for conversations, with the variables that transformers' `apply_chat_template` gives it.
package struct PromptRenderer: Sendable {
    /// The template; the error of one that cannot be parsed.
    package let template: Result<Template, JinjaError>
    /// The tokens that it can print.
    package let tokens: SpecialTokens
    /// What it is told to be the time.
    package let now: Timestamp
    /// How much a rendering may use.
    package let budget: RenderBudget

    /// The time that a template is told when nobody says another.
    package static let defaultTime: Timestamp = Timestamp("2025-06-15T12:00:00Z") ?? Timestamp(clamping: 0)

    /// What is enough for every real template, and little enough for many renderings of a hostile one.
    package static let smallBudget: RenderBudget = {
        var budget = RenderBudget()
        budget.steps = 100_000
        budget.outputBytes = 1 << 20
        budget.stringBytes = 1 << 20
        budget.sequenceCount = 100_000
        budget.workBytes = 64 << 20
        return budget
    }()

    /// Parses a template; runs nothing.
    package init(
        _ text: String, tokens: SpecialTokens = .none, now: Timestamp = defaultTime,
        budget: RenderBudget = RenderBudget()
    ) {
        (self.tokens, self.now, self.budget) = (tokens, now, budget)
        do throws(JinjaError) { template = .success(try Template(parsing: text)) } catch { template = .failure(error) }
    }

    private init(_ other: PromptRenderer, now: Timestamp) {
        (template, tokens, budget, self.now) = (other.template, other.tokens, other.budget, now)
    }

    /// The same at another time.
    package func at(_ time: Timestamp) -> PromptRenderer { PromptRenderer(self, now: time) }

    /// Renders a conversation.
    package func render(_ conversation: Conversation) -> Result<Template.Rendering, JinjaError> {
        do throws(JinjaError) {
            let template = try template.get()
            return .success(
                try template.render(PromptRenderer.variables(conversation, tokens), now: Moment(now), budget: budget))
        } catch { return .failure(error) }
    }

    /// What a template sees: the tokens, the conversation's variables, and the four names that are always there.
    package static func variables(_ conversation: Conversation, _ tokens: SpecialTokens) -> [JSONValue.Member] {
        var variables = tokens.tokens
        func set(_ key: String, _ value: JSONValue) {
            variables.removeAll { $0.key.utf8.elementsEqual(key.utf8) }
            variables.append(.init(key, value))
        }
        for variable in conversation.variables { set(variable.key, variable.value) }
        set("messages", .array(conversation.messages.map(message)))
        set("tools", conversation.tools.map { .array($0) } ?? .null)
        set("documents", conversation.documents.map { .array($0) } ?? .null)
        if !variables.contains(where: { $0.key.utf8.elementsEqual(Conversation.generationPrompt.utf8) }) {
            set(Conversation.generationPrompt, false)
        }
        return variables
    }

    /// A message as a template sees it: keys without a value are left out, and reasoning is there by each of its names.
    private static func message(_ message: JSONValue) -> JSONValue {
        guard let all = message.members else { return message }
        // Of a key that is there twice the last value counts, in the place of the first.
        var members: [JSONValue.Member] = []
        func set(_ key: String, _ value: JSONValue) {
            if let index = members.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }) {
                members[index] = .init(key, value)
            } else {
                members.append(.init(key, value))
            }
        }
        for member in all.prefix(10_000) { set(member.key, member.value) }
        members.removeAll { $0.value == .null }
        func value(_ key: String) -> JSONValue? { members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value }
        guard let reasoning = value("reasoning_content") ?? value("thinking") ?? value("reasoning") else {
            return .object(members)
        }
        // It stands in front of the others, with the value that it had.
        let thinking = value("thinking") ?? reasoning
        members.removeAll { $0.key.utf8.elementsEqual("thinking".utf8) }
        members.insert(.init("thinking", thinking), at: 0)
        set("reasoning_content", reasoning)
        return .object(members)
    }
}
