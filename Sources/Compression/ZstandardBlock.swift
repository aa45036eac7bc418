// SPDX-License-Identifier: Apache-2.0

/// Unpacks the compressed blocks of a Zstandard frame (RFC 8878, 3.1.1.3), and keeps what one block leaves to the next: the
/// prefix code, the tables and the last offsets.
struct ZstandardBlock: Sendable {
    /// No block is longer, packed or unpacked.
    static let size = 131_072

    private var huffman: ZstandardHuffman?
    private var tables: (literals: ZstandardTable, offsets: ZstandardTable, matches: ZstandardTable)?
    private var offsets = (1, 4, 8)
    private var literals: [UInt8] = []
    private var literalCount = 0
    private var unpacked: [UInt8] = []

    /// Forgets what the blocks of the frame before have left.
    mutating func reset() {
        huffman = nil
        tables = nil
        offsets = (1, 4, 8)
    }

    /// Unpacks one block behind what has come out: at most `limit` bytes, with matches that reach at most `window` bytes
    /// back, and not before the frame.
    mutating func unpack(
        _ packed: [UInt8], limit: Int, window: UInt64, into output: inout OutputWindow
    ) throws(ZstandardFault) {
        if literals.isEmpty { literals = [UInt8](repeating: 0, count: ZstandardBlock.size) }
        var place = 0
        try readLiterals(packed, &place, min(limit, ZstandardBlock.size))
        let count = try readCount(packed, &place)
        guard count > 0 else {
            guard place == packed.count else { throw ZstandardFault("bytes behind a block") }
            output.append(contentsOf: literals[..<literalCount])
            return
        }
        if unpacked.isEmpty { unpacked = [UInt8](repeating: 0, count: ZstandardBlock.size) }
        let tables = try readTables(packed, &place)
        self.tables = tables
        let length = try execute(
            packed, place, count, tables, min(limit, ZstandardBlock.size), Int(clamping: window), output)
        output.append(contentsOf: unpacked[..<length])
    }

    // MARK: Literals

    private mutating func readLiterals(
        _ packed: [UInt8], _ place: inout Int, _ limit: Int
    ) throws(ZstandardFault) {
        /// The header as a number of up to five bytes; what is not there is zero and makes the section too long.
        let header = packed.prefix(5).reversed().reduce(0) { $0 << 8 | Int($1) }
        let kind = header & 3
        let form = header >> 2 & 3
        let (headerSize, width): (Int, Int) =
            if kind < 2 {
                form == 1 ? (2, 12) : form == 3 ? (3, 20) : (1, 5)
            } else {
                form < 2 ? (3, 10) : form == 2 ? (4, 14) : (5, 18)
            }
        let shift = headerSize == 1 ? 3 : 4
        let count = header >> shift & (1 << width - 1)
        guard count <= limit else { throw ZstandardFault("more literals than a block has bytes") }
        literalCount = count
        place = headerSize
        let size = kind == 0 ? count : kind == 1 ? 1 : header >> (shift + width) & (1 << width - 1)
        guard place <= packed.count, size <= packed.count - place else {
            throw ZstandardFault("literals that end too early")
        }
        let end = place + size
        switch kind {
        case 0: literals.replaceSubrange(..<count, with: packed[place..<end])
        case 1: literals.replaceSubrange(..<count, with: repeatElement(packed[place], count: count))
        default:
            if kind == 2 { huffman = try ZstandardHuffman(packed, &place) }
            guard let huffman else { throw ZstandardFault("literals without a prefix code") }
            guard place <= end else { throw ZstandardFault("a prefix code that ends too early") }
            if form == 0 {
                try huffman.decode(packed, place..<end, into: &literals, 0..<count)
            } else {
                try readStreams(huffman, packed, place..<end, count)
            }
        }
        place = end
    }

    /// Literals in four streams of the same length, but for the last.
    private mutating func readStreams(
        _ huffman: ZstandardHuffman, _ packed: [UInt8], _ range: Range<Int>, _ count: Int
    ) throws(ZstandardFault) {
        guard count >= 6, range.count >= 6 else { throw ZstandardFault("four streams for \(count) literals") }
        var start = range.lowerBound + 6
        let quarter = (count + 3) / 4
        for stream in 0..<4 {
            let table = range.lowerBound + 2 * stream
            let size = stream == 3 ? range.upperBound - start : Int(packed[table]) | Int(packed[table + 1]) << 8
            guard size <= range.upperBound - start else { throw ZstandardFault("literals that end too early") }
            try huffman.decode(
                packed, start..<start + size, into: &literals,
                stream * quarter..<(stream == 3 ? count : (stream + 1) * quarter))
            start += size
        }
    }

    // MARK: Sequences

    /// How many sequences there are; at most 98,047.
    private func readCount(_ packed: [UInt8], _ place: inout Int) throws(ZstandardFault) -> Int {
        func byte(_ offset: Int) throws(ZstandardFault) -> Int {
            guard place + offset < packed.count else { throw ZstandardFault("a block that ends too early") }
            return Int(packed[place + offset])
        }
        let first = try byte(0)
        let count: Int
        let size: Int
        if first < 128 {
            (count, size) = (first, 1)
        } else if first < 255 {
            (count, size) = ((first - 128) << 8 + (try byte(1)), 2)
        } else {
            (count, size) = (try byte(1) + (try byte(2)) << 8 + 0x7F00, 3)
        }
        place += size
        return count
    }

    private func readTables(
        _ packed: [UInt8], _ place: inout Int
    ) throws(ZstandardFault) -> (literals: ZstandardTable, offsets: ZstandardTable, matches: ZstandardTable) {
        guard place < packed.count else { throw ZstandardFault("a block that ends too early") }
        let kinds = Int(packed[place])
        guard kinds & 3 == 0 else { throw ZstandardFault("reserved flags") }
        place += 1
        let literals = try table(kinds >> 6, .literals, tables?.literals, packed, &place)
        let offsets = try table(kinds >> 4 & 3, .offsets, tables?.offsets, packed, &place)
        let matches = try table(kinds >> 2 & 3, .matches, tables?.matches, packed, &place)
        return (literals, offsets, matches)
    }

    private func table(
        _ kind: Int, _ meaning: ZstandardTable.Meaning, _ last: ZstandardTable?, _ packed: [UInt8], _ place: inout Int
    ) throws(ZstandardFault) -> ZstandardTable {
        let table: ZstandardTable?
        switch kind {
        case 0: table = ZstandardTable(meaning.predefined.0, accuracy: meaning.predefined.1, meaning)
        case 1:
            guard place < packed.count else { throw ZstandardFault("a block that ends too early") }
            table = ZstandardTable(symbol: packed[place], meaning)
            place += 1
        case 2: table = try ZstandardTable(packed, &place, accuracy: meaning.accuracy, meaning)
        default: table = last
        }
        guard let table else { throw ZstandardFault("a table that does not exist") }
        return table
    }

    /// Carries out the sequences and gives how many bytes of `unpacked` the block has.
    private mutating func execute(
        _ packed: [UInt8], _ place: Int, _ count: Int,
        _ tables: (literals: ZstandardTable, offsets: ZstandardTable, matches: ZstandardTable),
        _ limit: Int, _ window: Int, _ output: OutputWindow
    ) throws(ZstandardFault) -> Int {
        let span = packed.span
        guard var bits = ZstandardBits(span, place..<packed.count) else {
            throw ZstandardFault("sequences without an end mark")
        }
        let (literalTable, offsetTable) = (tables.literals.entries.span, tables.offsets.entries.span)
        let matchTable = tables.matches.entries.span
        var literalState = bits.take(tables.literals.accuracy)
        var offsetState = bits.take(tables.offsets.accuracy)
        var matchState = bits.take(tables.matches.accuracy)
        let before = output.bytes.span
        let old = min(before.count, Int(clamping: output.total - output.floor))
        var (first, second, third) = offsets
        var (length, used) = (0, 0)
        // The buffer leaves `self` while its span is open; after a fault nobody reads it again.
        var produced = unpacked
        unpacked = []
        let (literalBytes, literalCount) = (self.literals, self.literalCount)
        let literals = literalBytes.span
        var out = produced.mutableSpan
        for index in 0..<count {
            bits.fill(span)
            let offsetEntry = offsetTable[offsetState]
            let matchEntry = matchTable[matchState]
            let literalEntry = literalTable[literalState]
            let number = Int(offsetEntry.value) + bits.take(Int(offsetEntry.extra))
            let matchLength = Int(matchEntry.value) + bits.take(Int(matchEntry.extra))
            bits.fill(span)
            let run = Int(literalEntry.value) + bits.take(Int(literalEntry.extra))
            if index < count - 1 {
                literalState = Int(literalEntry.next) + bits.take(Int(literalEntry.bits))
                matchState = Int(matchEntry.next) + bits.take(Int(matchEntry.bits))
                offsetState = Int(offsetEntry.next) + bits.take(Int(offsetEntry.bits))
            }
            guard !bits.isOverrun else { throw ZstandardFault("sequences that end too early") }
            // Small numbers are offsets that were used before; without literals in between the last one is no use.
            switch number > 3 ? 4 : number - (run > 0 ? 1 : 0) {
            case 4: (first, second, third) = (number - 3, first, second)
            case 0: break
            case 1: (first, second) = (second, first)
            case 2: (first, second, third) = (third, first, second)
            default: (first, second, third) = (first - 1, first, second)
            }
            guard run <= literalCount - used, run <= limit - length, matchLength <= limit - length - run else {
                throw ZstandardFault("a block longer than allowed")
            }
            for step in 0..<run { out[length + step] = literals[used + step] }
            used += run
            length += run
            guard first > 0, first <= window, first <= old + length else {
                throw ZstandardFault("a match \(first) bytes back, where nothing is")
            }
            var left = matchLength
            if first > length {
                // The match begins in what came out before this block.
                let take = min(left, first - length)
                let from = before.count - (first - length)
                for step in 0..<take { out[length + step] = before[from + step] }
                left -= take
                length += take
            }
            for place in length..<length + left { out[place] = out[place - first] }
            length += left
        }
        guard bits.isAtEnd else { throw ZstandardFault("sequences that end elsewhere") }
        let rest = literalCount - used
        guard rest <= limit - length else { throw ZstandardFault("a block longer than allowed") }
        for step in 0..<rest { out[length + step] = literals[used + step] }
        offsets = (first, second, third)
        unpacked = produced
        return length + rest
    }
}
