// SPDX-License-Identifier: Apache-2.0

/// The packages that a file asks for, by name: a requirements file, a lock of uv, Poetry, PDM or Pipenv, or an environment
/// of conda.
struct PackageList {
    /// What is asked for under one name.
    struct Entry: Equatable {
        /// The name as the file spells it.
        var name: String
        /// What stands behind the name: `==0.8.0`, `>=4.40,<5`, `@ git+https://…`, or nothing. Of a lock the version.
        var version: String
        /// The digests that the file accepts.
        var hashes: Set<String>
    }

    /// The packages by their plain name: lower case, `-` for `_` and `.`; options such as `--index-url …` by themselves.
    private(set) var entries: [TextKey: Entry] = [:]

    /// The most lines that are read; what is beyond counts as one entry of its own.
    static let maximumLines = 200_000

    /// The longest text of the versions that one name has.
    private static let maximumVersion = 500

    /// Whether a file of this name, in lower case, is a lock of packages.
    static func isLock(_ name: String) -> Bool {
        ["uv.lock", "poetry.lock", "pdm.lock", "pipfile.lock"].contains(name)
            || (name.hasPrefix("pylock.") && name.hasSuffix(".toml"))
    }

    /// Reads a list. `name` is the file's name, which decides about the form.
    init(_ text: String, name: String) {
        let name = name.lowercased()
        if name == "pipfile.lock" || name.hasSuffix(".json") {
            readJSON(text)
        } else if PackageList.isLock(name) {
            readTables(text)
        } else {
            readLines(text, isConda: name.hasSuffix(".yml") || name.hasSuffix(".yaml"))
        }
    }

    /// The name under which a package is known, however it is spelt.
    static func plain(_ name: some StringProtocol) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
    }

    private mutating func add(_ name: String, _ version: String, _ hashes: [String]) {
        let key = TextKey(PackageList.plain(name))
        guard let known = entries[key] else {
            entries[key] = Entry(name: name, version: version, hashes: Set(hashes))
            return
        }
        // The same name for several platforms: all of what is asked for, in one entry as long as that can be read.
        let isKnown = known.version.utf8.elementsEqual(version.utf8)
        guard isKnown || known.version.utf8.count < PackageList.maximumVersion else {
            entries[TextKey(key.text + " " + version)] = Entry(name: name, version: version, hashes: Set(hashes))
            return
        }
        if !isKnown { entries[key]?.version += " and " + version }
        entries[key]?.hashes.formUnion(hashes)
    }

    // MARK: requirements.txt, environment.yml

    private mutating func readLines(_ text: String, isConda: Bool) {
        var line = ""
        var count = 0
        for part in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            count += 1
            guard count <= PackageList.maximumLines else {
                entries[TextKey("(further lines)")] = Entry(
                    name: "(further lines)", version: "not read", hashes: [])
                return
            }
            if part.last == "\\" {
                line += part.dropLast() + " "
                continue
            }
            requirement(line + part, isConda: isConda)
            line = ""
        }
        requirement(line, isConda: isConda)
    }

    private mutating func requirement(_ line: String, isConda: Bool) {
        var rest = Substring(line)
        if let comment = rest.firstRange(of: " #") { rest = rest[..<comment.lowerBound] }
        var words = rest.split(whereSeparator: \.isWhitespace)
        guard let head = words.first, !head.hasPrefix("#") else { return }
        var hashes: [String] = []
        words.removeAll { word in
            guard word.hasPrefix("--hash=") else { return false }
            hashes.append(String(word.dropFirst("--hash=".count)))
            return true
        }
        if isConda, words.first == "-" { words.removeFirst() }
        guard let first = words.first else { return }
        let name = first.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }
        guard !name.isEmpty, !first.hasPrefix("-"), !isConda || !name.hasSuffix(":"), !first.hasSuffix(":") else {
            // An option, an address or a path: its own name, so that another one is one gone and one come.
            let option = words.joined(separator: " ")
            entries[TextKey(option)] = Entry(name: option, version: "", hashes: Set(hashes))
            return
        }
        let version = String(words.joined(separator: " ").dropFirst(name.count)).trimmed
        // Of a marker or an address the words stay apart.
        let isPlain = !version.contains(";") && !version.contains("@")
        add(String(name), isPlain ? version.filter { !$0.isWhitespace } : version, hashes)
    }

    // MARK: Locks

    /// `[[package]]` tables with `name` and `version`: enough of TOML for what these programs write.
    private mutating func readTables(_ text: String) {
        var (name, version, hashes): (String?, String, [String]) = (nil, "", [])
        var isPackage = false
        var count = 0
        for line in text.split(whereSeparator: \.isNewline) {
            count += 1
            guard count <= PackageList.maximumLines else {
                add("(further lines)", "not read", [])
                break
            }
            let line = line.trimmed
            if line.hasPrefix("[") {
                guard line.hasSuffix("]"), !line.contains("=") else { continue }
                if line == "[[package]]" || line == "[[packages]]" {
                    if let name { add(name, version, hashes) }
                    (name, version, hashes, isPackage) = (nil, "", [], true)
                } else {
                    isPackage = isPackage && (line.hasPrefix("[package.") || line.hasPrefix("[[package."))
                }
                continue
            }
            guard isPackage else { continue }
            if let value = PackageList.value(line, "name"), name == nil { name = value }
            if let value = PackageList.value(line, "version"), version.isEmpty { version = value }
            if line.hasPrefix("source = "), !line.contains("registry") { version += " from " + line.dropFirst(9) }
            for part in line.split(separator: "\"") where part.hasPrefix("sha256:") { hashes.append(String(part)) }
        }
        if let name { add(name, version, hashes) }
    }

    /// The text behind `key = "`; nil where the line says something else.
    private static func value(_ line: String, _ key: String) -> String? {
        guard line.hasPrefix(key + " = \"") else { return nil }
        return String(line.dropFirst(key.utf8.count + 4).prefix { $0 != "\"" })
    }

    private mutating func readJSON(_ text: String) {
        guard let root = (try? JSONDocument(Array(text.utf8)))?.root else { return }
        for section in ["default", "develop"] {
            for member in root[section]?.members ?? [] {
                let source = member.value["git"]?.string.map {
                    " from " + $0 + "@" + (member.value["ref"]?.string ?? "")
                }
                add(
                    member.key, (member.value["version"]?.string ?? "") + (source ?? ""),
                    (member.value["hashes"]?.items ?? []).compactMap(\.string))
            }
        }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
