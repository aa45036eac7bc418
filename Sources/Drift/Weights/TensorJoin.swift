// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors

/// What became of the tensors of one list in another one, by names and digests.
struct TensorJoin {
    /// Two tensors that are one: places in the lists.
    struct Pair: Sendable {
        let before: Int
        let after: Int
        /// Whether their bytes differ; nil when that is not known.
        let differs: Bool?
    }

    /// How many have name and digest in common.
    private(set) var equal = 0
    /// Tensors that differ, or may.
    private(set) var pairs: [Pair] = []
    /// Tensors with the same digest under another name.
    private(set) var renamed: [Pair] = []
    /// The places of tensors that are gone, and of new ones.
    private(set) var removed: [Int] = []
    private(set) var added: [Int] = []
    /// How the names changed, when many changed in one way.
    private(set) var substitution: NameSubstitution?

    init(_ before: TensorList, _ after: TensorList) {
        var (i, j) = (0, 0)
        while i < before.items.count || j < after.items.count {
            if j == after.items.count || i < before.items.count && before.items[i].name < after.items[j].name {
                removed.append(i)
                i += 1
            } else if i == before.items.count || after.items[j].name < before.items[i].name {
                added.append(j)
                j += 1
            } else {
                if let one = before.items[i].digest, let other = after.items[j].digest {
                    if one == other { equal += 1 } else { pairs.append(Pair(before: i, after: j, differs: true)) }
                } else {
                    pairs.append(Pair(before: i, after: j, differs: nil))
                }
                i += 1
                j += 1
            }
        }
        guard !removed.isEmpty, !added.isEmpty else { return }
        let match = RenameMatch(removed.map { before.items[$0] }, added.map { after.items[$0] })
        var (goneOld, goneNew): (Set<Int>, Set<Int>) = ([], [])
        for (old, new) in match.equal {
            renamed.append(Pair(before: removed[old], after: added[new], differs: false))
            goneOld.insert(old)
            goneNew.insert(new)
        }
        for (old, new) in match.other {
            let known = before.items[removed[old]].digest != nil && after.items[added[new]].digest != nil
            pairs.append(Pair(before: removed[old], after: added[new], differs: known ? true : nil))
            goneOld.insert(old)
            goneNew.insert(new)
        }
        substitution = match.substitution
        removed = removed.indices.filter { !goneOld.contains($0) }.map { removed[$0] }
        added = added.indices.filter { !goneNew.contains($0) }.map { added[$0] }
    }
}
