// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Knows which check a text asks for: by its name where programs go by the name, and by what it begins with.
package enum TextCheck {
    private static let scripts = [
        ".sh", ".bash", ".zsh", ".bat", ".cmd", ".ps1", ".vbs", ".js", ".mjs", ".rb", ".pl", ".lua", ".php", ".tcl",
        ".fish", ".command",
        ".applescript", ".desktop", ".reg", ".vbe", ".jse", ".psm1", ".csh", ".ksh", ".hta", ".wsf", ".jl", ".r",
    ]

    /// Checks a text; one that is neither code nor a configuration has no findings.
    ///
    /// - Parameter repository: the repository that the file is from, when it is known.
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings,
        repository: String? = nil
    ) throws(ByteError) {
        let base = CheckText.baseName(name)
        func ends(_ suffixes: String...) -> Bool { suffixes.contains { base.hasSuffix($0) } }
        let head: [UInt8]
        do throws(ByteError) {
            head = try source.bytes(at: 0, count: Int(min(source.size, 256)))
        } catch { return try CheckText.report(error, at: place, into: &findings) }
        let isScript = head.starts(with: [0x23, 0x21])
        if ends(".py", ".pyw", ".pyi")
            || isScript && CheckText.find(Array("python".utf8), in: Array(head.prefix { $0 != 0x0A })) != nil
        {
            try PythonCheck.check(source, name: name, at: place, into: &findings)
        } else if isScript || scripts.contains(where: { base.hasSuffix($0) }) {
            findings.add(.scriptFile, place, "\(CheckText.quoted(name)) is a script")
        } else if ends(".jinja", ".jinja2", ".j2") || base == "chat_template" {
            try TemplateCheck.check(source, name: name, at: place, into: &findings)
        } else if ends(".yaml", ".yml") {
            try YAMLCheck.check(source, name: name, at: place, into: &findings)
            if CheckText.contains(base, "environment") || CheckText.contains(base, "conda") {
                try RequirementsCheck.check(source, name: name, at: place, into: &findings)
            }
        } else if ends(".pbtxt") {
            try SavedModelText.check(source, name: name, at: place, into: &findings)
        } else if ends(".json", ".jsonl", ".ipynb", ".ndjson", ".index") {
            try ConfigCheck.check(source, name: name, at: place, into: &findings, repository: repository)
        } else if isJSON(head) {
            // What only looks like JSON promises nothing: it may as well be prose.
            var found = ScanFindings()
            try ConfigCheck.check(source, name: name, at: place, into: &found, repository: repository)
            for finding in found.findings where finding.rule != .documentMalformed { findings.add(finding) }
        } else if ends(".pth", ".egg-link", ".pt") {
            try PathFileCheck.check(source, name: name, at: place, into: &findings)
        } else if isRequirements(base) {
            try RequirementsCheck.check(source, name: name, at: place, into: &findings)
        } else if ends(".pmml") || CheckText.find(Array("<PMML".utf8), in: head) != nil {
            findings.add(.containerUnopened, place, "\(CheckText.quoted(name)) is a PMML document")
            try XMLCheck.check(source, at: place, into: &findings)
        } else if ends(".xml", ".xsd", ".xsl", ".svg") || head.starts(with: "<?xml".utf8) {
            try XMLCheck.check(source, at: place, into: &findings)
        }
    }

    /// A document without a telling name that is JSON: an object or an array with a quote or a bracket next.
    private static func isJSON(_ head: [UInt8]) -> Bool {
        let text = head.drop {
            $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF
        }
        let next = text.dropFirst().first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        switch text.first {
        case UInt8(ascii: "{"): return next == 0x22
        case UInt8(ascii: "["): return next == UInt8(ascii: "{")
        default: return false
        }
    }

    private static func isRequirements(_ base: String) -> Bool {
        ["pyproject.toml", "setup.cfg", "pipfile", "environment.txt", "constraints.txt"].contains(base)
            || CheckText.contains(base, "requirements") && (base.hasSuffix(".txt") || base.hasSuffix(".in"))
    }
}
