// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// Zstandard (RFC 8878): frames in a row, also those to skip; no dictionaries.
struct Zstandard: StreamDecoder {
    private enum State: Sendable {
        case frame
        case block
        case trailer
        case ended
    }

    private var input: PackedInput
    private let windowLimit: UInt64
    private var state = State.frame
    private var frames = 0
    private var decoder = ZstandardBlock()
    /// How far a match of this frame may reach back, and how long its blocks may be.
    private var window: UInt64 = 0
    private var blockLimit = 0
    private var declaredSize: UInt64?
    private var hasChecksum = false
    private var checksum = ZstandardChecksum()
    private var frameStart: UInt64 = 0
    private var summed: UInt64 = 0

    init(_ source: any ByteSource, windowLimit: UInt64) {
        input = PackedInput(source)
        self.windowLimit = windowLimit
    }

    var consumed: UInt64 { input.position }

    private func malformed(_ reason: String) -> ExpansionError {
        .malformed(.zstd, offset: input.position, reason: reason)
    }

    mutating func decode(into output: inout OutputWindow, until target: UInt64) throws(ExpansionError) -> Bool {
        while output.total < target {
            switch state {
            case .frame: try readFrameHeader(&output)
            case .block: try readBlock(&output)
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
        guard hasChecksum, summed < output.total else { return }
        checksum.update(output.slice(from: summed))
        summed = output.total
    }

    /// A little-endian number of `count` bytes, at most eight.
    private mutating func number(_ count: Int) throws(ExpansionError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(try input.byte()) << UInt64(8 * index) }
        return value
    }

    private mutating func readFrameHeader(_ output: inout OutputWindow) throws(ExpansionError) {
        let start = input.position
        // What is no frame is left over, but something must come first.
        if frames > 0, input.remaining < 4 { return state = .ended }
        let magic = try number(4)
        if magic & 0xFFFF_FFF0 == 0x184D_2A50 {
            let size = try number(4)
            guard size <= input.remaining else {
                throw .bytes(.truncated(offset: input.position, count: size, size: input.size))
            }
            input.move(to: input.position + size)
            frames += 1
            return
        }
        guard magic == 0xFD2F_B528 else {
            if frames == 0 { throw malformed("no Zstandard header") }
            input.move(to: start)
            return state = .ended
        }
        frames += 1
        let flags = try input.byte()
        guard flags & 0x08 == 0 else { throw malformed("reserved flags") }
        let isSingle = flags & 0x20 != 0
        var window: UInt64?
        if !isSingle {
            let bits = try input.byte()
            let base = UInt64(1) << (10 + UInt64(bits >> 3))
            window = base + base / 8 * UInt64(bits & 7)
        }
        let dictionary = try number([0, 1, 2, 4][Int(flags & 3)])
        guard dictionary == 0 else {
            throw .unsupported(.zstd, offset: start, what: "a dictionary with the number \(dictionary)")
        }
        switch flags >> 6 {
        case 0: declaredSize = isSingle ? try number(1) : nil
        case 1: declaredSize = try number(2) + 256
        case 2: declaredSize = try number(4)
        default: declaredSize = try number(8)
        }
        // A single segment is its own window.
        self.window = window ?? declaredSize ?? 0
        guard self.window <= windowLimit else {
            throw .overLimit("bytes of a Zstandard window", count: self.window, limit: windowLimit)
        }
        blockLimit = Int(min(self.window, UInt64(ZstandardBlock.size)))
        decoder.reset()
        output.reach = Int(clamping: self.window)
        output.floor = output.total
        hasChecksum = flags & 0x04 != 0
        checksum = ZstandardChecksum()
        (frameStart, summed) = (output.total, output.total)
        state = .block
    }

    private mutating func readBlock(_ output: inout OutputWindow) throws(ExpansionError) {
        let start = input.position
        let header = Int(try number(3))
        let size = header >> 3
        guard size <= blockLimit else {
            throw .malformed(.zstd, offset: start, reason: "a block of \(size) bytes, \(blockLimit) allowed")
        }
        switch header >> 1 & 3 {
        case 0: output.append(contentsOf: try input.bytes(size)[...])
        case 1: output.append(try input.byte(), times: size)
        case 2:
            let packed = try input.bytes(size)
            do throws(ZstandardFault) {
                try decoder.unpack(packed, limit: blockLimit, window: window, into: &output)
            } catch {
                throw .malformed(.zstd, offset: start, reason: error.reason)
            }
        default: throw .malformed(.zstd, offset: start, reason: "a block of an unknown kind")
        }
        if let declaredSize, output.total - frameStart > declaredSize {
            throw .mismatch("a Zstandard frame unpacks to more than the \(declaredSize) bytes declared")
        }
        if header & 1 == 1 { state = .trailer }
    }

    private mutating func readTrailer(_ output: OutputWindow) throws(ExpansionError) {
        let size = output.total - frameStart
        if let declaredSize, declaredSize != size {
            throw .mismatch("a Zstandard frame unpacks to \(size) bytes, \(declaredSize) declared")
        }
        if hasChecksum {
            guard UInt64(try input.u32()) == checksum.value & 0xFFFF_FFFF else {
                throw .mismatch("a Zstandard frame's checksum is another")
            }
        }
        state = .frame
    }
}
