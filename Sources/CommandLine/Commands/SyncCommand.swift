// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations
internal import SystemPackage

struct SyncCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Fetch what the lock says, checking every byte while it arrives, and lay out the view.",
        discussion: """
            Files that the user's Hugging Face cache has are hashed and taken from there. A killed sync goes on where it was. \
            Of the lock nothing changes but the tensor digests of weights that are seen for the first time; with '--locked' not \
            even those. '--print-cache-key' prints the identity of the lock: the key under which a CI can \
            keep WEIGHLOCK_HOME.
            """)

    @Flag(help: "Print what would be done, and do nothing.") var dryRun = false
    @Flag(help: "Print the lock's identity and do nothing else.") var printCacheKey = false
    @Flag(help: "Leave the lock as it is, also when it has no tensor digests yet.") var locked = false
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        return try await context.withSession(network) { session in
            let sync = Sync(session, project)
            if printCacheKey {
                let identity = try sync.lock().identity
                if !context.printJSON(JSON.document("cache-key", ["identity": JSON.digest(identity)])) {
                    context.terminal.output(identity.description)
                }
                return .success
            }
            if dryRun {
                let steps = try sync.plan(try sync.lock())
                if !context.printJSON(JSON.plan(steps)) { Text(terminal: context.terminal).plan(steps) }
                return .success
            }
            let outcome = try await sync.run(locked: locked)
            if !context.printJSON(JSON.sync(outcome)) { summarise(outcome, context.terminal) }
            return .success
        }
    }

    private func summarise(_ outcome: Sync.Outcome, _ terminal: Terminal) {
        var parts: [String] = []
        if outcome.fetched > .zero { parts.append("fetched \(outcome.fetched)") }
        if outcome.adopted > .zero { parts.append("adopted \(outcome.adopted) from the Hugging Face cache") }
        if !outcome.healed.isEmpty { parts.append("healed \(counted(outcome.healed.count, "file"))") }
        if parts.isEmpty { parts.append("nothing to fetch") }
        terminal.say("synced \(counted(outcome.files, "file")), \(outcome.total): " + parts.joined(separator: ", "))
        for name in outcome.completed { terminal.say("noted the tensor digest of `\(name)` in the lock") }
        for view in outcome.views { terminal.say("view: \(view.string)") }
    }
}
