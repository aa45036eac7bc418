// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// The chat template that a deliverable's launch names with `--chat-template`: the engine that is started takes it, whatever
/// the repository has.
package struct LaunchTemplate: Sendable, Hashable {
    /// The engines that the launch may start: one where the command tells, else all that know the flag.
    package let engines: [PromptEngine]
    /// What the flag says.
    package let value: String
    /// Where it is said.
    package let place: DriftChange.Place
    /// The template; nil for one that is no file of the deliverable, or cannot be read.
    package let copy: TemplateCopy?
    /// Why there is no template.
    package let reason: String?

    private static let flags = ["--chat-template", "--chat-template-file"]
    private static let engines: [(word: String, engine: PromptEngine)] = [
        ("vllm", .vllm), ("sglang", .sglang), ("llama-server", .llamaCpp), ("llama-cli", .llamaCpp),
        ("llama_cpp", .llamaCpp),
    ]

    /// Whether the engine takes this template.
    func governs(_ engine: PromptEngine) -> Bool { engines.contains(engine) }

    /// Finds what the launch of a side says: in its command, else in the first of its start scripts that says it.
    ///
    /// - Throws: what the snapshot's reader throws that is no `Failure`.
    package static func find(in snapshot: Snapshot) async throws -> LaunchTemplate? {
        guard let launch = snapshot.launch else { return nil }
        if let found = try await find(launch.command, .init("launch", "command"), snapshot) { return found }
        for file in snapshot.localFiles where file.component == .launch {
            guard let content = try await read(file, snapshot).flatMap({ String(validating: $0, as: UTF8.self) }),
                !file.path.name.hasSuffix(".py"), let script = ShellScript(content)
            else { continue }
            for case .command(let words) in script.steps {
                if let found = try await find(words, .init(file.path.description, "command"), snapshot) { return found }
            }
        }
        return nil
    }

    /// Whether everything is there in which the launch of a side could name a template.
    static func isKnown(_ snapshot: Snapshot) async throws -> Bool {
        let given = ArgumentList(snapshot.launch?.command ?? []).flags
        if flags.contains(where: { given[$0] != nil }) { return true }
        for file in snapshot.localFiles where file.component == .launch {
            if try await read(file, snapshot) == nil { return false }
        }
        return true
    }

    private static func read(_ file: LocalFile, _ snapshot: Snapshot) async throws -> [UInt8]? {
        do { return try await snapshot.reader.localFile(file) } catch is Failure { return nil }
    }

    private static func find(
        _ command: [String], _ place: DriftChange.Place, _ snapshot: Snapshot
    ) async throws -> LaunchTemplate? {
        let arguments = ArgumentList(command)
        guard let flag = flags.first(where: { arguments.flags[$0]?.isEmpty == false }),
            let value = arguments.flags[flag]?.last
        else { return nil }
        let known = engines.first { entry in arguments.words.contains { $0.contains(entry.word) } }.map(\.engine)
        let all: [PromptEngine] = flag == "--chat-template-file" ? [.llamaCpp] : [.vllm, .sglang, .llamaCpp]
        let engines = known.map { [$0] } ?? all
        let place = DriftChange.Place(place.file, (place.key ?? "") + " " + flag)
        func found(_ copy: TemplateCopy?, _ reason: String? = nil) -> LaunchTemplate {
            LaunchTemplate(engines: engines, value: value, place: place, copy: copy, reason: reason)
        }
        if value.contains("{{") || value.contains("{%") {
            return found(
                TemplateCopy(place: .launch, file: place.file, component: .launch, key: place.key, text: value))
        }
        let shown = "`\(Escaped(value, limit: 200))`"
        guard let (name, component, bytes) = try await content(value, snapshot) else {
            return found(nil, "\(shown), which the launch names, is no file of the deliverable")
        }
        guard let bytes, bytes.count <= TemplateSet.maximumText, let text = String(validating: bytes, as: UTF8.self)
        else { return found(nil, "\(shown), which the launch names, cannot be read") }
        return found(TemplateCopy(place: .launch, file: name, component: component, text: text))
    }

    /// The file that a path on a command line means: one of the project's, or with `{model}` one of the model's.
    private static func content(
        _ value: String, _ snapshot: Snapshot
    ) async throws -> (name: String, component: Component, bytes: [UInt8]?)? {
        let model = "{model}/"
        if value.hasPrefix(model) {
            guard let path = try? RelativePath(String(value.dropFirst(model.count))), let file = snapshot.file(path)
            else { return nil }
            let bytes: [UInt8]?
            do { bytes = try await snapshot.document(path) } catch is Failure { bytes = nil }
            return (file.name, file.component, bytes)
        }
        let plain = value.hasPrefix("./") ? String(value.dropFirst(2)) : value
        // In a container the project lies somewhere else: what its path ends with still says which file is meant.
        let found =
            snapshot.localFiles.first { $0.path.description.utf8.elementsEqual(plain.utf8) }
            ?? snapshot.localFiles.first { plain.hasPrefix("/") && plain.hasSuffix("/" + $0.path.description) }
        guard let found else { return nil }
        return (found.path.description, found.component, try await read(found, snapshot))
    }
}
