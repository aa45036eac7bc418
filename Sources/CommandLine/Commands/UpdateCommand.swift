// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct UpdateCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Review what changed upstream, and lock it when you accept it.",
        discussion: """
            Shows the changes by component, asks, writes the lock and an entry of the history. The files of the old lock stay in \
            the store, so that 'weighlock rollback' works offline.
            """)

    @Argument(help: "The deliverables to update; all when none is given.") var names: [String] = []
    @Flag(name: .shortAndLong, help: "Accept without being asked.") var yes = false
    @Option(name: .shortAndLong, help: ArgumentHelp("Why, for the history.", valueName: "text")) var reason: String?
    @Flag(help: "Show the review and write nothing.") var dryRun = false
    @Flag(help: "Fail with 4 instead of writing the lock.") var locked = false
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let names = try names.map { try DeliverableName($0) }
        let (review, isAccepted) = try await context.withSession(network) { session in
            try await Update(session, project).run(names, reason: reason, dryRun: dryRun || locked) { review in
                if !shared.json { Text(terminal: context.terminal).review(review) }
                return try accept(context.terminal)
            }
        }
        if context.printJSON(JSON.update(review, isAccepted: isAccepted)) {
            return locked && !review.changes.isEmpty ? .drift : .success
        }
        if review.changes.isEmpty {
            context.terminal.say("\(Lock.fileName) is up to date: the names mean what is locked")
        } else if isAccepted {
            context.terminal.say("wrote \(Lock.fileName), identity \(review.lock.identity.short); now `weighlock sync`")
        } else if dryRun || locked {
            Text(terminal: context.terminal).review(review)
            context.terminal.say("nothing was written")
        } else {
            throw Failure(.declined, "the update was not accepted: nothing was written")
        }
        return locked && !review.changes.isEmpty ? .drift : .success
    }

    private func accept(_ terminal: Terminal) throws(Failure) -> Bool {
        if yes { return true }
        guard terminal.canAsk else {
            throw Failure(
                .usage, "the update has to be accepted, and there is no terminal to ask on: nothing was written",
                hint: "run it with `--yes --reason \"…\"` after reading the review")
        }
        return terminal.ask("accept these changes?")
    }
}
