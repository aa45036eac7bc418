// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// bzip2: blocks of a Burrows-Wheeler transform, move-to-front, run lengths and prefix codes; several streams in a row.
struct Bunzip: StreamDecoder {
    private var input: PackedInput
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var blockLimit = 0
    private var streams = 0
    /// The block that is coming out: the transform's links, the next one, and how many bytes are left.
    private var links: [UInt32] = []
    private var position: UInt32 = 0
    private var left = 0
    /// The run that is coming out: the last byte, how often it came in a row, and how often it still has to come.
    private var last = -1
    private var run = 0
    private var pending = 0
    private var blockSum: UInt32 = ~0
    private var declaredSum: UInt32 = 0
    private var streamSum: UInt32 = 0
    private var isInBlock = false

    init(_ source: any ByteSource) { input = PackedInput(source) }

    var consumed: UInt64 { input.position - UInt64(bitCount / 8) }

    private func malformed(_ reason: String) -> ExpansionError { .malformed(.bzip2, offset: consumed, reason: reason) }

    private mutating func take(_ width: Int) throws(ExpansionError) -> Int {
        while bitCount < width {
            bits = bits << 8 | UInt64(try input.byte())
            bitCount += 8
        }
        bitCount -= width
        return Int(bits >> UInt64(bitCount) & (1 << UInt64(width) - 1))
    }

    mutating func decode(into output: inout OutputWindow, until target: UInt64) throws(ExpansionError) -> Bool {
        output.reach = 0
        while output.total < target {
            if isInBlock {
                try emit(&output, target)
            } else if blockLimit == 0 {
                guard try readStreamHeader() else { return false }
            } else {
                try readBlock()
            }
        }
        return true
    }

    /// False when no further stream follows.
    private mutating func readStreamHeader() throws(ExpansionError) -> Bool {
        if streams > 0 {
            // Streams begin at whole bytes; what is no stream is left over.
            var ahead = input
            guard try ahead.byteOrNil() == 0x42, try ahead.byteOrNil() == 0x5A, try ahead.byteOrNil() == 0x68 else {
                return false
            }
        }
        guard try take(24) == 0x425A68 else { throw malformed("no bzip2 header") }
        let level = try take(8)
        guard (0x31...0x39).contains(level) else { throw malformed("a block size that does not exist") }
        blockLimit = (level - 0x30) * 100_000
        streams += 1
        streamSum = 0
        return true
    }

    private mutating func readBlock() throws(ExpansionError) {
        let magic = (try take(24), try take(24))
        if magic == (0x177245, 0x385090) {
            let high = try take(16)
            let declared = UInt32(high << 16 | (try take(16)))
            guard declared == streamSum else { throw .mismatch("the bzip2 stream's checksum is another") }
            bitCount -= bitCount % 8
            blockLimit = 0
            return
        }
        guard magic == (0x314159, 0x265359) else { throw malformed("no block") }
        let high = try take(16)
        declaredSum = UInt32(high << 16 | (try take(16)))
        guard try take(1) == 0 else { throw .unsupported(.bzip2, offset: consumed, what: "a randomised block") }
        let origin = try take(24)
        let symbols = try readSymbols()
        let (selectors, tables) = try readTables(symbols.count + 2)
        try readBytes(symbols, selectors, tables, origin)
        (last, run, pending) = (-1, 0, 0)
        blockSum = ~0
        isInBlock = true
    }

    private mutating func readSymbols() throws(ExpansionError) -> [UInt8] {
        let groups = try take(16)
        var symbols: [UInt8] = []
        for group in 0..<16 where groups >> (15 - group) & 1 == 1 {
            let members = try take(16)
            for member in 0..<16 where members >> (15 - member) & 1 == 1 { symbols.append(UInt8(group * 16 + member)) }
        }
        guard !symbols.isEmpty else { throw malformed("a block without symbols") }
        return symbols
    }

    private struct Table {
        var limits = [Int](repeating: -1, count: 22)
        var bases = [Int](repeating: 0, count: 22)
        var symbols: [Int] = []
    }

    private mutating func readTables(_ alphabet: Int) throws(ExpansionError) -> ([UInt8], [Table]) {
        let count = try take(3)
        let selectorCount = try take(15)
        guard (2...6).contains(count), selectorCount > 0 else { throw malformed("no prefix codes") }
        var order = Array(0..<UInt8(count))
        var selectors: [UInt8] = []
        for _ in 0..<selectorCount {
            var place = 0
            while try take(1) == 1 {
                place += 1
                guard place < count else { throw malformed("a selector that does not exist") }
            }
            let chosen = order.remove(at: place)
            order.insert(chosen, at: 0)
            // More than a block can use are allowed and ignored.
            if selectors.count < 18_002 { selectors.append(chosen) }
        }
        var tables: [Table] = []
        for _ in 0..<count {
            var length = try take(5)
            var lengths: [Int] = []
            for _ in 0..<alphabet {
                while true {
                    guard (1...20).contains(length) else { throw malformed("a code of \(length) bits") }
                    guard try take(1) == 1 else { break }
                    length += try take(1) == 0 ? 1 : -1
                }
                lengths.append(length)
            }
            var table = Table()
            var code = 0
            for width in 1...20 {
                table.bases[width] = table.symbols.count - code
                for (symbol, length) in lengths.enumerated() where length == width {
                    table.symbols.append(symbol)
                    code += 1
                }
                table.limits[width] = code
                guard code <= 1 << width else { throw malformed("no prefix code") }
                code <<= 1
            }
            tables.append(table)
        }
        return (selectors, tables)
    }

    private mutating func readBytes(
        _ symbols: [UInt8], _ selectors: [UInt8], _ tables: [Table], _ origin: Int
    ) throws(ExpansionError) {
        var front = symbols
        var bytes: [UInt8] = []
        var counts = [Int](repeating: 0, count: 256)
        let end = symbols.count + 1
        var (group, inGroup) = (0, 0)
        var (repeats, weight) = (0, 1)
        var table = tables[Int(selectors[0])]
        while true {
            if inGroup == 50 {
                group += 1
                inGroup = 0
                guard group < selectors.count else { throw malformed("more symbols than selectors") }
                table = tables[Int(selectors[group])]
            }
            inGroup += 1
            var code = 0
            var width = 0
            repeat {
                code = code << 1 | (try take(1))
                width += 1
                guard width <= 20 else { throw malformed("bits that are no code") }
            } while code >= table.limits[width]
            let place = code + table.bases[width]
            guard table.symbols.indices.contains(place) else { throw malformed("bits that are no code") }
            let symbol = table.symbols[place]
            if symbol <= 1 {
                guard weight <= 1 << 21 else { throw malformed("a run longer than a block") }
                repeats += weight << symbol
                weight <<= 1
                continue
            }
            if repeats > 0 {
                guard repeats <= blockLimit - bytes.count else { throw malformed("a block longer than declared") }
                bytes.append(contentsOf: repeatElement(front[0], count: repeats))
                counts[Int(front[0])] += repeats
                (repeats, weight) = (0, 1)
            }
            if symbol == end { break }
            guard bytes.count < blockLimit, symbol - 1 < front.count else {
                throw malformed("a block longer than declared")
            }
            let byte = front.remove(at: symbol - 1)
            front.insert(byte, at: 0)
            bytes.append(byte)
            counts[Int(byte)] += 1
        }
        guard origin < bytes.count else { throw malformed("a block that begins outside itself") }
        // The inverse transform: each place links to the one that follows it, with its byte in the low bits.
        var starts = [Int](repeating: 0, count: 256)
        var sum = 0
        for (byte, count) in counts.enumerated() {
            starts[byte] = sum
            sum += count
        }
        links = bytes.map(UInt32.init)
        for (place, byte) in bytes.enumerated() {
            links[starts[Int(byte)]] |= UInt32(place) << 8
            starts[Int(byte)] += 1
        }
        position = links[origin] >> 8
        left = bytes.count
    }

    private mutating func emit(_ output: inout OutputWindow, _ target: UInt64) throws(ExpansionError) {
        while output.total < target {
            if pending > 0 {
                let take = min(pending, 4096)
                for _ in 0..<take { put(UInt8(truncatingIfNeeded: last), &output) }
                pending -= take
                continue
            }
            guard left > 0 else {
                isInBlock = false
                guard ~blockSum == declaredSum else { throw .mismatch("a bzip2 block's checksum is another") }
                streamSum = (streamSum << 1 | streamSum >> 31) ^ declaredSum
                return
            }
            // Every link was made from a place inside the block.
            let entry = links[Int(position)]
            position = entry >> 8
            left -= 1
            let byte = Int(entry & 0xFF)
            if run == 4 {
                pending = byte
                run = 0
                continue
            }
            run = byte == last ? run + 1 : 1
            last = byte
            put(UInt8(byte), &output)
        }
    }

    @inline(__always) private mutating func put(_ byte: UInt8, _ output: inout OutputWindow) {
        output.append(byte)
        blockSum = blockSum << 8 ^ Bunzip.table[Int(blockSum >> 24 ^ UInt32(byte))]
    }

    /// The CRC of bzip2 runs from the highest bit.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte) << 24) { crc, _ in crc & 0x8000_0000 != 0 ? crc << 1 ^ 0x04C1_1DB7 : crc << 1 }
    }
}
