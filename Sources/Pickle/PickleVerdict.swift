// SPDX-License-Identifier: Apache-2.0

/// What a scan says of a pickle as a whole, from harmless to harmful.
public enum PickleVerdict: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Everything was read, and nothing does more than to make plain values, arrays and tensors.
    case clean
    /// Makes objects of known libraries, or has other traits that a person should know of.
    case review
    /// Uses names that are on no list.
    case unknown
    /// Could not be read to the end as every loader would read it.
    case unscannable
    /// Does what no model needs.
    case malicious

    /// By harm.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .clean: 0
        case .review: 1
        case .unknown: 2
        case .unscannable: 3
        case .malicious: 4
        }
    }
}
