// SPDX-License-Identifier: Apache-2.0

/// What is in a tar archive: the formats v7, ustar, GNU (long names, binary numbers) and pax.
///
/// A header is read per entry and no entry's data. What cannot be trusted is an anomaly; files with holes are named and refused.
public struct TarDirectory: Sendable {
    /// The archive.
    public let source: any ByteSource
    /// The entries in order.
    public let members: [TarMember]
    /// What is wrong, in order; at most `Limits.anomalies`.
    public let anomalies: [TarAnomaly]
    /// How many more anomalies there were.
    public let uncounted: Int

    /// How much of an archive is read.
    public struct Limits: Sendable, Hashable {
        /// How many entries there may be.
        public var members = 262_144
        /// How many bytes an extended header or a long name may take.
        public var extendedHeader = 1 << 20
        /// How many extended headers may precede one entry.
        public var extendedHeaders = 8
        /// How many anomalies are kept; more are counted.
        public var anomalies = 1000
        /// How many bytes after the end are looked at.
        public var trailing: UInt64 = 16 << 20

        /// The limits that suit model files.
        public init() {}
    }

    /// Reads the entries.
    ///
    /// - Throws: `notAnArchive` when the first block is no header, `overLimit`, `bytes`.
    public init(_ source: any ByteSource, limits: Limits = Limits()) throws(ArchiveError) {
        var reader = TarReader(source, limits: limits)
        do throws(ByteError) {
            try reader.readAll()
        } catch { throw .bytes(error) }
        if let failure = reader.failure { throw failure }
        self.source = source
        (members, anomalies, uncounted) = (reader.members, reader.anomalies, reader.uncounted)
    }

    /// Whether the bytes begin with a tar header whose checksum is right.
    public static func begins(_ source: any ByteSource) throws(ByteError) -> Bool {
        guard source.size >= 512 else { return false }
        return TarHeader(try source.bytes(at: 0, count: 512)) != nil
    }

    /// The anomalies that are a reason to refuse the archive.
    public var refusals: [TarAnomaly] { anomalies.filter { !$0.isNote } }

    /// The file of that name: of several the last, as readers keep it. A leading `./` is not looked at.
    public subscript(name: String) -> TarMember? {
        members.last { member in
            guard member.kind == .file else { return false }
            var bytes = member.name.bytes[...]
            while bytes.starts(with: "./".utf8) { bytes = bytes.dropFirst(2) }
            return bytes.elementsEqual(name.utf8)
        }
    }

    /// The bytes of a file.
    ///
    /// - Throws: `bytes` when they leave the archive.
    public func contents(_ member: TarMember) throws(ArchiveError) -> PartialSource {
        do throws(ByteError) {
            return try source.part(member.dataOffset, member.size)
        } catch { throw .bytes(error) }
    }
}
