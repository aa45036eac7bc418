// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Operations
internal import SystemPackage

struct InspectCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what is in the files of a model without reading the weights.",
        discussion: """
            A target is a file of tensors (safetensors, a PyTorch checkpoint, npz, GGUF), the index of a sharded model, a \
            directory, a deliverable of the project's lock (name or name:path), or a repository \
            (org/model[@revision][:path] or hf://org/model[@revision][/path]), of which \
            only the listing and the headers are fetched: kilobytes. What is on this machine comes before what is in the \
            lock, and that before a repository.

            With --strict, exit code 5 when there are findings: what the format's text forbids and most readers let pass, and \
            where index, headers and files do not agree. Exit code 1, with and without it, when a file cannot be read as what \
            its name says.

            With --defaults, the values that nobody wrote down and everybody depends on, with file and key, and what each \
            program that serves models will use: dtype, lengths, sampling, stop tokens, template.

              weighlock inspect model.safetensors --tensors
              weighlock inspect sentence-transformers/all-MiniLM-L6-v2
            """)

    @Argument(help: "What to inspect.", completion: .file()) var targets: [String]
    @Flag(help: "List every tensor with its type, shape and size.") var tensors = false
    @Flag(help: "Exit with 5 when there are findings.") var strict = false
    @Flag(help: "Show the effective defaults, and what each engine makes of them.") var defaults = false
    @Option(
        name: .customLong("engine"),
        help: ArgumentHelp("With --defaults, only this engine; can be given several times.", valueName: "name"),
        transform: InspectCommand.engine)
    var engines: [Engine] = []
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let lock = try context.lockForTargets()
        let chosen = try targets.map { try context.target($0, lock) }
        if defaults { return try await showDefaults(chosen, context) }
        let reports = try await context.withSession(network) { session in
            var reports: [InspectionReport] = []
            for target in chosen { reports.append(try await Inspection(session, project).run(target)) }
            return reports
        }
        if !context.printJSON(JSON.inspection(reports, tensors: tensors)) {
            InspectionText(terminal: context.terminal).show(reports, tensors: tensors)
        }
        for report in reports where report.unnamed > 0 {
            context.terminal.warn(
                "`\(Escaped(report.target))`: \(counted(report.unnamed, "file")) passed over: the name is not UTF-8, or it is a broken link"
            )
        }
        let problems = reports.flatMap(\.problems)
        guard problems.isEmpty else {
            throw Failure(
                .unreadableModel, "\(counted(problems.count, "file")) cannot be read as what the name says",
                hint: hint(reports),
                details: problems.prefix(20).map { "`\(Escaped($0.name, limit: 1024))`: \($0.reason)" }
                    + (problems.count > 20 ? ["and \(problems.count - 20) more"] : []))
        }
        let findings = reports.reduce(0) { $0 + $1.findingCount }
        if strict, findings > 0 {
            throw Failure(
                .refused, "\(counted(findings, "finding"))",
                hint: reports.contains { $0.models.contains { $0.findingCount > 0 } }
                    ? "the files and what puts them together do not agree: fetch them again, or ask who made them"
                    : "write the files anew with `weighlock convert`; without `--strict` findings are only shown")
        }
        return .success
    }
}

extension InspectCommand {
    func validate() throws {
        guard defaults || engines.isEmpty else { throw ValidationError("`--engine` goes with `--defaults`") }
        guard !defaults || !strict && !tensors else {
            throw ValidationError("`--defaults` shows no tensors: leave out `--tensors` and `--strict`")
        }
    }

    private static func engine(_ text: String) throws -> Engine {
        guard let engine = Engine(rawValue: text) else {
            throw ValidationError(
                "`\(Escaped(text))` is none of " + Engine.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))
        }
        return engine
    }

    private func showDefaults(_ chosen: [ModelTarget], _ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let wanted = engines.isEmpty ? Engine.allCases : Engine.allCases.filter(engines.contains)
        let reports = try await context.withSession(network) { session in
            var reports: [DefaultsOperation.Report] = []
            for target in chosen {
                reports.append(try await DefaultsOperation(session, project).run(target, engines: wanted))
            }
            return reports
        }
        if !context.printJSON(JSON.defaults(reports)) { DefaultsText(terminal: context.terminal).show(reports) }
        return .success
    }

    private func hint(_ reports: [InspectionReport]) -> String {
        let isLocked = reports.contains { report in
            if case .deliverable = report.origin { !report.problems.isEmpty } else { false }
        }
        return isLocked
            ? "run `weighlock sync`, or inspect the repository"
            : "name a safetensors file, a checkpoint, a GGUF file, an index, or a directory or repository with such files"
    }
}

extension Failure.Code {
    /// A file is not what its name says; the word of the library for such files.
    static let unreadableModel = Self(rawValue: "invalid-safetensors")
}

extension CommandContext {
    /// The project's lock, for words that may name one of its deliverables. One that cannot be read only matters to
    /// whoever asks for something in it.
    func lockForTargets() throws(Failure) -> Lock? { try project.lockIfPresent() }

    /// What a word of the command line means.
    func target(_ text: String, _ lock: Lock?) throws(Failure) -> ModelTarget {
        try ModelTarget(text, lock: lock, absolute: Program.absolute, exists: { FileSystem.exists($0) })
    }
}
