// SPDX-License-Identifier: Apache-2.0

package import Safetensors

/// What proves a change, in a form that a renderer can show at any length.
package indirect enum DriftEvidence: Sendable, Hashable {
    /// Two texts line by line.
    case text(TextDiff)
    /// What the model would be shown, conversation by conversation.
    case prompts([PromptDifference])
    /// Tensors.
    case tensors([TensorDifference])
    /// Entries of a vocabulary, or special tokens.
    case vocabulary(VocabularyDifference)
    /// Functions and classes of a program.
    case symbols([SymbolDifference])
    /// Names that came, went or moved: files, merges, keys.
    case names(added: [String], removed: [String], changed: [String])

    /// One conversation.
    package struct PromptDifference: Sendable, Hashable {
        /// Its name, such as `tools`.
        package let conversation: String
        /// What it contains, for people.
        package let title: String
        /// The prompt before, or the error that rendering ended with.
        package let before: Outcome
        /// The prompt after.
        package let after: Outcome
        /// The difference of the two texts.
        package let diff: TextDiff

        /// What rendering gave.
        package enum Outcome: Sendable, Hashable {
            case prompt(String)
            case failed(String)
            /// There was no template.
            case absent
        }

        /// Puts one together.
        package init(conversation: String, title: String, before: Outcome, after: Outcome, diff: TextDiff) {
            (self.conversation, self.title, self.before, self.after) = (conversation, title, before, after)
            self.diff = diff
        }
    }

    /// One tensor.
    package struct TensorDifference: Sendable, Hashable {
        /// What became of it.
        package enum Kind: String, Sendable, Hashable, CaseIterable {
            case added, removed
            /// Other numbers in the same type and shape.
            case changed
            /// The same numbers in another type, exactly as rounding gives them.
            case cast
            /// Another shape.
            case reshaped
            /// The same numbers under another name.
            case renamed
            /// Another type with other numbers: quantised anew.
            case requantised
        }

        /// How far the numbers are apart, over the elements that both have.
        package struct Distance: Sendable, Hashable {
            /// The greatest absolute difference.
            package let maximum: Double
            /// The mean absolute difference.
            package let mean: Double
            /// The square root of the sum of the squared differences over that of the squared old values.
            package let relative: Double
            /// The share of the elements that differ, 0…1.
            package let share: Double
            /// How many of either side are not finite.
            package let nonFinite: UInt64

            /// Puts numbers together.
            package init(maximum: Double, mean: Double, relative: Double, share: Double, nonFinite: UInt64) {
                (self.maximum, self.mean, self.relative, self.share) = (maximum, mean, relative, share)
                self.nonFinite = nonFinite
            }
        }

        /// Its name; the new one where it was renamed.
        package let name: TensorName
        /// The name it had.
        package let formerName: TensorName?
        /// What became of it.
        package let kind: Kind
        /// The type and shape before; nil when it was added.
        package let before: Form?
        /// The type and shape after; nil when it was removed.
        package let after: Form?
        /// The distance, where it was measured.
        package let distance: Distance?

        /// A type, by the name its container gives it, and a shape.
        package struct Form: Sendable, Hashable {
            package let type: String
            package let shape: [UInt64]
            package init(type: String, shape: [UInt64]) { (self.type, self.shape) = (type, shape) }
        }

        /// Puts one together.
        package init(
            name: TensorName, formerName: TensorName? = nil, kind: Kind, before: Form?, after: Form?,
            distance: Distance? = nil
        ) {
            (self.name, self.formerName, self.kind, self.before, self.after) = (name, formerName, kind, before, after)
            self.distance = distance
        }
    }

    /// Tokens and their numbers.
    package struct VocabularyDifference: Sendable, Hashable {
        /// A token and its number.
        package struct Token: Sendable, Hashable {
            package let text: String
            package let id: Int64
            package init(_ text: String, _ id: Int64) { (self.text, self.id) = (text, id) }
        }

        /// The first of each, by number; the counts are whole.
        package let added: [Token]
        package let removed: [Token]
        /// With the number before and after.
        package let renumbered: [(token: Token, now: Int64)]
        package let addedCount: Int
        package let removedCount: Int
        package let renumberedCount: Int

        /// Puts one together.
        package init(
            added: [Token], removed: [Token], renumbered: [(token: Token, now: Int64)], addedCount: Int,
            removedCount: Int, renumberedCount: Int
        ) {
            (self.added, self.removed, self.renumbered) = (added, removed, renumbered)
            (self.addedCount, self.removedCount, self.renumberedCount) = (addedCount, removedCount, renumberedCount)
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.added == right.added && left.removed == right.removed
                && left.renumbered.elementsEqual(right.renumbered) { $0 == $1 }
                && left.addedCount == right.addedCount && left.removedCount == right.removedCount
                && left.renumberedCount == right.renumberedCount
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(added)
            hasher.combine(removed)
            hasher.combine([addedCount, removedCount, renumberedCount])
        }
    }

    /// A function, class or method.
    package struct SymbolDifference: Sendable, Hashable {
        /// What became of it.
        package enum Kind: String, Sendable, Hashable { case added, removed, changed }
        /// Its name with those of what it is in: `Attention.forward`.
        package let name: String
        /// What became of it.
        package let kind: Kind
        /// Where it is now, or was: the first line, from 1.
        package let line: Int

        /// Puts one together.
        package init(name: String, kind: Kind, line: Int) { (self.name, self.kind, self.line) = (name, kind, line) }
    }
}
