// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Deflate (RFC 1951), alone or in zlib's or gzip's wrapping.
struct Inflate: StreamDecoder {
    enum Wrapper: Sendable { case none, zlib, gzip }

    private enum State: Sendable {
        case header
        case block
        case stored(Int)
        case codes
        case trailer
        case ended
    }

    private let wrapper: Wrapper
    private var bits: BitInput
    private var state = State.header
    private var isLastBlock = false
    private var literals = Inflate.fixedLiterals
    private var distances = Inflate.fixedDistances
    private var crc = CRC32()
    private var adler = Adler32()
    /// Up to where the checksum has been computed, and where this member began.
    private var summed: UInt64 = 0
    private var memberStart: UInt64 = 0

    private var format: CompressionFormat {
        switch wrapper {
        case .none: .deflate
        case .zlib: .zlib
        case .gzip: .gzip
        }
    }

    init(_ source: any ByteSource, wrapper: Wrapper) {
        self.wrapper = wrapper
        bits = BitInput(PackedInput(source))
    }

    var consumed: UInt64 { bits.position }

    private func malformed(_ reason: String) -> ExpansionError {
        .malformed(format, offset: bits.position, reason: reason)
    }

    mutating func decode(into output: inout OutputWindow, until target: UInt64) throws(ExpansionError) -> Bool {
        while output.total < target {
            switch state {
            case .header: try readHeader(&output)
            case .block: try readBlockHeader()
            case .stored(let count):
                guard count > 0 else {
                    state = isLastBlock ? .trailer : .block
                    continue
                }
                let take = min(count, 4096)
                for _ in 0..<take { output.append(try bits.byte()) }
                state = .stored(count - take)
            case .codes: try readCodes(&output, target)
            case .trailer:
                sum(output)
                try readTrailer(output)
            case .ended: return false
            }
        }
        sum(output)
        return true
    }

    private mutating func sum(_ output: OutputWindow) {
        guard wrapper != .none, summed < output.total else { return }
        let new = Array(output.slice(from: summed))
        if wrapper == .gzip { crc.update(new) } else { adler.update(new) }
        summed = output.total
    }

    // MARK: Wrapping

    private mutating func readHeader(_ output: inout OutputWindow) throws(ExpansionError) {
        switch wrapper {
        case .none: break
        case .zlib:
            let (method, flags) = (try bits.byte(), try bits.byte())
            guard method & 15 == 8, method >> 4 <= 7, (UInt16(method) << 8 | UInt16(flags)) % 31 == 0 else {
                throw malformed("no zlib header")
            }
            guard flags & 0x20 == 0 else { throw .unsupported(.zlib, offset: 1, what: "a preset dictionary") }
        case .gzip:
            let magic = (try bits.byte(), try bits.byte(), try bits.byte())
            guard magic == (0x1F, 0x8B, 8) else { throw malformed("no gzip header") }
            let flags = try bits.byte()
            guard flags & 0xE0 == 0 else { throw malformed("reserved flags") }
            for _ in 0..<6 { _ = try bits.byte() }
            if flags & 4 != 0 {
                let low = Int(try bits.byte())
                let length = low | Int(try bits.byte()) << 8
                for _ in 0..<length { _ = try bits.byte() }
            }
            for flag: UInt8 in [8, 16] where flags & flag != 0 {
                // A name or a comment: ended by a zero; a limit, so that it is no hiding place.
                var length = 0
                while try bits.byte() != 0 {
                    length += 1
                    guard length <= 65_536 else { throw malformed("a name of more than 65536 bytes") }
                }
            }
            if flags & 2 != 0 { for _ in 0..<2 { _ = try bits.byte() } }
        }
        crc = CRC32()
        adler = Adler32()
        memberStart = output.total
        summed = output.total
        output.floor = output.total
        state = .block
    }

    private mutating func readTrailer(_ output: OutputWindow) throws(ExpansionError) {
        try bits.align()
        state = .ended
        switch wrapper {
        case .none: break
        case .zlib:
            var declared: UInt32 = 0
            for _ in 0..<4 { declared = declared << 8 | UInt32(try bits.byte()) }
            guard declared == adler.value else { throw .mismatch("the zlib checksum is another") }
        case .gzip:
            var declared: UInt64 = 0
            for place in 0..<8 { declared |= UInt64(try bits.byte()) << UInt64(8 * place) }
            guard UInt32(truncatingIfNeeded: declared) == crc.value else {
                throw .mismatch("the gzip checksum is another")
            }
            guard UInt32(truncatingIfNeeded: declared >> 32) == UInt32(truncatingIfNeeded: output.total - memberStart)
            else {
                throw .mismatch("the gzip size is another")
            }
            // Another member may follow; anything else is left over.
            var ahead = bits
            if try ahead.byteOrNil() == 0x1F, try ahead.byteOrNil() == 0x8B { state = .header }
        }
    }

    // MARK: Blocks

    private mutating func readBlockHeader() throws(ExpansionError) {
        isLastBlock = try bits.take(1) == 1
        switch try bits.take(2) {
        case 0:
            try bits.align()
            let low = Int(try bits.byte())
            let length = low | Int(try bits.byte()) << 8
            let lowCheck = Int(try bits.byte())
            let check = lowCheck | Int(try bits.byte()) << 8
            guard length == check ^ 0xFFFF else { throw malformed("a stored block's length is wrong") }
            state = .stored(length)
        case 1:
            (literals, distances) = (Inflate.fixedLiterals, Inflate.fixedDistances)
            state = .codes
        case 2:
            try readTables()
            state = .codes
        default: throw malformed("a block of a reserved type")
        }
    }

    private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private mutating func readTables() throws(ExpansionError) {
        let literalCount = try bits.take(5) + 257
        let distanceCount = try bits.take(5) + 1
        let codeCount = try bits.take(4) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw malformed("too many codes") }
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for place in 0..<codeCount { codeLengths[Inflate.lengthOrder[place]] = UInt8(try bits.take(3)) }
        guard let codes = HuffmanTable(codeLengths[...]) else { throw malformed("no prefix code") }
        var lengths: [UInt8] = []
        while lengths.count < literalCount + distanceCount {
            guard let symbol = try codes.decode(&bits) else { throw malformed("bits that are no code") }
            switch symbol {
            case 0...15: lengths.append(UInt8(symbol))
            case 16:
                guard let last = lengths.last else { throw malformed("a repeat of nothing") }
                lengths += [UInt8](repeating: last, count: try bits.take(2) + 3)
            case 17: lengths += [UInt8](repeating: 0, count: try bits.take(3) + 3)
            default: lengths += [UInt8](repeating: 0, count: try bits.take(7) + 11)
            }
        }
        guard lengths.count == literalCount + distanceCount, lengths[256] != 0,
            let literals = HuffmanTable(lengths[..<literalCount]),
            let distances = HuffmanTable(lengths[literalCount...])
        else { throw malformed("no prefix code") }
        (self.literals, self.distances) = (literals, distances)
    }

    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthExtra = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBase = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145,
        8193, 12289, 16385, 24577,
    ]
    private static let distanceExtra = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]

    private mutating func readCodes(_ output: inout OutputWindow, _ target: UInt64) throws(ExpansionError) {
        let lengthBase = Inflate.lengthBase
        let lengthExtra = Inflate.lengthExtra
        let distanceBase = Inflate.distanceBase
        let distanceExtra = Inflate.distanceExtra
        while output.total < target {
            guard let symbol = try literals.decode(&bits) else { throw malformed("bits that are no code") }
            if symbol < 256 {
                output.append(UInt8(truncatingIfNeeded: symbol))
                continue
            }
            if symbol == 256 {
                state = isLastBlock ? .trailer : .block
                return
            }
            guard symbol < 286 else { throw malformed("a reserved length") }
            let length = lengthBase[symbol - 257] + (try bits.take(lengthExtra[symbol - 257]))
            guard let code = try distances.decode(&bits), code < 30 else {
                throw malformed("bits that are no distance")
            }
            let distance = distanceBase[code] + (try bits.take(distanceExtra[code]))
            guard output.reaches(distance) else { throw malformed("a distance of \(distance) before the first byte") }
            output.copy(distance: distance, count: length)
        }
    }

    private static let fixedLiterals = table(
        [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
            + [UInt8](repeating: 8, count: 8))
    private static let fixedDistances = table([UInt8](repeating: 5, count: 32))

    private static func table(_ lengths: [UInt8]) -> HuffmanTable {
        // The two fixed codes are complete, so the table exists; the other side is never taken.
        HuffmanTable(lengths[...]) ?? HuffmanTable.empty
    }
}

/// The checksum of zlib (RFC 1950).
struct Adler32: Sendable {
    private var low: UInt32 = 1
    private var high: UInt32 = 0

    var value: UInt32 { high << 16 | low }

    mutating func update(_ bytes: [UInt8]) {
        var place = 0
        while place < bytes.count {
            // 5552 bytes are the most after which the sums still fit 32 bits.
            let end = min(bytes.count, place + 5552)
            for byte in bytes[place..<end] {
                low &+= UInt32(byte)
                high &+= low
            }
            low %= 65_521
            high %= 65_521
            place = end
        }
    }
}
