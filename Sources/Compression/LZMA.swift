// SPDX-License-Identifier: Apache-2.0

/// The LZMA decoder itself: a range coder and the models of its bits. `LZMAStream` and `XZDecoder` put it to use.
struct LZMA: Sendable {
    /// Where each kind of model begins in `models`.
    private enum Base {
        static let match = 0
        static let again = 192
        static let again0 = 204
        static let again1 = 216
        static let again2 = 228
        static let long = 240
        static let slot = 432
        static let special = 688
        static let aligned = 816
        static let matchLength = 832
        static let againLength = 1346
        static let literal = 1860
    }

    private let format: CompressionFormat
    private var models: [UInt16] = []
    private var code: UInt32 = 0
    private var range: UInt32 = .max
    private var literalBits = 3
    private var literalPlaceBits = 0
    private var placeBits = 2
    private var state = 0
    /// The last four distances, less one.
    private var distance0 = 0
    private var distance1 = 0
    private var distance2 = 0
    private var distance3 = 0
    /// Where the dictionary begins, which places count from.
    var origin: UInt64 = 0

    init(_ format: CompressionFormat) { self.format = format }

    /// Takes the property byte: (pb × 5 + lp) × 9 + lc. False when it is none.
    mutating func setProperties(_ byte: UInt8) -> Bool {
        guard byte < 225 else { return false }
        (literalBits, literalPlaceBits, placeBits) = (Int(byte) % 9, Int(byte) / 9 % 5, Int(byte) / 45)
        if format == .xz, literalBits + literalPlaceBits > 4 { return false }
        resetState()
        return true
    }

    /// Forgets everything that was learned.
    mutating func resetState() {
        models = [UInt16](repeating: 1024, count: Base.literal + 0x300 << (literalBits + literalPlaceBits))
        state = 0
        (distance0, distance1, distance2, distance3) = (0, 0, 0, 0)
    }

    /// Starts the range coder: one byte that is 0 and four of code.
    mutating func start(_ input: inout PackedInput) throws(ExpansionError) {
        guard try input.byte() == 0 else { throw malformed(input, "a range coder that does not begin with 0") }
        code = 0
        for _ in 0..<4 { code = code << 8 | UInt32(try input.byte()) }
        range = .max
    }

    /// Whether the range coder has used up its bytes.
    mutating func isFinished(_ input: inout PackedInput) throws(ExpansionError) -> Bool {
        try normalize(&input)
        return code == 0
    }

    private func malformed(_ input: PackedInput, _ reason: String) -> ExpansionError {
        .malformed(format, offset: input.position, reason: reason)
    }

    @inline(__always) private mutating func normalize(_ input: inout PackedInput) throws(ExpansionError) {
        if range < 1 << 24 {
            range <<= 8
            code = code << 8 | UInt32(try input.byte())
        }
    }

    @inline(__always) private mutating func bit(_ index: Int, _ input: inout PackedInput) throws(ExpansionError) -> Int
    {
        try normalize(&input)
        let model = models[index]
        let bound = (range >> 11) &* UInt32(model)
        if code < bound {
            range = bound
            models[index] = model + (2048 - model) >> 5
            return 0
        }
        range -= bound
        code -= bound
        models[index] = model - model >> 5
        return 1
    }

    private mutating func tree(_ base: Int, _ width: Int, _ input: inout PackedInput) throws(ExpansionError) -> Int {
        var node = 1
        for _ in 0..<width { node = node << 1 | (try bit(base + node, &input)) }
        return node - 1 << width
    }

    private mutating func reverseTree(
        _ base: Int, _ width: Int, _ input: inout PackedInput
    ) throws(ExpansionError) -> Int {
        var node = 1
        var value = 0
        for place in 0..<width {
            let bit = try bit(base + node, &input)
            node = node << 1 | bit
            value |= bit << place
        }
        return value
    }

    private mutating func direct(_ width: Int, _ input: inout PackedInput) throws(ExpansionError) -> Int {
        var value = 0
        for _ in 0..<width {
            try normalize(&input)
            range >>= 1
            let isOne = code >= range
            if isOne { code -= range }
            value = value << 1 | (isOne ? 1 : 0)
        }
        return value
    }

    private mutating func length(_ base: Int, _ place: Int, _ input: inout PackedInput) throws(ExpansionError) -> Int {
        if try bit(base, &input) == 0 { return try tree(base + 2 + place << 3, 3, &input) }
        if try bit(base + 1, &input) == 0 { return 8 + (try tree(base + 130 + place << 3, 3, &input)) }
        return 16 + (try tree(base + 258, 8, &input))
    }

    /// Unpacks until `target`, or until `end`, at which the data must stop exactly.
    ///
    /// - Returns: false when the end marker was met.
    mutating func decode(
        _ input: inout PackedInput, into output: inout OutputWindow, until target: UInt64, end: UInt64?, reach: Int
    ) throws(ExpansionError) -> Bool {
        let stop = min(target, end ?? .max)
        while output.total < stop {
            let position = Int(truncatingIfNeeded: output.total - origin)
            let place = position & (1 << placeBits - 1)
            if try bit(Base.match + state << 4 + place, &input) == 0 {
                try literal(&input, &output, position)
                continue
            }
            var count: Int
            if try bit(Base.again + state, &input) == 1 {
                if try bit(Base.again0 + state, &input) == 0 {
                    if try bit(Base.long + state << 4 + place, &input) == 0 {
                        guard output.reaches(distance0 + 1) else {
                            throw malformed(input, "a distance before the first byte")
                        }
                        output.copy(distance: distance0 + 1, count: 1)
                        state = state < 7 ? 9 : 11
                        continue
                    }
                } else {
                    let distance: Int
                    if try bit(Base.again1 + state, &input) == 0 {
                        distance = distance1
                    } else {
                        if try bit(Base.again2 + state, &input) == 0 {
                            distance = distance2
                        } else {
                            distance = distance3
                            distance3 = distance2
                        }
                        distance2 = distance1
                    }
                    distance1 = distance0
                    distance0 = distance
                }
                count = try length(Base.againLength, place, &input)
                state = state < 7 ? 8 : 11
            } else {
                (distance3, distance2, distance1) = (distance2, distance1, distance0)
                count = try length(Base.matchLength, place, &input)
                state = state < 7 ? 7 : 10
                distance0 = try distance(count, &input)
                if distance0 == 0xFFFF_FFFF { return false }
            }
            count += 2
            guard distance0 < reach, output.reaches(distance0 + 1) else {
                throw malformed(input, "a distance before the first byte")
            }
            if let end, UInt64(count) > end - output.total { throw malformed(input, "a match beyond the end") }
            output.copy(distance: distance0 + 1, count: count)
        }
        return true
    }

    private mutating func distance(_ length: Int, _ input: inout PackedInput) throws(ExpansionError) -> Int {
        let slot = try tree(Base.slot + min(length, 3) << 6, 6, &input)
        guard slot >= 4 else { return slot }
        let width = slot >> 1 - 1
        let distance = (2 | slot & 1) << width
        if slot < 14 { return distance + (try reverseTree(Base.special + distance - slot, width, &input)) }
        let high = try direct(width - 4, &input) << 4
        return distance + high + (try reverseTree(Base.aligned, 4, &input))
    }

    private mutating func literal(
        _ input: inout PackedInput, _ output: inout OutputWindow, _ position: Int
    ) throws(ExpansionError) {
        let last = output.reaches(1) ? Int(output.byte(back: 1)) : 0
        let context = (position & (1 << literalPlaceBits - 1)) << literalBits + last >> (8 - literalBits)
        let base = Base.literal + 0x300 * context
        var symbol = 1
        if state >= 7 {
            guard output.reaches(distance0 + 1) else { throw malformed(input, "a distance before the first byte") }
            var match = Int(output.byte(back: distance0 + 1))
            var offset = 0x100
            while symbol < 0x100 {
                match <<= 1
                let expected = match & offset
                let bit = try bit(base + offset + expected + symbol, &input)
                symbol = symbol << 1 | bit
                offset &= bit == 1 ? expected : ~expected
            }
        }
        while symbol < 0x100 { symbol = symbol << 1 | (try bit(base + symbol, &input)) }
        output.append(UInt8(truncatingIfNeeded: symbol))
        state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
    }
}
