// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import FileIO
internal import Operations
internal import SystemPackage

struct InitCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a weighlock.yaml that explains itself.",
        discussion: "The manifest says what you want; it is yours to edit. Nothing is asked of a Hub.")

    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let directory = shared.project.map(Program.absolute) ?? Program.currentDirectory
        try FileSystem.createDirectories(directory)
        let project = try ManifestOperations.initialise(directory)
        if !context.printJSON(JSON.document("init", ["manifest": .string(project.manifestPath.string)])) {
            context.terminal.say("wrote \(Manifest.fileName); now `weighlock add namespace/name`")
        }
        return .success
    }
}
