// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Drift
internal import Operations

struct LintCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Check chat templates for what goes wrong without an error.",
        discussion: """
            Each template of a target is rendered for small conversations: does it render at all, is every turn closed, does it \
            stay as it is when a turn is appended, does every text reach the model once and in its order, does no Python value \
            leak into the prompt, is it the same at any time, does the tokenizer know the tokens that it prints. A template is only \
            held to what it means to handle: one that never mentions tools is not asked for them.

            Each finding comes with the smallest conversation that shows it, which --json prints whole, as 'render' takes it. Exit \
            code 5 when a finding is as bad as --fail-on or worse.

              weighlock lint --templates chat_template.jinja
              weighlock lint --templates org/model --fail-on note
            """)

    /// The severities that `--fail-on` can name.
    enum Threshold: String, ExpressibleByArgument, CaseIterable { case error, warning, note, never }

    @Argument(help: "What to check.", completion: .file()) var targets: [String] = []
    @Flag(help: "Check chat templates.") var templates = false
    @Option(
        help: ArgumentHelp("Exit with 5 from this severity on: error, warning, note or never.", valueName: "severity"))
    var failOn: Threshold = .warning
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard templates else { throw ValidationError("say what to check: --templates") }
        guard !targets.isEmpty else {
            throw ValidationError("say whose templates to check: a file, a directory, a deliverable or a repository")
        }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let lock = try context.lockForTargets()
        let chosen = try targets.map { try context.target($0, lock) }
        let reports = try await context.withSession(network) { session in
            let operation = RenderOperation(session, context.project)
            var reports: [RenderOperation.LintReport] = []
            for target in chosen {
                reports.append(try await operation.lint(try await operation.templates(target, wantsGGUF: true)))
            }
            return reports
        }
        if !context.printJSON(JSON.lint(reports)) { LintText(terminal: context.terminal).show(reports) }
        for report in reports {
            for problem in report.problems {
                context.terminal.warn(
                    "`\(Escaped(problem.file ?? report.target, limit: 1024))` was not checked: \(problem.reason)")
            }
        }
        let summary = LintText.summary(reports)
        if let empty = reports.first(where: { $0.items.isEmpty }) {
            throw Failure(
                .template, "there is no chat template in `\(Escaped(empty.target, limit: 1024))`",
                hint: "name a template file, or a directory, deliverable or repository that has one")
        }
        guard let worst = reports.compactMap(\.worst).min(),
            let limit = TemplateFinding.Severity(rawValue: failOn.rawValue),
            worst <= limit
        else {
            if !shared.json { context.terminal.say(summary) }
            return .success
        }
        throw Failure(
            .refused, summary,
            hint:
                "`--json` prints each conversation whole, as `weighlock render --conversation` takes it; `--fail-on` moves the threshold"
        )
    }
}
