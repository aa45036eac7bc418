// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct OutdatedCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "outdated", abstract: "Compare the lock with what the names mean upstream now.",
        discussion: """
            Exit code 4 when anything drifted. Nothing is written and, without --deep, no file is downloaded: what changed is told \
            from the listings, and a changed file counts as the worst that it can do. With --deep the documents and the headers \
            that changed are read, which is kilobytes, and each change is named in the terms of a model.
            """)

    @Argument(help: "Only these deliverables.") var names: [String] = []
    @Flag(help: "Read the documents and headers that changed, and say what the changes mean.") var deep = false
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let names = try names.map { try DeliverableName($0) }
        let (findings, summaries) = try await context.withSession(network) { session in
            let check = OutdatedCheck(session, project)
            let findings = try await check.run(names)
            return (findings, try await check.summaries(findings, deep: deep))
        }
        if !context.printJSON(JSON.outdated(findings, summaries)) {
            Text(terminal: context.terminal).outdated(findings)
            if deep { Text(terminal: context.terminal).deep(summaries) }
        }
        let drifted = findings.contains(where: \.isDrift)
        let hasMoved = findings.contains { if case .moved = $0.status { true } else { false } }
        if hasMoved, !shared.json { context.terminal.say("review and accept with `weighlock update`") }
        return drifted ? .drift : .success
    }
}
