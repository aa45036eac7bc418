// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import FileIO
internal import Operations
internal import Safetensors
internal import SystemPackage

struct DigestCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "digest", abstract: "Print digests of files and of tensors, or check them.",
        discussion: """
            A target is a file, a directory, the index of a sharded model, or a deliverable of the project's lock. What is \
            printed is what 'sha256sum' prints and '--check' or 'sha256sum -c' verifies; the tensor digest of each model \
            (safetensors, checkpoints, GGUF) follows as a comment. The tensor digest does not depend on packaging: sharding, order, padding and metadata do \
            not count, names, types, shapes and every bit do.

            With --tensors, one line a tensor of one model; several files are its shards. Exit code 3 when --check finds a \
            difference.

              weighlock digest model > listing
              weighlock digest --check listing
              weighlock digest --tensors model.safetensors > tensors
              weighlock digest --tensors repacked --check tensors
            """)

    @Argument(help: "What to digest.", completion: .file()) var targets: [String] = []
    @Flag(name: .customLong("file"), help: "Only the digests of files.") var files = false
    @Flag(help: "Only the digests of the tensors of one model.") var tensors = false
    @Option(
        help: ArgumentHelp("Compare with a listing that was made before.", valueName: "listing"), completion: .file())
    var check: String?
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if files, tensors { throw ValidationError("--file and --tensors exclude each other") }
        if check == nil || tensors, targets.isEmpty {
            throw ValidationError("Missing expected argument '<targets> ...'")
        }
        if check != nil, files {
            throw ValidationError("--file has no meaning with --check: the listing says what it is of")
        }
        if check != nil, !tensors, !targets.isEmpty {
            throw ValidationError("--check takes its files from the listing; targets go with --tensors only")
        }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        if let check {
            let report = try await compare(check, context, project)
            return try show(report, context)
        }
        let chosen = try chosen(context)
        let scope: DigestOperation.Scope = files ? .files : tensors ? .tensors : .both
        let report = try await context.withSession { try await DigestOperation($0, project).run(chosen, scope) }
        if !context.printJSON(JSON.digests(report, tensors: tensors)) {
            let text =
                tensors
                ? report.models.first?.digests.map { String(decoding: $0.listing, as: UTF8.self) } ?? ""
                : report.listing.text
            if !text.isEmpty { context.terminal.output(String(text.dropLast())) }
        }
        let problems = report.models.compactMap { model in model.problem.map { (model.name, $0) } }
        guard problems.isEmpty else {
            throw Failure(
                .unreadableModel, "\(counted(problems.count, "model")) without a tensor digest",
                hint: "`weighlock inspect` shows more; `--file` asks for nothing but the digests of files",
                details: problems.prefix(20).map { "`\(Escaped($0.0, limit: 1024))`: \($0.1)" })
        }
        return .success
    }

    private func chosen(_ context: CommandContext) throws(Failure) -> [ModelTarget] {
        let lock = try context.lockForTargets()
        var chosen: [ModelTarget] = []
        for text in targets { chosen.append(try context.target(text, lock)) }
        return chosen
    }

    private func compare(
        _ name: String, _ context: CommandContext, _ project: Project
    ) async throws -> DigestCheck.Report {
        let bytes = try FileSystem.read(Program.absolute(name), limit: DigestListing.sizeLimit)
        if tensors {
            let listing: TensorDigests
            do throws(SafetensorsError) { listing = try TensorDigests(listing: bytes) } catch {
                throw Failure(
                    .invalidListing, "`\(Escaped(name, limit: 1024))`: \(error.message)",
                    hint: "make one with `weighlock digest --tensors`")
            }
            let chosen = try chosen(context)
            return try await context.withSession {
                try await DigestCheck($0, project).tensors(chosen, against: listing)
            }
        }
        let listing = try DigestListing(parsing: bytes, name: name)
        return try await context.withSession {
            try await DigestCheck($0, project).files(listing, absolute: Program.absolute)
        }
    }

    private func show(_ report: DigestCheck.Report, _ context: CommandContext) throws -> ExitStatus {
        let terminal = context.terminal
        if !context.printJSON(JSON.digestCheck(report)) {
            for problem in report.problems {
                let what =
                    switch problem.kind {
                    case .mismatch: "is not what was listed"
                    case .missing: problem.subject == "model" ? "is not there, or not all of it" : "is not there"
                    case .unlisted: "is not in the listing"
                    case .unreadable: "cannot be read: \(problem.reason ?? "")"
                    }
                terminal.output(
                    terminal.paint("FAILED", .bad)
                        + "  \(problem.subject) `\(Escaped(problem.name, limit: 1024))` \(what)")
                guard let expected = problem.expected, let found = problem.found else { continue }
                terminal.output("        expected: \(expected)\n        found:    \(found)")
            }
        }
        let counts = [(report.files, "file"), (report.models, "model"), (report.tensors, "tensor")].filter { $0.0 > 0 }
            .map { counted($0.0, $0.1) }.joined(separator: ", ")
        guard report.problems.isEmpty else {
            throw Failure(
                .mismatch, "\(counted(report.problems.count, "difference")) in \(counts)",
                hint: tensors
                    ? "`weighlock inspect --tensors` shows what the files hold"
                    : "when only the packaging may have changed, compare listings made with `--tensors`")
        }
        if !shared.json { terminal.say("checked \(counts): all as listed") }
        return .success
    }
}
