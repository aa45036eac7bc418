// SPDX-License-Identifier: Apache-2.0

internal import Safetensors

/// Tensors to which the same thing happened: how many, the first of them, and the one that moved farthest.
struct DifferenceGroup: Sendable {
    /// From one type to another.
    struct Retyping: Sendable, Hashable {
        let before: String
        let after: String
    }

    /// How many.
    private(set) var count = 0
    /// The first, at most `keptLimit`, and the worst.
    private(set) var kept: [DriftEvidence.TensorDifference] = []
    /// The one with the greatest relative distance, when one was measured.
    private(set) var worst: DriftEvidence.TensorDifference?
    /// How many have a distance.
    private(set) var measured = 0
    /// How many have other bits and the same numbers: zeros of the other sign, other not-a-numbers.
    private(set) var onlyBits = 0
    /// How many numbers have become infinite, in how many tensors.
    private(set) var overflows: UInt64 = 0
    /// How many have exactly the numbers that they had.
    private(set) var lossless = 0
    /// How many went from which type to which.
    private(set) var retypings: [Retyping: Int] = [:]

    /// The most tensors that a report names.
    static let keptLimit = 20_000

    /// Adds a tensor; `measured` is what the comparison of its numbers has found.
    mutating func add(_ difference: DriftEvidence.TensorDifference, _ found: MeasuredDistance? = nil) {
        count += 1
        if kept.count < DifferenceGroup.keptLimit { kept.append(difference) }
        if let before = difference.before, let after = difference.after, before.type != after.type {
            retypings[Retyping(before: before.type, after: after.type), default: 0] += 1
        }
        if let found, found.isLossless { lossless += 1 }
        if let found {
            let (sum, overflow) = overflows.addingReportingOverflow(found.overflows)
            overflows = overflow ? .max : sum
        }
        guard let distance = difference.distance else { return }
        measured += 1
        if distance.share == 0 { onlyBits += 1 }
        if let known = worst?.distance, !DifferenceGroup.precedes(known, distance) { return }
        worst = difference
    }

    private static func precedes(
        _ left: DriftEvidence.TensorDifference.Distance, _ right: DriftEvidence.TensorDifference.Distance
    ) -> Bool {
        (left.relative, left.maximum, left.share) < (right.relative, right.maximum, right.share)
    }

    /// The tensors as evidence: the first, and the worst wherever it is.
    var evidence: DriftEvidence {
        guard count > kept.count, let worst, !kept.contains(where: { $0.name == worst.name }) else {
            return .tensors(kept)
        }
        return .tensors(kept.dropLast() + [worst])
    }

    /// From which types to which, the most frequent first: `F32 to BF16`.
    var retypingText: String {
        let sorted = retypings.sorted { left, right in
            left.value != right.value
                ? left.value > right.value : (left.key.before, left.key.after) < (right.key.before, right.key.after)
        }
        return Figures.list(sorted.map { "\($0.key.before) to \($0.key.after)" }, limit: 3)
    }
}
