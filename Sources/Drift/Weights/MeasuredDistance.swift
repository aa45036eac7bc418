// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// What comparing the numbers of two tensors has found.
struct MeasuredDistance: Sendable {
    private var raw = weighlock_distance()

    /// Adds the comparison of `count` numbers, whose bytes the buffers hold; a run that is not the last one of a tensor has a
    /// multiple of 8 numbers. False for types that cannot be compared, or buffers that are too short.
    mutating func add(
        _ count: Int, _ before: NumberType, _ first: UnsafeRawBufferPointer, _ after: NumberType,
        _ second: UnsafeRawBufferPointer
    ) -> Bool {
        guard count > 0 else { return true }
        guard let one = before.byteCount(UInt64(count)), one <= UInt64(first.count),
            let other = after.byteCount(UInt64(count)), other <= UInt64(second.count),
            let a = first.baseAddress, let b = second.baseAddress
        else { return false }
        return weighlock_distance_add(&raw, before.rawValue, a, after.rawValue, b, count)
    }

    /// Adds what was found for the numbers that follow.
    static func += (left: inout MeasuredDistance, right: MeasuredDistance) {
        left.raw.maximum = max(left.raw.maximum, right.raw.maximum)
        left.raw.sum += right.raw.sum
        left.raw.squares += right.raw.squares
        left.raw.reference += right.raw.reference
        left.raw.pairs += right.raw.pairs
        left.raw.differing += right.raw.differing
        left.raw.non_finite += right.raw.non_finite
        left.raw.to_infinity += right.raw.to_infinity
        left.raw.unequal_blocks += right.raw.unequal_blocks
        left.raw.not_cast += right.raw.not_cast
        left.raw.not_cast_through_f32 += right.raw.not_cast_through_f32
    }

    /// Whether every bit is the same. Only where both types are.
    var isSame: Bool { raw.unequal_blocks == 0 }

    /// Whether the second numbers are the first ones rounded to the nearest, ties to even. Only where the types differ.
    var isCast: Bool { raw.not_cast == 0 || raw.not_cast_through_f32 == 0 }

    /// Whether the numbers are the same ones in another type.
    var isLossless: Bool { raw.differing == 0 }

    /// How many finite numbers have become infinite.
    var overflows: UInt64 { raw.to_infinity }

    /// The distance of tensors with `count` elements.
    func distance(count: UInt64) -> DriftEvidence.TensorDifference.Distance {
        let root = (raw.squares / raw.reference).squareRoot()
        // Nothing to be relative to, or sums beyond what a double holds.
        let relative = raw.squares == 0 ? 0 : root.isFinite ? root : .infinity
        return DriftEvidence.TensorDifference.Distance(
            maximum: raw.maximum, mean: raw.pairs > 0 ? raw.sum / Double(raw.pairs) : 0, relative: relative,
            share: count > 0 ? Double(raw.differing) / Double(count) : 0, nonFinite: raw.non_finite)
    }
}
