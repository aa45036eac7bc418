// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

/// `render` and `lint` of small templates.
@Suite struct `Prompts on the command line` {
    private static let turns = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}\n{% endfor %}"
    private static let template =
        "{{ bos_token }}{% if tools %}<|tools|>{{ tools | tojson }}\n{% endif %}" + turns
        + "{% if add_generation_prompt %}<|assistant|>{% if mood %}({{ mood }}){% endif %}{% endif %}"
    private static let settings = #"{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}}"#

    /// A folder with a template and its tokens, and two conversations.
    private static func workspace() async throws -> Workspace {
        let workspace = try await Workspace()
        try workspace.write("project/chat/chat_template.jinja", template)
        try workspace.write("project/chat/tokenizer_config.json", settings)
        try workspace.write("project/chat.json", #"[{"role": "user", "content": "Grüße, <b>Ada</b> & \"Co\""}]"#)
        try workspace.write(
            "project/whole.json",
            #"{"messages": [{"role": "user", "content": "And you?"}], "variables": {"mood": "calm"}}"#)
        return workspace
    }

    @Test func `a prompt is printed as it is, and nothing beside it`() async throws {
        let workspace = try await Self.workspace()
        for arguments in [
            ["chat"], ["chat/chat_template.jinja"], ["chat", "--no-generation-prompt"],
            ["chat", "--conversation", "system-multi-turn"], ["chat", "--conversation", "chat.json"],
            ["chat", "--conversation", "whole.json"], ["chat", "--conversation", "whole.json", "--var", "mood=null"],
            ["chat", "--var", "mood=[1, 2]"],
        ] {
            #expect(try await workspace.run(["render"] + arguments).status == 0)
        }
        try workspace.write("project/tools.json", #"[{"type": "function", "function": {"name": "look_up"}}]"#)
        #expect(try await workspace.run("render", "chat", "--tools", "tools.json").status == 0)
        let input = #"[{"role": "user", "content": "From a pipe"}]"#
        #expect(try await workspace.run("render", "chat", "--conversation", "-", input: input).status == 0)
        let several = ["--conversation", "user", "--conversation", "tools", "--json"]
        #expect(try await workspace.run(["render", "chat"] + several).status == 0)
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("render")
    }

    @Test func `a template sees no clock but the one of the command`() async throws {
        let workspace = try await Workspace()
        try workspace.write("project/today.jinja", "{{ strftime_now('%d %b %Y') }}{{ messages[0].content }}")
        #expect(try await workspace.run("render", "today.jinja").status == 0)
        #expect(try await workspace.run("render", "today.jinja", "--at", "2031-05-06T07:08:09Z").status == 0)
        #expect(try await workspace.run("render", "today.jinja", "--json").status == 0)
        #expect(try await workspace.run("render", "today.jinja", "--at", "tomorrow").status == 2)
        try workspace.check("render-clock")
    }

    @Test func `templates are listed with who reads them, and can be chosen`() async throws {
        let workspace = try await Self.workspace()
        try workspace.write(
            "project/chat/tokenizer_config.json",
            #"{"bos_token": "<s>", "eos_token": "</s>", "chat_template": "old: {{ messages[0].content }}"}"#)
        try workspace.write(
            "project/chat/additional_chat_templates/rag.jinja", "{{ documents }}{{ messages[0].content }}")
        #expect(try await workspace.run("render", "chat", "--list").status == 0)
        #expect(try await workspace.run("render", "chat", "--list", "--json").status == 0)
        #expect(try await workspace.run("render", "chat", "--template", "rag").status == 0)
        #expect(try await workspace.run("render", "chat", "--engine", "tgi").status == 0)
        #expect(try await workspace.run("render", "chat", "--engine", "llama.cpp").status == 1)
        #expect(try await workspace.run("render", "chat", "--template", "rga").status == 1)
        try workspace.check("render-list")
    }

    @Test func `the built-in conversations are listed`() async throws {
        let workspace = try await Workspace()
        #expect(try await workspace.run("render", "--conversations").status == 0)
        #expect(try await workspace.run("render", "--conversations", "--json").status == 0)
        try workspace.check("render-conversations")
    }

    @Test func `a template that fails says where, and prints no prompt`() async throws {
        let workspace = try await Workspace()
        let table = [
            "raises": "{% if messages | length > 1 %}\n  {{ raise_exception('one turn only') }}\n{% endif %}ok",
            "syntax": "{% for m in messages %}{{ m.content",
            "undefined": "\u{1B}[31m{{ messages[0].content.upper.lower.first }}",
            "forbidden": "{{ ''.__class__.__mro__ }}{{ messages.__class__() }}",
            "endless": "{{ 'x' * 10 ** 12 }}",
        ]
        for (name, text) in table { try workspace.write("project/\(name).jinja", text) }
        for name in table.keys.sorted() {
            let conversation = name == "raises" ? ["--conversation", "multi-turn"] : []
            let outcome = try await workspace.run(["render", "\(name).jinja"] + conversation)
            #expect(outcome.status == 1 && outcome.output.isEmpty, "\(name)")
        }
        let several = ["--conversation", "user", "--conversation", "multi-turn", "--json"]
        #expect(try await workspace.run(["render", "raises.jinja"] + several).status == 1)
        try workspace.check("render-fails")
    }

    @Test func `what cannot be rendered is refused`() async throws {
        let workspace = try await Self.workspace()
        try workspace.write("project/wrong.json", #"{"messages": [], "extra": 1}"#)
        try workspace.write("project/empty.jinja", "")
        try workspace.write("project/blank.txt", " \n")
        try workspace.directory.write("project/latin.jinja", [0x7B, 0x7B, 0xE9, 0x7D, 0x7D] as [UInt8])
        for arguments in [
            [], ["chat", "--conversations"], ["chat", "--conversation", "user", "--conversation", "tools"],
            ["chat", "--var", "mood"], ["chat", "--var", "messages=[]"], ["chat", "--conversation", "usr"],
            ["chat", "--engine", "ollama"], ["none.jinja"], ["chat/none.jinja"],
            ["chat", "--conversation", "wrong.json"],
            ["chat/tokenizer_config.json"], ["tiny"], ["chat", "--tools", "wrong.json"], ["empty.jinja"],
            ["blank.txt"], ["latin.jinja"], ["chat.json"],
        ] {
            let outcome = try await workspace.run(["render"] + arguments)
            #expect([1, 2].contains(outcome.status) && outcome.output.isEmpty, "\(arguments)")
        }
        #expect(workspace.hub.requests.isEmpty)
        try workspace.check("render-refused")
    }

    @Test func `of a repository and of a deliverable only small files are read`() async throws {
        let workspace = try await Workspace.withModel()
        try workspace.hub.commit(
            Workspace.repository,
            ModelBuilder.tinyModel().merging([
                "chat_template.jinja": Array(Self.template.utf8), "tokenizer_config.json": Array(Self.settings.utf8),
            ]) { $1 })
        #expect(try await workspace.run("render", Workspace.repository).status == 0)
        #expect(!workspace.hub.requests.contains { $0.path.hasSuffix(".safetensors") })
        try await workspace.quietly("lock")
        try await workspace.quietly("sync")
        workspace.hub.forgetRequests()
        #expect(try await workspace.run("render", "tiny").status == 0)
        #expect(try await workspace.run("render", "tiny:chat_template.jinja", "--list").status == 0)
        #expect(try await workspace.run("lint", "--templates", "tiny").status == 5)
        #expect(workspace.hub.requests.isEmpty, "the store has the files")
        try workspace.check("render-deliverable")
    }

    // MARK: Lint

    @Test func `lint says what is wrong, with the conversation that shows it`() async throws {
        let workspace = try await Self.workspace()
        #expect(try await workspace.run("lint", "--templates", "chat").status == 0)
        try workspace.write(
            "project/odd.jinja",
            "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}{{ strftime_now('%d %B') }}{{ tools }}"
        )
        try workspace.write("project/broken.jinja", "{% for m in messages %}{{ m.content")
        #expect(try await workspace.run("lint", "--templates", "odd.jinja").status == 5)
        #expect(try await workspace.run("lint", "--templates", "odd.jinja", "--fail-on", "error").status == 0)
        #expect(try await workspace.run("lint", "--templates", "odd.jinja", "--fail-on", "never", "--json").status == 0)
        #expect(try await workspace.run("lint", "--templates", "chat", "broken.jinja").status == 5)
        #expect(try await workspace.run("lint", "--templates", "chat", "broken.jinja", "--json").status == 5)
        try workspace.check("lint")
    }

    @Test func `a template without a tokenizer is checked with stand-ins for its tokens`() async throws {
        let workspace = try await Self.workspace()
        try workspace.write(
            "project/alone.jinja",
            "{{ bos_token + '' }}{% for m in messages %}<|{{ m.role }}|>{{ m.content + eos_token }}{% endfor %}")
        #expect(try await workspace.run("lint", "--templates", "alone.jinja", "--fail-on", "error").status == 0)
    }

    @Test func `lint wants a template`() async throws {
        let workspace = try await Self.workspace()
        try workspace.write(ModelBuilder.tinyModel(), to: "tiny")
        #expect(try await workspace.run("lint", "chat").status == 2)
        #expect(try await workspace.run("lint", "--templates").status == 2)
        #expect(try await workspace.run("lint", "--templates", "chat", "--fail-on", "fatal").status == 2)
        #expect(try await workspace.run("lint", "--templates", "none.jinja").status == 1)
        #expect(try await workspace.run("lint", "--templates", "tiny").status == 1)
        try workspace.write("project/tiny/tokenizer_config.json", "{\"chat_template\": ")
        #expect(try await workspace.run("lint", "--templates", "tiny").status == 1)
        try workspace.check("lint-refused")
    }
}
