// SPDX-License-Identifier: Apache-2.0

/// Finds the known word that a misspelt one most likely stands for.
package enum Nearest {
    /// Words are compared by at most this many bytes, which bounds the work.
    static let maximumLength = 64

    /// The word of `known` with the smallest edit distance to `word` (case ignored, a swap of neighbours counts one);
    /// the first of several. Nil when `known` is empty.
    static func word(to word: String, among known: [String]) -> String? {
        let target = Array(word.lowercased().utf8.prefix(maximumLength))
        return known.map { ($0, distance(target, Array($0.lowercased().utf8.prefix(maximumLength)))) }
            .min { $0.1 < $1.1 }?.0
    }

    /// The nearest word, when it is near enough to be meant: a third of the letters may differ, at least one.
    package static func close(to word: String, among known: [String]) -> String? {
        guard let nearest = self.word(to: word, among: known) else { return nil }
        let target = Array(word.lowercased().utf8.prefix(maximumLength))
        return distance(target, Array(nearest.lowercased().utf8.prefix(maximumLength))) <= max(1, target.count / 3)
            ? nearest : nil
    }

    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            row.reserveCapacity(b.count + 1)
            for j in 1...b.count {
                var best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforeLast[j - 2] + 1) }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
