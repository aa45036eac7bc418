// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Compares two lists of tokens with their numbers.
struct VocabularyComparison {
    typealias Token = DriftEvidence.VocabularyDifference.Token

    /// How many of each kind are listed; the counts are whole.
    static let maximumListed = 50

    /// What differs.
    let difference: DriftEvidence.VocabularyDifference
    /// How many numbers have another text, each counted among the added and among the removed.
    let replaced: Int
    /// How many texts are gone together with their numbers, or have other numbers.
    var lost: Int { difference.removedCount - replaced + difference.renumberedCount }

    /// Whether there is no difference.
    var isEmpty: Bool {
        difference.addedCount == 0 && difference.removedCount == 0 && difference.renumberedCount == 0
    }

    /// Compares; of two equal texts in one list the last counts.
    init(_ before: [Token], _ after: [Token]) {
        func same(_ a: Token, _ b: Token) -> Bool { a.id == b.id && a.text.utf8.elementsEqual(b.text.utf8) }
        var front = 0
        while front < before.count, front < after.count, same(before[front], after[front]) { front += 1 }
        var back = 0
        while back < before.count - front, back < after.count - front,
            same(before[before.count - 1 - back], after[after.count - 1 - back])
        {
            back += 1
        }
        let rests = (before[front..<before.count - back], after[front..<after.count - back])
        let old = Dictionary(rests.0.map { (TextKey($0.text), $0.id) }, uniquingKeysWith: { $1 })
        let new = Dictionary(rests.1.map { (TextKey($0.text), $0.id) }, uniquingKeysWith: { $1 })
        var (added, removed): ([Token], [Token]) = ([], [])
        var renumbered: [(token: Token, now: Int64)] = []
        for (key, id) in new {
            guard let former = old[key] else {
                added.append(Token(key.text, id))
                continue
            }
            if former != id { renumbered.append((Token(key.text, former), id)) }
        }
        for (key, id) in old where new[key] == nil { removed.append(Token(key.text, id)) }
        let numbers = Set(added.map(\.id))
        replaced = removed.count { numbers.contains($0.id) }
        func precedes(_ a: Token, _ b: Token) -> Bool {
            a.id != b.id ? a.id < b.id : TextKey(a.text) < TextKey(b.text)
        }
        let limit = VocabularyComparison.maximumListed
        difference = .init(
            added: Array(added.sorted(by: precedes).prefix(limit)),
            removed: Array(removed.sorted(by: precedes).prefix(limit)),
            renumbered: Array(renumbered.sorted { precedes($0.token, $1.token) }.prefix(limit)),
            addedCount: added.count, removedCount: removed.count, renumberedCount: renumbered.count)
    }

    /// The difference in words, such as ``3 tokens added (`<tool>` 151657, …)``.
    var summary: String {
        var parts: [String] = []
        func part(_ count: Int, _ verb: String, _ first: String?) {
            guard count > 0 else { return }
            let example = first.map { " (" + $0 + (count > 1 ? ", …" : "") + ")" } ?? ""
            parts.append("\(count) \(count == 1 ? "token" : "tokens") \(verb)" + example)
        }
        func shown(_ token: Token) -> String { "`\(Escaped(token.text, limit: 40))`" }
        part(
            difference.renumberedCount, "renumbered",
            difference.renumbered.first.map { "\(shown($0.token)) \($0.token.id) → \($0.now)" })
        part(difference.removedCount, "removed", difference.removed.first.map { "\(shown($0)) \($0.id)" })
        part(difference.addedCount, "added", difference.added.first.map { "\(shown($0)) \($0.id)" })
        return parts.joined(separator: ", ")
    }
}
