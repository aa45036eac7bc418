// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Deliverable
import Drift
import Testing

/// Templates of the shapes that real ones have.
enum PromptSample {
    static let chatML =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    static let bracketed =
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content | trim }} [/INST]{% elif m.role == 'assistant' %} {{ m.content | trim }}{{ eos_token }}{% elif m.role == 'system' %}[SYS] {{ m.content }} [/SYS]{% endif %}{% endfor %}"
    static let withTools =
        "{% if tools %}<|im_start|>system\nTools:\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.content is defined and m.content %}{{ m.content }}{% endif %}{% if m.tool_calls %}{% for call in m.tool_calls %}<tool_call>\n{{ call.function | tojson }}\n</tool_call>{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

    static func config(_ template: String?, _ members: [(String, JSONValue)] = []) -> String {
        var all: [JSONValue.Member] = [.init("bos_token", "<s>"), .init("eos_token", "</s>")]
        all += members.map { .init($0.0, $0.1) }
        if let template { all.append(.init("chat_template", .string(template))) }
        return JSONValue.object(all).text()
    }
}

@Suite struct `Comparing prompts` {
    private static func compare(
        _ before: [String: String], _ after: [String: String]
    ) async throws -> Comparison.Findings {
        try await PromptComparison(
            try Snapshot(label: "before", texts: before), try Snapshot(label: "after", texts: after)
        ).run()
    }

    private static func shown(_ findings: Comparison.Findings) -> [String] {
        findings.changes.map { "\($0.severity.rawValue) \($0.rule) \($0.places.first?.file ?? "-")" }.sorted()
    }

    private static let jinja = "chat_template.jinja"
    private static let config = "tokenizer_config.json"

    @Test(
        arguments: [
            // Line ends and one line end at the end are no difference for anybody.
            (
                [jinja: "a\n{{ messages }}"], [jinja: "a\r\n{{ messages }}\n"],
                ["cosmetic template-format-only chat_template.jinja"]
            ),
            // White space between tags and comments, with the proof that the prompts are the same.
            (
                [jinja: "{% for m in messages %}{{ m.content }}{% endfor %}"],
                [jinja: "{#- The turns. #}\n{%- for m in messages -%}\n  {{- m.content -}}\n{%- endfor -%}"],
                ["cosmetic template-format-only chat_template.jinja"]
            ),
            // The same prompts by another program are no proof.
            (
                [jinja: PromptSample.chatML],
                [jinja: PromptSample.chatML + "{% if 'weather' in (secret or '') %}x{% endif %}"],
                ["behaviour template-changed chat_template.jinja"]
            ),
            // White space inside of a literal is text.
            (
                [jinja: "{% if x == 'a b' %}1{% endif %}{{ messages[0].content }}"],
                [jinja: "{% if x == 'ab' %}1{% endif %}{{ messages[0].content }}"],
                ["behaviour template-changed chat_template.jinja"]
            ),
            // Another place that every engine reads, but TGI.
            (
                [config: PromptSample.config(PromptSample.chatML)],
                [config: PromptSample.config(nil), jinja: PromptSample.chatML + "\n"],
                ["behaviour template-moved chat_template.jinja"]
            ),
            ([jinja: PromptSample.chatML], [:], ["breaking template-removed chat_template.jinja"]),
            ([:], [jinja: PromptSample.chatML], ["behaviour template-added chat_template.jinja"]),
            // A file that drives out what the configuration has.
            (
                [config: PromptSample.config(PromptSample.chatML)],
                [config: PromptSample.config(PromptSample.chatML), jinja: PromptSample.bracketed],
                [
                    "behaviour prompt-changed chat_template.jinja",
                    "behaviour template-copies-disagree chat_template.jinja",
                    "behaviour template-winner-changed chat_template.jinja",
                ]
            ),
            // The template is the same, what it prints is not.
            (
                [jinja: PromptSample.bracketed, config: PromptSample.config(nil)],
                [jinja: PromptSample.bracketed, config: PromptSample.config(nil, [("eos_token", "<|eot|>")])],
                ["behaviour prompt-changed chat_template.jinja"]
            ),
            // Settings of the tokenizer that no prompt shows.
            (
                [jinja: PromptSample.bracketed, config: PromptSample.config(nil)],
                [jinja: PromptSample.bracketed, config: PromptSample.config(nil, [("padding_side", "left")])], []
            ),
            (
                [jinja: PromptSample.chatML], [jinja: "{{ strftime_now('%d %b %Y') }}\n" + PromptSample.chatML],
                [
                    "behaviour prompt-changed chat_template.jinja", "behaviour prompt-uses-clock chat_template.jinja",
                    "behaviour template-changed chat_template.jinja",
                ]
            ),
            // A template that nobody reads unless told to.
            (
                [jinja: PromptSample.chatML, "other.jinja": "a{{ messages[0].content }}"],
                [jinja: PromptSample.chatML, "other.jinja": "b{{ messages[0].content }}"],
                ["behaviour prompt-changed other.jinja", "behaviour template-changed other.jinja"]
            ),
        ] as [([String: String], [String: String], [String])])
    func `what differs is said once, with its severity and its place`(
        _ before: [String: String], _ after: [String: String], _ expected: [String]
    ) async throws {
        let findings = try await Self.compare(before, after)
        #expect(Self.shown(findings) == expected)
        #expect(findings.unchecked.isEmpty)
    }

    @Test func `a generation prompt that opens the reasoning is shown as before and after`() async throws {
        let old =
            "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}<\u{FF5C}User\u{FF5C}>{{ m.content }}{% elif m.role == 'assistant' %}<\u{FF5C}Assistant\u{FF5C}>{{ m.content }}{{ eos_token }}{% else %}{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<\u{FF5C}Assistant\u{FF5C}>{% endif %}"
        let new = old.replacing(
            "{% if add_generation_prompt %}<\u{FF5C}Assistant\u{FF5C}>",
            with: "{% if add_generation_prompt %}<\u{FF5C}Assistant\u{FF5C}><think>\\n")
        let findings = try await Self.compare(
            [Self.config: PromptSample.config(old)],
            [Self.config: PromptSample.config(new.replacing("\\n", with: "\n"))])
        let change = try #require(findings.changes.first { $0.rule == "prompt-changed" })
        #expect(change.places == [DriftChange.Place(Self.config, "chat_template")])
        #expect(change.severity == .behaviour && change.kind == .prompt)
        #expect(change.before == .string("<\u{FF5C}Assistant\u{FF5C}>"))
        #expect(change.after == .string("<\u{FF5C}Assistant\u{FF5C}><think>\n"))
        guard case .prompts(let prompts) = change.evidence else {
            Issue.record("no prompts")
            return
        }
        // Only those that differ, and those that end without an answer do not.
        #expect(
            prompts.contains { $0.conversation == "user" } && !prompts.contains { $0.conversation == "user-no-prompt" })
        #expect(change.summary.contains("\(prompts.count) of "))
        guard case .prompt(let text) = prompts.first(where: { $0.conversation == "user" })?.after else { return }
        #expect(text.hasSuffix("<think>\n"))
        #expect(findings.changes.contains { $0.rule == "template-changed" })
    }

    @Test func `a conversation that renders no longer is breaking, with the error`() async throws {
        let new =
            "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
            + PromptSample.chatML
        let findings = try await Self.compare([Self.jinja: PromptSample.chatML], [Self.jinja: new])
        let change = try #require(findings.changes.first { $0.rule == "template-fails" })
        #expect(change.severity == .breaking && change.consequence == "TemplateError: System role not supported")
        #expect(change.summary.hasPrefix("`system`"))
    }

    @Test func `an update that breaks tool turns says so`() async throws {
        let broken = PromptSample.withTools.replacing("</tool_call>", with: "")
        #expect(broken != PromptSample.withTools)
        let known = PromptSample.withTools.replacing("Tools:", with: "Use <tool_call></tool_call>. Tools:")
        let findings = try await Self.compare(
            [Self.jinja: known], [Self.jinja: known.replacing("\n</tool_call>{% endfor %}", with: "{% endfor %}")])
        let change = try #require(findings.changes.first { $0.rule == "template-newly-breaks" })
        #expect(change.severity == .breaking)
        #expect(change.summary.hasPrefix("this update newly breaks tool turns (`turn-markers`)"))
        // What was wrong before is no news.
        let again = try await Self.compare(
            [Self.jinja: known.replacing("\n</tool_call>{% endfor %}", with: "{% endfor %}")],
            [Self.jinja: known.replacing("\n</tool_call>{% endfor %}", with: " {% endfor %}")])
        #expect(!again.changes.contains { $0.rule == "template-newly-breaks" })
    }

    @Test func `nothing is opened when no file around the templates differs`() async throws {
        let texts = [Self.jinja: PromptSample.chatML, Self.config: PromptSample.config(nil), "README.md": "a"]
        func reader(_ texts: [String: String]) -> FakeReader { FakeReader(texts.mapValues { Array($0.utf8) }) }
        var changed = texts
        changed["README.md"] = "b"
        let readers = (reader(texts), reader(changed))
        let before = try Snapshot(label: "a", files: texts.mapValues { Array($0.utf8) }, reader: readers.0)
        let after = try Snapshot(label: "b", files: changed.mapValues { Array($0.utf8) }, reader: readers.1)
        let findings = try await PromptComparison(before, after).run()
        #expect(findings.changes.isEmpty && readers.0.openedFiles.isEmpty && readers.1.openedFiles.isEmpty)
    }

    @Test func `what cannot be read is said, not taken for equal`() async throws {
        let files: (String) -> [String: [UInt8]] = { [Self.jinja: Array($0.utf8)] }
        let before = try Snapshot(label: "a", files: files(PromptSample.chatML))
        let after = try Snapshot(
            label: "b", files: files("other"), reader: FakeReader(files("other"), absent: [Self.jinja]))
        let findings = try await PromptComparison(before, after).run()
        #expect(findings.unchecked.map(\.file) == [Self.jinja])
        let damaged = try await Self.compare(
            [Self.config: PromptSample.config(PromptSample.chatML)], [Self.config: "{\"chat_template\": "])
        #expect(damaged.unchecked.map(\.file) == [Self.config])
    }

    @Test func `a hostile template ends by its budgets and is not checked`() async throws {
        let hostile = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
        let findings = try await Self.compare([Self.jinja: PromptSample.chatML], [Self.jinja: hostile])
        #expect(findings.changes.map(\.rule) == ["template-changed"])
        #expect(findings.unchecked.count == 1 && findings.unchecked[0].reason.contains("budget"))
    }

    @Test func `the tokenizer's own source is compared beside the model's`() async throws {
        func snapshot(_ template: String) throws -> Snapshot {
            try Snapshot(
                label: "x", files: ["tokenizer/" + Self.jinja: Array(template.utf8), "config.json": []],
                roles: [.model, .tokenizer])
        }
        let findings = try await PromptComparison(snapshot(PromptSample.chatML), snapshot(PromptSample.bracketed)).run()
        #expect(
            findings.changes.map(\.places.first?.file) == [
                "tokenizer/chat_template.jinja", "tokenizer/chat_template.jinja",
            ])
    }
}
