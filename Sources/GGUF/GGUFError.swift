// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats
internal import ContentModel

/// Why a file cannot be read as GGUF. Every case that concerns a place in the file names its first byte.
public enum GGUFError: Error, Sendable, Hashable {
    /// The bytes end too early, are not fetched yet (`ByteError.absent`), or cannot be read.
    case bytes(ByteError)
    /// The file does not begin with `GGUF`.
    case notGGUF(found: [UInt8])
    /// A version that is not 1, 2 or 3.
    case version(UInt32)
    /// A count or a length is over a limit of `GGUFLimits`.
    case overLimit(GGUFPart, offset: UInt64, value: UInt64, limit: UInt64)
    /// A metadata value has a type that the format does not know.
    case valueType(UInt32, offset: UInt64)
    /// A tensor has more than four dimensions.
    case rank(UInt32, offset: UInt64)
    /// `general.alignment` is not a 32-bit power of two.
    case alignment(found: String, offset: UInt64)
    /// The number of elements or of bytes, or the end of a tensor is more than 64 bits can count.
    case overflow(tensor: String, offset: UInt64)
    /// The first dimension is not a multiple of the type's block.
    case partialBlock(tensor: String, offset: UInt64, row: UInt64, block: UInt64)
    /// A tensor ends beyond the end of the file.
    case outsideFile(tensor: String, offset: UInt64, begin: UInt64, count: UInt64, fileSize: UInt64)
    /// The digest of a tensor is not defined: blocks of a big-endian file, or a type that is not known.
    case noDigest(tensor: String, typeCode: UInt32)
}

extension GGUFError: CustomStringConvertible {
    /// One line for people, without a line end; names from the file are escaped.
    public var description: String {
        switch self {
        case .bytes(let error): error.description
        case .notGGUF(let found):
            "not a GGUF file: it begins with `\(Escaped(String(decoding: found, as: UTF8.self)))`, not `GGUF`"
        case .version(let version): "GGUF version \(version) is not known: expected 1, 2 or 3"
        case .overLimit(let part, let offset, let value, let limit):
            "\(part) of \(value) at byte \(offset), over the limit of \(limit)"
        case .valueType(let code, let offset): "metadata value type \(code) at byte \(offset) is not known"
        case .rank(let rank, let offset): "a tensor of \(rank) dimensions at byte \(offset): at most 4 are allowed"
        case .alignment(let found, let offset):
            "`general.alignment` at byte \(offset) must be a power of two of 32 bits, found \(Escaped(found))"
        case .overflow(let tensor, let offset):
            "the size of tensor `\(Escaped(tensor))`, described at byte \(offset), is more than 64 bits can count"
        case .partialBlock(let tensor, let offset, let row, let block):
            "tensor `\(Escaped(tensor))`, described at byte \(offset), has rows of \(row) elements: not a multiple of the block of \(block)"
        case .outsideFile(let tensor, let offset, let begin, let count, let fileSize):
            "tensor `\(Escaped(tensor))`, described at byte \(offset), needs \(count) bytes from byte \(begin), but the file has \(fileSize)"
        case .noDigest(let tensor, let code):
            "tensor `\(Escaped(tensor))` of type \(code) has no digest: blocks of a big-endian file, or a type that is not known"
        }
    }
}
