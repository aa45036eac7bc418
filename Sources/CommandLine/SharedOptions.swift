// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import FileIO
internal import Operations
internal import SystemPackage

/// The options that every command has.
struct SharedOptions: ParsableArguments {
    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("The directory of the project; found upwards when not given.", valueName: "directory"),
        completion: .directory)
    var project: String?

    @Option(help: ArgumentHelp("When to use colours: auto, always or never.", valueName: "when"))
    var color: Terminal.ColorChoice = .auto

    @Flag(name: .shortAndLong, help: "Say nothing but warnings and errors.")
    var quiet = false

    @Flag(help: "Print the result as JSON.")
    var json = false
}

/// The options of commands that may ask a Hub.
struct NetworkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The Hub to ask; wins over HF_ENDPOINT and weighlock.yaml.", valueName: "address"))
    var endpoint: String?

    @Flag(help: "Never open a connection.")
    var offline = false

    @Option(help: ArgumentHelp("How many connections may be open at once, 1 to 64.", valueName: "number"))
    var connections = 8

    func validate() throws {
        guard (1...64).contains(connections) else { throw ValidationError("--connections takes a number from 1 to 64") }
    }
}

extension Terminal.ColorChoice: ExpressibleByArgument {}

/// A command of ours: what it does once its arguments are known.
protocol Performable: ParsableCommand {
    var shared: SharedOptions { get }
    /// Does the work and says how it went; errors are reported by the caller.
    func perform(_ context: CommandContext) async throws -> ExitStatus
}

/// What a command works with.
struct CommandContext: Sendable {
    let terminal: Terminal
    let shared: SharedOptions

    /// The project that the user means.
    var project: Project {
        guard let directory = shared.project else { return Project.find(from: Program.currentDirectory) }
        return Project(directory: Program.absolute(directory))
    }

    /// Opens a session, hands it to `body` and closes it, whatever happens.
    func withSession<Result: Sendable>(
        _ network: NetworkOptions? = nil, _ body: (Session) async throws -> Result
    ) async throws -> Result {
        var settings = try EnvironmentVariable.settings(endpoint: network?.endpoint, offline: network?.offline ?? false)
        { path in
            (try? FileSystem.read(path, limit: 64 << 10)).map { String(decoding: $0, as: UTF8.self) }
        }
        if let network { settings.connections = network.connections }
        let progress = ProgressLine(terminal)
        let session = Session(settings) { progress.show($0) }
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            progress.show(.ended)
            await session.close()
            throw error
        }
    }

    /// Prints `value` as JSON when the user asked for JSON; says whether the user did. Only the first document is printed: a
    /// command that reports what is wrong and then fails prints its report and no error.
    func printJSON(_ value: @autoclosure () -> JSONValue) -> Bool {
        guard shared.json else { return false }
        terminal.outputDocument(value().text())
        return true
    }
}
