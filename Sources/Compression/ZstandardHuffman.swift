// SPDX-License-Identifier: Apache-2.0

/// A prefix code of literals (RFC 8878, 4.2), as one look-up.
struct ZstandardHuffman: Sendable {
    /// The longest code's bits; at most 11.
    let width: Int
    /// For every `width` bits: the symbol, and above it how many of them are its code.
    private let entries: [UInt16]

    /// Reads the code's description from `place` on, which moves behind it.
    init(_ bytes: [UInt8], _ place: inout Int) throws(ZstandardFault) {
        guard place < bytes.count else { throw ZstandardFault("a prefix code that ends too early") }
        let header = Int(bytes[place])
        place += 1
        let count = header - 127
        let size = header < 128 ? header : (count + 1) / 2
        guard size <= bytes.count - place else { throw ZstandardFault("a prefix code that ends too early") }
        let end = place + size
        var weights: [Int]
        if header < 128 {
            weights = try ZstandardHuffman.weights(Array(bytes[place..<end]))
        } else {
            weights = bytes[place..<end].flatMap { [Int($0 >> 4), Int($0 & 15)] }
            weights.removeLast(weights.count - count)
        }
        place = end
        // The last symbol's weight is what is left to a power of two, which must be one itself.
        let sum = weights.reduce(0) { $0 + (1 << $1) >> 1 }
        guard sum > 0 else { throw ZstandardFault("a prefix code without symbols") }
        width = Int.bitWidth - sum.leadingZeroBitCount
        let left = 1 << width - sum
        guard width <= 11, left & (left - 1) == 0 else { throw ZstandardFault("lengths that are no prefix code") }
        weights.append(left.trailingZeroBitCount + 1)
        guard weights.count <= 256, weights.contains(1) else { throw ZstandardFault("lengths that are no prefix code") }
        var entries: [UInt16] = []
        entries.reserveCapacity(1 << width)
        for weight in 1...width {
            let entry = UInt16(width + 1 - weight) << 8
            for (symbol, other) in weights.enumerated() where other == weight {
                entries.append(contentsOf: repeatElement(entry | UInt16(symbol), count: 1 << (weight - 1)))
            }
        }
        guard entries.count == 1 << width else { throw ZstandardFault("lengths that are no prefix code") }
        self.entries = entries
    }

    /// Weights that are packed themselves: two states take turns until the bits run out.
    private static func weights(_ bytes: [UInt8]) throws(ZstandardFault) -> [Int] {
        var place = 0
        let table = try ZstandardTable(bytes, &place, accuracy: 6, nil)
        guard var bits = ZstandardBits(bytes.span, place..<bytes.count) else {
            throw ZstandardFault("weights without an end mark")
        }
        var state = bits.take(table.accuracy)
        var other = bits.take(table.accuracy)
        guard !bits.isOverrun else { throw ZstandardFault("weights that end too early") }
        var weights: [Int] = []
        while true {
            bits.fill(bytes.span)
            let entry = table.entries[state]
            weights.append(Int(entry.value))
            state = Int(entry.next) + bits.take(Int(entry.bits))
            if bits.isOverrun {
                weights.append(Int(table.entries[other].value))
                break
            }
            swap(&state, &other)
            guard weights.count < 255 else { throw ZstandardFault("more weights than symbols") }
        }
        guard weights.count <= 255, weights.allSatisfy({ $0 <= 12 }) else {
            throw ZstandardFault("weights that do not exist")
        }
        return weights
    }

    /// Unpacks one stream, `range` of `bytes`, into `places` of `output`.
    func decode(
        _ bytes: [UInt8], _ range: Range<Int>, into output: inout [UInt8], _ places: Range<Int>
    ) throws(ZstandardFault) {
        let span = bytes.span
        guard var bits = ZstandardBits(span, range) else { throw ZstandardFault("literals without an end mark") }
        let table = entries.span
        let width = width
        var out = output.mutableSpan
        var place = places.lowerBound
        // Five codes of at most eleven bits after one filling.
        while places.upperBound - place >= 5 {
            bits.fill(span)
            for step in 0..<5 {
                let entry = table[bits.peek(width)]
                bits.drop(Int(entry >> 8))
                out[place + step] = UInt8(truncatingIfNeeded: entry)
            }
            place += 5
        }
        bits.fill(span)
        while place < places.upperBound {
            let entry = table[bits.peek(width)]
            bits.drop(Int(entry >> 8))
            out[place] = UInt8(truncatingIfNeeded: entry)
            place += 1
        }
        guard bits.isAtEnd else { throw ZstandardFault("literals that end elsewhere") }
    }
}
