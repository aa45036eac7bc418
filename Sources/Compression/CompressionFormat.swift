// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// A kind of compressed stream that can be unpacked.
package enum CompressionFormat: String, Sendable, Hashable, CaseIterable {
    /// Deflate without a header, as in zip (RFC 1951).
    case deflate
    /// Deflate with a zlib header and an Adler-32 (RFC 1950).
    case zlib
    /// Deflate in gzip members with CRC-32 (RFC 1952).
    case gzip
    /// bzip2, all block sizes, several streams in a row.
    case bzip2
    /// xz with LZMA2; CRC-32 and CRC-64 are checked, other checks are not known here.
    case xz
    /// LZMA with its 13-byte header.
    case lzma
    /// Zstandard frames (RFC 8878), without dictionaries; content checksums are checked.
    case zstd

    /// The format of a file that was recognised by its first bytes; nil when it is no stream.
    package init?(_ container: ContainerFormat) {
        switch container {
        case .gzip: self = .gzip
        case .zlib: self = .zlib
        case .bzip2: self = .bzip2
        case .xz: self = .xz
        case .lzma: self = .lzma
        case .zstd: self = .zstd
        default: return nil
        }
    }
}
