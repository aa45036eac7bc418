// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import FileIO
internal import Mirror
internal import Operations
internal import SystemPackage

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a directory of repositories as a Hub, for the unmodified Python clients.",
        discussion: """
            Point clients at it with HF_ENDPOINT. It listens on loopback unless told otherwise, and does not encrypt: put a \
            proxy before it to be reached from elsewhere.

              weighlock serve import ./my-model example/my-model --root ./mirror
              weighlock serve --root ./mirror --port 8090
            """,
        subcommands: [ServeStartCommand.self, ServeImportCommand.self], defaultSubcommand: ServeStartCommand.self)
}

struct ServeStartCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Serve until interrupted (the default).")

    @Option(help: ArgumentHelp("The directory of the mirror.", valueName: "directory"), completion: .directory)
    var root: String
    @Option(help: ArgumentHelp("The address to listen on.", valueName: "address")) var host = "127.0.0.1"
    @Option(help: ArgumentHelp("The port to listen on; 0 takes a free one.", valueName: "port")) var port = 8090
    @Option(
        help: ArgumentHelp("Write the port into this file once the server listens.", valueName: "file"),
        completion: .file())
    var portFile: String?
    @Option(
        help: ArgumentHelp("A file with the tokens, one a line, that may read what is not public.", valueName: "file"),
        completion: .file())
    var tokenFile: String?
    @Flag(help: "Print each request to stderr.") var logRequests = false
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535") }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let terminal = context.terminal
        let handler = MirrorHandler(
            root: try MirrorRoot(Program.absolute(root)), access: MirrorAccess(tokens: try tokens())
        ) { failure in
            terminal.report(failure)
        }
        let logs = logRequests
        let server = try await MirrorServer.start(handler, host: host, port: port) { record in
            guard logs else { return }
            terminal.say(
                "\(record.status) \(record.method) \(Escaped(record.path)) \(record.bytes)\(record.isComplete ? "" : " (cut)")"
            )
        }
        if let portFile { try FileSystem.replace(Program.absolute(portFile), with: Array("\(server.port)\n".utf8)) }
        if !context.printJSON(
            JSON.document("serve", ["url": .string(server.url), "port": .integer(Int64(server.port))]))
        {
            terminal.say(
                "serving \(Program.absolute(root).string) at \(server.url); clients need HF_ENDPOINT=\(server.url)")
        }
        // Until somebody interrupts us, there is nothing to do here.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        await server.shutdown(grace: .seconds(5))
        return .success
    }

    private func tokens() throws(Failure) -> [Secret] {
        guard let file = tokenFile ?? EnvironmentVariable.mirrorTokenFile.text else { return [] }
        return String(decoding: try FileSystem.read(Program.absolute(file), limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n").compactMap { Secret(String($0)) }
    }
}

struct ServeImportCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Commit a plain folder to a mirror.",
        discussion: """
            The files become the whole tree of the branch; the repository is made when it is new. The commit has the id that git \
            would give it. The same files make no second commit. A server that is running sees it at once.
            """)

    @Argument(help: "The folder that holds the model.", completion: .directory) var folder: String
    @Argument(
        help: ArgumentHelp(
            "The repository: namespace/name; datasets/namespace/name for a dataset.", valueName: "repository"))
    var repository: String
    @Option(
        help: ArgumentHelp("The directory of the mirror; made when it is new.", valueName: "directory"),
        completion: .directory)
    var root: String
    @Option(help: ArgumentHelp("The branch to commit to.", valueName: "name")) var branch = "main"
    @Option(help: ArgumentHelp("A tag for the commit; can be given several times.", valueName: "name")) var tag:
        [String] = []
    @Option(help: ArgumentHelp("The first line of the commit's message.", valueName: "text")) var title = "Import"
    @Option(help: ArgumentHelp("The commit's date, as 2026-01-31T12:00:00Z; now when not given.", valueName: "date"))
    var date: String?
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let id = try ServeImportCommand.repository(repository)
        let settings = try EnvironmentVariable.settings(endpoint: nil, offline: true) { _ in nil }
        guard let date = Timestamp(date ?? settings.now()) else {
            throw Failure(.usage, "`\(Escaped(date ?? ""))` is not a date", hint: "write it like 2026-01-31T12:00:00Z")
        }
        let root = try MirrorRoot(Program.absolute(root), creating: true)
        var tags: [Revision] = []
        for name in tag { tags.append(try Revision(name)) }
        let commit = try root.importFolder(
            Program.absolute(folder), into: id,
            CommitRequest(branch: try Revision(branch), tags: tags, title: title, date: date))
        let document = JSON.document(
            "serve-import", ["repository": .string(id.description), "commit": .string(commit.description)])
        if !context.printJSON(document) { context.terminal.output(commit.description) }
        return .success
    }

    private static func repository(_ text: String) throws(Failure) -> RepositoryID {
        for kind in [RepositoryID.Kind.dataset, .space] where text.hasPrefix(kind.urlPrefix) {
            return try RepositoryID(String(text.dropFirst(kind.urlPrefix.count)), kind: kind)
        }
        return try RepositoryID(text)
    }
}
