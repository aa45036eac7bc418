// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// Something about a file that can be read but should not be so.
public enum GGUFFinding: Sendable, Hashable {
    /// Version 1, which llama.cpp no longer reads.
    case oldVersion
    /// A metadata key that was there before; the first one counts.
    case duplicateKey(String, offset: UInt64)
    /// A tensor's name that was there before.
    case duplicateTensor(String, offset: UInt64)
    /// A key, a name or a string that is not UTF-8. In arrays only the first is reported.
    case notUTF8(key: String, offset: UInt64)
    /// A boolean that is neither 0 nor 1. In arrays only the first is reported.
    case boolean(UInt8, key: String, offset: UInt64)
    /// An array in an array, which llama.cpp refuses.
    case nestedArray(key: String, offset: UInt64)
    /// A tensor type that is not known, or no longer: its size cannot be checked.
    case unknownType(tensor: String, code: UInt32, offset: UInt64)
    /// A tensor's name of 64 bytes or more, which llama.cpp refuses.
    case longName(tensor: String, offset: UInt64)
    /// A tensor that does not begin at a multiple of the alignment.
    case misaligned(tensor: String, begin: UInt64, alignment: UInt64)
    /// A tensor that begins before the one in front of it ends.
    case overlap(tensor: String, begin: UInt64, previous: String, end: UInt64)
    /// Bytes between two tensors that belong to none and are more than padding.
    case gap(begin: UInt64, count: UInt64)
    /// Bytes after the last tensor's padding.
    case trailing(begin: UInt64, count: UInt64)

    /// Whether llama.cpp refuses to load such a file.
    public var isRefusedByLlamaCpp: Bool {
        switch self {
        case .notUTF8, .boolean, .trailing: false
        case .oldVersion, .duplicateKey, .duplicateTensor, .nestedArray, .unknownType, .longName, .misaligned, .overlap,
            .gap:
            true
        }
    }

    /// The place in the file, as its first byte.
    public var offset: UInt64 {
        switch self {
        case .oldVersion: 4
        case .duplicateKey(_, let offset), .duplicateTensor(_, let offset), .notUTF8(_, let offset),
            .boolean(_, _, let offset), .nestedArray(_, let offset), .unknownType(_, _, let offset),
            .longName(_, let offset), .misaligned(_, let offset, _), .overlap(_, let offset, _, _),
            .gap(let offset, _), .trailing(let offset, _):
            offset
        }
    }
}

extension GGUFFinding: CustomStringConvertible {
    /// One line for people, without a line end; names from the file are escaped.
    public var description: String {
        switch self {
        case .oldVersion: "version 1 of the format, which llama.cpp no longer reads"
        case .duplicateKey(let key, let offset): "metadata key `\(Escaped(key))` a second time at byte \(offset)"
        case .duplicateTensor(let name, let offset): "tensor `\(Escaped(name))` a second time at byte \(offset)"
        case .notUTF8(let key, let offset): "text of `\(Escaped(key))` at byte \(offset) is not UTF-8"
        case .boolean(let byte, let key, let offset):
            "a boolean of `\(Escaped(key))` at byte \(offset) is \(byte), neither 0 nor 1"
        case .nestedArray(let key, let offset): "an array in an array of `\(Escaped(key))` at byte \(offset)"
        case .unknownType(let tensor, let code, let offset):
            "tensor `\(Escaped(tensor))` at byte \(offset) has type \(GGMLType.removedName(code) ?? String(code)), "
                + "which is not known: its size was not checked"
        case .longName(let tensor, let offset):
            "tensor `\(Escaped(tensor, limit: 80))` at byte \(offset) has a name of 64 bytes or more"
        case .misaligned(let tensor, let begin, let alignment):
            "tensor `\(Escaped(tensor))` begins at byte \(begin), not at a multiple of \(alignment)"
        case .overlap(let tensor, let begin, let previous, let end):
            "tensor `\(Escaped(tensor))` begins at byte \(begin), before `\(Escaped(previous))` ends at byte \(end)"
        case .gap(let begin, let count): "\(count) bytes from byte \(begin) belong to no tensor"
        case .trailing(let begin, let count): "\(count) bytes follow the last tensor from byte \(begin)"
        }
    }
}
