// SPDX-License-Identifier: Apache-2.0

/// How much a finding matters, whatever the verdict: the order in which findings are shown.
package enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Worth knowing.
    case note
    /// Odd, with a harmless explanation more often than not.
    case low
    /// Can cost memory, time or a wrong result.
    case medium
    /// Can read or write what it should not, or hides something.
    case high
    /// Runs code of the file's author.
    case critical

    /// By weight.
    package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .note: 0
        case .low: 1
        case .medium: 2
        case .high: 3
        case .critical: 4
        }
    }
}
