// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

extension TemplateLint {
    /// Whether every turn that is opened is closed.
    ///
    /// What counts is what another exchange adds to a conversation: the prose at the beginning of a prompt, where a format is
    /// explained by its marks, and what is special about the last turn are on both sides and cancel out.
    mutating func checkMarkers(_ abilities: TemplateAbilities) {
        var pairs = [(samples.turns[1], samples.turns[3])]
        pairs.append((samples.turns[3], samples.turns[4]))
        if abilities.printsCalls { pairs.append((samples.calls[0], samples.calls[1])) }
        for (short, long) in pairs {
            guard let before = text(short), let after = text(long) else { continue }
            let (old, new) = (Balance(before), Balance(after))
            for (open, excess) in new.excess.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                // `<s>` and `</s>` begin and end a whole, whatever they look like.
                if renderer.tokens.tokens.contains(where: { $0.value == .string(open) }) || open == "<s>" { continue }
                let added = excess - (old.excess[open] ?? 0)
                guard added != 0, new.isClosed(open, literals: abilities.literals) else { continue }
                // An end of reasoning that never began is how models are told that there was none.
                if added < 0, ControlTokens.isReasoning(open) { continue }
                let closer = ControlTokens.closers(of: open).first ?? ""
                let what =
                    added > 0
                    ? "`\(open)` is opened and not closed by `\(closer)`"
                    : "`\(closer)` closes what `\(open)` has not opened"
                note(
                    TemplateFinding(
                        .markers, .warning, what + ": an exchange more adds \(abs(added)) of it", conversation: long,
                        excerpt: Excerpt.around(open, in: after)))
            }
        }
    }
}

/// How often each token that has a counterpart stands in a prompt without it.
private struct Balance {
    /// Openings minus closings, by the opening token.
    private(set) var excess: [String: Int] = [:]
    private var counts: [String: Int] = [:]

    init(_ text: String) {
        for token in ControlTokens.tokens(in: text) { counts[token, default: 0] += 1 }
        for (token, count) in counts {
            let closers = ControlTokens.closers(of: token)
            guard !closers.isEmpty else { continue }
            excess[token] = count - closers.reduce(0) { $0 + (counts[$1] ?? 0) }
        }
    }

    /// Marks that stand in pairs in every template that has the first.
    private static let strict = ["<|im_start|>", "<start_of_turn>"]

    /// Whether a token is one that this template closes, somewhere or by its nature.
    func isClosed(_ open: String, literals: String) -> Bool {
        Balance.strict.contains { $0.utf8.elementsEqual(open.utf8) }
            || ControlTokens.closers(of: open).contains { counts[$0] != nil || literals.contains($0) }
    }
}
