// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Drift
internal import Jinja
internal import Operations

/// What `render` prints for people.
struct RenderText {
    let terminal: Terminal

    /// The templates of a target, and who reads which.
    func list(_ templates: RenderOperation.Templates) {
        let set = templates.set
        let copies = templates.focus ?? set.copies
        let rows = copies.map { copy in
            let engines = set.engines(using: copy).map(\.title).joined(separator: ", ")
            return [
                terminal.paint(Escaped(copy.name, limit: 80).description, .strong),
                Escaped(copy.label, limit: 200).description,
                Digest(of: Array(copy.normalised.utf8)).short, engines.isEmpty ? "nobody by itself" : engines,
            ]
        }
        for line in Columns.aligned(rows, right: []) { terminal.output(line) }
        let tokens = set.tokens.tokens.map { "\($0.key) `\(Escaped($0.value.string ?? "", limit: 60))`" }
        if !tokens.isEmpty { terminal.output("tokens: " + tokens.joined(separator: ", ")) }
        for pair in set.disagreements {
            terminal.warn(
                "`\(Escaped(pair.first.label, limit: 200))` and `\(Escaped(pair.other.label, limit: 200))` are not the same template"
            )
        }
        for problem in set.problems {
            terminal.warn("`\(Escaped(problem.file ?? templates.target, limit: 1024))` was not read: \(problem.reason)")
        }
        if copies.isEmpty { terminal.say("there is no chat template") }
    }

    /// The error of a template as one of ours: with the line and a caret under the place.
    static func failure(_ error: JinjaError, _ outcome: RenderOperation.Outcome) -> Failure {
        let hint: String? =
            switch error.kind {
            case .raised: "the template itself refuses this conversation"
            case .syntax, .assertion, .pythonSyntax: "no engine can use the template as it is"
            case .budget: "the template does more than any real one; it may be hostile"
            case .unsupported: "this renderer does not do that; see docs/formats/jinja.md"
            case .security: "the template tries what the sandbox of transformers forbids; scan it with `weighlock scan`"
            default: nil
            }
        let line = error.place.map { ", line \($0.line)" } ?? ""
        return Failure(
            .template,
            "`\(Escaped(outcome.copy.label, limit: 1024))`\(line): \(TemplateLint.text(error))",
            hint: hint, details: error.place.map { caret($0, in: outcome.copy.text) } ?? [])
    }

    /// How much of a long line is shown on either side of a place.
    private static let reach = 60

    /// The line of a place, and a caret below the character.
    static func caret(_ place: SourcePlace, in text: String) -> [String] {
        let bytes = Array(text.utf8)
        let offset = min(max(0, place.offset), bytes.count)
        func isEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
        let start = bytes[..<offset].lastIndex(where: isEnd).map { $0 + 1 } ?? 0
        let end = bytes[offset...].firstIndex(where: isEnd) ?? bytes.count
        let before = String(decoding: bytes[start..<offset], as: UTF8.self)
        let after = String(decoding: bytes[offset..<end], as: UTF8.self)
        let shownBefore = Escaped(String(before.suffix(reach)).replacingTabs, limit: 4 * reach).description
        let shownAfter = Escaped(String(after.prefix(reach)).replacingTabs, limit: 4 * reach).description
        let head = "\(place.line) | " + (before.count > reach ? "…" : "")
        return [
            head + shownBefore + shownAfter + (after.count > reach ? "…" : ""),
            String(repeating: " ", count: head.count + shownBefore.count) + "^",
        ]
    }
}

extension String {
    /// The text without tabs, whose width nobody knows.
    fileprivate var replacingTabs: String {
        split(separator: "\t", omittingEmptySubsequences: false).joined(separator: " ")
    }
}
