// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Drift
internal import Operations

extension SyncStep.Kind {
    /// The word for this step in a plan.
    var word: String {
        switch self {
        case .keep: "keep"
        case .examine: "examine"
        case .adopt: "adopt"
        case .fetch: "fetch"
        }
    }
}

extension OutdatedCheck.Finding {
    /// The word for what became of a source.
    var word: String {
        switch status {
        case .current: isDrift ? "renamed" : "current"
        case .moved: "moved"
        case .unavailable(let failure): failure.code.rawValue
        }
    }
}

extension LockedSource {
    /// The bytes of all files.
    var size: ByteCount { files.reduce(.zero) { $0 + $1.size } }
}

/// `1 file`, `2 files`.
func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
