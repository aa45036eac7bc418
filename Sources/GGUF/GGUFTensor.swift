// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats
public import ContentModel

/// A tensor of the table: what it is and which bytes of the file it has.
public struct GGUFTensor: Sendable, Hashable {
    /// The name. Bytes that are not UTF-8 are replaced by U+FFFD, and there is a finding.
    public let name: String
    /// The number of the type in the file.
    public let typeCode: UInt32
    /// The dimensions as other formats write them, outermost first: the reverse of the order in the file.
    public let shape: [UInt64]
    /// Where its bytes begin in the file.
    public let dataOffset: UInt64
    /// How many bytes it has; nil when the type is not known.
    public let byteCount: UInt64?
    /// Where the table describes it.
    public let offset: UInt64
    /// The order of the bytes of each number.
    public let byteOrder: GGUFByteOrder

    /// The type, when it is known.
    public var type: GGMLType? { GGMLType(rawValue: typeCode) }

    /// Its bytes, as they are in the file that the header was read from.
    ///
    /// - Throws: `noDigest` when its size is not known; `bytes` when the source is shorter than it was.
    public func data(in source: any ByteSource) throws(GGUFError) -> PartialSource {
        guard let byteCount else { throw .noDigest(tensor: name, typeCode: typeCode) }
        do throws(ByteError) { return try source.part(dataOffset, byteCount) } catch { throw .bytes(error) }
    }

    /// The bytes that the digest of this tensor begins with: `docs/formats/tensor-digest.md`, a multiple of 64. Nil when
    /// there is no digest: the type is not known, or the blocks are of a big-endian file.
    ///
    /// Whoever hashes the tensor of a big-endian file must turn the numbers round first, as `digest(in:)` does.
    public var digestPrefix: [UInt8]? {
        guard let type, let byteCount, byteOrder == .little || !type.isQuantized else { return nil }
        func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
            for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
            }
        }
        var prefix = Array("weighlock/tensor".utf8)
        append(UInt32(1), to: &prefix)
        append(UInt32(truncatingIfNeeded: shape.count), to: &prefix)
        prefix += type.digestName.utf8
        prefix += repeatElement(0, count: max(0, 40 - prefix.count))
        append(byteCount, to: &prefix)
        for dimension in shape { append(dimension, to: &prefix) }
        prefix += repeatElement(0, count: (64 - prefix.count % 64) % 64)
        return prefix
    }

    /// Computes the digest of the tensor, reading its bytes once in pieces of 1 MiB.
    ///
    /// A tensor of `F32`, `F16`, `BF16`, `F64` or whole numbers has the digest that the same tensor has in a safetensors
    /// file, whatever the byte order.
    ///
    /// - Throws: `noDigest`, or `bytes`.
    public func digest(in source: any ByteSource) throws(GGUFError) -> Digest {
        guard let prefix = digestPrefix, let type else { throw .noDigest(tensor: name, typeCode: typeCode) }
        let data = try data(in: source)
        var hasher = SHA256()
        // SAFETY: bytes without padding, borrowed for the call.
        unsafe hasher.update(prefix.span.bytes)
        let width = byteOrder == .big ? Int(clamping: type.blockBytes) : 1
        var place: UInt64 = 0
        while place < data.size {
            // A whole number of elements: the size is one, and 1 MiB is.
            let count = Int(min(1 << 20, data.size - place))
            var piece: [UInt8]
            do throws(ByteError) { piece = try data.bytes(at: place, count: count) } catch { throw .bytes(error) }
            if width > 1 { GGUFReader.swap(&piece, width: width) }
            // SAFETY: bytes without padding, borrowed for the call.
            unsafe hasher.update(piece.span.bytes)
            place += UInt64(count)
        }
        return hasher.finalize()
    }
}
