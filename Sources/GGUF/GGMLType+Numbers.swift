// SPDX-License-Identifier: Apache-2.0

extension GGMLType {
    /// Writes the numbers that whole blocks of a little-endian file stand for, each rounded as ggml's `dequantize_row_*` rounds
    /// it: the same bits on every processor.
    ///
    /// Plain numbers become the nearest `Float`. Blocks are taken while bytes and room last; a partial block at the end is left.
    ///
    /// - Parameters:
    ///   - bytes: blocks as they lie in the file, at any alignment. Any bytes will do: every pattern stands for numbers, which
    ///     need not be finite.
    ///   - numbers: gets them from its beginning. What is behind them is not touched.
    /// - Returns: how many numbers were written, a multiple of `blockSize`.
    @discardableResult
    public func numbers(of bytes: Span<UInt8>, into numbers: inout MutableSpan<Float>) -> Int {
        switch self {
        case .f32: decode(.f32, { $1[0] = Float(bitPattern: $0.word(0)) }, bytes, &numbers)
        case .f16: decode(.f16, { $1[0] = $0.half(0) }, bytes, &numbers)
        case .bf16: decode(.bf16, { $1[0] = Float(bitPattern: $0.word16(0) << 16) }, bytes, &numbers)
        case .f64: decode(.f64, { $1[0] = Float(Double(bitPattern: $0.word64(0))) }, bytes, &numbers)
        case .i8: decode(.i8, { $1[0] = $0.int8(0) }, bytes, &numbers)
        case .i16: decode(.i16, { $1[0] = Float(Int16(truncatingIfNeeded: $0.word16(0))) }, bytes, &numbers)
        case .i32: decode(.i32, { $1[0] = Float(Int32(bitPattern: $0.word(0))) }, bytes, &numbers)
        case .i64: decode(.i64, { $1[0] = Float(Int64(bitPattern: $0.word64(0))) }, bytes, &numbers)
        case .q1_0: decode(.q1_0, GGMLSimpleBlocks.q1_0, bytes, &numbers)
        case .q4_0: decode(.q4_0, GGMLSimpleBlocks.q4_0, bytes, &numbers)
        case .q4_1: decode(.q4_1, GGMLSimpleBlocks.q4_1, bytes, &numbers)
        case .q5_0: decode(.q5_0, GGMLSimpleBlocks.q5_0, bytes, &numbers)
        case .q5_1: decode(.q5_1, GGMLSimpleBlocks.q5_1, bytes, &numbers)
        case .q8_0: decode(.q8_0, GGMLSimpleBlocks.q8_0, bytes, &numbers)
        case .q8_1: decode(.q8_1, GGMLSimpleBlocks.q8_1, bytes, &numbers)
        case .mxfp4: decode(.mxfp4, GGMLSimpleBlocks.mxfp4, bytes, &numbers)
        case .nvfp4: decode(.nvfp4, GGMLSimpleBlocks.nvfp4, bytes, &numbers)
        case .iq4_nl: decode(.iq4_nl, GGMLSimpleBlocks.iq4_nl, bytes, &numbers)
        case .iq4_xs: decode(.iq4_xs, GGMLSuperBlocks.iq4_xs, bytes, &numbers)
        case .q2_k: decode(.q2_k, GGMLSuperBlocks.q2_k, bytes, &numbers)
        case .q3_k: decode(.q3_k, GGMLSuperBlocks.q3_k, bytes, &numbers)
        case .q4_k: decode(.q4_k, GGMLSuperBlocks.q4_k, bytes, &numbers)
        case .q5_k: decode(.q5_k, GGMLSuperBlocks.q5_k, bytes, &numbers)
        case .q6_k: decode(.q6_k, GGMLSuperBlocks.q6_k, bytes, &numbers)
        case .q8_k: decode(.q8_k, GGMLSuperBlocks.q8_k, bytes, &numbers)
        case .tq1_0: decode(.tq1_0, GGMLSuperBlocks.tq1_0, bytes, &numbers)
        case .tq2_0: decode(.tq2_0, GGMLSuperBlocks.tq2_0, bytes, &numbers)
        case .iq2_xxs: decode(.iq2_xxs, GGMLGrid.iq2xxs, GGMLGridBlocks.iq2_xxs, bytes, &numbers)
        case .iq2_xs: decode(.iq2_xs, GGMLGrid.iq2xs, GGMLGridBlocks.iq2_xs, bytes, &numbers)
        case .iq2_s: decode(.iq2_s, GGMLGrid.iq2s, GGMLGridBlocks.iq2_s, bytes, &numbers)
        case .iq3_xxs: decode(.iq3_xxs, GGMLGrid.iq3xxs, GGMLGridBlocks.iq3_xxs, bytes, &numbers)
        case .iq3_s: decode(.iq3_s, GGMLGrid.iq3s, GGMLGridBlocks.iq3_s, bytes, &numbers)
        case .iq1_s: decode(.iq1_s, GGMLGrid.iq1, GGMLGridBlocks.iq1_s, bytes, &numbers)
        case .iq1_m: decode(.iq1_m, GGMLGrid.iq1, GGMLGridBlocks.iq1_m, bytes, &numbers)
        }
    }

    /// Decodes block by block. Inlined for each type, so that every place in a block is known to be inside of it.
    @inline(__always)
    private func decode(
        _ type: GGMLType, _ block: (Span<UInt8>, inout MutableSpan<Float>) -> Void, _ bytes: Span<UInt8>,
        _ numbers: inout MutableSpan<Float>
    ) -> Int {
        let (width, size) = (Int(type.blockBytes), Int(type.blockSize))
        let count = min(bytes.count / width, numbers.count / size)
        for index in 0..<count {
            // The name that the compiler asks for until the library has settled on one.
            var room = numbers._mutatingExtracting(index * size..<(index + 1) * size)
            block(bytes.extracting(index * width..<(index + 1) * width), &room)
        }
        return count * size
    }

    @inline(__always)
    private func decode(
        _ type: GGMLType, _ points: [Int8], _ block: (Span<UInt8>, Span<Int8>, inout MutableSpan<Float>) -> Void,
        _ bytes: Span<UInt8>, _ numbers: inout MutableSpan<Float>
    ) -> Int {
        let grid = points.span
        return decode(type, { block($0, grid, &$1) }, bytes, &numbers)
    }
}

/// Little-endian numbers at any place.
extension Span<UInt8> {
    @inline(__always)
    func word16(_ place: Int) -> UInt32 { UInt32(self[place]) | UInt32(self[place + 1]) << 8 }

    @inline(__always)
    func word(_ place: Int) -> UInt32 { word16(place) | word16(place + 2) << 16 }

    @inline(__always)
    func word64(_ place: Int) -> UInt64 { UInt64(word(place)) | UInt64(word(place + 4)) << 32 }

    @inline(__always)
    func half(_ place: Int) -> Float { Float(half: word16(place)) }

    @inline(__always)
    func int8(_ place: Int) -> Float { Float(Int8(bitPattern: self[place])) }
}

extension Float {
    /// The number that 16 bits of half precision stand for.
    @inline(__always)
    init(half bits: UInt32) {
        // The exponent is moved by a product, which gives the small ones their place too; those that were all ones go to the top.
        let size = (bits & 0x7FFF) << 13
        var moved = (Float(bitPattern: size) * 0x1p112).bitPattern
        if size >= 0x0F80_0000 { moved |= 0x7F80_0000 }
        self.init(bitPattern: moved | (bits & 0x8000) << 16)
    }
}
