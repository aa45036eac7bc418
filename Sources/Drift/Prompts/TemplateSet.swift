// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import Deliverable
internal import GGUF
internal import Jinja

/// The chat templates of one source of a deliverable: every copy, who uses which, and the tokens that they print.
package struct TemplateSet: Sendable {
    /// The copies: files first, then those inside of other files.
    package let copies: [TemplateCopy]
    /// The tokens of the tokenizer beside them.
    package let tokens: SpecialTokens
    /// What could not be read, and why.
    package let problems: [DriftReport.Unchecked]
    /// Whether transformers makes a processor for the model: only then it reads the processor's places.
    package let hasProcessor: Bool
    /// The template that the launch names; nil when it names none, or this is not where the model's templates are.
    package let launch: LaunchTemplate?
    /// The tokens of each GGUF file, by its name.
    private let embedded: [(file: String, tokens: SpecialTokens)]

    /// The most copies of one source.
    package static let maximumCopies = 500
    /// The longest text of a template; a longer one is a problem.
    package static let maximumText = 4 << 20
    /// The most GGUF files that are read when they are elsewhere.
    package static let maximumRemoteGGUF = 2

    /// Makes a set of copies that are at hand.
    package init(copies: [TemplateCopy], tokens: SpecialTokens = .none, hasProcessor: Bool = false) {
        (self.copies, self.tokens, self.hasProcessor) = (copies, tokens, hasProcessor)
        (problems, embedded, launch) = ([], [], nil)
    }

    /// Reads the templates of a source.
    ///
    /// - Parameters:
    ///   - directory: where in the source to look, without a `/` at its end; empty for its root.
    ///   - readsLaunch: whether what the launch names counts.
    ///   - wantsGGUF: which of its GGUF files are opened.
    /// - Throws: what the snapshot's reader throws. A file that is missing or is not what its name says is a problem.
    package init(
        of snapshot: Snapshot, role: SourceRole = .model, directory: String = "", readsLaunch: Bool = true,
        wantsGGUF: (Snapshot.File) -> Bool = { _ in true }
    ) async throws {
        var reader = TemplateReader(snapshot: snapshot)
        let files = snapshot.files.filter { $0.role == role && TemplateSet.kind(of: $0, in: directory) != nil }
        var config: JSONValue?
        var map: JSONValue?
        var tokensFile: String?
        var hasProcessor = false
        var remote = 0
        for file in files {
            switch TemplateSet.kind(of: file, in: directory) {
            case .template(let place, let name): try await reader.readText(file, place, name)
            case .document(let place): try await reader.readDocument(file, place)
            case .tokenizerConfig:
                config = try await reader.readDocument(file, .tokenizerConfig)
                if config != nil { tokensFile = file.name }
            case .tokensMap:
                map = try await reader.json(file)
                if map != nil, tokensFile == nil { tokensFile = file.name }
            case .processorMark: hasProcessor = true
            case .gguf where wantsGGUF(file):
                if snapshot.reader.localPath(of: file) == nil {
                    remote += 1
                    guard remote <= TemplateSet.maximumRemoteGGUF else {
                        reader.skip(
                            file,
                            "its template: more than \(TemplateSet.maximumRemoteGGUF) GGUF files that are not on this machine"
                        )
                        continue
                    }
                }
                try await reader.readGGUF(file)
            default: break
            }
            if case .document = TemplateSet.kind(of: file, in: directory) { hasProcessor = true }
        }
        let order = TemplateCopy.Place.allCases
        let isModel = readsLaunch && directory.isEmpty && role == TemplateSet.role(of: snapshot)
        launch = isModel ? try await LaunchTemplate.find(in: snapshot) : nil
        copies = ([launch?.copy].compactMap(\.self) + reader.copies).enumerated().sorted { left, right in
            let (a, b) = (order.firstIndex(of: left.element.place) ?? 0, order.firstIndex(of: right.element.place) ?? 0)
            return (a, left.offset) < (b, right.offset)
        }.map(\.element)
        tokens = SpecialTokens(config: config, map: map, file: tokensFile)
        (problems, embedded) = (reader.problems, reader.embedded)
        self.hasProcessor = hasProcessor
    }

    /// The source that the model's templates come from: that of the tokenizer, where there is one.
    static func role(of snapshot: Snapshot) -> SourceRole {
        snapshot.files.contains { $0.role == .tokenizer } ? .tokenizer : .model
    }

    /// What a file can say about templates.
    enum Kind {
        case template(TemplateCopy.Place, String)
        case document(TemplateCopy.Place)
        case tokenizerConfig, tokensMap, processorMark, gguf
    }

    /// What a file can say about templates; nil for one that says nothing.
    static func kind(of file: Snapshot.File, in directory: String = "") -> Kind? {
        let path = file.path.description
        let prefix = directory.isEmpty ? "" : directory + "/"
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        switch rest {
        case "chat_template.jinja": return .template(.file, TemplateCopy.defaultName)
        case "chat_template.json": return .document(.legacyFile)
        case "processor_config.json": return .document(.processorConfig)
        case "tokenizer_config.json": return .tokenizerConfig
        case "special_tokens_map.json": return .tokensMap
        case "preprocessor_config.json", "video_preprocessor_config.json": return .processorMark
        default: break
        }
        let parts = rest.split(separator: "/")
        if parts.count == 2, parts[0] == "additional_chat_templates", parts[1].hasSuffix(".jinja"), parts[1] != ".jinja"
        {
            return .template(.additional, String(parts[1].dropLast(".jinja".count)))
        }
        switch file.path.fileExtension {
        case "jinja", "jinja2", "j2": return .template(.other, rest)
        case "gguf": return isLaterPart(rest) ? nil : .gguf
        default: return nil
        }
    }

    /// Of a model in several GGUF files only the first has a template.
    private static func isLaterPart(_ name: String) -> Bool {
        let parts = name.dropLast(".gguf".count).split(separator: "-")
        guard parts.count >= 4, parts[parts.count - 2] == "of", let number = Int(parts[parts.count - 3]) else {
            return false
        }
        return number > 1
    }

    /// The tokens that a copy of this set prints.
    package func tokens(for copy: TemplateCopy) -> SpecialTokens {
        guard copy.place == .gguf else { return tokens }
        return embedded.first { $0.file.utf8.elementsEqual(copy.file.utf8) }?.tokens ?? tokens
    }

    /// The engines that use a copy by themselves, in their order.
    package func engines(using copy: TemplateCopy) -> [PromptEngine] {
        PromptEngine.allCases.filter { engine in
            [false, true].contains { engine.template(of: self, withTools: $0)?.isSamePlace(as: copy) ?? false }
        }
    }

    /// Copies of one name that are not the same text for a reader of templates: each different one, with the first of all.
    package var disagreements: [(first: TemplateCopy, other: TemplateCopy)] {
        var found: [(first: TemplateCopy, other: TemplateCopy)] = []
        // Whoever names one on a command line means another than the repository's.
        func counts(_ copy: TemplateCopy) -> Bool { copy.place != .other && copy.place != .launch }
        for (index, copy) in copies.enumerated() where counts(copy) {
            let same = copies[..<index].first { $0.name.utf8.elementsEqual(copy.name.utf8) && counts($0) }
            if let first = same, !first.isSameText(as: copy) { found.append((first, copy)) }
        }
        return found
    }
}
