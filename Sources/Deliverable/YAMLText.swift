// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Yams

/// A YAML text and the tree read from it; knows how to say where something is.
///
/// Scalars are resolved to nothing but text here: what YAML would make of `8331234` or `on` is no business of a manifest.
struct YAMLText {
    /// The largest text read, in bytes.
    static let maximumSize = 1 << 20
    /// The most nodes of a tree.
    static let maximumNodes = 20_000
    /// The deepest nesting.
    static let maximumDepth = 32

    /// The name of the file, for messages.
    let file: String
    let text: String
    /// The root; nil when the text holds no document.
    let root: Node?

    /// Reads the one document in `text`.
    ///
    /// - Throws: `Failure` with code `manifest` for anything over a limit, aliases, and text that is not YAML.
    init(_ text: String, file: String) throws(Failure) {
        self.file = file
        self.text = text
        guard text.utf8.count <= YAMLText.maximumSize else {
            throw Failure(
                .manifest, "\(file) is too large: \(text.utf8.count) bytes, at most \(YAMLText.maximumSize) are read")
        }
        if let line = YAMLText.aliasLine(Array(text.utf8)) {
            throw Failure(
                .manifest, "\(file):\(line): anchors and aliases (`&name`, `*name`) are not read",
                hint: "write the value out where it is used; in a quoted text put something else before the `&`")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch {
            throw YAMLText.failure(error, file: file)
        }
        root = node
        if let node {
            var budget = YAMLText.maximumNodes
            try check(node, depth: 1, &budget)
        }
    }

    private func check(_ node: Node, depth: Int, _ budget: inout Int) throws(Failure) {
        budget -= 1
        guard budget >= 0 else { throw failure(node, "there are more than \(YAMLText.maximumNodes) values") }
        guard depth <= YAMLText.maximumDepth else {
            throw failure(node, "the nesting is deeper than \(YAMLText.maximumDepth)")
        }
        switch node {
        case .scalar(let scalar):
            // A quoted scalar has the tag of a string, a plain one none.
            guard ["", "!", Tag.Name.str.rawValue].contains(scalar.tag.rawValue) else { throw tagged(node, scalar.tag) }
        case .sequence(let items):
            guard ["", Tag.Name.seq.rawValue].contains(items.tag.rawValue) else { throw tagged(node, items.tag) }
            for item in items { try check(item, depth: depth + 1, &budget) }
        case .mapping(let pairs):
            guard ["", Tag.Name.map.rawValue].contains(pairs.tag.rawValue) else { throw tagged(node, pairs.tag) }
            for (key, value) in pairs {
                try check(key, depth: depth + 1, &budget)
                try check(value, depth: depth + 1, &budget)
            }
        case .alias:
            throw failure(node, "aliases are not read")
        }
    }

    private func tagged(_ node: Node, _ tag: Tag) -> Failure {
        failure(
            node, "tags are not read: found `\(Escaped(tag.rawValue))`",
            hint: "leave the tag out, and quote the value to mean text")
    }

    /// The place of a node as `file:line:column`.
    func place(_ node: Node?) -> String {
        guard let mark = node?.mark else { return file }
        return "\(file):\(mark.line):\(mark.column)"
    }

    /// An error at a node. `showing` puts the line into the details; not wanted where it could hold a secret.
    func failure(_ node: Node?, _ message: String, hint: String? = nil, showing: Bool = true) -> Failure {
        var details: [String] = []
        if showing, let mark = node?.mark, let line = line(mark.line) {
            let shown = Escaped(line, limit: 160).description
            details = [shown]
            // The caret would point elsewhere once something before it was escaped or cut.
            if mark.column <= 160, shown == line {
                details.append(String(repeating: " ", count: max(0, mark.column - 1)) + "^")
            }
        }
        return Failure(.manifest, "\(place(node)): \(message)", hint: hint, details: details)
    }

    private func line(_ number: Int) -> String? {
        let lines = text.utf8.split(separator: 0x0A, maxSplits: max(0, number), omittingEmptySubsequences: false)
        guard number >= 1, number <= lines.count else { return nil }
        let line = lines[number - 1]
        return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
    }

    /// What a node is, for messages: `a list`, `a mapping`, `nothing`, `` `8192` ``.
    static func kind(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): isNothing(scalar) ? "nothing" : "`\(Escaped(scalar.string, limit: 60))`"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    /// Whether a scalar is YAML's null: plain, and empty, `~` or `null`.
    static func isNothing(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain
            && ["", "~", "null", "Null", "NULL"].contains { $0.utf8.elementsEqual(scalar.string.utf8) }
    }

    private static func failure(_ error: any Error, file: String) -> Failure {
        guard let error = error as? YamlError else { return Failure(.manifest, "\(file) is not YAML") }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let text = (context.map { $0.text + ": " } ?? "") + problem
            let several = text.contains("another document")
            return Failure(
                .manifest,
                several
                    ? "\(file):\(mark.line):\(mark.column): a second document begins here, expected one"
                    : "\(file):\(mark.line):\(mark.column): not YAML: \(Escaped(text))",
                hint: several ? "remove the `---` and what follows it" : nil)
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "`\(Escaped($0, limit: 60))`" }.joined(separator: ", ")
            return Failure(
                .manifest, "\(file):\(context.mark.line):\(context.mark.column): key \(names) is there more than once",
                hint: "keep one of them")
        case .reader(let problem, _, _, _):
            return Failure(.manifest, "\(file) is not YAML: \(Escaped(problem))")
        default:
            return Failure(.manifest, "\(file) is not YAML")
        }
    }

    /// The line of an anchor, when the text can hold an anchor *and* an alias; nil when it certainly does not.
    ///
    /// Composing resolves aliases and compares keys, which aliases can make exponentially expensive; so this looks at
    /// the text beforehand. It never misses one (an anchor needs `&` and a name at the begin of a token; a comment is
    /// only believed where no quote follows it on the line) and may see one inside a quoted text.
    static func aliasLine(_ bytes: [UInt8]) -> Int? {
        var anchor: Int?
        var alias = false
        var line = 1
        var lineStart = 0
        while lineStart < bytes.count {
            let lineEnd = bytes[lineStart...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
            var index = lineStart
            while index < lineEnd {
                let byte = bytes[index]
                let before = index > lineStart ? bytes[index - 1] : 0x20
                if byte == UInt8(ascii: "#"), before == 0x20 || before == 0x09, isComment(bytes[index..<lineEnd]) {
                    break
                }
                if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), !isNameByte(before), index + 1 < lineEnd,
                    isNameByte(bytes[index + 1])
                {
                    if byte == UInt8(ascii: "*") { alias = true } else if anchor == nil { anchor = line }
                }
                index += 1
            }
            lineStart = lineEnd + 1
            if lineEnd + 1 < bytes.count, bytes[lineEnd] == 0x0D, bytes[lineEnd + 1] == 0x0A { lineStart += 1 }
            line += 1
        }
        return alias ? anchor : nil
    }

    /// Whether what begins with `#` is a comment to the end for certain: no quote that could have opened before it, and
    /// none of YAML's other line ends (U+0085, U+2028, U+2029), whose bytes are looked for one by one.
    private static func isComment(_ rest: ArraySlice<UInt8>) -> Bool {
        !rest.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") || $0 == 0x85 || $0 == 0xA8 || $0 == 0xA9 }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
