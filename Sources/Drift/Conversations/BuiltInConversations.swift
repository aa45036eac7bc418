// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension Conversation {
    /// The conversations that templates are compared with, the simple ones first. A name keeps its content: what was said about
    /// it in an old report stays true. They are described in `docs/formats/conversation.md`.
    package static let builtIn: [Conversation] = [
        Conversation(name: "user", title: "one user turn", messages: [Message.user]),
        Conversation(
            name: "user-no-prompt", title: "one user turn, without the beginning of an answer",
            messages: [Message.user],
            variables: [.init(generationPrompt, false)]),
        Conversation(
            name: "system", title: "a system message and one user turn", messages: [Message.system, Message.user]),
        Conversation(
            name: "assistant-last", title: "a finished exchange", messages: [Message.user, Message.answer],
            variables: [.init(generationPrompt, false)]),
        Conversation(
            name: "multi-turn", title: "two user turns with an answer between",
            messages: [Message.user, Message.answer, Message.again]),
        Conversation(
            name: "system-multi-turn", title: "a system message and two user turns",
            messages: [Message.system, Message.user, Message.answer, Message.again]),
        Conversation(
            name: "empty-content", title: "a user turn without text",
            messages: [.object(["role": "user", "content": ""])]),
        Conversation(
            name: "parts", title: "content as a list of parts",
            messages: [
                .object([
                    "role": "user", "content": .array([Message.text("Name three rivers."), Message.text("In Asia.")]),
                ])
            ]),
        Conversation(
            name: "image", title: "an image and a question about it",
            messages: [
                .object([
                    "role": "user",
                    "content": .array([.object(["type": "image"]), Message.text("What is in the picture?")]),
                ])
            ]),
        Conversation(
            name: "thinking", title: "one user turn, thinking asked for", messages: [Message.user],
            variables: [.init("enable_thinking", true), .init("thinking", true)]),
        Conversation(
            name: "no-thinking", title: "one user turn, thinking declined", messages: [Message.user],
            variables: [.init("enable_thinking", false), .init("thinking", false)]),
        Conversation(
            name: "reasoning-effort", title: "one user turn, high effort asked for", messages: [Message.user],
            variables: [.init("reasoning_effort", "high")]),
        Conversation(
            name: "reasoning", title: "an answer with its reasoning, then another question",
            messages: [Message.user, Message.reasoned, Message.again]),
        Conversation(
            name: "reasoning-last", title: "a finished exchange with its reasoning",
            messages: [Message.user, Message.reasoned], variables: [.init(generationPrompt, false)]),
        Conversation(
            name: "tools", title: "tools on offer", messages: [Message.weather], tools: Message.tools),
        Conversation(
            name: "system-tools", title: "a system message and tools on offer",
            messages: [Message.system, Message.weather], tools: Message.tools),
        Conversation(
            name: "tool-call", title: "a call of a tool, not answered yet", messages: [Message.weather, Message.call],
            tools: Message.tools, variables: [.init(generationPrompt, false)]),
        Conversation(
            name: "tool-result", title: "a call of a tool and its result",
            messages: [Message.weather, Message.call, Message.result], tools: Message.tools),
        Conversation(
            name: "two-tool-calls", title: "two calls in one turn and their results",
            messages: [Message.weather, Message.twoCalls, Message.result, Message.secondResult], tools: Message.tools),
        Conversation(
            name: "tool-multi-turn", title: "a call, its result, the answer and another question",
            messages: [Message.weather, Message.call, Message.result, Message.forecast, Message.again],
            tools: Message.tools),
        Conversation(
            name: "documents", title: "documents to answer from", messages: [Message.user],
            documents: [
                .object(["title": "Rivers of Asia", "text": "The Yangtze is 6300 km long."]),
                .object(["title": "Rivers of Africa", "text": "The Nile is \u{201C}the longest\u{201D}."]),
            ]),
    ]

    /// The built-in conversation with a name.
    package static func named(_ name: String) -> Conversation? {
        builtIn.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The messages that the built-in conversations are made of. Each text is in no other message.
    enum Message {
        static let system: JSONValue = .object(["role": "system", "content": "Answer in one sentence."])
        static let user: JSONValue = .object(["role": "user", "content": "Which river is the longest?"])
        static let answer: JSONValue = .object(["role": "assistant", "content": "The Nile, by most accounts."])
        static let again: JSONValue = .object([
            "role": "user", "content": "And is 3 < 4 & \"5\" > 2?\n\nGr\u{FC}\u{DF}e \u{1F600}",
        ])
        static let reasoned: JSONValue = .object([
            "role": "assistant", "reasoning_content": "Length is disputed; say so.",
            "content": "The Nile or the Amazon.",
        ])
        static let weather: JSONValue = .object(["role": "user", "content": "How warm is it in Z\u{FC}rich?"])
        static let call: JSONValue = .object([
            "role": "assistant", "tool_calls": .array([weatherCall]),
        ])
        static let twoCalls: JSONValue = .object([
            "role": "assistant", "content": "Let me look at both.",
            "tool_calls": .array([
                weatherCall,
                calling("callB7d20", "find_places", .object(["query": "it's \"old\"", "limit": 2, "near": .null])),
            ]),
        ])
        static let result: JSONValue = .object([
            "role": "tool", "tool_call_id": "callA1c35", "name": "get_temperature", "content": "{\"celsius\": 21.5}",
        ])
        static let secondResult: JSONValue = .object([
            "role": "tool", "tool_call_id": "callB7d20", "name": "find_places", "content": "[\"Lindenhof\"]",
        ])
        static let forecast: JSONValue = .object(["role": "assistant", "content": "It is 21.5 degrees."])
        static let tools: [JSONValue] = [
            tool(
                "get_temperature", "Tells the temperature of a city.",
                [
                    "city": .object(["type": "string", "description": "The city, e.g. Oslo"]),
                    "exact": .object(["type": "boolean", "default": true]),
                ], required: ["city"]),
            tool(
                "find_places", "Finds places by name; it's fast.",
                [
                    "query": .object(["type": "string"]), "limit": .object(["type": "integer", "default": 5]),
                    "near": .object(["type": .array(["string", "null"])]),
                ], required: ["query"]),
        ]

        static func text(_ text: String) -> JSONValue { .object(["type": "text", "text": .string(text)]) }

        private static let weatherCall = calling(
            "callA1c35", "get_temperature", .object(["city": "Z\u{FC}rich", "exact": true]))

        private static func calling(_ id: String, _ name: String, _ arguments: JSONValue) -> JSONValue {
            .object([
                "id": .string(id), "type": "function",
                "function": .object(["name": .string(name), "arguments": arguments]),
            ])
        }

        private static func tool(
            _ name: String, _ description: String, _ properties: KeyValuePairs<String, JSONValue?>,
            required: [JSONValue]
        ) -> JSONValue {
            .object([
                "type": "function",
                "function": .object([
                    "name": .string(name), "description": .string(description),
                    "parameters": .object([
                        "type": "object", "properties": .object(properties), "required": .array(required),
                    ]),
                ]),
            ])
        }
    }
}
