// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel
internal import GGUF

/// Looks at a GGUF file: the bounds of everything in its header, and its chat templates.
package enum GGUFCheck {
    /// Checks a file; only its header is read.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        let header: GGUFHeader
        do throws(GGUFError) {
            header = try GGUFHeader(parsing: source)
        } catch {
            switch error {
            case .bytes(.absent(let offset, let count)): throw .absent(offset: offset, count: count)
            case .bytes(.unreadable(let message)): throw .unreadable(message)
            default: findings.add(.ggufMalformed, place, error.description)
            }
            return
        }
        for finding in header.findings {
            let rule: ScanRule
            switch finding {
            case .oldVersion, .notUTF8, .boolean, .trailing, .gap, .nestedArray, .longName: rule = .ggufOddity
            default: rule = finding.isRefusedByLlamaCpp ? .ggufAnomaly : .ggufOddity
            }
            findings.add(rule, place.at(finding.offset), finding.description)
        }
        for entry in header.metadata {
            let isTemplate = entry.key.utf8.starts(with: "tokenizer.chat_template".utf8)
            if isTemplate, case .bytes = entry.value {
                findings.add(.templateUnparsable, place.member("tokenizer.chat_template"), "the template is not UTF-8")
            }
            guard let text = entry.value.string else { continue }
            if isTemplate {
                TemplateCheck.check(
                    text: text, role: .chat, at: place.member(Escaped(entry.key, limit: 80).description),
                    into: &findings)
            } else {
                TemplateCheck.check(
                    unlabelled: text, at: place.member(Escaped(entry.key, limit: 80).description), into: &findings)
            }
        }
    }
}
