// SPDX-License-Identifier: Apache-2.0

internal import GGUF

/// How the numbers of a tensor are stored: one by one, or in blocks that share scales.
enum NumberEncoding: Sendable, Hashable {
    case plain(NumberType)
    case blocks(GGMLType)

    /// So many elements make whole blocks and whole bytes in every encoding.
    static let unit: UInt64 = 256

    /// The bits that an element takes where it takes most: stored, or as a `Float` after decoding.
    var width: UInt64 {
        switch self {
        case .plain(let type): type.bitWidth
        case .blocks: 32
        }
    }

    /// The bytes of `count` elements: a multiple of `unit`, or the whole of a tensor. Nil when they are too many, or no whole
    /// blocks.
    func byteCount(_ count: UInt64) -> UInt64? {
        switch self {
        case .plain(let type): return type.byteCount(count)
        case .blocks(let type):
            let (blocks, rest) = count.quotientAndRemainder(dividingBy: type.blockSize)
            let (bytes, overflow) = blocks.multipliedReportingOverflow(by: type.blockBytes)
            return overflow || rest > 0 ? nil : bytes
        }
    }

    /// Whether the distance from numbers of this encoding to those of the other one means something.
    func canBeCompared(with other: NumberEncoding) -> Bool {
        if self == other { return true }
        return switch (self, other) {
        case (.plain(let one), .plain(let two)): one.canBeCast(to: two)
        case (.plain(let type), .blocks), (.blocks, .plain(let type)): type != .c64
        case (.blocks, .blocks): true
        }
    }
}
