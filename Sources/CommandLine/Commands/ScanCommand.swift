// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Operations
internal import Scanning

struct ScanCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Tell whether files of a model can hurt the one who loads them.",
        discussion: """
            Nothing is executed, imported or loaded. A target is a file, a directory, a deliverable of the project's lock (name \
            or name:path), or a repository (org/model[@revision][:path] or hf://…), of which only the ranges that matter are \
            fetched. Without a target the whole lock is scanned, from the store.

            A verdict is 'clean', 'review' (a person should look: code by design, objects of libraries), 'unknown' (uses what is \
            on no list), 'unscannable' (could not be read to the end as every loader would read it) or 'malicious'. Exit code 5 \
            when a file has the verdict of --fail-on or a worse one.

            Findings that a person has accepted stand in weighlock.allow.yaml beside the manifest, by digest and with a reason. \
            It counts for the project's lock; for other targets name it with --allow.

              weighlock scan checkpoint.pth
              weighlock scan --fail-on review --json models/
              weighlock scan org/model@main
              weighlock scan --explain pickle-global-dangerous
            """)

    /// The verdicts that `--fail-on` can name; `clean` would fail always.
    enum Threshold: String, ExpressibleByArgument, CaseIterable {
        case review, unknown, unscannable, malicious, never
    }

    @Argument(help: "What to scan; the project's lock when not given.", completion: .file()) var targets: [String] = []
    @Option(
        help: ArgumentHelp(
            "Exit with 5 from this verdict on: review, unknown, unscannable, malicious or never.", valueName: "verdict")
    )
    var failOn: Threshold = .unknown
    @Flag(help: "Read every byte and compare all checksums of archives.") var checksums = false
    @Flag(name: .long, help: "List clean files too, every place of a finding, and what pickles import.") var verbose =
        false
    @Flag(help: "Print only what pickles import, a line for each file and name.") var imports = false
    @Option(
        help: ArgumentHelp("Write the findings as SARIF 2.1.0; - is standard output.", valueName: "file"),
        completion: .file())
    var sarif: String?
    @Option(
        help: ArgumentHelp("The findings that are accepted; instead of the project's file.", valueName: "file"),
        completion: .file())
    var allow: String?
    @Flag(help: "Print entries for an allow file, each without the reason that it needs.") var suggestAllow = false
    @Flag(help: "List the rules.") var rules = false
    @Option(help: ArgumentHelp("Print the page of a rule.", valueName: "rule")) var explain: String?
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        let others = [imports, suggestAllow, rules, explain != nil, sarif == "-"].count { $0 }
        if others > 1 {
            throw ValidationError("--imports, --suggest-allow, --rules, --explain and --sarif - exclude each other")
        }
        if shared.json, sarif == "-" { throw ValidationError("--json and --sarif - both want standard output") }
        if rules || explain != nil, !targets.isEmpty { throw ValidationError("--rules and --explain take no target") }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        if rules { return list(context) }
        if let explain { return try page(of: explain, context) }
        let report = try await scan(context)
        try show(report, context)
        return try judge(report, context)
    }

    private func scan(_ context: CommandContext) async throws -> ScanReport {
        let project = context.project
        let lock = targets.isEmpty ? nil : try context.lockForTargets()
        let chosen = try targets.map { try context.target($0, lock) }
        let allowed = try ScanOperation.allowFile(allow.map(Program.absolute), shownAs: allow, project)
        return try await context.withSession(network) { session in
            var operation = ScanOperation(session, project)
            operation.options.checksums = checksums
            operation.allowed = allowed
            operation.wantsDigests = suggestAllow
            return try await operation.run(chosen.isEmpty ? try operation.lockedTargets() : chosen)
        }
    }

    // MARK: - What is printed

    private func show(_ report: ScanReport, _ context: CommandContext) throws {
        let terminal = context.terminal
        if let sarif {
            let text = SARIF.document(report).text()
            if sarif == "-" {
                terminal.output(text)
            } else {
                try FileSystem.replace(Program.absolute(sarif), with: Array((text + "\n").utf8))
            }
        }
        if !context.printJSON(JSON.scan(report)), sarif != "-" {
            let view = ScanText(terminal: terminal, isVerbose: verbose)
            if imports {
                view.imports(report)
            } else if suggestAllow {
                view.suggestions(report)
            } else {
                view.show(report)
            }
        }
        for note in report.targets.flatMap(\.notes) { terminal.note(note) }
        for allowance in report.allowances where allowance.state == .expired {
            terminal.warn(
                "\(allowance.file):\(allowance.entry.line): the entry for \(allowance.entry.sha256.short) ended on \(allowance.entry.until ?? "")"
            )
        }
        // Of a part of the lock it is no news that entries are about other files.
        guard targets.isEmpty || allow != nil else { return }
        for allowance in report.allowances where allowance.state == .unused {
            terminal.note(
                "\(allowance.file):\(allowance.entry.line): the entry for \(allowance.entry.sha256.short) allows nothing that was found"
            )
        }
    }

    private func judge(_ report: ScanReport, _ context: CommandContext) throws -> ExitStatus {
        let summary = ScanText.summary(report)
        // What --suggest-allow prints is an answer, whatever it is about.
        guard !suggestAllow, let limit = Verdict(rawValue: failOn.rawValue), report.verdict >= limit else {
            if !shared.json { context.terminal.say(summary) }
            return .success
        }
        let hint =
            switch report.verdict {
            case .malicious: "do not load the file; `weighlock scan --explain RULE` says more of a rule"
            case .unscannable: "what cannot be read cannot be called clean; `--explain RULE` says more of a rule"
            default:
                "look at what is found; `--suggest-allow` prints what an allow file needs, and `--fail-on` moves the threshold"
            }
        throw Failure(.refused, summary, hint: hint)
    }

    // MARK: - Rules

    private func list(_ context: CommandContext) -> ExitStatus {
        if !context.printJSON(JSON.rules(ScanRules.all)) {
            let lines = ScanRules.all.map { [$0.id, $0.severity.rawValue, $0.verdict.rawValue, $0.summary] }
            for line in Columns.aligned(lines, right: []) { context.terminal.output(line) }
        }
        return .success
    }

    private func page(of id: String, _ context: CommandContext) throws -> ExitStatus {
        guard let rule = ScanRules.named(id) else {
            throw Failure(
                .usage, "there is no rule `\(Escaped(id, limit: 60))`",
                hint: (Nearest.close(to: id, among: ScanRules.all.map(\.id)).map { "did you mean `\($0)`? " } ?? "")
                    + "`weighlock scan --rules` lists them")
        }
        if !context.printJSON(JSON.rules([rule])) { context.terminal.output(ScanText.page(rule)) }
        return .success
    }
}
