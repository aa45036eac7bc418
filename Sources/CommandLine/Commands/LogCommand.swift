// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Evidence
internal import Operations
internal import SystemPackage

struct LogCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show which locks were in force, who accepted them and why.",
        discussion: """
            The newest entry comes first; '*' marks the one in force. The chain of the entries and the locks they name are \
            checked: exit code 3 when anything was changed or removed.
            """)

    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let history = try project.history()
        try history.checkLocks()
        let inForce = try project.lockIfPresent()?.digest
        if !context.printJSON(JSON.history(history, inForce: inForce)) {
            Text(terminal: context.terminal).history(history, inForce: inForce)
        }
        if history.hasTornTail {
            context.terminal.note("the last write of the history was interrupted; the next one repairs it")
        }
        if inForce == nil, history.entries.isEmpty {
            context.terminal.note("there is no lock and no history in `\(project.directory.string)`")
        }
        if let inForce, history.entries.last?.lock != inForce {
            context.terminal.note(
                history.entries.isEmpty
                    ? "the lock in force has no entry yet: it was made elsewhere"
                    : "the lock in force is not the newest entry's: it was changed outside, or a command was interrupted"
            )
        }
        return .success
    }
}
