// SPDX-License-Identifier: Apache-2.0

internal import Jinja

/// What kinds of conversations a template means to handle, read off its text: a template that never mentions tools is not
/// blamed for ignoring them.
struct TemplateAbilities: Sendable {
    /// It lists the tools on offer.
    let offersTools: Bool
    /// It prints calls of tools.
    let printsCalls: Bool
    /// It looks into content that is a list of parts.
    let readsParts: Bool
    /// It prints the reasoning of answers.
    let readsReasoning: Bool
    /// It asks for documents.
    let readsDocuments: Bool
    /// Every literal text in it.
    let literals: String

    init(_ template: Template) {
        let analysis = TemplateAnalysis(template)
        let names = Set(analysis.names.map(\.text))
        let reached = Set(analysis.accesses.compactMap(\.name))
        let texts = Set(analysis.texts.map(\.text))
        func any(_ words: [String]) -> Bool { words.contains { reached.contains($0) || texts.contains($0) } }
        offersTools = !names.isDisjoint(with: ["tools", "custom_tools", "available_tools"])
        printsCalls = any(["tool_calls"])
        readsParts = any(["type"]) && any(["text"])
        readsReasoning = any(["reasoning_content", "reasoning", "thinking"])
        readsDocuments = names.contains("documents")
        literals = (analysis.outputs + analysis.texts).map(\.text).joined(separator: "\n")
    }
}
