// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Drift
internal import FileIO
internal import Operations
internal import SystemPackage

struct DiffCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Tell what differs between two deliverables, in the terms of a model.",
        discussion: """
            Without a target every locked deliverable is compared with what its names mean upstream now. One deliverable of the \
            lock is compared with upstream, one lock file with the project's lock, and one other target with the lock's only \
            deliverable. Two targets are compared with each other: a directory or a file, a deliverable of the lock, \
            name@upstream for what its names mean now, a lock file (old.lock, or old.lock:name for one deliverable of it), a \
            repository (org/model[@revision] or hf://…).

            The first line says whether an output can differ. Files with the same digest are not opened; of a repository only \
            small files and the headers of weights are fetched, with at most 64 MiB of the numbers that differ (none with \
            --no-measure), and what cannot be compared is said to be not checked. Exit code \
            4 when something that is listed differs or something was not checked.

              weighlock diff                  # has the entry drifted, and does it matter?
              weighlock diff minilm ./retrained --html drift.html
              weighlock diff main.lock weighlock.lock --markdown > comment.md
              weighlock diff org/model@v1 org/model@v2 --class prompt,sampling --unified
            """)

    @Argument(help: "What was: a directory, a deliverable, a lock file or a repository.", completion: .file())
    var before: String?
    @Argument(help: "What is.", completion: .file()) var after: String?
    @Flag(help: "Print one line for each class.") var stat = false
    @Flag(help: "Print the whole text differences, those of prompts among them.") var unified = false
    @Flag(help: "List changes without effect, too.") var verbose = false
    @Option(
        name: .customLong("class"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only changes of these classes, separated by commas: \(DriftClass.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "classes"))
    var classes: [String] = []
    @Option(
        help: ArgumentHelp("Only changes of this severity or a worse one: breaking, behaviour, security or cosmetic."))
    var severity: DriftSeverity = .cosmetic
    @Option(
        help: ArgumentHelp(
            "Write the report as one self-contained page; - is standard output.", valueName: "file.html"),
        completion: .file(extensions: ["html"]))
    var html: String?
    @Option(
        defaultAsFlag: "-", parsing: .next,
        help: ArgumentHelp(
            "Write the report as a comment for a pull request; standard output when no file is named.",
            valueName: "file.md"),
        completion: .file(extensions: ["md"]))
    var markdown: String?
    @Flag(inversion: .prefixedNo, help: "Exit with 4 when there is a difference.") var exitCode = true
    @Flag(inversion: .prefixedNo, help: "Measure how far tensors are apart, which reads both.") var measure = true
    @OptionGroup var network: NetworkOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if stat, unified { throw ValidationError("--stat and --unified exclude each other") }
        if [shared.json, html == "-", markdown == "-"].count(where: { $0 }) > 1 {
            throw ValidationError("only one of --json, --html - and --markdown can have standard output")
        }
        // A target that was taken for the file's name must not be overwritten.
        if let html, html != "-", !["html", "htm"].contains(FilePath(html).extension?.lowercased()) {
            throw ValidationError(
                "--html takes a file whose name ends in .html, or -; it got '\(Escaped(html, limit: 200))'")
        }
        if let markdown, markdown != "-", !["md", "markdown"].contains(FilePath(markdown).extension?.lowercased()) {
            throw ValidationError(
                "--markdown takes a file whose name ends in .md; it got '\(Escaped(markdown, limit: 200))'; name targets before it"
            )
        }
        _ = try filter()
    }

    private func filter() throws -> DriftView.Filter {
        let words = classes.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let kinds = try words.map { word in
            guard let kind = DriftClass(rawValue: word) else {
                let near = Nearest.close(to: word, among: DriftClass.allCases.map(\.rawValue))
                throw ValidationError(
                    "there is no class '\(Escaped(word, limit: 60))'" + (near.map { "; did you mean '\($0)'?" } ?? ""))
            }
            return kind
        }
        return DriftView.Filter(classes: Set(kinds), severity: severity)
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let filter = try filter()
        let lock = try context.lockForTargets()
        let sides = try (before.map { try side($0, lock, context) }, after.map { try side($0, lock, context) })
        let options = options
        let reports = try await context.withSession(network) { session in
            try await DiffOperation(session, project).run(sides.0, sides.1, options: options)
        }
        let views = reports.map { DriftView($0, filter) }
        try show(views, context)
        return exitCode && views.contains(where: \.differs) ? .drift : .success
    }

    private var options: Comparison.Options {
        var options = Comparison.Options()
        options.measures = measure
        options.progress = { _ in !Task.isCancelled }
        return options
    }

    // MARK: - What is printed

    private func show(_ views: [DriftView], _ context: CommandContext) throws {
        let terminal = context.terminal
        try write(html, context) { DriftHTML.page(views) }
        try write(markdown, context) { DriftMarkdown.text(views) }
        if context.printJSON(JSON.diff(views)) || html == "-" || markdown == "-" { return }
        var text = DriftText(terminal)
        text.form = stat ? .statistics : unified ? .unified : .report
        text.isVerbose = verbose
        for line in text.lines(views) { terminal.output(line) }
        if views.isEmpty { terminal.say("no difference: the locks hold the same deliverables") }
    }

    private func write(_ name: String?, _ context: CommandContext, _ text: () -> String) throws {
        guard let name else { return }
        if name == "-" {
            // The document ends in a line end, and `output` adds one.
            return context.terminal.output(String(text().dropLast()))
        }
        try FileSystem.replace(Program.absolute(name), with: Array(text().utf8))
        context.terminal.say("wrote \(Escaped(name, limit: 1024))")
    }

    // MARK: - Targets

    /// What a word means: a lock file, what a deliverable's names mean upstream, or what it means to any command.
    private func side(_ word: String, _ lock: Lock?, _ context: CommandContext) throws(Failure) -> DiffSide {
        if let file = DiffCommand.lockFile(word) { return file }
        let suffix = "@upstream"
        if word.hasSuffix(suffix), !word.contains("/"),
            let name = try? DeliverableName(String(word.dropLast(suffix.count)))
        {
            guard lock?.deliverable(name) != nil else {
                throw Failure(
                    .usage, "the lock has no deliverable `\(name)`",
                    hint:
                        "only a locked deliverable has names to follow upstream; `org/model@revision` names a repository"
                )
            }
            return .upstream(name)
        }
        let target = try context.target(word, lock)
        if case .deliverable(let name, nil) = target.place { return .locked(name) }
        return .target(target)
    }

    /// `old.lock` and `old.lock:name`, where such a file is; a lock of the history, which is named for its identity, too.
    private static func lockFile(_ word: String) -> DiffSide? {
        func file(_ text: String) -> FilePath? {
            let path = Program.absolute(text)
            let isKept = path.extension == "json" && path.removingLastComponent().lastComponent?.string == "locks"
            return (path.extension == "lock" || isKept) && FileSystem.exists(path) ? path : nil
        }
        if let path = file(word) { return .lock(path, nil) }
        guard let colon = word.lastIndex(of: ":"), let path = file(String(word[..<colon])),
            let name = try? DeliverableName(String(word[word.index(after: colon)...]))
        else { return nil }
        return .lock(path, name)
    }
}

extension DriftSeverity: ExpressibleByArgument {}
