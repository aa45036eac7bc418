// SPDX-License-Identifier: Apache-2.0

/// The difference of two texts, line by line: the hunks of a unified diff.
package struct TextDiff: Sendable, Hashable {
    /// A line of a hunk.
    package enum Line: Sendable, Hashable {
        case context(String), removed(String), added(String)
        /// What a text ends with that has no line end: said behind the line it concerns.
        case noLineEnd
    }

    /// Lines that belong together, with what is around them.
    package struct Hunk: Sendable, Hashable {
        /// The first line in the old text, from 1; 0 when the hunk has none of it.
        package let oldStart: Int
        package let oldCount: Int
        /// The first line in the new text, from 1; 0 when the hunk has none of it.
        package let newStart: Int
        package let newCount: Int
        package let lines: [Line]

        package init(oldStart: Int, oldCount: Int, newStart: Int, newCount: Int, lines: [Line]) {
            (self.oldStart, self.oldCount, self.newStart) = (oldStart, oldCount, newStart)
            (self.newCount, self.lines) = (newCount, lines)
        }
    }

    /// The hunks in their order; empty when the texts are equal.
    package let hunks: [Hunk]
    /// Whether the texts were too far apart for the least difference: then a whole stretch is given as replaced.
    package let isCoarse: Bool

    /// How many lines came.
    package var added: Int { count { if case .added = $0 { true } else { false } } }
    /// How many lines went.
    package var removed: Int { count { if case .removed = $0 { true } else { false } } }
    /// Whether the texts are equal.
    package var isEmpty: Bool { hunks.isEmpty }

    private func count(_ predicate: (Line) -> Bool) -> Int {
        hunks.reduce(0) { $0 + $1.lines.count(where: predicate) }
    }

    /// Takes hunks that somebody has computed.
    package init(hunks: [Hunk], isCoarse: Bool = false) { (self.hunks, self.isCoarse) = (hunks, isCoarse) }
}
