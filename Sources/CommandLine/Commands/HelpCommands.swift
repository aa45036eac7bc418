// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct CompletionsCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print the completion script of a shell.",
        discussion: "  weighlock completions bash > ~/.local/share/bash-completion/completions/weighlock")

    @Argument(help: "bash, zsh or fish.") var shell: Shell
    @OptionGroup var shared: SharedOptions

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        context.terminal.output(Weighlock.completionScript(for: kind))
        return .success
    }
}

struct SchemaCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of weighlock.yaml or weighlock.lock, for editors and checks.")

    @Argument(help: "manifest or lock.") var file: File
    @OptionGroup var shared: SharedOptions

    enum File: String, ExpressibleByArgument, CaseIterable { case manifest, lock }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let text = file == .manifest ? Schema.manifest : Schema.lock
        context.terminal.output(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        return .success
    }
}

struct EnvironmentCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "help-environment", abstract: "List the environment variables that are read.")

    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let variables = EnvironmentVariable.allCases
        let document = JSON.document(
            "environment", ["variables": .object(variables.map { .init($0.rawValue, .string($0.explanation)) })])
        if !context.printJSON(document) {
            for variable in variables {
                context.terminal.output(
                    "\(context.terminal.paint(variable.rawValue, .name))\n    \(variable.explanation)")
            }
        }
        return .success
    }
}
