// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Jinja
import Testing

@Suite struct `The templates of a source` {
    private static func set(_ texts: [String: String]) async throws -> TemplateSet {
        try await TemplateSet(of: try Snapshot(label: "x", texts: texts))
    }

    private static let list =
        #"{"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}]}"#

    /// Who takes what, without tools and with tools, in the order of `PromptEngine`.
    @Test(
        arguments: [
            ([:], "- - - - - -", "- - - - - -"),
            (["chat_template.jinja": "J"], "J - J J - -", "J - J J - -"),
            (["tokenizer_config.json": #"{"chat_template": "C"}"#], "C - C C C -", "C - C C C -"),
            (
                ["chat_template.jinja": "J", "tokenizer_config.json": #"{"chat_template": "C"}"#], "J - J J C -",
                "J - J J C -"
            ),
            (["tokenizer_config.json": list], "D - D D D -", "T - T D D -"),
            // A file drives out all of the configuration's, the one for tools too.
            (["chat_template.jinja": "J", "tokenizer_config.json": list], "J - J J D -", "J - J J D -"),
            (
                ["chat_template.jinja": "J", "additional_chat_templates/tool_use.jinja": "A"], "J - J J - -",
                "A - A J - -"
            ),
            (["additional_chat_templates/rag.jinja": "R"], "- - - R - -", "- - - R - -"),
            (["chat_template.json": #"{"chat_template": "P"}"#], "- P P P P -", "- P P P P -"),
            (
                [
                    "chat_template.json": #"{"chat_template": "P"}"#,
                    "tokenizer_config.json": #"{"chat_template": "C"}"#,
                ],
                "C P P C C -", "C P C C C -"
            ),
            (
                [
                    "processor_config.json": #"{"chat_template": "Q"}"#,
                    "chat_template.json": #"{"chat_template": "P"}"#,
                ],
                "- Q Q Q P -", "- Q Q Q P -"
            ),
            (["preprocessor_config.json": "{}", "chat_template.jinja": "J"], "J J J J - -", "J J J J - -"),
            (["template.jinja": "X", "sub/chat_template.jinja": "Y"], "- - - - - -", "- - - - - -"),
            // Of a key that is there twice Python takes the last.
            (["tokenizer_config.json": #"{"chat_template": "1", "chat_template": "2"}"#], "2 - 2 2 2 -", "2 - 2 2 2 -"),
        ] as [([String: String], String, String)])
    func `are taken by each engine by its own rules`(
        _ texts: [String: String], _ plain: String, _ tools: String
    ) async throws {
        let set = try await Self.set(texts)
        func shown(_ withTools: Bool) -> String {
            PromptEngine.allCases.map { $0.template(of: set, withTools: withTools)?.text ?? "-" }.joined(separator: " ")
        }
        #expect(shown(false) == plain)
        #expect(shown(true) == tools)
        #expect(set.problems.isEmpty)
    }

    @Test(
        arguments: [
            (
                [
                    "tokenizer_config.json":
                        #"{"eos_token": "</s>", "bos_token": {"__type": "AddedToken", "content": "<s>"}}"#
                ], "bos_token=<s> eos_token=</s>"
            ),
            (["special_tokens_map.json": #"{"bos_token": {"content": "<s>", "lstrip": false}}"#], "bos_token=<s>"),
            (
                [
                    "tokenizer_config.json": #"{"bos_token": "a", "pad_token": "p"}"#,
                    "special_tokens_map.json": #"{"bos_token": "b"}"#,
                ],
                "bos_token=b pad_token=p"
            ),
            (
                [
                    "tokenizer_config.json": #"{"bos_token": "a", "added_tokens_decoder": {}}"#,
                    "special_tokens_map.json": #"{"bos_token": "b"}"#,
                ], "bos_token=a"
            ),
            (
                ["tokenizer_config.json": #"{"bos_token": null, "image_token": "<img>", "add_bos_token": true}"#],
                "image_token=<img>"
            ),
            (
                [
                    "tokenizer_config.json":
                        #"{"extra_special_tokens": {"sound_token": "<snd>"}, "additional_special_tokens": ["x"]}"#
                ], "sound_token=<snd>"
            ),
            (["tokenizer_config.json": "[]"], ""),
        ] as [([String: String], String)])
    func `are given the tokens that transformers gives them`(_ texts: [String: String], _ expected: String) async throws
    {
        let tokens = try await Self.set(texts).tokens
        #expect(tokens.tokens.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: " ") == expected)
    }

    @Test func `disagree only by more than their line ends`() async throws {
        let config = #"{"chat_template": "a\nb"}"#
        #expect(
            try await Self.set(["chat_template.jinja": "a\r\nb\n", "tokenizer_config.json": config]).disagreements
                .isEmpty)
        let set = try await Self.set(["chat_template.jinja": "a\nb\n\n", "tokenizer_config.json": config])
        #expect(
            set.disagreements.map { [$0.first.label, $0.other.label] } == [
                ["chat_template.jinja", "tokenizer_config.json : chat_template"]
            ])
        #expect(set.engines(using: set.copies[0]) == [.transformers, .vllm, .sglang])
        #expect(set.engines(using: set.copies[1]) == [.tgi])
    }

    @Test func `that cannot be read are problems`() async throws {
        let set = try await TemplateSet(
            of: try Snapshot(
                label: "x",
                files: [
                    "chat_template.jinja": [0xFF], "tokenizer_config.json": Array("{".utf8),
                    "a.gguf": Array("GGUF".utf8),
                ]))
        #expect(
            set.copies.isEmpty
                && Set(set.problems.compactMap(\.file)) == ["chat_template.jinja", "tokenizer_config.json", "a.gguf"])
    }

    @Test func `in a GGUF file come with the tokens of that file`() async throws {
        var bytes = Array("GGUF".utf8)
        func number(_ value: some FixedWidthInteger) {
            for shift in stride(from: 0, to: value.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        func text(_ value: String) {
            number(UInt64(value.utf8.count))
            bytes += Array(value.utf8)
        }
        number(UInt32(3))
        number(UInt64(0))
        number(UInt64(4))
        text("tokenizer.ggml.tokens")
        number(UInt32(9))
        number(UInt32(8))
        number(UInt64(3))
        for token in ["<unk>", "<s>", "</s>"] { text(token) }
        text("tokenizer.ggml.bos_token_id")
        number(UInt32(4))
        number(UInt32(1))
        text("tokenizer.chat_template")
        number(UInt32(8))
        text("{{ bos_token }}G")
        text("tokenizer.chat_template.tool_use")
        number(UInt32(8))
        text("T")
        let set = try await TemplateSet(of: try Snapshot(label: "x", files: ["model-Q4.gguf": bytes]))
        #expect(set.problems.isEmpty)
        let copy = try #require(PromptEngine.llamaCpp.template(of: set, withTools: false))
        #expect(copy.label == "model-Q4.gguf : tokenizer.chat_template" && copy.component == .weights)
        #expect(set.tokens(for: copy)["bos_token"] == "<s>" && set.tokens(for: copy)["eos_token"] == nil)
        #expect(PromptEngine.llamaCpp.template(of: set, withTools: true)?.text == "T")
        #expect(PromptEngine.transformers.template(of: set, withTools: false) == nil)
        // Later parts of a split file have no template and are not opened.
        let split = try Snapshot(label: "x", files: ["m-00001-of-00002.gguf": bytes, "m-00002-of-00002.gguf": [0]])
        #expect(try await TemplateSet(of: split).problems.isEmpty)
    }
}

@Suite struct `A conversation` {
    @Test func `of those built in has a name of its own and renders`() throws {
        #expect(Conversation.builtIn.count >= 10)
        #expect(Set(Conversation.builtIn.map(\.name)).count == Conversation.builtIn.count)
        for conversation in Conversation.builtIn {
            // What is printed is what is read.
            let again = try ConversationReader.conversation(Array(conversation.json.text().utf8), name: "x")
            #expect(again == conversation)
            let renderer = PromptRenderer("{{ messages | tojson }}{{ tools | tojson }}")
            #expect(throws: Never.self) { try renderer.render(conversation).get() }
        }
    }

    @Test(arguments: [
        ("", "is not JSON"), ("{}", "has no list `messages`"), ("[]", "has no message"),
        ("3", "neither an object nor a list"),
        (#"{"messages": []}"#, "has no message"), (#"{"messages": [1]}"#, "`messages[0]`"),
        (#"{"messages": [{}], "tool": []}"#, "unknown key `tool`"),
        (#"{"messages": [{}], "tools": {}}"#, "list in `tools`"),
        (#"{"messages": [{}], "variables": []}"#, "object in `variables`"),
        (#"{"messages": [{}], "variables": {"messages": 1}}"#, "`messages` cannot be a variable"),
        (#"{"messages": [{}], "variables": {"a b": 1}}"#, "cannot be the name"),
        (#"{"messages": [{}], "name": 1}"#, "text in `name`"), ("\u{0}", "is not JSON"),
    ])
    func `that is not one is refused by name`(_ text: String, _ reason: String) {
        do throws(Failure) {
            _ = try ConversationReader.conversation(Array(text.utf8), name: "chat.json")
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.code == .conversation && error.message.contains(reason), "\(error)")
        }
    }

    @Test(arguments: [
        (#"{"role": "user", "content": "a", "name": null}"#, #"{"role": "user", "content": "a"}"#),
        (
            #"{"role": "a", "reasoning": "r"}"#,
            #"{"thinking": "r", "role": "a", "reasoning": "r", "reasoning_content": "r"}"#
        ),
        (
            #"{"role": "a", "thinking": "t", "reasoning_content": "r"}"#,
            #"{"thinking": "t", "role": "a", "reasoning_content": "r"}"#
        ),
        (#"{"role": "a", "role": "b"}"#, #"{"role": "b"}"#),
    ])
    func `is shown to a template as transformers shows it`(_ message: String, _ expected: String) throws {
        let conversation = try ConversationReader.conversation(Array("[\(message)]".utf8), name: "x")
        let text = try PromptRenderer("{{ messages[0] | tojson }}").render(conversation).get().text
        #expect(text == expected)
    }

    @Test func `has variables that win over tokens, and always the four names`() throws {
        let tokens = SpecialTokens(tokens: [.init("bos_token", "<s>"), .init("eos_token", "</s>")], file: nil)
        let renderer = PromptRenderer(
            "{{ bos_token }}{{ eos_token }}{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}{{ pad_token is defined }}",
            tokens: tokens)
        let conversation = try #require(Conversation.named("user")).setting("bos_token", "B")
        #expect(try renderer.render(conversation).get().text == "B</s>TrueTrueTrueFalse")
    }

    @Test func `is rendered at a time that is given`() throws {
        let renderer = PromptRenderer("{{ strftime_now('%Y-%m-%d %H:%M') }}")
        let conversation = try #require(Conversation.named("user"))
        #expect(try renderer.render(conversation).get().text == "2025-06-15 12:00")
        let other = renderer.at(try #require(Timestamp("2031-01-02T03:04:05Z")))
        #expect(try other.render(conversation).get().text == "2031-01-02 03:04")
    }
}
