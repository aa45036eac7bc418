// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// LZMA with its 13-byte header: properties, dictionary size, unpacked size or all ones.
struct LZMAStream: StreamDecoder {
    private var input: PackedInput
    private var decoder = LZMA(.lzma)
    private let dictionaryLimit: UInt64
    private var reach = 0
    private var end: UInt64?
    private var hasBegun = false
    private var hasEnded = false

    init(_ source: any ByteSource, dictionaryLimit: UInt64) {
        input = PackedInput(source)
        self.dictionaryLimit = dictionaryLimit
    }

    var consumed: UInt64 { input.position }

    mutating func decode(into output: inout OutputWindow, until target: UInt64) throws(ExpansionError) -> Bool {
        if !hasBegun {
            guard decoder.setProperties(try input.byte()) else {
                throw .malformed(.lzma, offset: 0, reason: "properties that do not exist")
            }
            let dictionary = UInt64(try input.u32())
            let size = try input.u64()
            guard size == .max || size < 1 << 62 else {
                throw .malformed(.lzma, offset: 5, reason: "a size that cannot be")
            }
            if size != .max { end = size }
            // A dictionary larger than all that comes out is never used.
            let needed = min(max(4096, dictionary), end ?? .max)
            guard needed <= dictionaryLimit || dictionary == 0xFFFF_FFFF else {
                throw .overLimit("bytes of an LZMA dictionary", count: dictionary, limit: dictionaryLimit)
            }
            reach = Int(clamping: min(max(4096, needed), dictionaryLimit))
            output.reach = reach
            try decoder.start(&input)
            hasBegun = true
        }
        guard !hasEnded else { return false }
        let goesOn = try decoder.decode(&input, into: &output, until: target, end: end, reach: reach)
        if goesOn, output.total != end { return true }
        if !goesOn, let end, output.total != end {
            throw .malformed(.lzma, offset: input.position, reason: "an end mark before the declared size")
        }
        guard try decoder.isFinished(&input) else {
            throw .malformed(.lzma, offset: input.position, reason: "an end inside a number")
        }
        hasEnded = true
        return false
    }
}
