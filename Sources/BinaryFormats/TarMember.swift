// SPDX-License-Identifier: Apache-2.0

/// An entry of a tar archive.
public struct TarMember: Sendable, Hashable {
    /// The name, as the last word that the archive says about it: a pax or GNU long name before the name in the header.
    public let name: MemberName
    /// What it is.
    public let kind: Kind
    /// How many bytes it has.
    public let size: UInt64
    /// Where its header begins; for an entry with extended headers, the first of them.
    public let headerOffset: UInt64
    /// Where its bytes begin.
    public let dataOffset: UInt64
    /// What a link points to; empty for everything else.
    public let target: MemberName
    /// The Unix mode.
    public let mode: UInt32

    /// What an entry is.
    public enum Kind: Sendable, Hashable {
        /// A file with bytes.
        case file
        /// A directory.
        case directory
        /// A second name of another entry.
        case hardLink
        /// A symbolic link.
        case symbolicLink
        /// A device or a pipe.
        case device
        /// A file with holes, whose bytes are not read here.
        case sparse
        /// A type byte that is not known here.
        case other(UInt8)
    }
}
