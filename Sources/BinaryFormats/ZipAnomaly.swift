// SPDX-License-Identifier: Apache-2.0

/// Something in a zip archive on which readers disagree, or which an honest writer does not write.
public struct ZipAnomaly: Sendable, Hashable {
    /// Where it is in the archive.
    public let offset: UInt64
    /// The member concerned; nil when it is about the whole archive.
    public let member: MemberName?
    /// What it is.
    public let kind: Kind

    /// What is wrong.
    public enum Kind: Sendable, Hashable {
        // The whole archive
        /// So many bytes stand before the first member.
        case prefix(UInt64)
        /// So many bytes follow the end record.
        case trailing(UInt64)
        /// The end record holds a comment of so many bytes.
        case comment(Int)
        /// Another end record stands at this place, and some readers would take it.
        case secondEndRecord(UInt64)
        /// The archive says that it is split over several disks.
        case split
        /// The two end records (32 and 64 bits) disagree about this field.
        case endRecordsDisagree(String)
        /// The directory holds `found` entries, the end record says `declared`.
        case memberCount(declared: UInt64, found: UInt64)
        /// The directory takes `found` bytes, the end record says `declared`.
        case directorySize(declared: UInt64, found: UInt64)
        /// The end record says the directory begins at `declared`; counted back from its end it begins at `computed`.
        case directoryPlace(declared: UInt64, computed: UInt64)
        /// The directory breaks off: this is not an entry.
        case directoryBroken
        /// The members unpack to more than the limit together.
        case totalSize(UInt64)

        // The place of a member
        /// So many bytes belong to no member.
        case gap(UInt64)
        /// The member begins inside another, this one.
        case overlap(MemberName)
        /// A member that the directory does not list.
        case hidden
        /// There is no member header where the directory says, or the data leave the archive.
        case headerMissing
        /// The member has the same name as one before it.
        case duplicate
        /// The name equals another but for the case of letters.
        case caseCollision

        // The two descriptions of a member
        /// Its own header gives another name.
        case nameDisagrees(local: MemberName)
        /// Its own header has other flags.
        case flagsDisagree(local: UInt16, central: UInt16)
        /// Its own header names another packing method.
        case methodDisagrees(local: UInt16, central: UInt16)
        /// Its own header gives another size (packed or not).
        case sizeDisagrees(local: UInt64, central: UInt64)
        /// Its own header gives another checksum.
        case checksumDisagrees(local: UInt32, central: UInt32)
        /// The descriptor after the data is missing, or says something else than the directory.
        case descriptorDisagrees
        /// A 64-bit field that the entry promises is missing, or an extra field is cut off.
        case extraField
        /// A second name in an extra field differs from the first.
        case secondName(MemberName)

        // A member's own properties
        /// The member is encrypted.
        case encrypted
        /// The member is patch data, or its header is masked.
        case patched
        /// The packing method is not known here.
        case method(UInt16)
        /// Stored bytes whose two sizes differ.
        case storedSize(packed: UInt64, size: UInt64)
        /// The name must not be used as a path.
        case name(MemberName.Problem)
        /// The member is a symbolic link.
        case link
        /// The member is a device, a pipe or a socket.
        case device
        /// The member unpacks to so many times its size.
        case ratio(UInt64)
        /// The entry has a comment of so many bytes.
        case memberComment(Int)
        /// The directory says that the member is on another disk.
        case memberSplit
    }

    /// Whether the anomaly is only worth a note. Everything else is a reason to refuse the archive: two readers may see
    /// two different contents.
    public var isNote: Bool {
        switch kind {
        case .comment, .memberComment: true
        default: false
        }
    }
}

extension ZipAnomaly: CustomStringConvertible {
    /// One line for people, without the place and without a line end.
    public var description: String { (member.map { "`\($0)`: " } ?? "") + kind.description }
}

extension ZipAnomaly.Kind: CustomStringConvertible {
    /// A few words for people.
    public var description: String {
        switch self {
        case .prefix(let count): "\(count) bytes before the first member"
        case .trailing(let count): "\(count) bytes after the end of the archive"
        case .comment(let count): "the archive has a comment of \(count) bytes"
        case .secondEndRecord(let offset): "a second end record at byte \(offset)"
        case .split: "the archive is split over several disks"
        case .endRecordsDisagree(let field): "the two end records disagree about the \(field)"
        case .memberCount(let declared, let found): "\(declared) members declared, \(found) found"
        case .directorySize(let declared, let found): "directory of \(declared) bytes declared, \(found) found"
        case .directoryPlace(let declared, let computed):
            "the directory is declared at byte \(declared), but ends as if it began at byte \(computed)"
        case .directoryBroken: "the directory breaks off"
        case .totalSize(let total): "the members unpack to \(total) bytes"
        case .gap(let count): "\(count) bytes that belong to no member"
        case .overlap(let other): "overlaps with `\(other)`"
        case .hidden: "is not in the directory"
        case .headerMissing: "has no header of its own, or its data leave the archive"
        case .duplicate: "the name occurs twice"
        case .caseCollision: "the name differs from another only in the case of letters"
        case .nameDisagrees(let local): "is named `\(local)` in its own header"
        case .flagsDisagree(let local, let central): "flags \(local) in its own header, \(central) in the directory"
        case .methodDisagrees(let local, let central): "method \(local) in its own header, \(central) in the directory"
        case .sizeDisagrees(let local, let central): "size \(local) in its own header, \(central) in the directory"
        case .checksumDisagrees(let local, let central):
            "checksum \(String(local, radix: 16)) in its own header, \(String(central, radix: 16)) in the directory"
        case .descriptorDisagrees: "the descriptor after the data is missing or disagrees with the directory"
        case .extraField: "an extra field is missing or cut off"
        case .secondName(let name): "has a second name `\(name)`"
        case .encrypted: "is encrypted"
        case .patched: "is patch data or has a masked header"
        case .method(let number): "is packed by method \(number), which is not opened"
        case .storedSize(let packed, let size): "is stored, but has \(packed) bytes packed and \(size) unpacked"
        case .name(let problem): "the name is unsafe: \(problem.rawValue)"
        case .link: "is a symbolic link"
        case .device: "is a device, a pipe or a socket"
        case .ratio(let ratio): "unpacks to \(ratio) times its size"
        case .memberComment(let count): "has a comment of \(count) bytes"
        case .memberSplit: "is said to be on another disk"
        }
    }
}
