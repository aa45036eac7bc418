// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Drift
internal import FileIO
internal import Jinja
internal import Operations

struct RenderCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Print the prompt that a chat template makes of a conversation.",
        discussion: """
            The prompt goes to standard output byte for byte as transformers gives it, without a line end of ours. A target is a \
            template file, a file with templates in it (tokenizer_config.json, GGUF), a directory, a deliverable of the project's \
            lock (name or name:path), or a repository (org/model[@revision][:path] or hf://…), of which only small files are \
            fetched. Special tokens come from the tokenizer's files beside the template.

            A conversation is a built-in one by its name, or a JSON file with messages, tools and variables; - is standard input. \
            The template runs in a box: no input or output, budgets for everything, and a clock that tells the time of --at.

              weighlock render org/model
              weighlock render chat_template.jinja --conversation tool-result
              weighlock render ./model --conversation chat.json --var enable_thinking=false
              weighlock render org/model --list
            """)

    @Argument(help: "What to render.", completion: .file()) var target: String?
    @Option(
        help: ArgumentHelp(
            "A built-in conversation, or a file with one; may be given several times with --json.",
            valueName: "name-or-file"),
        completion: .file())
    var conversation: [String] = []
    @Option(help: ArgumentHelp("A JSON file with the tools on offer.", valueName: "file"), completion: .file())
    var tools: String?
    @Option(
        name: .customLong("var"),
        help: ArgumentHelp("A variable that the template sees: JSON, or a text.", valueName: "name=value"))
    var variables: [String] = []
    @Option(help: ArgumentHelp("The template to use, by its name or its file.", valueName: "name")) var template:
        String?
    @Option(
        help: ArgumentHelp(
            "Use the template that this engine takes: \(PromptEngine.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "engine"))
    var engine: PromptEngine?
    @Flag(help: "Leave out the beginning of the assistant's turn.") var noGenerationPrompt = false
    @Option(
        help: ArgumentHelp(
            "What the template is told to be the time, as \(PromptRenderer.defaultTime).", valueName: "time"))
    var at: String?
    @Flag(help: "List the templates, and who reads which.") var list = false
    @Flag(help: "List the built-in conversations; with --json, print them.") var conversations = false
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if conversations {
            if target != nil { throw ValidationError("--conversations takes no target") }
            return
        }
        if target == nil {
            throw ValidationError("say what to render: a template file, a directory, a deliverable or a repository")
        }
        if conversation.count > 1, !shared.json {
            throw ValidationError("several conversations need --json: prompts have no mark between them")
        }
        if let at, Timestamp(at) == nil {
            throw ValidationError("--at takes a time like \(PromptRenderer.defaultTime), not '\(at)'")
        }
        for variable in variables where !variable.contains("=") {
            throw ValidationError("--var takes name=value, not '\(variable)'")
        }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        guard let target, !conversations else { return listConversations(context) }
        let chosen = try context.target(target, try context.lockForTargets())
        let wanted = list ? [] : try wantedConversations()
        let choice = RenderOperation.Choice(name: template, engine: engine)
        let time = at.flatMap { Timestamp($0) } ?? PromptRenderer.defaultTime
        let (templates, outcomes) = try await context.withSession(network) { session in
            let operation = RenderOperation(session, context.project)
            let templates = try await operation.templates(
                chosen, wantsGGUF: list || engine == .llamaCpp || template != nil)
            return (templates, try await operation.render(wanted, templates, choice, now: time))
        }
        if list {
            if !context.printJSON(JSON.templates(templates)) { RenderText(terminal: context.terminal).list(templates) }
            return .success
        }
        if context.printJSON(JSON.render(templates, outcomes, time: time)) {
            return outcomes.contains { $0.error != nil } ? .failure : .success
        }
        for outcome in outcomes { try show(outcome, templates, time, context) }
        return .success
    }

    private func show(
        _ outcome: RenderOperation.Outcome, _ templates: RenderOperation.Templates, _ time: Timestamp,
        _ context: CommandContext
    ) throws {
        switch outcome.result {
        case .success(let rendering):
            context.terminal.outputExactly(rendering.text)
            if !rendering.clockFormats.isEmpty, at == nil {
                context.terminal.note("the prompt depends on the time: rendered for \(time); `--at` gives another")
            }
        case .failure(let error): throw RenderText.failure(error, outcome)
        }
    }

    private func listConversations(_ context: CommandContext) -> ExitStatus {
        if !context.printJSON(JSON.conversations(Conversation.builtIn)) {
            for line in Columns.aligned(Conversation.builtIn.map { [$0.name, $0.title] }, right: []) {
                context.terminal.output(line)
            }
        }
        return .success
    }

    // MARK: - What is rendered

    private func wantedConversations() throws -> [Conversation] {
        let names = conversation.isEmpty ? ["user"] : conversation
        var all: [Conversation] = []
        for name in names { all += name == "all" ? Conversation.builtIn : [try RenderCommand.conversation(name)] }
        let tools = try self.tools.map { try ConversationReader.tools(try RenderCommand.bytes($0), name: $0) }
        return try all.map { conversation in
            var conversation = conversation
            if let tools { conversation = conversation.with(tools: tools) }
            for variable in variables {
                let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                    String.init)
                try ConversationReader.check(variable: parts[0], code: .usage)
                conversation = conversation.setting(
                    parts[0], ConversationReader.variable(parts.count > 1 ? parts[1] : ""))
            }
            return noGenerationPrompt ? conversation.setting("add_generation_prompt", false) : conversation
        }
    }

    private static func conversation(_ word: String) throws -> Conversation {
        if let known = Conversation.named(word) { return known }
        if word != "-", !FileSystem.exists(Program.absolute(word)) {
            let near =
                Nearest.close(to: word, among: Conversation.builtIn.map(\.name)).map { "did you mean `\($0)`? " } ?? ""
            throw Failure(
                .usage, "there is no built-in conversation and no file `\(Escaped(word))`",
                hint: near + "`weighlock render --conversations` lists the built-in ones")
        }
        return try ConversationReader.conversation(try bytes(word), name: word == "-" ? "standard input" : word)
    }

    /// The content of a file, or of standard input.
    private static func bytes(_ word: String) throws -> [UInt8] {
        guard word == "-" else {
            return try FileSystem.read(Program.absolute(word), limit: ConversationReader.maximumSize)
        }
        return Terminal.input(limit: ConversationReader.maximumSize)
    }
}

extension PromptEngine: ExpressibleByArgument {}

extension RenderOperation.Outcome {
    /// The error that the template ended with.
    var error: (any Error)? { if case .failure(let error) = result { error } else { nil } }
}
