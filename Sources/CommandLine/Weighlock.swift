// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The root of the command tree. Help, completions and the manual are made from these declarations.
struct Weighlock: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weighlock",
        abstract: "Lock models as whole deliverables: every name to a commit, every file to a digest.",
        discussion: """
            weighlock.yaml says what you want, weighlock.lock what it resolved to. 'sync' fetches it and checks every byte while \
            it arrives; 'run' gives it to unmodified programs; 'outdated' and 'update' bring changes upstream to a review; \
            'rollback' goes back, offline.

            Exit codes: 0 yes or done, 1 could not, 2 the command line or the manifest is wrong, 3 bytes are not what the lock \
            says, 4 drift or a difference was found, 5 refused by policy, 130 interrupted.
            """,
        version: Program.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Project",
                subcommands: [
                    InitCommand.self, AddCommand.self, RemoveCommand.self, LockCommand.self, SyncCommand.self,
                    VerifyCommand.self,
                    OutdatedCommand.self, DiffCommand.self, UpdateCommand.self, LogCommand.self, RollbackCommand.self,
                    RunCommand.self,
                    EnvCommand.self, LintCommand.self,
                ]),
            CommandGroup(
                name: "Files",
                subcommands: [
                    InspectCommand.self, DigestCommand.self, ScanCommand.self, ConvertCommand.self, RenderCommand.self,
                ]),
            CommandGroup(name: "Copies", subcommands: [ServeCommand.self]),
            CommandGroup(name: "Store", subcommands: [CacheCommand.self]),
            CommandGroup(
                name: "Help", subcommands: [CompletionsCommand.self, SchemaCommand.self, EnvironmentCommand.self]),
        ])
}
