// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct RemoveCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a deliverable from weighlock.yaml.",
        discussion:
            "The lock follows with the next 'weighlock lock'; the store keeps the files until 'weighlock cache gc'.")

    @Argument(help: "The deliverable.") var name: String
    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let name = try DeliverableName(name)
        try ManifestOperations.remove(name, from: context.project)
        if !context.printJSON(JSON.document("remove", ["name": .string(name.description)])) {
            context.terminal.say("removed `\(name)`; now `weighlock lock`")
        }
        return .success
    }
}
