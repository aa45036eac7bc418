// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// The conversations that templates are checked with, the smallest first. All end without the beginning of an answer but the
/// first and those with tools on offer.
struct LintConversations {
    private typealias Message = Conversation.Message

    /// Whether every content is a list of parts: some templates of models that see read nothing else.
    var inParts = false
    /// Whether tools are always on offer: some templates are for nothing else.
    var withTools = false
    /// Whether a message that only calls tools has an empty content: some templates cannot do without.
    var callsHaveContent = false

    private static func make(
        _ name: String, _ messages: [JSONValue], tools: [JSONValue]? = nil, prompt: Bool = false
    ) -> Conversation {
        Conversation(
            name: name, title: name, messages: messages, tools: tools,
            variables: [.init(Conversation.generationPrompt, .bool(prompt))])
    }

    private static let secondAnswer: JSONValue = .object([
        "role": "assistant", "content": "Yes to both, as it happens.",
    ])
    private static let thirdTurn: JSONValue = .object(["role": "user", "content": "Thanks, that will do."])
    private static let thirdAnswer: JSONValue = .object(["role": "assistant", "content": "You are welcome."])
    private static func call(_ id: String, _ city: String) -> JSONValue {
        .object([
            "role": "assistant",
            "tool_calls": .array([
                .object([
                    "id": .string(id), "type": "function",
                    "function": .object([
                        "name": "get_temperature", "arguments": .object(["city": .string(city), "exact": false]),
                    ]),
                ])
            ]),
        ])
    }
    // The cities are in no other message.
    private static let call = call("callA1c35", "Winterthur")
    private static let secondCall = call("callC3e40", "Lausanne")
    private static let secondWeather: JSONValue = .object(["role": "user", "content": "What about Bern tonight?"])
    private static let secondResult: JSONValue = .object([
        "role": "tool", "tool_call_id": "callC3e40", "name": "get_temperature", "content": "fourteen in Bern",
    ])
    private static let secondForecast: JSONValue = .object([
        "role": "assistant", "content": "Bern has fourteen degrees.",
    ])

    private static let plainFirst = make("user", [Message.user], prompt: true)

    private static let plainTurns: [Conversation] = [
        make("user", [Message.user]), make("two turns", [Message.user, Message.answer]),
        make("three turns", [Message.user, Message.answer, Message.again]),
        make("four turns", [Message.user, Message.answer, Message.again, secondAnswer]),
        make("six turns", [Message.user, Message.answer, Message.again, secondAnswer, thirdTurn, thirdAnswer]),
    ]

    private static let plainCalls: [Conversation] = [
        make("tool-result", [Message.weather, call, Message.result, Message.forecast], tools: Message.tools),
        make(
            "two-tool-turns",
            [
                Message.weather, call, Message.result, Message.forecast, secondWeather, secondCall, secondResult,
                secondForecast,
            ], tools: Message.tools),
        make(
            "two-tool-calls",
            [Message.weather, Message.twoCalls, Message.result, Message.secondResult, Message.forecast],
            tools: Message.tools),
    ]

    private static let plainReasoning: [Conversation] = [
        make("reasoning", [Message.user, Message.reasoned]),
        make("reasoning-turns", [Message.user, Message.reasoned, Message.again, secondAnswer]),
    ]

    private static let offered = make("tools", [Message.weather], tools: Message.tools, prompt: true)
    private static let parts = make(
        "parts",
        [
            .object([
                "role": "user", "content": .array([Message.text("Name three rivers."), Message.text("In Asia.")]),
            ])
        ],
        prompt: true)

    /// One user turn: what every template must render.
    var first: Conversation { formed(Self.plainFirst) }
    /// Turns of user and assistant, each conversation a longer one.
    var turns: [Conversation] { Self.plainTurns.map(formed) }
    /// The same with a system message.
    var system: [Conversation] {
        Self.plainTurns.map { formed($0.with(messages: [Message.system] + $0.messages)) }
    }
    /// What a template may not refuse.
    var plain: [Conversation] { [first] + turns }
    /// A call, its result and the answer; then all of it again; then two calls in one turn.
    var calls: [Conversation] { Self.plainCalls.map(formed) }

    /// Everything that a template means to handle.
    func all(_ abilities: TemplateAbilities) -> [Conversation] {
        [first] + turns + system + (abilities.offersTools ? [formed(Self.offered)] : [])
            + (abilities.printsCalls ? calls : []) + (abilities.readsParts ? [formed(Self.parts)] : [])
            + (abilities.readsReasoning ? Self.plainReasoning.map(formed) : [])
    }

    private func formed(_ conversation: Conversation) -> Conversation {
        let offered = withTools ? conversation.with(tools: conversation.tools ?? Message.tools) : conversation
        guard inParts || callsHaveContent else { return offered }
        return offered.with(
            messages: offered.messages.map { message in
                var members = (message.members ?? []).map { member in
                    guard inParts, member.key.utf8.elementsEqual("content".utf8), let text = member.value.string else {
                        return member
                    }
                    return .init(member.key, .array([Message.text(text)]))
                }
                if callsHaveContent, message["content"] == nil, message["tool_calls"] != nil {
                    members.append(.init("content", ""))
                }
                return .object(members)
            })
    }
}
