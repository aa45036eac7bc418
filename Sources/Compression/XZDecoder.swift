// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// xz: streams of blocks of LZMA2, each with a check, and an index that must agree with them.
struct XZDecoder: StreamDecoder {
    private enum State: Sendable {
        case stream
        case block
        case chunk
        case packed(end: UInt64, next: UInt64)
        case plain(Int)
        case ended
    }

    private var input: PackedInput
    private var decoder = LZMA(.xz)
    private let dictionaryLimit: UInt64
    private var state = State.stream
    private var streams = 0
    private var reach = 4096
    private var check = 0
    private var flags: [UInt8] = []
    private var crc32 = CRC32()
    private var crc64 = CRC64()
    private var summed: UInt64 = 0
    private var blockStart: UInt64 = 0
    private var outputStart: UInt64 = 0
    private var headerSize: UInt64 = 0
    private var declared: (packed: UInt64?, size: UInt64?) = (nil, nil)
    private var records: [(UInt64, UInt64)] = []
    private var needsDictionary = true
    private var needsProperties = true
    private var needsState = true

    /// How many blocks a stream may have.
    private static let blocks = 1 << 20

    init(_ source: any ByteSource, dictionaryLimit: UInt64) {
        input = PackedInput(source)
        self.dictionaryLimit = dictionaryLimit
    }

    var consumed: UInt64 { input.position }

    private func malformed(_ reason: String) -> ExpansionError {
        .malformed(.xz, offset: input.position, reason: reason)
    }

    mutating func decode(into output: inout OutputWindow, until target: UInt64) throws(ExpansionError) -> Bool {
        while output.total < target {
            switch state {
            case .stream:
                guard try readStreamHeader() else { state = .ended; continue }
                state = .block
            case .block: try readBlockHeader(&output)
            case .chunk: try readChunk(&output)
            case .packed(let end, let next):
                guard try decoder.decode(&input, into: &output, until: target, end: end, reach: reach) else {
                    throw malformed("an end mark inside LZMA2")
                }
                guard output.total == end else { continue }
                guard try decoder.isFinished(&input), input.position == next else {
                    throw malformed("a chunk of another length")
                }
                state = .chunk
            case .plain(let count):
                let take = min(count, 65_536)
                output.append(contentsOf: try input.bytes(take)[...])
                state = count == take ? .chunk : .plain(count - take)
            case .ended: return false
            }
        }
        sum(output)
        return true
    }

    private mutating func sum(_ output: OutputWindow) {
        guard summed < output.total else { return }
        let new = Array(output.slice(from: summed))
        if check == 1 { crc32.update(new) } else if check == 4 { crc64.update(new) }
        summed = output.total
    }

    /// Reads `count` bytes and their CRC-32.
    private mutating func checked(_ count: Int) throws(ExpansionError) -> [UInt8] {
        let bytes = try input.bytes(count)
        var crc = CRC32()
        crc.update(bytes)
        guard try input.u32() == crc.value else { throw .mismatch("the checksum of an xz header is another") }
        return bytes
    }

    /// False when no further stream follows.
    private mutating func readStreamHeader() throws(ExpansionError) -> Bool {
        let start = input.position
        if streams > 0 {
            // Padding in fours; whatever else follows is left over.
            while input.remaining >= 4, try input.u32() == 0 {}
            if input.position >= start + 4 { input.move(to: input.position - 4) }
            guard input.remaining >= 12 else {
                input.move(to: start)
                return false
            }
        }
        let magic = try input.bytes(6)
        guard magic == [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0] else {
            if streams == 0 { throw malformed("no xz header") }
            input.move(to: start)
            return false
        }
        flags = try checked(2)
        guard flags[0] == 0, flags[1] < 16 else { throw malformed("unknown flags") }
        check = Int(flags[1])
        guard [0, 1, 4].contains(check) else {
            throw .unsupported(.xz, offset: input.position, what: "a check of kind \(check)")
        }
        records = []
        streams += 1
        return true
    }

    private func number(_ bytes: [UInt8], _ place: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte & 0x80 == 0 { return byte == 0 && index > 0 ? nil : value }
        }
        return nil
    }

    private mutating func readBlockHeader(_ output: inout OutputWindow) throws(ExpansionError) {
        blockStart = input.position
        let first = try input.byte()
        guard first != 0 else { return try readIndex() }
        guard records.count < XZDecoder.blocks else {
            throw .overLimit("blocks of an xz stream", count: UInt64(records.count), limit: UInt64(XZDecoder.blocks))
        }
        input.move(to: blockStart)
        headerSize = (UInt64(first) + 1) * 4
        let header = try checked(Int(headerSize) - 4)
        var place = 2
        guard header[1] & 0x3C == 0 else { throw malformed("reserved flags") }
        declared = (nil, nil)
        if header[1] & 0x40 != 0 {
            guard let size = number(header, &place) else { throw malformed("a number that is none") }
            declared.packed = size
        }
        if header[1] & 0x80 != 0 {
            guard let size = number(header, &place) else { throw malformed("a number that is none") }
            declared.size = size
        }
        guard header[1] & 3 == 0, number(header, &place) == 0x21, number(header, &place) == 1, place < header.count
        else {
            throw .unsupported(.xz, offset: blockStart, what: "filters other than LZMA2")
        }
        let bits = header[place]
        guard bits <= 40, header[(place + 1)...].allSatisfy({ $0 == 0 }) else {
            throw malformed("a dictionary that cannot be")
        }
        let dictionary = bits == 40 ? 0xFFFF_FFFF : UInt64(2 | bits & 1) << UInt64(bits / 2 + 11)
        guard dictionary <= dictionaryLimit else {
            throw .overLimit("bytes of an LZMA dictionary", count: dictionary, limit: dictionaryLimit)
        }
        reach = Int(dictionary)
        output.reach = reach
        (crc32, crc64) = (CRC32(), CRC64())
        (outputStart, summed) = (output.total, output.total)
        (needsDictionary, needsProperties, needsState) = (true, true, true)
        state = .chunk
    }

    private mutating func readChunk(_ output: inout OutputWindow) throws(ExpansionError) {
        let control = try input.byte()
        if control == 0 { return try endBlock(output) }
        if control == 1 || control >= 0xE0 {
            output.floor = output.total
            decoder.origin = output.total
            needsDictionary = false
        }
        guard !needsDictionary else { throw malformed("a chunk without a dictionary") }
        let high = UInt64(try input.byte())
        let low = UInt64(try input.byte())
        if control < 0x80 {
            guard control <= 2 else { throw malformed("a chunk of an unknown kind") }
            state = .plain(Int(high << 8 | low) + 1)
            return
        }
        let size = UInt64(control & 0x1F) << 16 + high << 8 + low + 1
        let packedHigh = UInt64(try input.byte())
        let packed = packedHigh << 8 + UInt64(try input.byte()) + 1
        let reset = control >> 5 & 3
        if reset >= 2 {
            guard decoder.setProperties(try input.byte()) else { throw malformed("properties that do not exist") }
            (needsProperties, needsState) = (false, false)
        } else if reset == 1 {
            guard !needsProperties else { throw malformed("a chunk without properties") }
            decoder.resetState()
            needsState = false
        }
        guard !needsProperties, !needsState else { throw malformed("a chunk without properties") }
        let next = input.position + packed
        try decoder.start(&input)
        state = .packed(end: output.total + size, next: next)
    }

    private mutating func endBlock(_ output: OutputWindow) throws(ExpansionError) {
        sum(output)
        let packed = input.position - blockStart - headerSize
        let size = output.total - outputStart
        if let expected = declared.packed, expected != packed { throw .mismatch("an xz block has another length") }
        if let expected = declared.size, expected != size { throw .mismatch("an xz block unpacks to another length") }
        while (input.position - blockStart) % 4 != 0 { guard try input.byte() == 0 else { throw malformed("padding") } }
        if check == 1 {
            guard try input.u32() == crc32.value else { throw .mismatch("an xz block's checksum is another") }
        } else if check == 4 {
            guard try input.u64() == crc64.value else { throw .mismatch("an xz block's checksum is another") }
        }
        let checkSize: UInt64 = check == 1 ? 4 : check == 4 ? 8 : 0
        records.append((headerSize + packed + checkSize, size))
        state = .block
    }

    /// The index, whose first byte was read, and the footer.
    private mutating func readIndex() throws(ExpansionError) {
        var bytes: [UInt8] = [0]
        func next(_ input: inout PackedInput, _ bytes: inout [UInt8]) throws(ExpansionError) -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<9 {
                let byte = try input.byte()
                bytes.append(byte)
                value |= UInt64(byte & 0x7F) << UInt64(7 * index)
                if byte & 0x80 == 0 { return value }
            }
            throw .malformed(.xz, offset: input.position, reason: "a number that is none")
        }
        guard try next(&input, &bytes) == UInt64(records.count) else {
            throw .mismatch("the xz index has another count")
        }
        for record in records {
            guard try next(&input, &bytes) == record.0, try next(&input, &bytes) == record.1 else {
                throw .mismatch("the xz index has other sizes")
            }
        }
        while bytes.count % 4 != 0 {
            guard try input.byte() == 0 else { throw malformed("padding") }
            bytes.append(0)
        }
        var crc = CRC32()
        crc.update(bytes)
        guard try input.u32() == crc.value else { throw .mismatch("the checksum of an xz index is another") }
        let declared = try input.u32()
        let footer = try input.bytes(6)
        var check = CRC32()
        check.update(footer)
        guard declared == check.value, footer[4..<6].elementsEqual(flags), try input.bytes(2) == [0x59, 0x5A] else {
            throw malformed("no xz footer")
        }
        let backward = footer[..<4].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard (backward + 1) * 4 == UInt64(bytes.count) + 4 else {
            throw .mismatch("the xz footer has another index size")
        }
        state = .stream
    }
}

/// The CRC-64 of xz (reflected polynomial C96C5795D7870F42).
struct CRC64: Sendable {
    private var register: UInt64 = ~0

    var value: UInt64 { ~register }

    mutating func update(_ bytes: [UInt8]) {
        let table = CRC64.table
        for byte in bytes { register = register >> 8 ^ table[Int((register ^ UInt64(byte)) & 0xFF)] }
    }

    private static let table: [UInt64] = (0..<256).map { byte in
        (0..<8).reduce(UInt64(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xC96C_5795_D787_0F42 : crc >> 1 }
    }
}
