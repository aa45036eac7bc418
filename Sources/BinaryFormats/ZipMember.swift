// SPDX-License-Identifier: Apache-2.0

/// A file in a zip archive, as the directory at the archive's end (or, for a hidden one, its own header) describes it.
public struct ZipMember: Sendable, Hashable {
    /// The name.
    public let name: MemberName
    /// The general purpose flags.
    public let flags: UInt16
    /// How the bytes are packed.
    public let method: Method
    /// The CRC-32 of the unpacked bytes.
    public let checksum: UInt32
    /// How many packed bytes there are.
    public let packedSize: UInt64
    /// How many bytes there are unpacked, as declared.
    public let size: UInt64
    /// Where the member's own header begins.
    public let headerOffset: UInt64
    /// Where the packed bytes begin; nil when the member's own header could not be read, or was not asked for.
    public internal(set) var dataOffset: UInt64?
    /// The member's own header, when it was read.
    public internal(set) var local: ZipLocalHeader?
    /// The Unix mode that the archive gives the file; 0 when it gives none.
    public let mode: UInt32

    /// How a member's bytes are packed.
    public enum Method: Sendable, Hashable {
        /// As they are.
        case stored
        /// By deflate.
        case deflate
        /// By a method that is named but not unpacked here: its number.
        case other(UInt16)

        init(_ number: UInt16) {
            self =
                switch number {
                case 0: .stored
                case 8: .deflate
                default: .other(number)
                }
        }

        /// The number in the header.
        public var number: UInt16 {
            switch self {
            case .stored: 0
            case .deflate: 8
            case .other(let number): number
            }
        }
    }

    /// Whether the bytes are encrypted, wholly or in part.
    public var isEncrypted: Bool { flags & 0x2041 != 0 }

    /// Whether the member stands for a directory.
    public var isDirectory: Bool { name.isDirectory }
}

/// What a member's own header says, which readers that go front to back believe.
public struct ZipLocalHeader: Sendable, Hashable {
    /// The name.
    public let name: MemberName
    /// The general purpose flags.
    public let flags: UInt16
    /// The number of the packing method.
    public let method: UInt16
    /// The CRC-32; 0 when a descriptor after the data has it.
    public let checksum: UInt32
    /// The number of packed bytes; 0 when a descriptor after the data has it.
    public let packedSize: UInt64
    /// The number of bytes unpacked; 0 when a descriptor after the data has it.
    public let size: UInt64
    /// How many bytes the header takes, with name and extra fields.
    public let length: UInt64
    /// How many bytes the descriptor after the data takes; 0 without one.
    public internal(set) var descriptorLength: UInt64 = 0

    /// Whether the sizes follow the data.
    public var hasDescriptor: Bool { flags & 0x8 != 0 }
}
