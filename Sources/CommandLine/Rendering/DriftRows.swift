// SPDX-License-Identifier: Apache-2.0

internal import Drift

/// The lines of a difference, with removed lines beside the added ones that replace them, and what differs inside marked.
enum DriftRows {
    /// A stretch of a line.
    struct Piece: Equatable {
        let text: String
        /// Whether the other line has something else here.
        let isMarked: Bool
    }

    /// One line of one text.
    struct Line: Equatable {
        /// Its number, from 1.
        let number: Int
        let pieces: [Piece]
        /// Whether a line end follows.
        var hasEnd = true
    }

    /// Lines that stand beside one another; equal ones are context.
    struct Row: Equatable {
        var old: Line?
        var new: Line?
        var isContext = false
    }

    /// The greatest number of comparisons that aligning the lines of one block, and the words of one pair, may cost; beyond
    /// it lines are paired in order and marked whole.
    private static let budget = 250_000

    /// The rows of a hunk in the order of the texts.
    static func rows(of hunk: TextDiff.Hunk) -> [Row] {
        var out: [Row] = []
        var (old, new) = (hunk.oldStart, hunk.newStart)
        var removed: [(number: Int, text: String, hasEnd: Bool)] = []
        var added: [(number: Int, text: String, hasEnd: Bool)] = []
        func close() {
            out += paired(removed, added)
            (removed, added) = ([], [])
        }
        var last = TextDiff.Line.noLineEnd
        for line in hunk.lines {
            switch line {
            case .context(let text):
                close()
                let pieces = [Piece(text: text, isMarked: false)]
                out.append(
                    Row(old: Line(number: old, pieces: pieces), new: Line(number: new, pieces: pieces), isContext: true)
                )
                (old, new) = (old &+ 1, new &+ 1)
            case .removed(let text):
                if !added.isEmpty { close() }
                removed.append((old, text, true))
                old &+= 1
            case .added(let text):
                added.append((new, text, true))
                new &+= 1
            case .noLineEnd:
                switch last {
                case .removed: if !removed.isEmpty { removed[removed.count - 1].hasEnd = false }
                case .added: if !added.isEmpty { added[added.count - 1].hasEnd = false }
                case .context:
                    if let row = out.indices.last {
                        out[row].old?.hasEnd = false
                        out[row].new?.hasEnd = false
                    }
                case .noLineEnd: break
                }
            }
            last = line
        }
        close()
        return out
    }

    // MARK: - Which line replaces which

    private static func paired(
        _ removed: [(number: Int, text: String, hasEnd: Bool)], _ added: [(number: Int, text: String, hasEnd: Bool)]
    ) -> [Row] {
        let old = removed.map { words($0.text) }
        let new = added.map { words($0.text) }
        var out: [Row] = []
        func row(_ i: Int?, _ j: Int?) {
            guard let i, let j else {
                out.append(
                    Row(
                        old: i.map {
                            Line(
                                number: removed[$0].number, pieces: whole(removed[$0].text), hasEnd: removed[$0].hasEnd)
                        },
                        new: j.map {
                            Line(number: added[$0].number, pieces: whole(added[$0].text), hasEnd: added[$0].hasEnd)
                        }))
                return
            }
            let (left, right) = marked(old[i], new[j])
            out.append(
                Row(
                    old: Line(number: removed[i].number, pieces: left, hasEnd: removed[i].hasEnd),
                    new: Line(number: added[j].number, pieces: right, hasEnd: added[j].hasEnd)))
        }
        for (i, j) in alignment(old, new) { row(i, j) }
        return out
    }

    /// Pairs of lines in order that have the most in common; lines without a partner stand alone.
    private static func alignment(_ old: [[Substring]], _ new: [[Substring]]) -> [(Int?, Int?)] {
        let cost = old.reduce(0) { $0 + $1.count + 1 } * new.reduce(0) { $0 + $1.count + 1 }
        guard !old.isEmpty, !new.isEmpty, old.count != new.count, cost <= budget else {
            return (0..<max(old.count, new.count)).map { index in
                (index < old.count ? index : nil, index < new.count ? index : nil)
            }
        }
        let bags = (old.map(bag), new.map(bag))
        var best = Array(repeating: Array(repeating: 0.0, count: new.count + 1), count: old.count + 1)
        func gain(_ i: Int, _ j: Int) -> Double { likeness(bags.0[i], bags.1[j]) }
        for i in stride(from: old.count - 1, through: 0, by: -1) {
            for j in stride(from: new.count - 1, through: 0, by: -1) {
                best[i][j] = max(best[i + 1][j + 1] + gain(i, j), best[i + 1][j], best[i][j + 1])
            }
        }
        var out: [(Int?, Int?)] = []
        var (i, j) = (0, 0)
        while i < old.count, j < new.count {
            if gain(i, j) > 0, best[i][j] == best[i + 1][j + 1] + gain(i, j) {
                out.append((i, j))
                (i, j) = (i + 1, j + 1)
            } else if best[i][j] == best[i + 1][j] {
                out.append((i, nil))
                i += 1
            } else {
                out.append((nil, j))
                j += 1
            }
        }
        out += (i..<old.count).map { ($0, nil) }
        out += (j..<new.count).map { (nil, $0) }
        return out
    }

    private static func bag(_ words: [Substring]) -> [Substring: Int] {
        words.reduce(into: [:]) { $0[$1, default: 0] += $1.utf8.first == UInt8(ascii: " ") ? 0 : $1.utf8.count }
    }

    /// The share of the text that two lines have in common; none below a third, which chance gives.
    private static func likeness(_ left: [Substring: Int], _ right: [Substring: Int]) -> Double {
        let common = left.reduce(0) { $0 + min($1.value, right[$1.key] ?? 0) }
        let total = max(left.reduce(0) { $0 + $1.value }, right.reduce(0) { $0 + $1.value })
        let share = total > 0 ? Double(common) / Double(total) : 0
        return share < 0.34 ? 0 : share
    }

    // MARK: - Which words differ

    /// Two lines with the words marked that only one of them has.
    static func marked(_ old: [Substring], _ new: [Substring]) -> ([Piece], [Piece]) {
        var start = 0
        while start < min(old.count, new.count), same(old[start], new[start]) { start += 1 }
        var end = 0
        while end < min(old.count, new.count) - start, same(old[old.count - 1 - end], new[new.count - 1 - end]) {
            end += 1
        }
        let (left, right) = (Array(old[start..<(old.count - end)]), Array(new[start..<(new.count - end)]))
        var kept = (Array(repeating: false, count: left.count), Array(repeating: false, count: right.count))
        if !left.isEmpty, !right.isEmpty, left.count * right.count <= budget {
            var length = Array(repeating: Array(repeating: 0, count: right.count + 1), count: left.count + 1)
            for i in stride(from: left.count - 1, through: 0, by: -1) {
                for j in stride(from: right.count - 1, through: 0, by: -1) {
                    length[i][j] =
                        same(left[i], right[j]) ? length[i + 1][j + 1] + 1 : max(length[i + 1][j], length[i][j + 1])
                }
            }
            var (i, j) = (0, 0)
            while i < left.count, j < right.count {
                if same(left[i], right[j]) {
                    (kept.0[i], kept.1[j]) = (true, true)
                    (i, j) = (i + 1, j + 1)
                } else if length[i + 1][j] >= length[i][j + 1] {
                    i += 1
                } else {
                    j += 1
                }
            }
        }
        func pieces(_ words: [Substring], _ kept: [Bool]) -> [Piece] {
            let marks =
                Array(repeating: false, count: start) + kept.map { !$0 } + Array(repeating: false, count: end)
            return joined(zip(words, marks).map { Piece(text: String($0), isMarked: $1) })
        }
        return (pieces(old, kept.0), pieces(new, kept.1))
    }

    private static func same(_ left: Substring, _ right: Substring) -> Bool { left.utf8.elementsEqual(right.utf8) }

    private static func whole(_ text: String) -> [Piece] { [Piece(text: text, isMarked: true)] }

    /// Neighbours of one kind become one piece; a space between two marked words is marked with them.
    private static func joined(_ pieces: [Piece]) -> [Piece] {
        var out: [Piece] = []
        for (index, piece) in pieces.enumerated() {
            var isMarked = piece.isMarked
            if !isMarked, index > 0, index + 1 < pieces.count, pieces[index - 1].isMarked, pieces[index + 1].isMarked,
                piece.text.utf8.allSatisfy({ $0 == UInt8(ascii: " ") })
            {
                isMarked = true
            }
            if let last = out.last, last.isMarked == isMarked {
                out[out.count - 1] = Piece(text: last.text + piece.text, isMarked: isMarked)
            } else {
                out.append(Piece(text: piece.text, isMarked: isMarked))
            }
        }
        return out
    }

    /// Words, runs of white space, and every other character on its own; scalars, so that nothing is taken for equal that is
    /// not the same bytes.
    static func words(_ text: String) -> [Substring] {
        enum Kind { case word, space, other }
        func kind(_ scalar: Unicode.Scalar) -> Kind {
            if scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar.properties.generalCategory == .nonspacingMark
            {
                return .word
            }
            return scalar.properties.isWhitespace ? .space : .other
        }
        var out: [Substring] = []
        var start = text.startIndex
        var current: Kind?
        var index = text.startIndex
        let scalars = text.unicodeScalars
        while index < scalars.endIndex {
            let found = kind(scalars[index])
            if let current, current != found || found == .other {
                out.append(text[start..<index])
                start = index
            }
            current = found
            index = scalars.index(after: index)
        }
        if start < text.endIndex { out.append(text[start...]) }
        return out
    }
}
