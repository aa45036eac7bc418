// SPDX-License-Identifier: Apache-2.0

/// Something in a tar archive that an honest writer of models does not write, or on which readers disagree.
public struct TarAnomaly: Sendable, Hashable {
    /// Where it is in the archive.
    public let offset: UInt64
    /// The entry concerned; nil when it is about the whole archive.
    public let member: MemberName?
    /// What it is.
    public let kind: Kind

    /// What is wrong.
    public enum Kind: Sendable, Hashable {
        /// The name must not be used as a path.
        case name(MemberName.Problem)
        /// A symbolic or a hard link, to this target.
        case link(MemberName)
        /// A device or a pipe.
        case device
        /// A file with holes; its bytes are not read.
        case sparse
        /// A type byte that is not known here.
        case type(UInt8)
        /// A name that occurs twice; readers keep the last.
        case duplicate
        /// The name equals another but for the case of letters.
        case caseCollision
        /// An extended header contradicts itself or cannot be read.
        case extendedHeader
        /// An extended header names the entry differently than its own header; older readers see this name.
        case secondName(MemberName)
        /// The archive ends without the two blocks of zeros.
        case endMissing
        /// So many bytes after the end are not zero, counted in blocks of 512.
        case trailing(UInt64)
        /// The checksum at this place is wrong; nothing after it is read.
        case checksum
        /// The entry's bytes end before its size; nothing after it is read.
        case truncated
    }

    /// Whether the anomaly is only worth a note.
    public var isNote: Bool {
        switch kind {
        case .endMissing, .secondName: true
        default: false
        }
    }
}

extension TarAnomaly: CustomStringConvertible {
    /// One line for people, without the place and without a line end.
    public var description: String {
        let what =
            switch kind {
            case .name(let problem): "the name is unsafe: \(problem.rawValue)"
            case .link(let target): "is a link to `\(target)`"
            case .device: "is a device or a pipe"
            case .sparse: "is a file with holes, which is not opened"
            case .type(let byte): "is of the unknown type \(byte)"
            case .duplicate: "the name occurs twice"
            case .caseCollision: "the name differs from another only in the case of letters"
            case .extendedHeader: "an extended header is malformed"
            case .secondName(let name): "is named `\(name)` for readers without extended headers"
            case .endMissing: "the archive has no end mark"
            case .trailing(let count): "\(count) bytes of blocks after the end of the archive are not zero"
            case .checksum: "a header's checksum is wrong"
            case .truncated: "the bytes end before the declared size"
            }
        return (member.map { "`\($0)`: " } ?? "") + what
    }
}
