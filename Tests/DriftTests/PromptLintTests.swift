// SPDX-License-Identifier: Apache-2.0

import ContentModel
import Drift
import Testing

@Suite struct `Checking a template` {
    private static func findings(_ template: String, _ inventory: TokenInventory? = nil) -> [TemplateFinding] {
        let tokens = SpecialTokens(tokens: [.init("bos_token", "<s>"), .init("eos_token", "</s>")], file: nil)
        return TemplateLint(template, tokens: tokens, inventory: inventory).run()
    }

    private static func shown(_ findings: [TemplateFinding]) -> [String] {
        findings.map { "\($0.severity.rawValue) \($0.rule.rawValue)" }
    }

    /// The roles of the smallest conversation that shows a finding.
    private static func roles(_ finding: TemplateFinding?) -> String {
        (finding?.conversation?.messages ?? []).compactMap { $0["role"]?.string }.joined(separator: " ")
    }

    @Test(arguments: [PromptSample.chatML, PromptSample.bracketed, PromptSample.withTools])
    func `is silent about what is as it should be`(_ template: String) {
        #expect(Self.shown(Self.findings(template)) == [])
    }

    private static func chatML(_ content: String) -> String {
        "{% for m in messages %}<|im_start|>{{ m.role }}\n\(content)<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    }

    @Test(
        arguments: [
            ("{% for %}", ["error template-syntax"], ""),
            ("{{ nothing.at_all.here }}", ["error template-fails"], "user"),
            ("{{ raise_exception('no') }}", ["error template-fails"], "user"),
            // Refusing a system message is a right; refusing a second turn is not.
            (
                PromptSample.chatML + "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}", [],
                ""
            ),
            (
                chatML("{{ m.content }}") + "{% if messages | length > 1 %}{{ raise_exception('no') }}{% endif %}",
                ["warning template-fails"], "user assistant"
            ),
            (
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                ["warning template-not-checked"], "user"
            ),
            ("{{ messages[0].content | urlize }}", ["warning template-not-checked"], "user"),
            // A turn that is not closed.
            (
                "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% if m.role == 'user' %}<|im_end|>{% endif %}\n{% endfor %}",
                ["warning turn-markers"], "user assistant user assistant"
            ),
            // Answers are not numbered by how many follow.
            (
                "{% for m in messages %}[{{ messages | length }}]{{ m.role }}: {{ m.content }}\n{% endfor %}",
                ["warning prefix-unstable"], "user assistant"
            ),
            // The beginning of an answer is not how answers begin.
            (
                "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<|bot|>{% endif %}",
                ["warning prefix-unstable"], "user assistant"
            ),
            (chatML("{{ m.content[:5] }}"), ["warning content-lost"], "user"),
            (chatML("{% if m.role != 'assistant' %}{{ m.content }}{% endif %}"), ["warning content-lost"], "assistant"),
            (chatML("{{ m.content }}{{ m.content }}"), ["warning content-repeated"], "user"),
            (
                "{% for m in messages | reverse %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
                ["warning prefix-unstable", "warning content-order"], "user assistant"
            ),
            ("{{ messages }}", ["warning prefix-unstable", "warning python-text"], "user assistant"),
            (chatML("{{ m.content }}{{ m.get('name') }}"), ["warning python-text"], "user"),
            ("{{ strftime_now('%d %b %Y') }}" + chatML("{{ m.content }}"), ["note clock-dependent"], "user"),
            ("{{ strftime_now('%H:%M') }}" + chatML("{{ m.content }}"), ["warning clock-dependent"], "user"),
        ] as [(String, [String], String)])
    func `finds what goes wrong, with the smallest conversation that shows it`(
        _ template: String, _ expected: [String], _ roles: String
    ) {
        let findings = Self.findings(template)
        #expect(Self.shown(findings) == expected, "\(findings.map(\.message))")
        #expect(Self.roles(findings.first) == roles)
    }

    @Test func `holds a template to tools only when it reads them`() {
        let blind = Self.chatML("{{ m.content if m.content else '' }}")
        #expect(Self.findings(blind).isEmpty)
        // It lists the tools and prints their calls by their keys, and the schema as Python has it.
        let leaking = "{% if tools %}{{ tools }}{% endif %}" + blind
        let finding = Self.findings(leaking).first { $0.rule == .python }
        #expect(finding?.severity == .warning && Self.roles(finding) == "user")
        #expect(finding?.conversation?.tools?.count == 1)
        let lossy = PromptSample.withTools.replacing("{{ call.function | tojson }}", with: "{{ call.function.name }}")
        let lost = Self.findings(lossy).first { $0.rule == .lost }
        #expect(lost?.message.contains("arguments of a call") == true)
        #expect(Self.roles(lost) == "assistant")
    }

    @Test func `asks a template that is for tools alone for nothing else`() {
        let template =
            "{% for t in tools %}{{ t | tojson }}\n{% endfor %}" + Self.chatML("{{ m.content if m.content else '' }}")
        let findings = Self.findings(template)
        #expect(Self.shown(findings) == ["note template-fails"])
        #expect(findings.first?.message.contains("unless tools are on offer") == true)
    }

    @Test func `takes it for a property that a call needs a content, and looks at what it prints all the same`() {
        let reads = PromptSample.withTools.replacing(
            "{% if m.content is defined and m.content %}{{ m.content }}{% endif %}", with: "{{ '' + m.content }}")
        #expect(reads != PromptSample.withTools)
        let findings = Self.findings(reads)
        #expect(Self.shown(findings) == ["note template-fails"], "\(findings.map(\.message))")
        #expect(Self.roles(findings.first) == "assistant")
        let lossy = reads.replacing("{{ call.function | tojson }}", with: "{{ call.function.name }}")
        // One that prints no calls even so has not been helped.
        #expect(Self.shown(Self.findings(lossy)) == ["warning template-fails"])
    }

    @Test func `takes a mark behind the beginning of an answer for a property`() {
        let plain = Self.chatML("{{ m.content }}")
        let opened = plain.replacing("<|im_start|>assistant\n", with: "<|im_start|>assistant\n<judge>")
        #expect(opened != plain && Self.shown(Self.findings(plain)) == [])
        #expect(Self.shown(Self.findings(opened)) == ["note prefix-unstable"])
        let colon = plain.replacing("<|im_start|>assistant\n", with: "<|im_start|>assistant\n:")
        #expect(Self.shown(Self.findings(colon)) == ["warning prefix-unstable"])
    }

    @Test func `knows that an end of reasoning alone says that there is none`() {
        let closed = Self.chatML("{{ '</think>' if m.role == 'assistant' }}{{ m.content }}")
        #expect(
            !Self.shown(Self.findings(closed + "{# <think> #}{{ '<think>' if x }}")).contains("warning turn-markers"))
    }

    @Test func `takes the dropping of reasoning for a property, not for a defect`() {
        let template = """
            {%- for m in messages %}<|im_start|>{{ m.role }}
            {%- if m.role == 'assistant' and loop.last %}<think>
            {{ m.reasoning_content or '' }}</think>{% endif %}
            {{ m.content }}<|im_end|>
            {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}
            """
        #expect(Set(Self.shown(Self.findings(template))) == ["note prefix-unstable"])
    }

    @Test func `knows the tokens of the tokenizer`() {
        #expect(Self.findings(PromptSample.chatML, TokenInventory(["<|im_start|>", "<|im_end|>"])).isEmpty)
        let finding = Self.findings(PromptSample.chatML, TokenInventory(["<|im_start|>"])).first
        #expect(finding?.rule == .unknownToken && finding?.message.contains("`<|im_end|>`") == true)
    }

    @Test func `never traps on what templates can be made of`() {
        let seed: UInt64 = 0x7072_6f6d_7074
        print("seed \(seed)")
        var state = seed
        func draw(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        let samples = [PromptSample.chatML, PromptSample.bracketed, PromptSample.withTools]
        let pieces = [
            "{{", "}}", "{%", "%}", "<|", "|>", "</", "[", "]", "'", "m.content", "tools", "|tojson", "\u{FF5C}", "é",
            "\u{0}", "[INST]", "{'a': ", "None",
        ]
        for _ in 0..<40 {
            var text = Array(samples[draw(samples.count)].unicodeScalars)
            for _ in 0...draw(3) {
                let place = draw(text.count)
                switch draw(3) {
                case 0: text.removeSubrange(place..<min(text.count, place + draw(12)))
                case 1: text.insert(contentsOf: Array(pieces[draw(pieces.count)].unicodeScalars), at: place)
                default:
                    text.insert(
                        contentsOf: Array(text[place..<min(text.count, place + draw(20))]), at: draw(text.count))
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            let findings = Self.findings(String(view))
            // Whatever is shown by a conversation is shown again by it.
            for finding in findings where finding.rule == .fails {
                guard let conversation = finding.conversation else { continue }
                let tokens = SpecialTokens(tokens: [.init("bos_token", "<s>"), .init("eos_token", "</s>")], file: nil)
                if case .success = PromptRenderer(String(view), tokens: tokens).render(conversation) {
                    Issue.record("\(finding.message) is not shown by its conversation")
                }
            }
        }
    }
}
