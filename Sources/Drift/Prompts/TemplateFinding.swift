// SPDX-License-Identifier: Apache-2.0

package import Jinja

/// What is wrong with a chat template, whoever wrote it and whatever it was before. The rules: `docs/guides/prompts.md`.
package struct TemplateFinding: Sendable, Hashable {
    /// The rules. Their words are stable.
    package enum Rule: String, Sendable, Hashable, CaseIterable {
        /// It cannot be parsed.
        case syntax = "template-syntax"
        /// It ends with an error on a conversation of a kind that it means to handle.
        case fails = "template-fails"
        /// It could not be rendered here, so nothing is known: over a budget, or something that is not done.
        case notChecked = "template-not-checked"
        /// A turn or a block is opened and not closed, or closed without having been opened.
        case markers = "turn-markers"
        /// What stands in front changes when a turn is appended.
        case prefix = "prefix-unstable"
        /// The text of a message does not reach the model.
        case lost = "content-lost"
        /// Messages reach the model in another order.
        case order = "content-order"
        /// The text of a message reaches the model twice.
        case repeated = "content-repeated"
        /// The text of a Python value reaches the model: `{'role': …}`, `None`, `<class …>`.
        case python = "python-text"
        /// The prompt depends on the day or the time.
        case clock = "clock-dependent"
        /// It prints a control token that the tokenizer does not know as one.
        case unknownToken = "unknown-token"
        /// Two copies of the template in one repository are not the same.
        case copies = "copies-disagree"
    }

    /// How bad it is; the order is the worst first.
    package enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
        /// It is of no use as it is.
        case error
        /// What the model sees is most likely not what was meant.
        case warning
        /// A property that templates have on purpose, and that surprises: caching, training masks and tests depend on it.
        case note

        /// The worst is the smallest.
        package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }
    }

    /// Which rule it breaks.
    package let rule: Rule
    /// How bad it is.
    package let severity: Severity
    /// What was found, in one line.
    package let message: String
    /// The smallest conversation that shows it; nil where none is needed.
    package let conversation: Conversation?
    /// The stretch of the prompt that shows it.
    package let excerpt: String?
    /// Where in the template, where that is known.
    package let place: SourcePlace?

    /// Describes a finding.
    package init(
        _ rule: Rule, _ severity: Severity, _ message: String, conversation: Conversation? = nil,
        excerpt: String? = nil, place: SourcePlace? = nil
    ) {
        (self.rule, self.severity, self.message) = (rule, severity, message)
        (self.conversation, self.excerpt, self.place) = (conversation, excerpt, place)
    }
}
