// SPDX-License-Identifier: Apache-2.0

/// What a scan says of a file, from harmless to harmful.
package enum Verdict: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Everything was read, and nothing was found.
    case clean
    /// Holds what a person should look at: code by design, objects of libraries, odd but inert content.
    case review
    /// Uses what is on no list.
    case unknown
    /// Could not be read to the end as every loader would read it.
    case unscannable
    /// Does what no model needs.
    case malicious

    /// By harm.
    package static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }

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
