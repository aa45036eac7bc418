// SPDX-License-Identifier: Apache-2.0

/// A canonical prefix code of deflate: codes up to 10 bits through one look-up, longer ones bit by bit.
struct HuffmanTable: Sendable {
    private static let width = 10
    /// Symbol × 16 + length for every ten bits; 0 where the code is longer or unused.
    private var short = [UInt16](repeating: 0, count: 1 << HuffmanTable.width)
    private var counts = [Int](repeating: 0, count: 16)
    private var symbols: [UInt16] = []

    /// No codes at all.
    static let empty = HuffmanTable()

    private init() {}

    /// Nil when the lengths (0 to 15 each) are no code. An incomplete code is taken when it has at most one symbol.
    init?(_ lengths: ArraySlice<UInt8>) {
        for length in lengths { counts[Int(length & 15)] += 1 }
        let used = lengths.count - counts[0]
        counts[0] = 0
        var left = 1
        for length in 1...15 {
            left = left << 1 - counts[length]
            if left < 0 { return nil }
        }
        if left > 0, used > 1 || (used == 1 && counts[1] != 1) { return nil }
        var offsets = [Int](repeating: 0, count: 17)
        for length in 1...15 { offsets[length + 1] = offsets[length] + counts[length] }
        symbols = [UInt16](repeating: 0, count: used)
        var codes = [Int](repeating: 0, count: 17)
        for length in 1...15 { codes[length + 1] = (codes[length] + counts[length]) << 1 }
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let length = Int(length)
            symbols[offsets[length]] = UInt16(symbol)
            offsets[length] += 1
            let code = codes[length]
            codes[length] += 1
            guard length <= HuffmanTable.width else { continue }
            var reversed = 0
            for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
            let entry = UInt16(symbol) << 4 | UInt16(length)
            var place = reversed
            while place < short.count {
                short[place] = entry
                place += 1 << length
            }
        }
    }

    /// Reads one symbol; nil for bits that are no code.
    @inline(__always) func decode(_ bits: inout BitInput) throws(ExpansionError) -> Int? {
        try bits.fill()
        let entry = short[bits.peek(HuffmanTable.width)]
        if entry != 0 {
            try bits.drop(Int(entry & 15))
            return Int(entry >> 4)
        }
        return try decodeLong(&bits)
    }

    private func decodeLong(_ bits: inout BitInput) throws(ExpansionError) -> Int? {
        let all = bits.peek(15)
        var (code, first, index) = (0, 0, 0)
        for length in 1...15 {
            code |= all >> (length - 1) & 1
            let count = counts[length]
            if code - first < count {
                try bits.drop(length)
                return Int(symbols[index + code - first])
            }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        return nil
    }
}
