// SPDX-License-Identifier: Apache-2.0

/// How much of a zip archive is read, and from where on it is called a bomb.
public struct ZipLimits: Sendable, Hashable {
    /// How many members the directory may list.
    public var members: UInt64 = 262_144
    /// How many bytes the directory may take.
    public var directorySize: UInt64 = 256 << 20
    /// How many times its packed size a member may unpack to; counted only for members of at least `ratioFloor` bytes.
    public var ratio: UInt64 = 200
    /// Below so many unpacked bytes any ratio passes: small files of zeros are common and harmless.
    public var ratioFloor: UInt64 = 64 << 20
    /// How many bytes all compressed members may unpack to together. Stored members are bounded by the archive itself.
    public var totalSize: UInt64 = 64 << 30
    /// How many anomalies are kept; more are counted.
    public var anomalies: Int = 1000
    /// How many bytes of gaps between members are searched for hidden members.
    public var searchedGaps: UInt64 = 16 << 20

    /// The limits that suit model files.
    public init() {}
}
