// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Makes a conversation smaller as long as it still shows something.
enum ConversationShrinker {
    /// The most times that the question is asked.
    static let maximumTrials = 60

    /// The smallest conversation found that still answers yes: without messages, tools, calls, variables that do not matter.
    static func smallest(_ start: Conversation, where shows: (Conversation) -> Bool) -> Conversation {
        var best = start
        var trials = 0
        func accept(_ candidate: Conversation) -> Bool {
            guard trials < maximumTrials else { return false }
            trials += 1
            guard shows(candidate) else { return false }
            best = candidate
            return true
        }
        var index = 0
        while index < best.messages.count, best.messages.count > 1 {
            var messages = best.messages
            messages.remove(at: index)
            if !accept(best.with(messages: messages)) { index += 1 }
        }
        if best.tools != nil, !accept(best.with(tools: nil)), let tools = best.tools, tools.count > 1 {
            for tool in tools where accept(best.with(tools: [tool])) { break }
        }
        for variable in best.variables where !variable.key.utf8.elementsEqual(Conversation.generationPrompt.utf8) {
            _ = accept(best.without(variable.key))
        }
        for index in best.messages.indices {
            guard let calls = best.messages[index]["tool_calls"]?.array, calls.count > 1 else { continue }
            for call in calls {
                var messages = best.messages
                messages[index] = .object(
                    (messages[index].members ?? []).map { member in
                        member.key.utf8.elementsEqual("tool_calls".utf8) ? .init(member.key, .array([call])) : member
                    })
                if accept(best.with(messages: messages)) { break }
            }
        }
        return best
    }
}
