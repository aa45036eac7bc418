// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Yams

/// A place in a manifest: its node, and the path of keys that leads there, for messages.
///
/// Every reading function says what was expected and what was found, with the place.
struct ManifestNode {
    let yaml: YAMLText
    let node: Node
    /// As in `deliverables.chat.model`; empty at the top.
    let path: String

    /// A member of a mapping: its key as text and as a node, and its value.
    struct Member {
        let key: String
        let keyNode: Node
        let value: ManifestNode
    }

    var isNothing: Bool {
        if case .scalar(let scalar) = node { YAMLText.isNothing(scalar) } else { false }
    }

    /// An error at this place.
    func failure(_ message: String, hint: String? = nil, showing: Bool = true) -> Failure {
        yaml.failure(node, message, hint: hint, showing: showing)
    }

    /// An error that this place holds something else than was expected.
    func expected(_ what: String, hint: String? = nil) -> Failure {
        let subject = path.isEmpty ? "the manifest" : "`\(path)`"
        return failure("\(subject) has to be \(what), found \(YAMLText.kind(node))", hint: hint)
    }

    /// Runs `body`; an error of a value's own rules gets this place.
    func located<Value>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw failure(error.message, hint: error.hint)
        }
    }

    /// The text of a scalar exactly as written, whatever YAML would make of it.
    func text(_ what: String = "a text") throws(Failure) -> String {
        guard case .scalar(let scalar) = node, !YAMLText.isNothing(scalar) else { throw expected(what) }
        return scalar.string
    }

    /// The items of a list.
    func items(_ what: String, limit: Int) throws(Failure) -> [ManifestNode] {
        guard case .sequence(let items) = node else {
            throw expected("a list of \(what)", hint: isScalar ? "put it in brackets: `[…]`" : nil)
        }
        guard items.count <= limit else {
            throw failure("`\(path)` has \(items.count) entries, at most \(limit) are read")
        }
        return items.enumerated().map { ManifestNode(yaml: yaml, node: $1, path: "\(path)[\($0)]") }
    }

    /// Whether this is a scalar other than nothing.
    var isScalar: Bool {
        if case .scalar = node { !isNothing } else { false }
    }

    /// The text of a scalar that is written without quotes.
    var plainText: String? {
        guard case .scalar(let scalar) = node, scalar.style == .plain, !isNothing else { return nil }
        return scalar.string
    }

    /// The members of a mapping, each key a text and there once.
    func members(_ what: String = "a mapping") throws(Failure) -> [Member] {
        guard case .mapping(let pairs) = node else { throw expected(what) }
        var seen: Set<[UInt8]> = []
        var members: [Member] = []
        members.reserveCapacity(pairs.count)
        for (key, value) in pairs {
            guard case .scalar(let scalar) = key else {
                throw yaml.failure(key, "a key has to be a text, found \(YAMLText.kind(key))")
            }
            guard seen.insert(Array(scalar.string.utf8)).inserted else {
                throw yaml.failure(
                    key, "key `\(Escaped(scalar.string, limit: 60))` is there more than once", hint: "keep one of them")
            }
            let shown = Escaped(scalar.string, limit: 60).description
            members.append(
                Member(
                    key: scalar.string, keyNode: key,
                    value: ManifestNode(yaml: yaml, node: value, path: path.isEmpty ? shown : path + "." + shown)))
        }
        return members
    }

    /// The members of a mapping that has no other keys than `known`.
    func fields(_ known: [String]) throws(Failure) -> [String: ManifestNode] {
        var fields: [String: ManifestNode] = [:]
        for member in try members() {
            guard known.contains(where: { $0.utf8.elementsEqual(member.key.utf8) }) else {
                throw unknown(member, known)
            }
            fields[member.key] = member.value
        }
        return fields
    }

    /// The error for a key that is not known here.
    func unknown(_ member: Member, _ known: [String]) -> Failure {
        let place = path.isEmpty ? "" : " in `\(path)`"
        let list = known.map { "`\($0)`" }.joined(separator: ", ")
        let nearest = Nearest.word(to: member.key, among: known).map { "did you mean `\($0)`? " } ?? ""
        return yaml.failure(
            member.keyNode, "unknown key `\(Escaped(member.key, limit: 60))`\(place)",
            hint: "\(nearest)known here: \(list)")
    }

    /// File patterns, at most `ManifestReader.maximumListLength`.
    func patterns() throws(Failure) -> [FilePattern] {
        var patterns: [FilePattern] = []
        for item in try items("file patterns", limit: ManifestReader.maximumListLength) {
            let text = try item.text("a file pattern")
            patterns.append(try item.located { () throws(Failure) in try FilePattern(text) })
        }
        return patterns
    }

    /// A path relative to the manifest.
    func relativePath() throws(Failure) -> RelativePath {
        let text = try text("a path")
        do {
            return try RelativePath(text)
        } catch {
            throw failure(error.message, hint: "give a path below the manifest's directory, with `/` between its parts")
        }
    }

    /// Where this is, for `ManifestDeliverable.unsupported`.
    func reference(_ key: String) -> String { "`\(key)` at \(yaml.file):\(node.mark?.line ?? 1)" }
}
