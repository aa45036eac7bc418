// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A file with the settings of an engine, such as vLLM's `--config`: keys that are the names of flags, in JSON or in the flat
/// part of YAML.
struct LaunchSettings {
    /// The values by the flag that each stands for.
    private let flags: [String: [String]]

    /// The most keys.
    static let maximumKeys = 10_000

    /// Reads settings; nil for a file of another form: with keys inside of keys, or no keys at all.
    init?(_ text: String, name: String) {
        let found: [(String, [String])]?
        if name.hasSuffix(".json") {
            found = LaunchSettings.json(text)
        } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            found = LaunchSettings.yaml(text)
        } else {
            return nil
        }
        guard let found, !found.isEmpty, found.count <= LaunchSettings.maximumKeys else { return nil }
        let keys = found.map { LaunchFlags.plain("--" + $0.0) }
        // A key that is there twice means what the reader makes of it.
        guard Set(keys).count == keys.count else { return nil }
        flags = Dictionary(zip(keys, found.map(\.1)), uniquingKeysWith: { $1 })
    }

    /// What differs; nil when no value does, or when it is about no engine as far as the flags' names tell.
    static func changes(_ old: LaunchSettings, _ new: LaunchSettings, at file: String) -> [DriftChange]? {
        let names = Set(old.flags.keys).union(new.flags.keys)
        guard
            names.contains(where: { LaunchFlags.rule($0).kind != .code || LaunchFlags.rule($0).severity == .cosmetic })
        else { return nil }
        var changes: [DriftChange] = []
        for flag in names.sorted() {
            let (was, now) = (old.flags[flag], new.flags[flag])
            guard !same(was, now) else { continue }
            changes.append(LaunchComparison.flag(flag, was, now, at: .init(file, String(flag.dropFirst(2)))))
        }
        guard changes.isEmpty else { return changes }
        return [
            DriftChange(
                "format-only", .packaging, .cosmetic, .launch, [.init(file)],
                "only comments, white space or the order of keys differ", consequence: "every key has the same value")
        ]
    }

    private static func same(_ a: [String]?, _ b: [String]?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a.count == b.count && zip(a, b).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
    }

    private static func json(_ text: String) -> [(String, [String])]? {
        guard let root = (try? JSONDocument(Array(text.utf8)))?.root, let members = root.members else { return nil }
        return members.map { member in
            (member.key, [member.value.string ?? member.value.reported.text(.compact)])
        }
    }

    /// Lines of a key and a plain value, and lists of plain values below a key; nil for everything else that YAML has.
    private static func yaml(_ text: String) -> [(String, [String])]? {
        var found: [(String, [String])] = []
        var isList = false
        for line in text.split(whereSeparator: \.isNewline) {
            var rest = Substring(line)
            if let comment = rest.firstRange(of: " #") { rest = rest[..<comment.lowerBound] }
            while rest.last?.isWhitespace == true { rest.removeLast() }
            if rest.isEmpty || rest.hasPrefix("#") || rest == "---" { continue }
            let plain = rest.drop(while: \.isWhitespace)
            if plain.hasPrefix("- "), isList, let value = scalar(plain.dropFirst(2)) {
                found[found.count - 1].1.append(value)
                continue
            }
            guard let first = rest.first, first.isLetter || first == "_", let colon = rest.firstIndex(of: ":") else {
                return nil
            }
            let value = rest[rest.index(after: colon)...]
            guard value.isEmpty || value.first == " ", let scalar = scalar(value.drop(while: \.isWhitespace)) else {
                return nil
            }
            isList = value.isEmpty
            found.append((String(rest[..<colon]), isList ? [] : [scalar]))
        }
        return found
    }

    /// A plain or quoted value; nil for one of several lines, an anchor, or a collection, unless that is JSON.
    private static func scalar(_ text: Substring) -> String? {
        guard let first = text.first else { return "" }
        if first == "\"" || first == "'" {
            guard text.count >= 2, text.last == first, !text.dropFirst().dropLast().contains(first),
                !text.contains("\\")
            else { return nil }
            return String(text.dropFirst().dropLast())
        }
        if "|>&*!%@`?".contains(first) { return nil }
        guard "{[".contains(first) else { return String(text) }
        return (try? JSONDocument(Array(text.utf8)))?.root.reported.text(.compact)
    }
}
