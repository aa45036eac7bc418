// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Deliverable

/// Reads conversations and lists of tools that a person has written.
package enum ConversationReader {
    /// The longest document, in bytes.
    package static let maximumSize = 16 << 20
    /// The most messages, and the most tools or documents.
    package static let maximumCount = 10_000

    private static let keys = ["name", "title", "messages", "tools", "documents", "variables"]

    /// Reads a conversation: an object with `messages`, or the list of messages alone.
    ///
    /// - Parameter name: what to call it when it does not say.
    /// - Throws: `Failure` with code `conversation` that says what is wrong with which part.
    package static func conversation(_ bytes: [UInt8], name: String) throws(Failure) -> Conversation {
        let value = try json(bytes, name)
        if case .array(let messages) = value {
            return Conversation(name: name, title: "given as JSON", messages: try checked(messages, name))
        }
        guard let members = value.members else {
            throw failure(name, "is neither an object nor a list of messages")
        }
        for member in members where !keys.contains(where: { $0.utf8.elementsEqual(member.key.utf8) }) {
            let near = Nearest.close(to: member.key, among: keys).map { "did you mean `\($0)`? " } ?? ""
            throw failure(
                name, "has an unknown key `\(Escaped(member.key, limit: 60))`",
                hint: near + "what the template sees by other names stands in `variables`")
        }
        guard let messages = value["messages"]?.array else { throw failure(name, "has no list `messages`") }
        return Conversation(
            name: try text(value["name"], "name", name) ?? name,
            title: try text(value["title"], "title", name) ?? "given as JSON", messages: try checked(messages, name),
            tools: try objects(value["tools"], "tools", name),
            documents: try objects(value["documents"], "documents", name),
            variables: try variables(value["variables"], name))
    }

    /// Reads tools: a list of JSON schemas, or an object with such a list called `tools`.
    package static func tools(_ bytes: [UInt8], name: String) throws(Failure) -> [JSONValue] {
        let value = try json(bytes, name)
        guard let tools = try objects(value["tools"] ?? value, "tools", name) else {
            throw failure(name, "has no list `tools`")
        }
        return tools
    }

    /// Reads the value of a variable on a command line: JSON, or a text where it is none.
    package static func variable(_ text: String) -> JSONValue {
        (try? JSONValue(parsing: text)) ?? .string(text)
    }

    /// Checks a name that a template is to see.
    ///
    /// - Throws: `Failure` with code `code` for one that the renderer sets itself, or that is no name.
    package static func check(variable name: String, code: Failure.Code = .conversation) throws(Failure) {
        let scalars = name.unicodeScalars
        guard let first = scalars.first, first == "_" || first.properties.isXIDStart,
            scalars.allSatisfy({ $0 == "_" || $0.properties.isXIDContinue })
        else {
            throw Failure(
                code, "`\(Escaped(name, limit: 60))` cannot be the name of a variable",
                hint: "a name has letters, digits and `_`, and does not begin with a digit")
        }
        guard !["messages", "tools", "documents"].contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
            throw Failure(
                code, "`\(name)` cannot be a variable",
                hint: "it stands beside the variables in a conversation's JSON")
        }
    }

    private static func json(_ bytes: [UInt8], _ name: String) throws(Failure) -> JSONValue {
        guard bytes.count <= maximumSize else {
            throw failure(name, "is longer than \(ByteCount(clamping: Int64(maximumSize)))")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure(name, "is not UTF-8 text") }
        do throws(JSONReader.Problem) { return try JSONValue(parsing: text) } catch {
            throw failure(name, "is not JSON: line \(error.line): \(error.reason)")
        }
    }

    private static func text(_ value: JSONValue?, _ key: String, _ name: String) throws(Failure) -> String? {
        guard let value else { return nil }
        guard let text = value.string else { throw failure(name, "has something else than a text in `\(key)`") }
        return text
    }

    private static func checked(_ messages: [JSONValue], _ name: String) throws(Failure) -> [JSONValue] {
        guard !messages.isEmpty else { throw failure(name, "has no message", hint: "a conversation has at least one") }
        return try objects(.array(messages), "messages", name) ?? []
    }

    private static func objects(_ value: JSONValue?, _ key: String, _ name: String) throws(Failure) -> [JSONValue]? {
        guard let value, value != .null else { return nil }
        guard let items = value.array else { throw failure(name, "has something else than a list in `\(key)`") }
        guard items.count <= maximumCount else {
            throw failure(name, "has more than \(maximumCount) items in `\(key)`")
        }
        if let place = items.firstIndex(where: { $0.members == nil }) {
            throw failure(name, "has something else than an object as `\(key)[\(place)]`")
        }
        return items
    }

    private static func variables(_ value: JSONValue?, _ name: String) throws(Failure) -> [JSONValue.Member] {
        guard let value, value != .null else { return [] }
        guard let members = value.members else {
            throw failure(name, "has something else than an object in `variables`")
        }
        for member in members { try check(variable: member.key) }
        return members
    }

    private static func failure(_ name: String, _ what: String, hint: String? = nil) -> Failure {
        Failure(
            .conversation, "conversation `\(Escaped(name, limit: 200))` \(what)",
            hint: hint ?? "`weighlock render --conversations --json` prints the built-in ones as examples")
    }
}

extension Failure.Code {
    /// A conversation is not what `docs/formats/conversation.md` says.
    package static let conversation = Self(rawValue: "conversation")
}
