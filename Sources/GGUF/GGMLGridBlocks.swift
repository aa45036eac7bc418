// SPDX-License-Identifier: Apache-2.0

/// Blocks of 256 numbers that are points of a grid, four or eight numbers at once: what each stands for. `bytes` is one block,
/// and `numbers` has room for its numbers. Products and sums are in the order of ggml's reference, so that they round alike.
enum GGMLGridBlocks {
    /// Writes one point of `count` numbers, with the signs that the bits from `shift` on say.
    @inline(__always)
    private static func point(
        _ grid: Span<Int8>, _ index: Int, count: Int = 8, _ step: Float, signs: UInt8, from shift: UInt8 = 0,
        _ numbers: inout MutableSpan<Float>, to first: Int
    ) {
        for place in 0..<count {
            let number = step * Float(grid[index * count + place])
            numbers[first + place] = signs >> (shift + UInt8(place)) & 1 == 1 ? -number : number
        }
    }

    /// Eight signs of which seven bits are stored: an even number of them is set.
    @inline(__always)
    private static func signs(_ bits: UInt32) -> UInt8 {
        let seven = UInt8(bits & 127)
        return seven | UInt8(seven.nonzeroBitCount & 1) << 7
    }

    @inline(__always)
    static func iq2_xxs(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        let scale = bytes.half(0)
        for part in 0..<8 {
            let (first, word) = (2 + part * 8, bytes.word(6 + part * 8))
            let step = scale * (0.5 + Float(word >> 28)) * 0.25
            for index in 0..<4 {
                point(
                    grid, Int(bytes[first + index]), step, signs: signs(word >> UInt32(index * 7)), &numbers,
                    to: part * 32 + index * 8)
            }
        }
    }

    @inline(__always)
    static func iq2_xs(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        let scale = bytes.half(0)
        for part in 0..<16 {
            let own = bytes[66 + part / 2] >> UInt8(part % 2 * 4) & 15
            let step = scale * (0.5 + Float(own)) * 0.25
            for index in part * 2..<part * 2 + 2 {
                let word = bytes.word16(2 + index * 2)
                point(grid, Int(word & 511), step, signs: signs(word >> 9), &numbers, to: index * 8)
            }
        }
    }

    @inline(__always)
    static func iq2_s(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        let scale = bytes.half(0)
        for part in 0..<16 {
            let own = bytes[74 + part / 2] >> UInt8(part % 2 * 4) & 15
            let step = scale * (0.5 + Float(own)) * 0.25
            for index in part * 2..<part * 2 + 2 {
                let upper = Int(bytes[66 + index / 4] >> UInt8(index % 4 * 2) & 3)
                point(
                    grid, Int(bytes[2 + index]) | upper << 8, step, signs: bytes[34 + index], &numbers,
                    to: index * 8)
            }
        }
    }

    @inline(__always)
    static func iq3_xxs(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        let scale = bytes.half(0)
        for part in 0..<8 {
            let word = bytes.word(66 + part * 4)
            let step = scale * (0.5 + Float(word >> 28)) * 0.5
            for index in 0..<8 {
                point(
                    grid, Int(bytes[2 + part * 8 + index]), count: 4, step,
                    signs: signs(word >> UInt32(index / 2 * 7)), from: UInt8(index % 2 * 4), &numbers,
                    to: part * 32 + index * 4)
            }
        }
    }

    @inline(__always)
    static func iq3_s(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        let scale = bytes.half(0)
        for part in 0..<8 {
            let own = bytes[106 + part / 2] >> UInt8(part % 2 * 4) & 15
            let step = scale * Float(1 + 2 * own)
            for index in 0..<8 {
                let upper = Int(bytes[66 + part] >> UInt8(index) & 1)
                point(
                    grid, Int(bytes[2 + part * 8 + index]) | upper << 8, count: 4, step,
                    signs: bytes[74 + part * 4 + index / 2], from: UInt8(index % 2 * 4), &numbers,
                    to: part * 32 + index * 4)
            }
        }
    }

    /// Writes a point whose numbers all lie a little beside the grid.
    @inline(__always)
    private static func shifted(
        _ grid: Span<Int8>, _ index: Int, _ step: Float, isBelow: Bool, _ numbers: inout MutableSpan<Float>,
        to first: Int
    ) {
        let shift: Float = isBelow ? -0.125 : 0.125
        for place in 0..<8 { numbers[first + place] = step * (Float(grid[index * 8 + place]) + shift) }
    }

    @inline(__always)
    static func iq1_s(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        let scale = bytes.half(0)
        for part in 0..<8 {
            let word = bytes.word16(34 + part * 2)
            let step = scale * Float(2 * (word >> 12 & 7) + 1)
            for index in 0..<4 {
                let upper = Int(word >> UInt32(index * 3) & 7)
                shifted(
                    grid, Int(bytes[2 + part * 4 + index]) | upper << 8, step, isBelow: word & 0x8000 != 0,
                    &numbers, to: part * 32 + index * 8)
            }
        }
    }

    @inline(__always)
    static func iq1_m(
        _ bytes: Span<UInt8>, _ grid: Span<Int8>, _ numbers: inout MutableSpan<Float>
    ) {
        // Four bits of the scale are at the top of each of four words, which hold the scales of the parts below.
        var bits: UInt32 = 0
        for word in 0..<4 { bits |= (bytes.word16(48 + word * 2) >> 12) << UInt32(word * 4) }
        let scale = Float(half: bits)
        for part in 0..<16 {
            let own = bytes.word16(48 + part / 4 * 2) >> UInt32(part % 4 * 3) & 7
            let step = scale * Float(2 * own + 1)
            for index in part * 2..<part * 2 + 2 {
                let upper = bytes[32 + part] >> UInt8(index % 2 * 4)
                shifted(
                    grid, Int(bytes[index]) | Int(upper & 7) << 8, step, isBelow: upper & 8 != 0, &numbers,
                    to: index * 8)
            }
        }
    }
}
