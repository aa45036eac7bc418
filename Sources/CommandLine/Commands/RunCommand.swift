// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct RunCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command that finds the locked revision under its name, offline.",
        discussion: """
            The lock is verified first, as 'weighlock verify' does without --deep. Then the command takes the place of this \
            process: its exit code, signals and terminal are its own.

              weighlock run -- python app.py
            """)

    @Option(help: ArgumentHelp("The deliverable, where several have views of their own.", valueName: "name"))
    var deliverable: String?
    @OptionGroup var shared: SharedOptions
    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("The command and its arguments, after '--'.", valueName: "command")
    )
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("there is no command to run: weighlock run -- COMMAND …") }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let name = try deliverable.map { try DeliverableName($0) }
        let variables = try await context.withSession { session in
            let report = try await Verification(session, project).run(deep: false)
            guard report.problems.isEmpty else {
                throw Failure(
                    .mismatch, "what is on disk is not what the lock says: the command was not run",
                    hint: "run `weighlock verify` to see all, `weighlock sync` or `weighlock cache heal` to mend it",
                    details: report.problems.prefix(10).map { "\($0.place) \($0.reason)" })
            }
            return try ChildEnvironment(session, project).variables(for: name)
        }
        throw ChildProcess.replaceThisOne(with: command, adding: variables)
    }
}
