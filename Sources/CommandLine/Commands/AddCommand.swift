// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Deliverable
internal import Operations

struct AddCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a model to weighlock.yaml.",
        discussion: """
            The manifest keeps its comments and everything else. Nothing is asked of a Hub: 'weighlock lock' does that.

              weighlock add sentence-transformers/all-MiniLM-L6-v2
              weighlock add example/model@v1 --name chat --include '*.safetensors' --include '*.json'
            """)

    @Argument(
        help: ArgumentHelp(
            "The repository, with the revision to follow after an '@'.", valueName: "repository[@revision]"))
    var repository: String

    @Option(
        help: ArgumentHelp(
            "The revision to follow: a branch, a tag, refs/pr/N or a commit. Default: main.", valueName: "revision"))
    var revision: String?

    @Option(
        help: ArgumentHelp(
            "What to call the deliverable; made from the repository's name when not given.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Take only files that match; can be given several times. '*' crosses '/'.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("Leave out files that match; can be given several times.", valueName: "pattern"))
    var exclude: [String] = []

    @OptionGroup var shared: SharedOptions

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let request = try request()
        let name = try ManifestOperations.add(
            request, as: try name.map { try DeliverableName($0) }, to: context.project)
        let document = JSON.document(
            "add",
            [
                "name": .string(name.description), "repository": .string(request.repository.description),
                "revision": .string(request.revision.description),
            ])
        if !context.printJSON(document) {
            context.terminal.say(
                "added `\(name)`: \(request.repository) at `\(request.revision)`; now `weighlock lock`")
        }
        return .success
    }

    private func request() throws(Failure) -> SourceRequest {
        let parts = repository.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, revision != nil {
            throw Failure(.usage, "the revision was given twice: after `@` and with `--revision`", hint: "give it once")
        }
        let name = parts.first ?? ""
        if let scheme = ["https://", "http://"].first(where: { name.hasPrefix($0) }) {
            let path = name.dropFirst(scheme.count).split(separator: "/").dropFirst().prefix(2).joined(separator: "/")
            throw Failure(
                .usage, "`\(Escaped(name))` is an address, and a repository is asked for by its name",
                hint: (path.isEmpty ? "write `namespace/name`" : "write `\(Escaped(path))`")
                    + "; another Hub is named by `--endpoint`, HF_ENDPOINT or `endpoint` in weighlock.yaml")
        }
        let id = try RepositoryID(name)
        let revision = try Revision(parts.count == 2 ? parts[1] : revision ?? "main")
        var include: [FilePattern] = []
        var exclude: [FilePattern] = []
        for pattern in self.include { include.append(try FilePattern(pattern)) }
        for pattern in self.exclude { exclude.append(try FilePattern(pattern)) }
        return SourceRequest(repository: id, revision: revision, include: include, exclude: exclude)
    }
}
