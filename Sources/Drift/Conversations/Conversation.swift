// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a chat template is given: messages, tools, documents and variables. The JSON form is in `docs/formats/conversation.md`.
package struct Conversation: Sendable, Hashable {
    /// A short word for it: `tool-result`.
    package let name: String
    /// What it contains, for people.
    package let title: String
    /// The messages, in their order; each an object.
    package let messages: [JSONValue]
    /// The JSON schemas of the tools on offer; nil when there are none, which is not the same as an empty list.
    package let tools: [JSONValue]?
    /// The documents to answer from; nil when there are none.
    package let documents: [JSONValue]?
    /// What else the template sees by name, `add_generation_prompt` among them. They win over the tokenizer's tokens.
    package let variables: [JSONValue.Member]

    /// The variable that asks for the beginning of the assistant's turn.
    static let generationPrompt = "add_generation_prompt"

    /// Puts a conversation together. Without `add_generation_prompt` among the variables it is true.
    package init(
        name: String, title: String, messages: [JSONValue], tools: [JSONValue]? = nil, documents: [JSONValue]? = nil,
        variables: [JSONValue.Member] = []
    ) {
        (self.name, self.title, self.messages) = (name, title, messages)
        (self.tools, self.documents) = (tools, documents)
        let hasPrompt = variables.contains { $0.key.utf8.elementsEqual(Conversation.generationPrompt.utf8) }
        self.variables = (hasPrompt ? [] : [.init(Conversation.generationPrompt, true)]) + variables
    }

    /// The conversation with other messages.
    func with(messages: [JSONValue]) -> Conversation {
        Conversation(
            name: name, title: title, messages: messages, tools: tools, documents: documents, variables: variables)
    }

    /// The conversation with other tools.
    package func with(tools: [JSONValue]?) -> Conversation {
        Conversation(
            name: name, title: title, messages: messages, tools: tools, documents: documents, variables: variables)
    }

    /// The conversation with a variable set, in the place of one of the same name.
    package func setting(_ name: String, _ value: JSONValue) -> Conversation {
        let others = variables.filter { !$0.key.utf8.elementsEqual(name.utf8) }
        return Conversation(
            name: self.name, title: title, messages: messages, tools: tools, documents: documents,
            variables: others + [.init(name, value)])
    }

    /// The conversation without a variable that it may have.
    func without(_ name: String) -> Conversation {
        Conversation(
            name: self.name, title: title, messages: messages, tools: tools, documents: documents,
            variables: variables.filter { !$0.key.utf8.elementsEqual(name.utf8) })
    }

    /// The document that `ConversationReader` reads.
    package var json: JSONValue {
        .object([
            "name": .string(name), "title": .string(title), "messages": .array(messages),
            "tools": tools.map { .array($0) }, "documents": documents.map { .array($0) },
            "variables": variables.isEmpty ? nil : .object(variables),
        ])
    }
}
