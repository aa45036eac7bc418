// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import SystemPackage

/// The program: parses the arguments, runs one command, ends with its exit code.
package enum Program {
    /// The version, by semantic versioning.
    package static let version = "0.1.0"

    /// The directory that the program was started in.
    static var currentDirectory: FilePath { FileSystem.currentDirectory }

    /// The path that a user's text means.
    static func absolute(_ text: String) -> FilePath { currentDirectory.pushing(FilePath(text)).lexicallyNormalized() }

    /// Runs the command that the process was started with, and ends the process.
    package static func main() async -> Never {
        let command: any ParsableCommand
        do { command = try Weighlock.parseAsRoot() } catch { Terminal.end(answer(error)) }
        guard let command = command as? any Performable else {
            // A request for help, or a command that only groups others: both answer by throwing what to print.
            var other = command
            do { try other.run() } catch { Terminal.end(answer(error)) }
            Terminal.end(ExitStatus.success.rawValue)
        }
        let terminal = Terminal(color: command.shared.color, quiet: command.shared.quiet)
        let context = CommandContext(terminal: terminal, shared: command.shared)
        let task = Task { await perform(command, context) }
        let interruption = Interruption(cancelling: task)
        let status = await task.value
        if let signalled = interruption.status, status != .success {
            terminal.say("interrupted: what was in force still is; what has arrived is kept")
            Terminal.end(signalled.rawValue)
        }
        Terminal.end(status.rawValue)
    }

    private static func perform(_ command: any Performable, _ context: CommandContext) async -> ExitStatus {
        do { return try await command.perform(context) } catch let failure as any Diagnosable {
            context.terminal.report(failure)
            _ = context.printJSON(JSON.error(failure))
            return ExitStatus(failure.code)
        } catch is CancellationError {
            return .interrupted
        } catch {
            let failure = Failure(.file, "an unexpected error: \(error)", hint: "please report it")
            context.terminal.report(failure)
            _ = context.printJSON(JSON.error(failure))
            return .failure
        }
    }

    /// What to say about a word that stands where a command should; nil when there is none or nothing is like it.
    private static func suggestion(_ arguments: [String]) -> String? {
        var command: any ParsableCommand.Type = Weighlock.self
        for word in arguments {
            let configuration = command.configuration
            let commands = configuration.subcommands + configuration.groupedSubcommands.flatMap { $0.subcommands }
            guard !commands.isEmpty, !word.hasPrefix("-") else { return nil }
            guard let next = commands.first(where: { $0.configuration.commandName == word }) else {
                return Nearest.close(to: word, among: commands.compactMap { $0.configuration.commandName }).map {
                    "did you mean `\($0)`?"
                }
            }
            command = next
        }
        return nil
    }

    /// Answers a request for help, or a command line that cannot be understood.
    private static func answer(_ error: any Error) -> Int32 {
        let terminal = Terminal(color: .auto, quiet: false)
        let text = Weighlock.fullMessage(for: error)
        if Weighlock.exitCode(for: error).isSuccess {
            terminal.output(text)
            return ExitStatus.success.rawValue
        }
        terminal.reportUsage(text, hint: suggestion(Array(Swift.CommandLine.arguments.dropFirst())))
        return ExitStatus.usage.rawValue
    }
}
