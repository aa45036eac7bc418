// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Yams

/// Edits a manifest's text line by line, and believes an edit only when parsing the result gives what was meant.
struct ManifestEditor {
    private let yaml: YAMLText
    private let manifest: Manifest
    /// The lines without their ends.
    private let lines: [String]
    private let lineEnd: String

    init(_ text: String) throws(Failure) {
        yaml = try YAMLText(text, file: Manifest.fileName)
        manifest = try ManifestReader(yaml: yaml).manifest()
        lineEnd = text.utf8.contains(0x0D) ? "\r\n" : "\n"
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
    }

    func adding(_ source: SourceRequest, as name: DeliverableName) throws(Failure) -> String {
        if manifest.deliverable(name) != nil {
            throw Failure(
                .manifest, "\(yaml.file) has a deliverable `\(name)` already",
                hint: "choose another name with `--name`, or `weighlock remove \(name)` first")
        }
        let entry = ManifestDeliverable(name: name, sources: [ManifestSource(role: .model, request: source)])
        let expected = Manifest(
            endpoint: manifest.endpoint, deliverables: manifest.deliverables + [entry], policy: manifest.policy)
        if let edited = insert(source, name), ManifestEditor.gives(expected, edited) { return edited }
        throw Failure(
            .manifest, "\(yaml.file) is laid out so that `\(name)` cannot be added without risk: nothing was changed",
            hint: isShortForm
                ? "turn the short form into the long one (`version: 1`, `deliverables:`), then add these lines by hand"
                : "add it by hand under `deliverables:`",
            details: ManifestEditor.block(source, name, indent: "  ", step: "  "))
    }

    func removing(_ name: DeliverableName) throws(Failure) -> String {
        guard manifest.deliverable(name) != nil else {
            let names = manifest.deliverables.map(\.name.description)
            throw Failure(
                .manifest, "\(yaml.file) has no deliverable `\(name)`",
                hint: Nearest.close(to: name.description, among: names).map { "did you mean `\($0)`?" }
                    ?? "it has: " + (names.isEmpty ? "none" : names.joined(separator: ", ")))
        }
        let rest = manifest.deliverables.filter { $0.name != name }
        let expected = Manifest(endpoint: manifest.endpoint, deliverables: rest, policy: manifest.policy)
        if let edited = cut(name), ManifestEditor.gives(expected, edited) { return edited }
        throw Failure(
            .manifest, "\(yaml.file) is laid out so that `\(name)` cannot be removed without risk: nothing was changed",
            hint: isShortForm ? "the short form is this one deliverable: delete the file instead" : "remove it by hand")
    }

    private var isShortForm: Bool { pairs(yaml.root)?.contains { $0.key == "model" } ?? false }

    private static func gives(_ expected: Manifest, _ text: String) -> Bool {
        guard let found = try? Manifest.parse(text) else { return false }
        return withoutPlaces(found) == withoutPlaces(expected)
    }

    /// The lines in `unsupported` move when lines are added or removed above them.
    private static func withoutPlaces(_ manifest: Manifest) -> Manifest {
        let deliverables = manifest.deliverables.map { entry in
            ManifestDeliverable(
                name: entry.name, sources: entry.sources, cacheDirectory: entry.cacheDirectory, launch: entry.launch,
                packages: entry.packages, prompts: entry.prompts,
                unsupported: entry.unsupported.map { String($0.prefix { $0 != " " }) })
        }
        return Manifest(endpoint: manifest.endpoint, deliverables: deliverables, policy: manifest.policy)
    }

    // MARK: Places

    /// A member of a block mapping: 0-based line and column of its key.
    private struct Place {
        let key: String
        let line: Int
        let column: Int
        let value: Node
    }

    private func pairs(_ node: Node?) -> [Place]? {
        guard case .mapping(let mapping)? = node else { return nil }
        var out: [Place] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, let mark = key.mark else { return nil }
            out.append(Place(key: scalar.string, line: mark.line - 1, column: mark.column - 1, value: value))
        }
        return out
    }

    /// The line of `deliverables:` and the line after its last content.
    private func block() -> (head: Place, end: Int)? {
        guard let top = pairs(yaml.root), let index = top.firstIndex(where: { $0.key == "deliverables" }) else {
            return nil
        }
        let head = top[index]
        guard head.column == 0, lines.indices.contains(head.line) else { return nil }
        let limit = index + 1 < top.count ? top[index + 1].line : lines.count
        guard limit > head.line, limit <= lines.count else { return nil }
        return (head, trimmed(from: head.line + 1, to: limit, column: 1))
    }

    /// `limit` moved up over blank lines and comments that begin left of `column`: those belong to what follows.
    private func trimmed(from start: Int, to limit: Int, column: Int) -> Int {
        var end = limit
        while end > start {
            let line = lines[end - 1]
            guard let first = line.utf8.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }) else {
                end -= 1
                continue
            }
            let indent = line.utf8.distance(from: line.utf8.startIndex, to: first)
            guard line.utf8[first] == UInt8(ascii: "#"), indent < column else { break }
            end -= 1
        }
        return end
    }

    private func joined(_ lines: [String]) -> String { lines.map { $0 + lineEnd }.joined() }

    // MARK: Edits

    private func insert(_ source: SourceRequest, _ name: DeliverableName) -> String? {
        guard let (head, end) = block() else {
            guard pairs(yaml.root)?.contains(where: { $0.key == "deliverables" || $0.key == "model" }) == false else {
                return nil
            }
            return joined(lines + ["", "deliverables:"] + ManifestEditor.block(source, name, indent: "  ", step: "  "))
        }
        var lines = lines
        guard let entries = pairs(head.value), let first = entries.first else {
            // `deliverables: {}` or `deliverables:` with perhaps a comment.
            guard let open = ManifestEditor.opened(lines[head.line]) else { return nil }
            lines[head.line] = open
            lines.insert(contentsOf: ManifestEditor.block(source, name, indent: "  ", step: "  "), at: end)
            return joined(lines)
        }
        guard first.line > head.line, first.column > 0 else { return nil }
        let step = pairs(first.value)?.first.map { $0.line > first.line ? $0.column - first.column : 2 } ?? 2
        let block = ManifestEditor.block(
            source, name, indent: String(repeating: " ", count: first.column),
            step: String(repeating: " ", count: max(1, step)))
        lines.insert(contentsOf: block, at: end)
        return joined(lines)
    }

    private func cut(_ name: DeliverableName) -> String? {
        guard let (head, end) = block(), let entries = pairs(head.value),
            let index = entries.firstIndex(where: { $0.key == name.description })
        else { return nil }
        let entry = entries[index]
        guard entry.line > head.line else { return nil }
        let limit = index + 1 < entries.count ? entries[index + 1].line : end
        guard limit > entry.line, limit <= lines.count else { return nil }
        var lines = lines
        // Comments in the column of the entries stand above the next entry and stay.
        lines.removeSubrange(entry.line..<trimmed(from: entry.line + 1, to: limit, column: entry.column + 1))
        if entries.count == 1, let closed = ManifestEditor.closed(lines[head.line]) { lines[head.line] = closed }
        return joined(lines)
    }

    /// `deliverables: {}  # comment` → `deliverables:  # comment`.
    private static func opened(_ line: String) -> String? {
        let key = "deliverables:"
        guard line.hasPrefix(key) else { return nil }
        var rest = line.dropFirst(key.count)
        if let brace = rest.firstIndex(where: { $0 != " " }), rest[brace...].hasPrefix("{}") {
            rest = rest[brace...].dropFirst(2)
        }
        let text = rest.drop { $0 == " " }
        return text.isEmpty ? key : text.hasPrefix("#") ? key + " " + text : nil
    }

    /// `deliverables:  # comment` → `deliverables: {}  # comment`.
    private static func closed(_ line: String) -> String? {
        let key = "deliverables:"
        guard line.hasPrefix(key) else { return nil }
        let text = line.dropFirst(key.count).drop { $0 == " " }
        return text.isEmpty ? key + " {}" : text.hasPrefix("#") ? key + " {} " + text : nil
    }

    private static func block(
        _ source: SourceRequest, _ name: DeliverableName, indent: String, step: String
    ) -> [String] {
        func list(_ patterns: [FilePattern]) -> String {
            "[" + patterns.map { JSONValue.string($0.description).text(.compact) }.joined(separator: ", ") + "]"
        }
        var out = [
            indent + scalar(name.description) + ":", indent + step + "model:",
            indent + step + step + "repo: " + scalar(source.repository.name),
            indent + step + step + "revision: " + scalar(source.revision.description),
        ]
        if !source.include.isEmpty { out.append(indent + step + step + "include: " + list(source.include)) }
        if !source.exclude.isEmpty { out.append(indent + step + step + "exclude: " + list(source.exclude)) }
        return out
    }

    /// A text as a YAML scalar that every YAML reader takes for a text: plain where that is safe beyond doubt.
    static func scalar(_ text: String) -> String {
        let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
        let isPlain =
            text.utf8.first.map(isLetter) == true
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "._/-".utf8.contains($0) }
            && !words.contains(text.lowercased())
        return isPlain ? text : JSONValue.string(text).text(.compact)
    }
}
