// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Evidence
internal import Operations

struct RollbackCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Go back to an earlier lock, with its view, offline.",
        discussion: "Without --to, the lock before the one in force. When the store lacks a file nothing is changed.")

    @Option(
        help: ArgumentHelp(
            "An entry's number in 'weighlock log', or the beginning of its identity.", valueName: "entry"))
    var to: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Why, for the history.", valueName: "text")) var reason: String?
    @Flag(help: "Restore the lock even when the store lacks its files; 'weighlock sync' fetches them.") var lockOnly =
        false
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let outcome = try await context.withSession {
            try await Rollback($0, project).run(to: to, reason: reason, lockOnly: lockOnly)
        }
        let document = JSON.document(
            "rollback", ["identity": JSON.digest(outcome.lock.identity), "entry": JSON.entry(outcome.entry)])
        if !context.printJSON(document) {
            context.terminal.say(
                "back to entry \(outcome.entry.sequence) of \(outcome.entry.time), identity \(outcome.lock.identity.short)"
            )
        }
        if !outcome.misfits.isEmpty {
            context.terminal.warn(
                "weighlock.yaml asks for something else now: \(outcome.misfits.joined(separator: "; ")); "
                    + "take back that change too, or `weighlock lock` undoes the rollback")
        }
        return .success
    }
}
