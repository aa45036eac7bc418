// SPDX-License-Identifier: Apache-2.0

internal import CKernels
internal import GGUF

/// What comparing the numbers of two tensors has found.
struct MeasuredDistance: Sendable {
    private var raw = weighlock_distance()
    /// Whether blocks of one type had other bytes, whatever numbers they stand for.
    private var hasOtherBlocks = false
    /// Whether nothing but the same numbers counts as a cast: nobody rounds to blocks number by number.
    private var isRounded = true

    /// Room for the numbers of blocks: reused from run to run.
    struct Scratch {
        fileprivate var first: [Float] = []
        fileprivate var second: [Float] = []
    }

    /// Adds the comparison of `count` numbers, a multiple of `NumberEncoding.unit` in every run but the last one of a tensor.
    /// False for encodings that cannot be compared, or bytes that are too few.
    mutating func add(
        _ count: Int, _ before: NumberEncoding, _ first: Span<UInt8>, _ after: NumberEncoding, _ second: Span<UInt8>,
        _ scratch: inout Scratch
    ) -> Bool {
        if case .plain(let one) = before, case .plain(let other) = after {
            return first.withUnsafeBytes { a in second.withUnsafeBytes { b in add(count, one, a, other, b) } }
        }
        guard before.canBeCompared(with: after), let size = before.byteCount(UInt64(clamping: count)),
            let newSize = after.byteCount(UInt64(clamping: count)), size <= UInt64(first.count),
            newSize <= UInt64(second.count)
        else { return false }
        isRounded = isRounded && after != .plain(.f32)
        if case .blocks = after { isRounded = false }
        let isSame =
            before == after && MeasuredDistance.sameBytes(first, second, count: Int(clamping: size))
        if before == after, !isSame { hasOtherBlocks = true }
        let one = MeasuredDistance.decode(before, first, count, &scratch.first)
        let other = isSame ? one : MeasuredDistance.decode(after, second, count, &scratch.second)
        func numbers(
            _ type: NumberType?, _ bytes: Span<UInt8>, _ decoded: [Float], _ body: (UnsafeRawBufferPointer) -> Bool
        )
            -> Bool
        { type == nil ? decoded.withUnsafeBytes(body) : bytes.withUnsafeBytes(body) }
        let decoded = isSame ? scratch.first : scratch.second
        return numbers(one, first, scratch.first) { a in
            numbers(other, second, decoded) { b in add(count, one ?? .f32, a, other ?? .f32, b) }
        }
    }

    /// Decodes blocks; the type of numbers that are none.
    private static func decode(
        _ encoding: NumberEncoding, _ bytes: Span<UInt8>, _ count: Int, _ numbers: inout [Float]
    ) -> NumberType? {
        switch encoding {
        case .plain(let type): return type
        case .blocks(let type):
            if numbers.count < count { numbers = [Float](repeating: 0, count: count) }
            var room = numbers.mutableSpan
            type.numbers(of: bytes, into: &room)
            return nil
        }
    }

    private static func sameBytes(_ first: Span<UInt8>, _ second: Span<UInt8>, count: Int) -> Bool {
        first.withUnsafeBytes { a in second.withUnsafeBytes { b in a.prefix(count).elementsEqual(b.prefix(count)) } }
    }

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
        left.hasOtherBlocks = left.hasOtherBlocks || right.hasOtherBlocks
        left.isRounded = left.isRounded && right.isRounded
    }

    /// Whether every bit is the same. Only where both types are.
    var isSame: Bool { raw.unequal_blocks == 0 && !hasOtherBlocks }

    /// Whether the second numbers are the first ones rounded to the nearest, ties to even; in blocks, or in F32 what blocks stand
    /// for, only the same ones are. Only where the types differ.
    var isCast: Bool { isRounded ? raw.not_cast == 0 || raw.not_cast_through_f32 == 0 : isLossless }

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
