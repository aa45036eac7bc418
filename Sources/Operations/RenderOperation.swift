// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Deliverable
package import Drift
internal import FileIO
package import Jinja
internal import SystemPackage

/// `weighlock render` and `weighlock lint --templates`: the chat templates of a target, and what they make of conversations.
/// Writes nothing; of what is elsewhere only small files and, where it is wanted, the header of a GGUF file are read.
package struct RenderOperation: Sendable {
    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// The templates of a target.
    package struct Templates: Sendable {
        /// The target as it was typed.
        package let target: String
        /// All of them, with the tokens that they print.
        package let set: TemplateSet
        /// Those of the file that was named; nil when a whole was named.
        package let focus: [TemplateCopy]?
        fileprivate let snapshot: Snapshot
        fileprivate let role: SourceRole
        fileprivate let directory: String
    }

    /// What a user chose among them.
    package struct Choice: Sendable {
        /// The name of a template, or the file that it is in; nil for the one that the engine takes.
        package var name: String?
        /// Whose rules apply.
        package var engine: PromptEngine?

        /// Whatever is used by itself.
        package init(name: String? = nil, engine: PromptEngine? = nil) { (self.name, self.engine) = (name, engine) }
    }

    /// What came of one conversation.
    package struct Outcome: Sendable {
        /// The conversation.
        package let conversation: Conversation
        /// The template that it was rendered with.
        package let copy: TemplateCopy
        /// The prompt, or the error that the template ended with.
        package let result: Result<Template.Rendering, JinjaError>
    }

    // MARK: - Finding

    /// Finds the templates of a target.
    ///
    /// A file that is no list of templates by its name is a template, whatever it is called; the tokens come from the tokenizer's
    /// files beside it.
    ///
    /// - Parameter wantsGGUF: whether GGUF files are opened although there are other templates.
    /// - Throws: when the target is not there or a server fails. What cannot be read in it is among the set's problems.
    package func templates(_ target: ModelTarget, wantsGGUF: Bool) async throws -> Templates {
        let (draft, path) = try await draft(target)
        let snapshot = draft.snapshot(session, try session.hub(for: try project.manifestIfPresent()))
        if let (role, path) = path, let file = snapshot.file(path, role: role) {
            return try await templates(target, in: file, snapshot)
        }
        let hasTokenizer = snapshot.files.contains { $0.role == .tokenizer }
        let role = path?.role ?? (hasTokenizer ? .tokenizer : .model)
        let directory = path?.path.description ?? ""
        var set = try await TemplateSet(of: snapshot, role: role, directory: directory) { _ in wantsGGUF }
        if set.copies.allSatisfy({ $0.place == .other }), !wantsGGUF {
            set = try await TemplateSet(of: snapshot, role: role, directory: directory)
        }
        return Templates(
            target: target.text, set: set, focus: nil, snapshot: snapshot, role: role, directory: directory)
    }

    /// The listing of a target, and the path in it that the user named.
    private func draft(_ target: ModelTarget) async throws -> (SnapshotDraft, (role: SourceRole, path: RelativePath)?) {
        let builder = try SnapshotBuilder(session, project)
        switch target.place {
        case .local(let path):
            guard let status = try FileSystem.status(path), status.kind == .regular else {
                return (try await builder.target(target), nil)
            }
            var draft = try await builder.target(target)
            guard let named = draft.files.first else { return (draft, nil) }
            for name in ["tokenizer_config.json", "special_tokens_map.json", "tokenizer.json", "added_tokens.json"] {
                let sibling = path.removingLastComponent().appending(name)
                guard named.path.description != name, let path = try? RelativePath(name),
                    let status = try FileSystem.status(sibling), status.kind == .regular
                else { continue }
                draft.files.append(
                    SnapshotDraft.File(role: .model, path: path, size: status.size, place: .local(sibling)))
            }
            return (draft, (.model, named.path))
        case .deliverable(let name, let path):
            let whole = ModelTarget(text: target.text, place: .deliverable(name, path: nil))
            let draft = try await builder.target(whole)
            return (draft, try path.map { path throws(Failure) in try RenderOperation.find(path, in: draft) })
        case .repository(let repository, let revision, let path):
            let whole = ModelTarget(text: target.text, place: .repository(repository, revision, path: nil))
            let draft = try await builder.target(whole)
            return (draft, try path.map { path throws(Failure) in try RenderOperation.find(path, in: draft) })
        }
    }

    /// The file or directory that a path names, the role in front of it taken off.
    private static func find(
        _ path: RelativePath, in draft: SnapshotDraft
    ) throws(Failure) -> (role: SourceRole, path: RelativePath) {
        let roles = Set(draft.files.map(\.role)).sorted()
        for role in roles where path.description.utf8.starts(with: role.pathPrefix.utf8) {
            guard let rest = try? RelativePath(String(path.description.dropFirst(role.pathPrefix.count))) else {
                continue
            }
            let prefix = Array((rest.description + "/").utf8)
            if draft.files.contains(where: {
                $0.role == role && ($0.path == rest || $0.path.description.utf8.starts(with: prefix))
            }) {
                return (role, rest)
            }
        }
        throw Failure(
            .entryNotFound, "`\(Escaped(draft.label))` has no file or directory `\(path)`",
            hint: "leave out the path; `weighlock render --list` shows where templates are")
    }

    /// The templates of one file, with the tokens of the tokenizer beside it.
    private func templates(
        _ target: ModelTarget, in file: Snapshot.File, _ snapshot: Snapshot
    ) async throws -> Templates {
        let directory = file.path.segments.dropLast().joined(separator: "/")
        let set = try await TemplateSet(of: snapshot, role: file.role, directory: directory) { $0.path == file.path }
        var focus = set.copies.filter { $0.file.utf8.elementsEqual(file.name.utf8) }
        let name = "`\(Escaped(target.text, limit: 1024))`"
        let remedy = "name a file with a chat template in it, or the directory that has one"
        if focus.isEmpty, let problem = set.problems.first(where: { $0.file == file.name }) {
            throw Failure(.template, "\(name) cannot be read: \(problem.reason)", hint: problem.hint ?? remedy)
        }
        let isJSON = file.path.fileExtension == "json"
        if focus.isEmpty, file.state.size > .zero, isJSON || file.path.fileExtension == "gguf" {
            throw Failure(
                .template, "\(name) has no chat template",
                hint: isJSON
                    ? "templates are in `chat_template` of tokenizer_config.json, chat_template.json or processor_config.json; a conversation is given with `--conversation`"
                    : remedy)
        }
        if focus.isEmpty {
            guard file.state.size.value <= Int64(TemplateSet.maximumText) else {
                throw Failure(
                    .limitExceeded, "\(name) is too long for a template: \(file.state.size)", hint: remedy)
            }
            guard let text = String(validating: try await snapshot.reader.document(file), as: UTF8.self),
                !text.utf8.contains(0)
            else { throw Failure(.template, "\(name) is not UTF-8 text, so it is no template", hint: remedy) }
            focus = [TemplateCopy(place: .other, file: file.name, component: file.component, text: text)]
        }
        // A template in a file of its own that is blank is a file that somebody has not written yet, or has lost.
        if focus.allSatisfy({ $0.key == nil && !$0.text.utf8.contains { $0 > 0x20 } }) {
            throw Failure(
                .template, "\(name) is empty" + (file.state.size > .zero ? " but for white space" : ""), hint: remedy)
        }
        return Templates(
            target: target.text, set: set, focus: focus, snapshot: snapshot, role: file.role, directory: directory)
    }

    // MARK: - Rendering

    /// The template that a conversation is rendered with.
    ///
    /// - Throws: `Failure` with code `template` when there is none, or none of that name.
    package func choose(
        _ choice: Choice, of templates: Templates, for conversation: Conversation
    ) throws(Failure) -> TemplateCopy {
        let set = templates.set
        let copies = templates.focus ?? set.copies
        if let name = choice.name {
            let bytes = Array(name.utf8)
            let found =
                copies.first { $0.name.utf8.elementsEqual(bytes) } ?? copies.first { $0.file.utf8.elementsEqual(bytes) }
                ?? copies.first { $0.label.utf8.elementsEqual(bytes) }
            if let found { return found }
            let names = Set(copies.map(\.name)).sorted().prefix(20).map { "`\(Escaped($0, limit: 60))`" }
            throw Failure(
                .template, "`\(Escaped(templates.target, limit: 1024))` has no template `\(Escaped(name, limit: 60))`",
                hint: names.isEmpty ? nil : "it has \(names.joined(separator: ", "))")
        }
        let withTools = conversation.tools != nil
        if let focus = templates.focus {
            let wanted = withTools ? ["tool_use", TemplateCopy.defaultName] : [TemplateCopy.defaultName]
            for name in wanted {
                if let copy = focus.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) { return copy }
            }
            if let only = focus.first, focus.count == 1 { return only }
        } else if let engine = choice.engine {
            if let copy = engine.template(of: set, withTools: withTools) { return copy }
            throw Failure(
                .template, "\(engine.title) finds no chat template in `\(Escaped(templates.target, limit: 1024))`",
                hint: copies.isEmpty ? nil : "`weighlock render --list` shows the templates and who reads them")
        } else {
            for engine in [PromptEngine.transformers, .processor, .llamaCpp] {
                if let copy = engine.template(of: set, withTools: withTools) { return copy }
            }
            if let only = copies.first, copies.count == 1 { return only }
        }
        if let problem = set.problems.first {
            throw Failure(
                .template,
                "`\(Escaped(problem.file ?? templates.target, limit: 1024))` cannot be read: \(problem.reason)",
                hint: problem.hint)
        }
        throw Failure(
            .template,
            copies.isEmpty
                ? "there is no chat template in `\(Escaped(templates.target, limit: 1024))`"
                : "`\(Escaped(templates.target, limit: 1024))` has several templates, and none is the default",
            hint: copies.isEmpty
                ? "name a template file, or a directory, deliverable or repository that has one"
                : "choose one with `--template`; `--list` shows them")
    }

    /// Renders conversations, each with the template that is chosen for it.
    @concurrent
    package func render(
        _ conversations: [Conversation], _ templates: Templates, _ choice: Choice, now: Timestamp
    ) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        var renderers: [TemplateCopy: PromptRenderer] = [:]
        for conversation in conversations {
            try Task.checkCancellation()
            let copy = try choose(choice, of: templates, for: conversation)
            let renderer =
                renderers[copy] ?? PromptRenderer(copy.text, tokens: templates.set.tokens(for: copy), now: now)
            renderers[copy] = renderer
            outcomes.append(Outcome(conversation: conversation, copy: copy, result: renderer.render(conversation)))
        }
        return outcomes
    }

    // MARK: - Checking

    /// What is wrong with the templates of a target.
    package struct LintReport: Sendable {
        /// A template and its findings.
        package struct Item: Sendable {
            /// The template.
            package let copy: TemplateCopy
            /// What is wrong with it, the worst first.
            package let findings: [TemplateFinding]
        }

        /// The target as it was typed.
        package let target: String
        /// Every template, also those without findings. Copies with the same text are there once.
        package let items: [Item]
        /// What could not be read.
        package let problems: [DriftReport.Unchecked]

        /// The worst that was found.
        package var worst: TemplateFinding.Severity? { items.flatMap(\.findings).map(\.severity).min() }
    }

    /// Checks the templates of a target.
    @concurrent
    package func lint(_ templates: Templates) async throws -> LintReport {
        let set = templates.set
        let inventory = try await TokenInventory.read(
            templates.snapshot, role: templates.role, directory: templates.directory)
        var items: [LintReport.Item] = []
        for copy in templates.focus ?? set.copies {
            try Task.checkCancellation()
            if items.contains(where: { $0.copy.normalised.utf8.elementsEqual(copy.normalised.utf8) }) { continue }
            let tokens = set.tokens(for: copy)
            // Where no tokenizer is, the template is judged as with one: an undefined `bos_token` is not its fault.
            var findings = TemplateLint(
                copy.text, tokens: tokens.tokens.isEmpty && tokens.file == nil ? .standIns : tokens,
                inventory: copy.place == .gguf ? nil : inventory
            ).run()
            if templates.focus == nil {
                for pair in set.disagreements where pair.other == copy {
                    let readers = set.engines(using: copy).map(\.title).joined(separator: ", ")
                    findings.append(
                        TemplateFinding(
                            .copies, .warning,
                            "it is not the same as `\(pair.first.label)`"
                                + (readers.isEmpty ? "" : "; it is what \(readers) will use")))
                }
            }
            items.append(LintReport.Item(copy: copy, findings: findings.sorted { $0.severity < $1.severity }))
        }
        return LintReport(target: templates.target, items: items, problems: set.problems)
    }
}

extension ModelTarget {
    fileprivate init(text: String, place: Place) { (self.text, self.place) = (text, place) }
}

extension Failure.Code {
    /// There is no chat template, or it cannot be used.
    package static let template = Self(rawValue: "template")
}
