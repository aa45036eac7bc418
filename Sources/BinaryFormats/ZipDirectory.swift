// SPDX-License-Identifier: Apache-2.0

/// What is in a zip archive, told apart from what a careless reader may believe to be in it.
///
/// Readers of zip disagree: some go by the directory at the end (PyTorch's, Python's), some by the headers in front of the
/// data. This one reads both, gives the members as either kind would see them, and reports every disagreement as an
/// anomaly with its place. Whoever only wants archives on which all readers agree refuses those with `refusals`.
///
/// No member's data are read; the directory and, per member, its header and descriptor are.
public struct ZipDirectory: Sendable {
    /// The archive.
    public let source: any ByteSource
    /// The members that the directory lists, in its order: what a reader sees that goes by the directory.
    public let members: [ZipMember]
    /// Members with a header of their own that the directory does not list; only with `Depth.headers`.
    public let hidden: [ZipMember]
    /// What is wrong, in the order in which it was found; at most `ZipLimits.anomalies`.
    public let anomalies: [ZipAnomaly]
    /// How many more anomalies there were.
    public let uncounted: Int
    /// The comment in the end record.
    public let comment: [UInt8]
    /// Where the directory begins.
    public let directoryOffset: UInt64
    private let index: [MemberName: Int]

    /// How much is read.
    public enum Depth: Sendable, Hashable {
        /// Only the directory at the end: for remote files. Nothing is known about agreement.
        case directory
        /// The directory and every member's own header and descriptor.
        case headers
    }

    /// Reads the directory.
    ///
    /// - Throws: `notAnArchive` without an end record, `malformed` when no entry can be reached, `overLimit`, `bytes`.
    public init(_ source: any ByteSource, depth: Depth = .headers, limits: ZipLimits = ZipLimits()) throws(ArchiveError)
    {
        var reader = ZipReader(source, limits: limits)
        do throws(ByteError) {
            try reader.findEnd()
        } catch { throw .bytes(error) }
        if let failure = reader.failure { throw failure }
        do throws(ByteError) {
            try reader.readDirectory()
            if reader.failure == nil {
                reader.checkMembers()
                if depth == .headers { try reader.readHeaders() }
            }
        } catch { throw .bytes(error) }
        if let failure = reader.failure { throw failure }
        self.source = source
        members = reader.members
        hidden = reader.hidden
        anomalies = reader.anomalies
        uncounted = reader.uncounted
        comment = reader.comment
        directoryOffset = reader.directoryStart
        index = reader.names
    }

    /// Whether the bytes begin as a zip archive does; an empty or a prefixed one does not.
    public static func begins(_ source: any ByteSource) throws(ByteError) -> Bool {
        guard source.size >= 22 else { return false }
        return try source.bytes(at: 0, count: 4) == [0x50, 0x4B, 0x03, 0x04]
    }

    /// The anomalies that are a reason to refuse the archive.
    public var refusals: [ZipAnomaly] { anomalies.filter { !$0.isNote } }

    /// The member of that name: of several the first in the directory.
    public subscript(name: MemberName) -> ZipMember? { index[name].map { members[$0] } }

    /// The member of that name: of several the first in the directory.
    public subscript(name: String) -> ZipMember? { self[MemberName(name)] }

    /// Every member as a reader sees it that goes by the members' own headers: in the order of their places, with the names and
    /// methods given there. Empty unless headers were read.
    public var streamed: [(offset: UInt64, header: ZipLocalHeader)] {
        (members + hidden).compactMap { member in member.local.map { (member.headerOffset, $0) } }
            .sorted { $0.0 < $1.0 }
    }

    /// The packed bytes of a member, which are its bytes when it is stored.
    ///
    /// - Throws: `malformed` when there is no header of its own at its place; `bytes` when the data leave the archive.
    public func packed(_ member: ZipMember) throws(ArchiveError) -> PartialSource {
        do throws(ByteError) {
            if let offset = member.dataOffset { return try source.part(offset, member.packedSize) }
            let reader = ZipReader(source, limits: ZipLimits())
            if let local = try reader.localHeader(at: member.headerOffset, expected: member.name.bytes.count) {
                return try source.part(member.headerOffset + local.length, member.packedSize)
            }
        } catch { throw .bytes(error) }
        throw .malformed(offset: member.headerOffset, reason: "no member header of `\(member.name)`")
    }

    /// The bytes of a stored member, as they lie in the archive; nil when it is compressed or encrypted, or its two sizes differ.
    public func stored(_ member: ZipMember) throws(ArchiveError) -> PartialSource? {
        guard member.method == .stored, !member.isEncrypted, member.packedSize == member.size else { return nil }
        return try packed(member)
    }
}
