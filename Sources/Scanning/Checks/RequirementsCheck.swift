// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Looks at lists of packages and project files for places that packages are fetched from.
package enum RequirementsCheck {
    /// Indexes that everybody uses.
    private static let hosts: Set<String> = [
        "pypi.org", "pypi.python.org", "files.pythonhosted.org", "download.pytorch.org", "pypi.nvidia.com",
        "pypi.ngc.nvidia.com",
    ]
    private static let options = ["--index-url", "--extra-index-url", "--find-links", "-i", "-f", "--trusted-host"]

    /// Checks a requirements file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        guard let bytes = try CheckText.bytes(source, limit: CheckLimits.textBytes, at: place, into: &findings) else {
            return
        }
        let base = CheckText.baseName(name)
        let isProject = ["pyproject.toml", "setup.cfg", "pipfile"].contains(base)
        let isList = base.hasSuffix(".yml") || base.hasSuffix(".yaml")
        var isSource = false
        for (index, raw) in lines(bytes).enumerated() {
            let at = place.line(index + 1)
            // In an environment of conda, what pip gets are items of a list.
            let text = String(decoding: isList ? item(raw) : raw, as: UTF8.self)
            if isProject {
                if text.utf8.first == UInt8(ascii: "[") {
                    isSource = ["index", "source", "sources"].contains {
                        text.hasSuffix($0 + "]") || text.hasSuffix($0 + "]]")
                    }
                }
                project(text, at, &findings)
                if isSource { indexAddress(text, at, &findings) }
            }
            line(text, isProject, at, &findings)
        }
    }

    /// What follows the dash of an item of a list in YAML; nothing for other lines.
    private static func item(_ line: [UInt8]) -> [UInt8] {
        let rest = line.drop { $0 == 0x20 || $0 == 0x09 }
        guard rest.first == UInt8(ascii: "-"), rest.dropFirst().first == 0x20 else { return [] }
        return Array(rest.dropFirst(2).drop { $0 == 0x20 || $0 == 0x22 || $0 == 0x27 })
    }

    /// Lines without comments; one that ends with a backslash is joined with the next.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var joined: [UInt8] = []
        for raw in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            var line = Array(raw)
            if line.last == 0x0D { line.removeLast() }
            if let hash = line.indices.first(where: {
                line[$0] == UInt8(ascii: "#") && ($0 == 0 || line[$0 - 1] <= 0x20)
            }) {
                line = Array(line[..<hash])
            }
            if line.last == UInt8(ascii: "\\") {
                joined += line.dropLast()
                result.append([])
                continue
            }
            result.append(joined + line)
            joined = []
        }
        return joined.isEmpty ? result : result + [joined]
    }

    private static func line(_ text: String, _ isProject: Bool, _ at: ScanPlace, _ findings: inout ScanFindings) {
        let words = text.split(whereSeparator: {
            $0 == " " || $0 == "\t" || $0 == "=" && text.utf8.first == UInt8(ascii: "-")
        })
        guard let first = words.first.map(String.init) else { return }
        if options.contains(first) {
            guard let value = words.dropFirst().first.map(String.init), !isPublic(value) else { return }
            findings.add(
                .requirementsForeignIndex, at, "`\(first)` names \(CheckText.quoted(withoutSecret(value)))",
                name: withoutSecret(value))
            return
        }
        if first.utf8.starts(with: "-i".utf8), CheckText.contains(first, "://"), !isPublic(String(first.dropFirst(2))) {
            findings.add(.requirementsForeignIndex, at, "`-i` names \(CheckText.quoted(withoutSecret(first)))")
            return
        }
        for word in words.map(String.init) where CheckText.contains(word, "://") {
            let address = isProject ? word.filter { $0 != "\"" && $0 != "'" && $0 != "," } : word
            let isDirect =
                CheckText.contains(address, "git+") || CheckText.contains(address, "hg+")
                || CheckText.contains(address, "svn+")
                || CheckText.contains(address, "@") || first == "-e" || !isProject
            guard isDirect, !isPublic(address) else { continue }
            findings.add(
                .requirementsForeignIndex, at, "a package comes from \(CheckText.quoted(withoutSecret(address)))",
                name: withoutSecret(address))
        }
    }

    /// The address of an index in a project file.
    private static func indexAddress(_ text: String, _ at: ScanPlace, _ findings: inout ScanFindings) {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, parts[0].filter({ $0 != " " && $0 != "\t" }) == "url" else { return }
        let address = parts[1].filter { !" \t\"',".contains($0) }
        guard !isPublic(address) else { return }
        findings.add(
            .requirementsForeignIndex, at, "an index is at \(CheckText.quoted(withoutSecret(address)))",
            name: withoutSecret(address))
    }

    private static func project(_ text: String, _ at: ScanPlace, _ findings: inout ScanFindings) {
        let key = text.prefix { $0 != "=" }.filter { $0 != " " && $0 != "\t" }
        if key == "backend-path"
            || key == "build-backend" && !CheckText.contains(text, "setuptools") && !isKnownBackend(text)
        {
            findings.add(.projectBuildCode, at, "the line sets a build backend: \(CheckText.quoted(text, limit: 80))")
        }
        if key == "cmdclass" { findings.add(.projectBuildCode, at, "`cmdclass` replaces commands of the build") }
    }

    private static func isKnownBackend(_ text: String) -> Bool {
        ["poetry.core", "hatchling", "flit_core", "pdm.backend", "maturin", "uv_build", "scikit_build_core", "mesonpy"]
            .contains { CheckText.contains(text, $0) }
    }

    private static func isPublic(_ address: String) -> Bool {
        let bytes = Array(address.utf8)
        guard let start = CheckText.find(Array("://".utf8), in: bytes) else {
            return CheckText.isListed(address, in: hosts)
        }
        var host = bytes[(start + 3)...].prefix { $0 != 0x2F && $0 != 0x3F && $0 != 0x23 }
        if host.contains(UInt8(ascii: "@")) { return false }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) { host = host[..<colon] }
        // A wheel of a public index by its address is still the public index.
        return bytes.starts(with: "https".utf8) || CheckText.contains(address, "https://")
            ? CheckText.isListed(String(decoding: host, as: UTF8.self), in: hosts) : false
    }

    /// The address without the name and password that may be in it.
    private static func withoutSecret(_ address: String) -> String {
        let bytes = Array(address.utf8)
        guard let start = CheckText.find(Array("://".utf8), in: bytes) else { return address }
        let rest = bytes[(start + 3)...]
        let authority = rest.prefix { $0 != 0x2F }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return address }
        return String(decoding: bytes[..<(start + 3)] + Array("…@".utf8) + bytes[(at + 1)...], as: UTF8.self)
    }
}
