// SPDX-License-Identifier: Apache-2.0

/// The least number of lines to take out and put in that makes one text of another, by the greedy algorithm of Myers
/// ("An O(ND) difference algorithm and its variations", 1986).
struct TextDiffScript {
    /// Lines that are replaced: a stretch of the old text and what stands there in the new one. One of them may be
    /// empty.
    struct Edit: Equatable {
        let old: Range<Int>
        let new: Range<Int>
    }

    /// The most lines taken out and put in before the search gives up. The search keeps about the square of it in
    /// numbers of four bytes.
    static let maximumDistance = 1500
    /// The most steps along equal lines that one search takes.
    static let maximumSteps = 40_000_000

    /// The edits in their order; none touches another.
    let edits: [Edit]
    /// Whether the search gave up somewhere.
    let isCoarse: Bool

    init(_ old: [TextDiffLines.Key], _ new: [TextDiffLines.Key]) {
        var front = 0
        while front < old.count, front < new.count, old[front] == new[front] { front += 1 }
        var back = 0
        while back < old.count - front, back < new.count - front,
            old[old.count - 1 - back] == new[new.count - 1 - back]
        {
            back += 1
        }
        // Lines as small numbers: they are compared often from here on.
        var numbers: [TextDiffLines.Key: Int32] = [:]
        func number(_ keys: ArraySlice<TextDiffLines.Key>) -> [Int32] {
            keys.map { key in
                if let known = numbers[key] { return known }
                let next = Int32(truncatingIfNeeded: numbers.count)
                numbers[key] = next
                return next
            }
        }
        let a = number(old[front..<old.count - back])
        let b = number(new[front..<new.count - back])
        let found = TextDiffScript.least(a, b)
        let pairs = found ?? TextDiffScript.anchors(a, b, distinct: numbers.count)
        edits = TextDiffScript.edits(pairs, a.count, b.count, offset: front)
        isCoarse = found == nil
    }

    /// What lies between the pairs of equal lines.
    private static func edits(_ pairs: [(Int, Int)], _ oldCount: Int, _ newCount: Int, offset: Int) -> [Edit] {
        var edits: [Edit] = []
        var (x, y) = (0, 0)
        func close(_ oldEnd: Int, _ newEnd: Int) {
            guard x < oldEnd || y < newEnd else { return }
            edits.append(Edit(old: x + offset..<oldEnd + offset, new: y + offset..<newEnd + offset))
        }
        for (old, new) in pairs {
            close(old, new)
            (x, y) = (old + 1, new + 1)
        }
        close(oldCount, newCount)
        return edits
    }

    /// The pairs of equal lines of a least script; nil when the texts are further apart than the limits.
    private static func least(_ a: [Int32], _ b: [Int32]) -> [(Int, Int)]? {
        guard !a.isEmpty, !b.isEmpty else { return [] }
        let limit = min(a.count + b.count, maximumDistance)
        // `ends[k + limit]`: how far the old text is used up on the diagonal k. `trace` keeps the part a round can have
        // changed, for the way back.
        var ends = [Int32](repeating: 0, count: 2 * limit + 2)
        var trace: [[Int32]] = []
        var steps = 0
        for distance in 0...limit {
            var k = -distance
            while k <= distance {
                let down =
                    k == -distance
                    || (k != distance && ends[limit + k - 1] < ends[limit + k + 1])
                var x = Int(down ? (distance == 0 ? 0 : ends[limit + k + 1]) : ends[limit + k - 1] + 1)
                var y = x - k
                // Diagonals that leave a text are walked no further.
                while x < a.count, y >= 0, y < b.count, a[x] == b[y] {
                    x += 1
                    y += 1
                    steps += 1
                }
                ends[limit + k] = Int32(truncatingIfNeeded: x)
                if x >= a.count, y >= b.count {
                    return pairs(a.count, b.count, trace, distance)
                }
                k += 2
            }
            guard steps <= maximumSteps else { return nil }
            trace.append(Array(ends[(limit - distance)...(limit + distance)]))
        }
        return nil
    }

    /// Walks back from the end of both texts.
    private static func pairs(_ oldCount: Int, _ newCount: Int, _ trace: [[Int32]], _ distance: Int) -> [(Int, Int)] {
        var (x, y) = (oldCount, newCount)
        var pairs: [(Int, Int)] = []
        var round = distance
        while round > 0 {
            let ends = trace[round - 1]
            // The middle of a round's part is the diagonal 0.
            func end(_ k: Int) -> Int {
                let index = k + round - 1
                return ends.indices.contains(index) ? Int(ends[index]) : -1
            }
            let k = x - y
            let down = k == -round || (k != round && end(k - 1) < end(k + 1))
            let former = down ? k + 1 : k - 1
            let startX = end(former)
            let startY = startX - former
            let (middleX, middleY) = down ? (startX, startY + 1) : (startX + 1, startY)
            while x > middleX, y > middleY {
                x -= 1
                y -= 1
                pairs.append((x, y))
            }
            (x, y) = (startX, startY)
            round -= 1
        }
        while x > 0, y > 0 {
            x -= 1
            y -= 1
            pairs.append((x, y))
        }
        return pairs.reversed()
    }

    /// The longest run of pairs of lines that are in both texts exactly once and in the same order, with the equal
    /// lines around each.
    private static func anchors(_ a: [Int32], _ b: [Int32], distinct: Int) -> [(Int, Int)] {
        var (inOld, inNew) = ([Int](repeating: 0, count: distinct), [Int](repeating: 0, count: distinct))
        var placeInNew = [Int](repeating: 0, count: distinct)
        for line in a { inOld[Int(line)] += 1 }
        for (place, line) in b.enumerated() {
            inNew[Int(line)] += 1
            placeInNew[Int(line)] = place
        }
        // The longest increasing run of places, by patience sorting.
        var tops: [Int] = []
        var nodes: [(old: Int, new: Int, former: Int)] = []
        for (place, line) in a.enumerated() where inOld[Int(line)] == 1 && inNew[Int(line)] == 1 {
            let new = placeInNew[Int(line)]
            var (low, high) = (0, tops.count)
            while low < high {
                let middle = (low + high) / 2
                if nodes[tops[middle]].new < new { low = middle + 1 } else { high = middle }
            }
            nodes.append((place, new, low > 0 ? tops[low - 1] : -1))
            if low == tops.count { tops.append(nodes.count - 1) } else { tops[low] = nodes.count - 1 }
        }
        var chain: [(Int, Int)] = []
        var index = tops.last ?? -1
        while index >= 0 {
            chain.append((nodes[index].old, nodes[index].new))
            index = nodes[index].former
        }
        var pairs: [(Int, Int)] = []
        var (x, y) = (0, 0)
        for (old, new) in chain.reversed() {
            var before: [(Int, Int)] = []
            var (i, j) = (old - 1, new - 1)
            while i >= x, j >= y, a[i] == b[j] {
                before.append((i, j))
                i -= 1
                j -= 1
            }
            if old >= x, new >= y {
                pairs += before.reversed()
                pairs.append((old, new))
                (x, y) = (old + 1, new + 1)
            }
            while x < a.count, y < b.count, a[x] == b[y] {
                pairs.append((x, y))
                x += 1
                y += 1
            }
        }
        return pairs
    }
}
