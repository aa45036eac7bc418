// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct OutdatedCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "outdated", abstract: "Compare the lock with what the names mean upstream now.",
        discussion: "Exit code 4 when anything drifted. Nothing is written and no file is downloaded.")

    @Argument(help: "Only these deliverables.") var names: [String] = []
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let names = try names.map { try DeliverableName($0) }
        let findings = try await context.withSession(network) { try await OutdatedCheck($0, project).run(names) }
        if !context.printJSON(JSON.outdated(findings)) { Text(terminal: context.terminal).outdated(findings) }
        let drifted = findings.contains(where: \.isDrift)
        let hasMoved = findings.contains { if case .moved = $0.status { true } else { false } }
        if hasMoved, !shared.json { context.terminal.say("review and accept with `weighlock update`") }
        return drifted ? .drift : .success
    }
}
