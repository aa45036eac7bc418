// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats
public import ContentModel

/// An array of metadata: what it is, where it lies and its digest, without its elements when they are many.
public struct GGUFArray: Sendable, Hashable {
    /// The type of the elements.
    public let elementType: GGUFValueType
    /// How many there are.
    public let count: UInt64
    /// Where the first element lies in the file.
    public let offset: UInt64
    /// The bytes of all elements in the file.
    public let byteCount: UInt64
    /// SHA-256 of the array as a little-endian file of version 3 holds it: element type, count, elements. The same for
    /// the same array in a file of another version or byte order.
    public let digest: Digest
    /// The elements, when there are at most `GGUFLimits.keptElements`; else nil, and `elements(in:limit:)` reads them.
    public let kept: [GGUFValue]?
    let byteOrder: GGUFByteOrder
    let version: UInt32

    /// Reads the elements from the source that the header was read from.
    ///
    /// - Parameter limit: the most elements to return; fewer when the array is shorter.
    /// - Throws: `GGUFError.bytes` when the source changed or a range is not there, or `overLimit`.
    public func elements(
        in source: any ByteSource, limit: Int = .max, limits: GGUFLimits = GGUFLimits()
    )
        throws(GGUFError) -> [GGUFValue]
    {
        if let kept { return Array(kept.prefix(max(0, limit))) }
        var reader = GGUFReader(source, at: offset, limits: limits)
        (reader.byteOrder, reader.version) = (byteOrder, version)
        return try reader.elements(elementType, count: min(count, UInt64(clamping: limit)))
    }

    /// Compares what the array holds, not where it lies: element type, count and digest.
    public static func == (left: GGUFArray, right: GGUFArray) -> Bool {
        left.elementType == right.elementType && left.count == right.count && left.digest == right.digest
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(digest)
    }
}
