// SPDX-License-Identifier: Apache-2.0

/// The difference of two texts, line by line: the hunks of a unified diff.
package struct TextDiff: Sendable, Hashable {
    /// A line of a hunk, without its line feed; a carriage return in front of it is kept.
    package enum Line: Sendable, Hashable {
        case context(String), removed(String), added(String)
        /// What a text ends with that has no line end: said behind the line it concerns.
        case noLineEnd
    }

    /// Lines that belong together, with what is around them.
    package struct Hunk: Sendable, Hashable {
        /// The first line in the old text, from 1; the line in front of the hunk when it has none of the old text, so
        /// 0 at the begin.
        package let oldStart: Int
        package let oldCount: Int
        /// The first line in the new text, from 1; the line in front of the hunk when it has none of the new text, so
        /// 0 at the begin.
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

    /// Compares two texts; `context` equal lines are kept around what differs.
    ///
    /// Texts are compared byte for byte: two spellings of `é` differ. The difference is the least one as long as it
    /// has at most `TextDiffScript.maximumDistance` lines; beyond that it follows the lines that are in both texts
    /// once, and says `isCoarse`. Time and memory are linear in the texts, but for that number.
    package init(_ old: String, _ new: String, context: Int = 3) {
        let (before, after) = (TextDiffLines(old), TextDiffLines(new))
        let script = TextDiffScript(before.keys, after.keys)
        self.init(
            hunks: TextDiff.hunks(script.edits, before, after, context: max(0, context)), isCoarse: script.isCoarse)
    }

    /// Groups edits whose surroundings touch.
    private static func hunks(
        _ edits: [TextDiffScript.Edit], _ old: TextDiffLines, _ new: TextDiffLines, context: Int
    ) -> [Hunk] {
        var hunks: [Hunk] = []
        var first = 0
        while first < edits.count {
            var last = first
            while last + 1 < edits.count, edits[last + 1].old.lowerBound - edits[last].old.upperBound <= 2 * context {
                last += 1
            }
            hunks.append(hunk(edits[first...last], old, new, context: context))
            first = last + 1
        }
        return hunks
    }

    private static func hunk(
        _ edits: ArraySlice<TextDiffScript.Edit>, _ old: TextDiffLines, _ new: TextDiffLines, context: Int
    ) -> Hunk {
        guard let first = edits.first, let last = edits.last else {
            return Hunk(oldStart: 0, oldCount: 0, newStart: 0, newCount: 0, lines: [])
        }
        let lead = min(context, first.old.lowerBound)
        let trail = min(context, old.count - last.old.upperBound)
        let (oldStart, newStart) = (first.old.lowerBound - lead, first.new.lowerBound - lead)
        var lines: [Line] = []
        var place = oldStart
        func keep(until end: Int) {
            while place < end {
                lines.append(.context(old.line(place)))
                if old.lacksLineEnd(place) { lines.append(.noLineEnd) }
                place += 1
            }
        }
        for edit in edits {
            keep(until: edit.old.lowerBound)
            for line in edit.old {
                lines.append(.removed(old.line(line)))
                if old.lacksLineEnd(line) { lines.append(.noLineEnd) }
            }
            for line in edit.new {
                lines.append(.added(new.line(line)))
                if new.lacksLineEnd(line) { lines.append(.noLineEnd) }
            }
            place = edit.old.upperBound
        }
        keep(until: last.old.upperBound + trail)
        let oldCount = place - oldStart
        let newCount = last.new.upperBound + trail - newStart
        return Hunk(
            oldStart: oldCount == 0 ? oldStart : oldStart + 1, oldCount: oldCount,
            newStart: newCount == 0 ? newStart : newStart + 1, newCount: newCount, lines: lines)
    }

    /// The unified diff as `diff -u` prints it, with the two names in its head; empty when the texts are equal.
    package func unified(oldName: String, newName: String) -> String {
        guard !hunks.isEmpty else { return "" }
        var out = "--- \(oldName)\n+++ \(newName)\n"
        func range(_ start: Int, _ count: Int) -> String { count == 1 ? "\(start)" : "\(start),\(count)" }
        for hunk in hunks {
            out += "@@ -\(range(hunk.oldStart, hunk.oldCount)) +\(range(hunk.newStart, hunk.newCount)) @@\n"
            for line in hunk.lines {
                switch line {
                case .context(let text): out += " " + text + "\n"
                case .removed(let text): out += "-" + text + "\n"
                case .added(let text): out += "+" + text + "\n"
                case .noLineEnd: out += "\\ No newline at end of file\n"
                }
            }
        }
        return out
    }
}
