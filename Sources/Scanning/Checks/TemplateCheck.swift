// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel
internal import Jinja

/// Looks at a chat template as a tree: it is parsed, never rendered.
package enum TemplateCheck {
    /// What a template is for.
    package enum Role: Sendable, Hashable {
        /// It lays out conversations; nothing can be included.
        case chat
        /// It is a file of prompts.
        case prompt
    }

    /// Checks a file that is a template.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard
            let bytes = try CheckText.bytes(source, limit: CheckLimits.templateBytes, at: place, into: &findings)
        else { return }
        guard let text = CheckText.text(bytes) else {
            findings.add(.templateUnparsable, place, "the template is not UTF-8")
            return
        }
        let base = CheckText.baseName(name)
        let isChat = CheckText.contains(base, "chat") || CheckText.contains(name, "chat_template")
        check(text: text, role: isChat ? .chat : .prompt, at: place, into: &findings)
    }

    /// Checks a text of which nobody knows whether it is rendered: only a way into Python counts.
    static func check(unlabelled text: String, at place: ScanPlace, into findings: inout ScanFindings) {
        guard text.utf8.count > 8, CheckText.contains(text, "{{") || CheckText.contains(text, "{%"),
            CheckText.contains(text, "__")
        else { return }
        var found = ScanFindings()
        check(text: text, role: .prompt, at: place, into: &found)
        for finding in found.findings where finding.rule == .templateEscape { findings.add(finding) }
    }

    /// Checks the text of a template.
    package static func check(text: String, role: Role, at place: ScanPlace, into findings: inout ScanFindings) {
        guard text.utf8.count <= CheckLimits.templateBytes else {
            findings.add(
                .documentTooLarge, place,
                "a template of \(text.utf8.count) bytes, over the limit of \(CheckLimits.templateBytes): it was not read"
            )
            return
        }
        let statements: [Statement]
        do throws(JinjaError) {
            statements = try Template(parsing: text).body
        } catch {
            let at = error.place.map { place.line($0.line) } ?? place
            findings.add(.templateUnparsable, at, "the template cannot be parsed: \(Escaped(error.message))")
            TemplateWords.check(unparsable: text, at: at, into: &findings)
            return
        }
        var walk = TemplateWalk(role: role, place: place)
        walk.run(statements)
        for finding in walk.findings.findings { findings.add(finding) }
    }
}
