// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Unpacks one compressed source, front to back, in memory bounded by the format's reach (32 KiB for deflate; at most
/// `ExpansionLimits.dictionary`).
package struct Expander: Sendable {
    /// Whether everything has come out and the stream's checksums were right.
    package private(set) var isAtEnd = false
    private var decoder: any StreamDecoder
    private var window: OutputWindow
    private let packedSize: UInt64

    /// Begins at the first byte of `source`.
    package init(_ format: CompressionFormat, _ source: any ByteSource, limits: ExpansionLimits = ExpansionLimits()) {
        window = OutputWindow(limit: limits.output)
        packedSize = source.size
        decoder =
            switch format {
            case .deflate: Inflate(source, wrapper: .none)
            case .zlib: Inflate(source, wrapper: .zlib)
            case .gzip: Inflate(source, wrapper: .gzip)
            case .bzip2: Bunzip(source)
            case .xz: XZDecoder(source, dictionaryLimit: limits.dictionary)
            case .lzma: LZMAStream(source, dictionaryLimit: limits.dictionary)
            case .zstd: Zstandard(source, windowLimit: limits.dictionary)
            }
    }

    /// How many bytes have come out.
    package var total: UInt64 { window.total }

    /// How many bytes of the source follow the stream's end; only at the end. Zeros that pad are counted.
    package var trailing: UInt64 { isAtEnd ? packedSize - min(packedSize, decoder.consumed) : 0 }

    /// The next bytes, about 64 KiB; nil at the end.
    package mutating func next() throws(ExpansionError) -> ArraySlice<UInt8>? {
        window.trim()
        let before = window.total
        while !isAtEnd, window.total == before {
            isAtEnd = try !decoder.decode(into: &window, until: before + 65_536)
            try window.checkLimit()
        }
        return window.total == before ? nil : window.slice(from: before)
    }

    /// Unpacks all of `source` and keeps it in memory when it is short.
    ///
    /// - Parameters:
    ///   - size: how many bytes must come out; nil when that is not known.
    ///   - checksum: the CRC-32 they must have.
    /// - Returns: the bytes, and how many bytes of the source follow the stream.
    /// - Throws: `mismatch` when size or checksum are others. All is unpacked before the first byte is given.
    package static func expand(
        _ format: CompressionFormat, _ source: any ByteSource, size: UInt64? = nil, checksum: UInt32? = nil,
        limits: ExpansionLimits = ExpansionLimits()
    ) throws(ExpansionError) -> (contents: any ByteSource, trailing: UInt64) {
        var bounded = limits
        // One byte more than declared is as wrong as a million: no need to unpack them.
        if let size, size < limits.output { bounded.output = size }
        var expander = Expander(format, source, limits: bounded)
        var kept: [UInt8] = []
        var keeps = true
        var crc = CRC32()
        while let chunk = try expander.next() {
            if checksum != nil { crc.update(Array(chunk)) }
            if keeps, chunk.count <= limits.inMemory - kept.count {
                kept.append(contentsOf: chunk)
            } else {
                (keeps, kept) = (false, [])
            }
        }
        if let size, expander.total != size {
            throw .mismatch("\(expander.total) bytes unpacked, \(size) declared")
        }
        if let checksum, crc.value != checksum {
            throw .mismatch("checksum \(String(crc.value, radix: 16)), \(String(checksum, radix: 16)) declared")
        }
        if keeps { return (MemorySource(kept), expander.trailing) }
        return (ExpandedSource(format, source, size: expander.total, limits: limits), expander.trailing)
    }
}
