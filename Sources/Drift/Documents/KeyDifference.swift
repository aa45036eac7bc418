// SPDX-License-Identifier: Apache-2.0

/// A key of a JSON document that has another value, came or went.
struct KeyDifference: Sendable {
    /// The way to it from the root; a place in a list is `[3]`.
    let path: [String]
    /// The value before; nil when the key was not there.
    let before: JSONNode?
    /// The value after; nil when the key is gone.
    let after: JSONNode?

    /// The last name on the way that is no place in a list.
    var name: String { path.last { !$0.hasPrefix("[") } ?? "" }

    /// The way as it stands in reports: `text_config.rope_scaling.factor`, `[1].type`.
    var key: String { KeyDifference.text(path) }

    static func text(_ path: [String]) -> String {
        path.reduce(into: "") { text, step in
            if !text.isEmpty, !step.hasPrefix("[") { text += "." }
            text += step
        }
    }

    /// The most differences of one document; what is beyond them is counted only.
    static let maximumCount = 2000

    /// What differs between two values, in the order of the new one, what is gone behind it. Objects are compared key
    /// by key, lists of as many objects item by item, everything else as a whole.
    static func all(_ before: JSONNode, _ after: JSONNode) -> (found: [KeyDifference], isWhole: Bool) {
        var walk = Walk()
        walk.compare(before, after)
        return (walk.found, walk.isWhole)
    }

    private struct Walk {
        var found: [KeyDifference] = []
        var isWhole = true
        private var path: [String] = []

        mutating func compare(_ before: JSONNode?, _ after: JSONNode?) {
            guard found.count < KeyDifference.maximumCount else {
                isWhole = false
                return
            }
            guard let before, let after else {
                found.append(KeyDifference(path: path, before: before, after: after))
                return
            }
            if let old = before.members, let new = after.members {
                let former = Dictionary(old.map { (TextKey($0.key), $0.value) }, uniquingKeysWith: { $1 })
                let names = Set(new.map { TextKey($0.key) })
                for member in new { step(member.key, former[TextKey(member.key)], member.value) }
                for member in old where !names.contains(TextKey(member.key)) { step(member.key, member.value, nil) }
            } else if let old = before.items, let new = after.items, old.count == new.count, !old.isEmpty,
                (old + new).allSatisfy({ $0.members != nil })
            {
                for (index, (one, other)) in zip(old, new).enumerated() { step("[\(index)]", one, other) }
            } else if !before.sameMeaning(as: after) {
                found.append(KeyDifference(path: path, before: before, after: after))
            }
        }

        private mutating func step(_ name: String, _ before: JSONNode?, _ after: JSONNode?) {
            path.append(name)
            compare(before, after)
            path.removeLast()
        }
    }
}
