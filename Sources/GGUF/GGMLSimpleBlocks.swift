// SPDX-License-Identifier: Apache-2.0

/// Blocks with one scale, or one for each 16 numbers: what each stands for. `bytes` is one block, and `numbers` has room for its
/// numbers. Products and sums are in the order of ggml's reference, so that they round alike.
enum GGMLSimpleBlocks {
    /// Sixteen levels of `IQ4_NL` and `IQ4_XS`.
    static let levels: InlineArray<16, Float> = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    /// The numbers of four bits with two of exponent and one of mantissa, doubled.
    private static let small: InlineArray<16, Float> = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]

    /// Thirty-two numbers of four bits: the lower halves of the bytes, then the upper ones.
    @inline(__always)
    private static func nibbles(
        _ bytes: Span<UInt8>, from first: Int, _ numbers: inout MutableSpan<Float>, to place: Int = 0, half: Int = 16,
        _ value: (UInt8, Int) -> Float
    ) {
        for index in 0..<half {
            let byte = bytes[first + index]
            numbers[place + index] = value(byte & 15, index)
            numbers[place + half + index] = value(byte >> 4, half + index)
        }
    }

    @inline(__always)
    static func q1_0(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(0)
        for index in 0..<16 {
            let byte = bytes[2 + index]
            for bit in 0..<8 { numbers[index * 8 + bit] = byte >> UInt8(bit) & 1 == 1 ? scale : -scale }
        }
    }

    @inline(__always)
    static func q4_0(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(0)
        nibbles(bytes, from: 2, &numbers) { nibble, _ in Float(Int32(nibble) - 8) * scale }
    }

    @inline(__always)
    static func q4_1(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, low) = (bytes.half(0), bytes.half(2))
        nibbles(bytes, from: 4, &numbers) { nibble, _ in Float(nibble) * scale + low }
    }

    @inline(__always)
    static func q5_0(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, fifth) = (bytes.half(0), bytes.word(2))
        nibbles(bytes, from: 6, &numbers) { nibble, index in
            Float(Int32(nibble) + Int32(fifth >> UInt32(index) & 1) * 16 - 16) * scale
        }
    }

    @inline(__always)
    static func q5_1(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let (scale, low, fifth) = (bytes.half(0), bytes.half(2), bytes.word(4))
        nibbles(bytes, from: 8, &numbers) { nibble, index in
            Float(UInt32(nibble) + (fifth >> UInt32(index) & 1) * 16) * scale + low
        }
    }

    @inline(__always)
    static func q8_0(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(0)
        for index in 0..<32 { numbers[index] = bytes.int8(2 + index) * scale }
    }

    /// Behind the scale is the sum of the numbers, which products use.
    @inline(__always)
    static func q8_1(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(0)
        for index in 0..<32 { numbers[index] = bytes.int8(4 + index) * scale }
    }

    @inline(__always)
    static func mxfp4(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        // Half of a power of two, since the numbers are doubled; the two smallest ones are subnormal.
        let exponent = UInt32(bytes[0])
        let scale = Float(bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23)
        nibbles(bytes, from: 1, &numbers) { nibble, _ in small[Int(nibble)] * scale }
    }

    @inline(__always)
    static func nvfp4(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        for part in 0..<4 {
            let scale = halfOfE4M3(bytes[part])
            nibbles(bytes, from: 4 + part * 8, &numbers, to: part * 16, half: 8) { nibble, _ in
                small[Int(nibble)] * scale
            }
        }
    }

    /// Half of a number with four bits of exponent and three of mantissa, whose sign is not looked at.
    @inline(__always)
    private static func halfOfE4M3(_ byte: UInt8) -> Float {
        let (exponent, mantissa) = (UInt32(byte >> 3 & 15), Float(byte & 7))
        if byte == 0 || byte == 0x7F { return 0 }
        return exponent == 0 ? mantissa * 0x1p-10 : (1 + mantissa / 8) * Float(bitPattern: (exponent + 119) << 23)
    }

    @inline(__always)
    static func iq4_nl(_ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>) {
        let scale = bytes.half(0)
        nibbles(bytes, from: 2, &numbers) { nibble, _ in levels[Int(nibble)] * scale }
    }
}
