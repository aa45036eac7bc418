// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Operations
internal import SystemPackage

struct EnvCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Print the variables that point other programs at the view.",
        discussion: "For a shell: eval \"$(weighlock env)\". 'weighlock run -- COMMAND' sets them for one command.")

    @Option(help: ArgumentHelp("The deliverable, where several have views of their own.", valueName: "name"))
    var deliverable: String?
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let name = try deliverable.map { try DeliverableName($0) }
        let variables = try await context.withSession { try ChildEnvironment($0, project).variables(for: name) }
        if let cache = variables.first(where: { $0.name == "HF_HUB_CACHE" })?.value, !FileSystem.exists(FilePath(cache))
        {
            context.terminal.warn("the view is not there yet: run `weighlock sync`")
        }
        let document = JSON.document("env", ["variables": .object(variables.map { .init($0.name, .string($0.value)) })])
        if !context.printJSON(document) {
            for variable in variables {
                context.terminal.output("export \(variable.name)='\(EnvCommand.quoted(variable.value))'")
            }
        }
        return .success
    }

    /// A text between single quotes of a shell.
    private static func quoted(_ text: String) -> String {
        text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    }
}
