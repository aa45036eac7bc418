// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable

/// Compares the project's own files of two deliverables by what they say: start scripts flag by flag, lists of packages
/// name by name, prompts as texts.
struct LocalFileComparison {
    private let before: Snapshot
    private let after: Snapshot

    /// The files that are compared as templates: more is said of them there.
    private let templates: Set<TextKey>

    init(_ before: Snapshot, _ after: Snapshot, templates: Set<TextKey> = []) {
        (self.before, self.after, self.templates) = (before, after, templates)
    }

    private struct Key: Hashable {
        let component: Component
        let path: RelativePath
    }

    /// What differs. A file of which one side's content is gone is said to differ, and listed as not compared.
    ///
    /// - Throws: what the readers throw that is no `Failure`.
    func findings() async throws -> Comparison.Findings {
        func table(_ snapshot: Snapshot) -> [Key: LocalFile] {
            Dictionary(
                snapshot.localFiles.map { (Key(component: $0.component, path: $0.path), $0) },
                uniquingKeysWith: { $1 })
        }
        let (old, new) = (table(before), table(after))
        var findings = Comparison.Findings()
        let keys = Set(old.keys).union(new.keys).sorted { ($0.component, $0.path) < ($1.component, $1.path) }
        for key in keys where old[key]?.sha256 != new[key]?.sha256 {
            if templates.contains(TextKey(key.path.description)) { continue }
            try Task.checkCancellation()
            let contents = (
                try await content(old[key], before, &findings), try await content(new[key], after, &findings)
            )
            let isKnown = (old[key] == nil || contents.0 != nil) && (new[key] == nil || contents.1 != nil)
            var changes: [DriftChange] = []
            if isKnown { changes = compare(key, contents.0, contents.1) }
            if changes.isEmpty {
                changes = [LocalFileComparison.whole(key.component, key.path, old[key], new[key], nil)]
            }
            findings.changes += changes
        }
        return findings
    }

    private func content(
        _ file: LocalFile?, _ snapshot: Snapshot, _ findings: inout Comparison.Findings
    ) async throws -> [UInt8]? {
        guard let file else { return nil }
        do { return try await snapshot.reader.localFile(file) } catch let failure as Failure {
            let name = file.path.description
            if !findings.unchecked.contains(where: { $0.file == name }) {
                findings.unchecked.append(
                    .init(file: name, reason: "not compared: \(failure.message)", hint: failure.hint))
            }
            return nil
        }
    }

    // MARK: One file

    /// The change of a file of which no more is said.
    static func whole(
        _ component: Component, _ path: RelativePath, _ was: LocalFile?, _ now: LocalFile?, _ diff: TextDiff?
    ) -> DriftChange {
        let verb = was == nil ? "came" : now == nil ? "is gone" : "changed"
        return DriftChange(
            component == .packages ? "packages-changed" : "local-file-changed",
            component == .prompts ? .prompt : .code, .behaviour, component, [.init(path.description)],
            component == .prompts ? "a prompt of the project \(verb)" : "a file of the project \(verb)",
            consequence: component == .prompts
                ? "the model is shown another prompt"
                : component == .packages
                    ? "other versions compute otherwise, and run other code" : "the start does something else",
            before: diff == nil ? was.map { .string($0.sha256.description) } : nil,
            after: diff == nil ? now.map { .string($0.sha256.description) } : nil,
            evidence: diff.map { .text($0) })
    }

    private func compare(_ key: Key, _ old: [UInt8]?, _ new: [UInt8]?) -> [DriftChange] {
        func file(_ content: [UInt8]?) -> LocalFile? {
            content.map {
                LocalFile(
                    component: key.component, path: key.path, size: ByteCount(clamping: Int64($0.count)),
                    sha256: Digest(of: $0))
            }
        }
        let whole = {
            LocalFileComparison.whole(
                key.component, key.path, file(old), file(new), TextForm.diff(old ?? [], new ?? []))
        }
        guard let before = old.flatMap({ String(validating: $0, as: UTF8.self) }),
            let after = new.flatMap({ String(validating: $0, as: UTF8.self) })
        else { return [whole()] }
        let name = key.path.name.lowercased()
        if key.component == .packages || PackageList.isLock(name)
            || (name.hasPrefix("requirements") && name.hasSuffix(".txt"))
        {
            return PackageComparison(name: key.path.description, component: key.component).changes(before, after)
        }
        guard key.component == .launch else { return [whole()] }
        if name.hasSuffix(".py") {
            return [CodeComparison(name: key.path.description, component: .launch).python(before, after)]
        }
        let settings = LaunchSettings(before, name: name).flatMap { old in
            LaunchSettings(after, name: name).map { (old, $0) }
        }
        if let settings {
            return LaunchSettings.changes(settings.0, settings.1, at: key.path.description) ?? [whole()]
        }
        guard LocalFileComparison.isScript(name, before), LocalFileComparison.isScript(name, after),
            let first = ShellScript(before), let second = ShellScript(after)
        else { return [whole()] }
        return scripts(first, second, key.path, whole)
    }

    private static func isScript(_ name: String, _ text: String) -> Bool {
        let firstLine = text.prefix { !$0.isNewline }
        if firstLine.hasPrefix("#!") { return firstLine.hasSuffix("sh") || firstLine.contains("sh ") }
        return [".sh", ".bash", ".env", ".zsh"].contains { name.hasSuffix($0) } || name.hasPrefix(".env")
            || !name.contains(".")
    }

    // MARK: Scripts

    /// What differs between two scripts: flags of commands that are on both sides, variables, and the rest as a text.
    private func scripts(
        _ old: ShellScript, _ new: ShellScript, _ path: RelativePath, _ whole: () -> DriftChange
    ) -> [DriftChange] {
        if old.marks == new.marks {
            return [
                DriftChange(
                    "format-only", .packaging, .cosmetic, .launch, [.init(path.description)],
                    "only comments or white space differ", consequence: "the script does the same")
            ]
        }
        let (removed, added) = LocalFileComparison.rest(old.steps, new.steps)
        let place = { (key: String) in DriftChange.Place(path.description, key) }
        var changes: [DriftChange] = []
        // Commands of the same program are taken for one that changed.
        var gone = Dictionary(grouping: removed.commands.reversed()) { TextKey($0.first ?? "") }
        var isPaired = removed.commands.count == added.commands.count
        for command in added.commands {
            guard let former = gone[TextKey(command.first ?? "")]?.popLast() else {
                isPaired = false
                break
            }
            changes += LaunchComparison.commands(former, command, at: place)
        }
        changes += LaunchComparison.environment(removed.variables, added.variables, at: place)
        // What is only in another order, in another quoting or between other operators is shown as it is.
        guard changes.count <= LocalFileComparison.maximumChanges else { return [whole()] }
        return isPaired && !changes.isEmpty ? changes : [whole()] + changes
    }

    /// The most changes of one script; with more the text says it better.
    private static let maximumChanges = 500

    private struct Rest {
        var commands: [[String]] = []
        var variables: [(String, String)] = []
    }

    /// The steps of each side that the other has not.
    private static func rest(_ old: [ShellScript.Step], _ new: [ShellScript.Step]) -> (Rest, Rest) {
        func count(_ steps: [ShellScript.Step]) -> [ShellScript.Step: Int] {
            steps.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        func collect(_ steps: [ShellScript.Step], without other: [ShellScript.Step]) -> Rest {
            var left = count(other)
            var rest = Rest()
            for step in steps {
                if let number = left[step], number > 0 {
                    left[step] = number - 1
                    continue
                }
                switch step {
                case .assignment(let name, let value): rest.variables.append((name, value))
                case .command(let words): rest.commands.append(words)
                }
            }
            return rest
        }
        return (collect(old, without: new), collect(new, without: old))
    }
}
