// SPDX-License-Identifier: Apache-2.0

/// A decoding table of finite state entropy (RFC 8878, 4.1): what a state means, and which one follows.
struct ZstandardTable: Sendable {
    struct Entry: Sendable {
        /// What the state's symbol stands for before its extra bits are added; or the symbol.
        var value: UInt32 = 0
        /// The first of the states that may follow; `bits` bits are added to it.
        var next: UInt16 = 0
        var bits: UInt8 = 0
        /// How many extra bits the symbol has.
        var extra: UInt8 = 0
    }

    /// What symbols stand for: a number and how many extra bits are added to it.
    struct Meaning: Sendable {
        let values: [UInt32]
        let extra: [UInt8]
        /// How exact the probabilities may be.
        let accuracy: Int
        /// The probabilities that need not be sent, and how exact they are.
        let predefined: ([Int], Int)
    }

    /// The state has this many bits.
    let accuracy: Int
    private(set) var entries: [Entry]

    /// The table of a stream that has one symbol only; nil when the symbol does not exist.
    init?(symbol: UInt8, _ meaning: Meaning) {
        guard Int(symbol) < meaning.values.count else { return nil }
        accuracy = 0
        entries = [Entry(value: meaning.values[Int(symbol)], extra: meaning.extra[Int(symbol)])]
    }

    /// The table of probabilities that add up to two to the power of `accuracy` (where -1 counts as 1, and the lowest
    /// there is); at most 256 symbols, no more than the meaning has. Nil when they do not.
    init?(_ probabilities: [Int], accuracy: Int, _ meaning: Meaning?) {
        let size = 1 << accuracy
        guard (1...9).contains(accuracy), probabilities.count <= meaning?.values.count ?? 256,
            probabilities.allSatisfy({ $0 >= -1 && $0 <= size }), probabilities.reduce(0, { $0 + abs($1) }) == size
        else { return nil }
        self.accuracy = accuracy
        var symbols = [Int](repeating: 0, count: size)
        var high = size
        for (symbol, probability) in probabilities.enumerated() where probability == -1 {
            high -= 1
            symbols[high] = symbol
        }
        // The step is odd, so it meets every place once; those that are taken are left out.
        let step = size >> 1 + size >> 3 + 3
        var place = 0
        for (symbol, probability) in probabilities.enumerated() where probability > 0 {
            for _ in 0..<probability {
                symbols[place] = symbol
                repeat { place = (place + step) & (size - 1) } while place >= high
            }
        }
        entries = []
        entries.reserveCapacity(size)
        var following = probabilities.map { max(1, $0) }
        for symbol in symbols {
            let state = following[symbol]
            following[symbol] += 1
            let bits = accuracy - (Int.bitWidth - 1 - state.leadingZeroBitCount)
            entries.append(
                Entry(
                    value: meaning?.values[symbol] ?? UInt32(symbol), next: UInt16(state << bits - size),
                    bits: UInt8(bits), extra: meaning?.extra[symbol] ?? 0))
        }
    }

    /// Reads probabilities (RFC 8878, 4.1.1) from `place` on, which moves behind them.
    init(
        _ bytes: [UInt8], _ place: inout Int, accuracy limit: Int, _ meaning: Meaning?
    ) throws(ZstandardFault) {
        let start = place * 8
        var bit = start
        /// Up to 16 bits, the lowest of each byte first, with zeros after the end.
        func peek(_ width: Int) -> Int {
            var value = 0
            for step in 0..<3 where bit / 8 + step < bytes.count { value |= Int(bytes[bit / 8 + step]) << (8 * step) }
            return value >> (bit % 8) & (1 << width - 1)
        }
        let accuracy = peek(4) + 5
        bit += 4
        guard accuracy <= limit else { throw ZstandardFault("probabilities of \(accuracy) bits") }
        var left = 1 << accuracy
        var probabilities: [Int] = []
        let most = meaning?.values.count ?? 256
        while left > 0 {
            guard probabilities.count < most else { throw ZstandardFault("more symbols than there are") }
            // A number up to `left` + 1, of which the lowest save a bit.
            let width = Int.bitWidth - (left + 1).leadingZeroBitCount
            let short = 1 << (width - 1)
            let saving = 1 << width - 1 - (left + 1)
            var value = peek(width)
            if value & (short - 1) < saving {
                value &= short - 1
                bit += width - 1
            } else {
                if value >= short { value -= saving }
                bit += width
            }
            let probability = value - 1
            left -= abs(probability)
            probabilities.append(probability)
            guard probability == 0 else { continue }
            var zeros = 3
            while zeros == 3 {
                zeros = peek(2)
                bit += 2
                guard zeros <= most - probabilities.count else { throw ZstandardFault("more symbols than there are") }
                probabilities.append(contentsOf: repeatElement(0, count: zeros))
            }
        }
        place = (bit + 7) / 8
        guard place <= bytes.count, let table = ZstandardTable(probabilities, accuracy: accuracy, meaning) else {
            throw ZstandardFault("probabilities that end too early")
        }
        self = table
    }
}

extension ZstandardTable.Meaning {
    /// Lengths of runs of literals (RFC 8878, 3.1.1.3.2.1.1).
    static let literals = ZstandardTable.Meaning(
        values: Array(0..<16) + [16, 18, 20, 22, 24, 28, 32, 40, 48, 64] + (7...16).map { 1 << $0 },
        extra: [UInt8](repeating: 0, count: 16) + [1, 1, 1, 1, 2, 2, 3, 3, 4, 6] + Array(7...16), accuracy: 9,
        predefined: (
            [4, 3] + [Int](repeating: 2, count: 11) + [1, 1, 1] + [Int](repeating: 2, count: 9)
                + [3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1], 6
        ))
    /// Lengths of matches.
    static let matches = ZstandardTable.Meaning(
        values: Array(3..<35) + [35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99] + (7...16).map { 3 + 1 << $0 },
        extra: [UInt8](repeating: 0, count: 32) + [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5] + Array(7...16), accuracy: 9,
        predefined: (
            [1, 4, 3] + [Int](repeating: 2, count: 6) + [Int](repeating: 1, count: 37) + [Int](repeating: -1, count: 7),
            6
        ))
    /// Offsets: as many extra bits as the symbol says.
    static let offsets = ZstandardTable.Meaning(
        values: (0..<32).map { 1 << $0 }, extra: Array(0..<32), accuracy: 8,
        predefined: (
            [Int](repeating: 1, count: 6) + [2, 2, 2] + [Int](repeating: 1, count: 15) + [Int](repeating: -1, count: 5),
            5
        ))
}
