// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import Deliverable
internal import Drift

/// Decides whether a reviewed update may come into force: what the policy accepts, what the command line accepts, and whether
/// there is anybody to ask.
package struct UpdateAcceptance: Sendable, Hashable {
    /// What is to be done.
    package enum Decision: Sendable, Hashable {
        /// The update may come into force.
        case accepted
        /// A person has to be asked, about these classes above all.
        case ask([String])
        /// Nobody has accepted these classes.
        case refused([String])
    }

    /// The classes that `policy.accept` names; nil when the policy says nothing.
    package let policy: [String]?
    /// The classes that the command line names.
    package let given: [String]
    /// Whether the command line accepts everything.
    package let acceptsAll: Bool
    /// Whether a person can answer.
    package let canAsk: Bool

    /// Puts it together.
    package init(policy: [String]?, given: [String], acceptsAll: Bool, canAsk: Bool) {
        (self.policy, self.given, self.acceptsAll, self.canAsk) = (policy, given, acceptsAll, canAsk)
    }

    /// Reads the words of `--accept`, separated by commas.
    ///
    /// - Throws: `Failure` with code `usage` that names the nearest word.
    package static func words(_ texts: [String]) throws(Failure) -> [String] {
        var words: [String] = []
        for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }) {
            guard let word = Policy.acceptableWords.first(where: { $0.utf8.elementsEqual(text.utf8) }) else {
                let nearest = Policy.nearestAcceptable(to: text).map { "did you mean `\($0)`? " } ?? ""
                throw Failure(
                    .usage, "`\(Escaped(text, limit: 60))` is no class of changes",
                    hint: nearest + "known are " + Policy.acceptableWords.map { "`\($0)`" }.joined(separator: ", "))
            }
            if !words.contains(word) { words.append(word) }
        }
        return words
    }

    /// What is to be done with these classes.
    ///
    /// Who accepts nothing beforehand is asked once, about everything; who has said what may pass is asked only about the rest.
    /// Without anybody to ask only what is cosmetic passes unasked.
    package func decision(_ classes: ReviewClasses) -> Decision {
        if acceptsAll { return .accepted }
        let lacking = classes.decisive.filter { !(policy ?? []).contains($0) && !given.contains($0) }
        if lacking.isEmpty, !canAsk || policy != nil || !given.isEmpty { return .accepted }
        return canAsk ? .ask(lacking) : .refused(lacking)
    }

    /// The error for classes that nobody has accepted.
    package static func refusal(_ lacking: [String], _ classes: ReviewClasses) -> Failure {
        Failure(
            .refused,
            "nobody has accepted \(lacking.map { "`\($0)`" }.joined(separator: ", ")), and there is no terminal to ask on: nothing was written",
            hint: "after reading the review run it with `--accept \(lacking.joined(separator: ",")) --reason \"…\"`",
            details: classes.entries.filter { lacking.contains($0.word) }.map { entry in
                "\(entry.word): \(entry.count) change\(entry.count == 1 ? "" : "s"), the worst \(entry.severity.rawValue)"
            })
    }
}
