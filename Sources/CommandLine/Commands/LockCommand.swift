// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct LockCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Resolve every name to a commit and every file to a digest.",
        discussion: """
            What is locked already stays as it is: 'weighlock update' moves it. Weights are not downloaded: the Hub's listing \
            has their digests; the small files are fetched, since of those it has only the git id. The same inputs give the \
            same lock, byte for byte, and nothing is written when nothing changed.
            """)

    @Flag(help: "Write nothing; exit with 4 when the lock would change.") var check = false
    @Flag(help: "The same as --check, under the name other commands have for it.") var locked = false
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let isCheck = check || locked
        let outcome = try await context.withSession(network) {
            try await LockOperation($0, project).run(check: isCheck)
        }
        if !context.printJSON(JSON.lock(outcome)) {
            for name in outcome.changed { context.terminal.say(line(name, outcome.lock, isCheck)) }
            let end =
                !outcome.isChanged
                ? "\(Lock.fileName) is up to date"
                : isCheck
                    ? "\(Lock.fileName) would change"
                    : "wrote \(Lock.fileName), identity \(outcome.lock.identity.short)"
            context.terminal.say(end)
        }
        return outcome.isChanged && isCheck ? .drift : .success
    }

    private func line(_ name: DeliverableName, _ lock: Lock, _ isCheck: Bool) -> String {
        guard let locked = lock.deliverable(name) else { return (isCheck ? "would remove" : "removed") + " \(name)" }
        let sources = locked.sources.map { source in
            "\(source.request.repository)@\(source.request.revision) → \(source.commit.short)"
                + (source.date.map { " (\($0.prefix(10)))" } ?? "")
                + ", \(counted(source.files.count, "file")), \(source.size)"
        }
        return (isCheck ? "would lock" : "locked") + " \(name): " + sources.joined(separator: "; ")
    }
}
