// SPDX-License-Identifier: Apache-2.0

/// Blocks of 256 numbers, most of them with a scale for each 16 or 32: what each stands for. `bytes` is one block, and `numbers`
/// has room for its numbers. Products and sums are in the order of ggml's reference, so that they round alike.
enum GGMLSuperBlocks {
    @inline(__always)
    static func q2_k(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, low) = (bytes.half(80), bytes.half(82))
        for part in 0..<16 {
            let both = bytes[part]
            let (step, base) = (scale * Float(both & 15), low * Float(both >> 4))
            let (first, shift) = (16 + part / 8 * 32 + part % 2 * 16, UInt8(part / 2 % 4 * 2))
            for index in 0..<16 {
                numbers[part * 16 + index] = step * Float(bytes[first + index] >> shift & 3) - base
            }
        }
    }

    @inline(__always)
    static func q3_k(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(108)
        for part in 0..<16 {
            let lower = bytes[96 + part % 8] >> UInt8(part / 8 * 4) & 15
            let upper = bytes[104 + part % 4] >> UInt8(part / 4 * 2) & 3
            let step = scale * Float(Int32(lower | upper << 4) - 32)
            let (first, shift) = (32 + part / 8 * 32 + part % 2 * 16, UInt8(part / 2 % 4 * 2))
            // A bit that is set takes nothing away.
            let (third, bit) = (part % 2 * 16, UInt8(part / 2))
            for index in 0..<16 {
                let high = Int32(bytes[third + index] >> bit & 1) * 4 - 4
                numbers[part * 16 + index] = step * Float(Int32(bytes[first + index] >> shift & 3) + high)
            }
        }
    }

    /// The scale and the minimum of the 32 numbers of a part, which have six bits each.
    @inline(__always)
    private static func scales(_ bytes: Span<UInt8>, from first: Int, _ part: Int) -> (scale: Float, low: Float) {
        let (one, other) = (bytes[first + part % 4], bytes[first + 4 + part % 4])
        if part < 4 { return (Float(one & 63), Float(other & 63)) }
        let both = bytes[first + 8 + part % 4]
        return (Float(both & 15 | one >> 2 & 0x30), Float(both >> 4 | other >> 2 & 0x30))
    }

    @inline(__always)
    static func q4_k(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, low) = (bytes.half(0), bytes.half(2))
        for part in 0..<8 {
            let own = scales(bytes, from: 4, part)
            let (step, base) = (scale * own.scale, low * own.low)
            let (first, shift) = (16 + part / 2 * 32, UInt8(part % 2 * 4))
            for index in 0..<32 {
                numbers[part * 32 + index] = step * Float(bytes[first + index] >> shift & 15) - base
            }
        }
    }

    @inline(__always)
    static func q5_k(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, low) = (bytes.half(0), bytes.half(2))
        for part in 0..<8 {
            let own = scales(bytes, from: 4, part)
            let (step, base) = (scale * own.scale, low * own.low)
            let (first, shift) = (48 + part / 2 * 32, UInt8(part % 2 * 4))
            for index in 0..<32 {
                let fifth = bytes[16 + index] >> UInt8(part) & 1
                let number = bytes[first + index] >> shift & 15 | fifth << 4
                numbers[part * 32 + index] = step * Float(number) - base
            }
        }
    }

    @inline(__always)
    static func q6_k(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(208)
        for part in 0..<16 {
            let step = scale * bytes.int8(192 + part)
            // Halves of 128 numbers, in each four stretches of 32.
            let (half, place) = (part / 8, part % 8 * 16)
            let (first, shift) = (half * 64 + place % 64, UInt8(place / 64 * 4))
            let (second, upper) = (128 + half * 32 + place % 32, UInt8(place / 32 * 2))
            for index in 0..<16 {
                let number = bytes[first + index] >> shift & 15 | (bytes[second + index] >> upper & 3) << 4
                numbers[part * 16 + index] = step * Float(Int32(number) - 32)
            }
        }
    }

    /// Behind the numbers are the sums of each 16 of them, which products use.
    @inline(__always)
    static func q8_k(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = Float(bitPattern: bytes.word(0))
        for index in 0..<256 { numbers[index] = scale * bytes.int8(4 + index) }
    }

    @inline(__always)
    static func iq4_xs(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, upper) = (bytes.half(0), bytes.word16(2))
        for part in 0..<8 {
            let lower = UInt32(bytes[4 + part / 2] >> UInt8(part % 2 * 4) & 15)
            let step = scale * Float(Int32(lower | (upper >> UInt32(part * 2) & 3) << 4) - 32)
            for index in 0..<16 {
                let byte = bytes[8 + part * 16 + index]
                numbers[part * 32 + index] = step * GGMLSimpleBlocks.levels[Int(byte & 15)]
                numbers[part * 32 + 16 + index] = step * GGMLSimpleBlocks.levels[Int(byte >> 4)]
            }
        }
    }

    /// Five numbers of three values each in a byte, the first one in front: 32 bytes, then 16, then 4 with four numbers each.
    @inline(__always)
    static func tq1_0(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(52)
        @inline(__always)
        func stretch(_ first: Int, _ width: Int, _ rounds: Int, _ place: Int, _ numbers: inout MutableSpan<Float>) {
            var power: UInt8 = 1
            for round in 0..<rounds {
                for index in 0..<width {
                    let value = (UInt16(bytes[first + index] &* power) * 3) >> 8
                    numbers[place + round * width + index] = scale * Float(Int32(value) - 1)
                }
                power &*= 3
            }
        }
        stretch(0, 32, 5, 0, &numbers)
        stretch(32, 16, 5, 160, &numbers)
        stretch(48, 4, 4, 240, &numbers)
    }

    @inline(__always)
    static func tq2_0(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(64)
        for part in 0..<8 {
            let (first, shift) = (part / 4 * 32, UInt8(part % 4 * 2))
            for index in 0..<32 {
                numbers[part * 32 + index] = scale * Float(Int32(bytes[first + index] >> shift & 3) - 1)
            }
        }
    }
}
