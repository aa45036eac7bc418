// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats

/// Everything of a GGUF file but the numbers: metadata, and where each tensor's bytes lie.
///
/// Every range it gives lies inside the file, every product was checked for overflow, and every loop had a limit.
public struct GGUFHeader: Sendable {
    /// The version of the format: 1, 2 or 3.
    public let version: UInt32
    /// The order of the bytes of every number.
    public let byteOrder: GGUFByteOrder
    /// What tensors are aligned to, in bytes: a power of two; 32 when the file does not say.
    public let alignment: UInt64
    /// The metadata in the order of the file; a key that is there twice is in it twice.
    public let metadata: [GGUFEntry]
    /// The tensors in the order of the table.
    public let tensors: [GGUFTensor]
    /// Where the table of tensors ends.
    public let headerSize: UInt64
    /// Where the tensors' bytes begin: `headerSize`, rounded up to the alignment. Beyond the file when it has no tensors.
    public let dataOffset: UInt64
    /// The size of the file.
    public let fileSize: UInt64
    /// What is wrong without making the file unreadable, in the order of the file.
    public let findings: [GGUFFinding]

    /// Reads a header. Only the bytes up to the end of the table of tensors are read.
    ///
    /// Over a `SparseSource` it throws `bytes(.absent)` with what is missing: fetch that and more, and call it again. It
    /// keeps nothing between the calls.
    ///
    /// - Throws: `GGUFError`: a limit, a cut file, a tensor outside of it.
    public init(parsing source: any ByteSource, limits: GGUFLimits = GGUFLimits()) throws(GGUFError) {
        var reader = GGUFReader(source, at: 0, limits: limits)
        let (tensorCount, metadataCount) = try reader.counts()
        let metadata = try reader.metadata(metadataCount)
        let alignment = try GGUFHeader.alignment(metadata)
        let entries = try reader.tensors(tensorCount)
        (version, byteOrder, fileSize) = (reader.version, reader.byteOrder, source.size)
        self.metadata = metadata
        self.alignment = alignment
        headerSize = reader.position
        // No overflow: the header's size is limited to far less, and the alignment to 32 bits.
        dataOffset = (headerSize + alignment - 1) / alignment * alignment
        var layout = GGUFLayout(
            dataOffset: dataOffset, headerSize: headerSize, alignment: alignment, fileSize: source.size,
            byteOrder: reader.byteOrder)
        tensors = try layout.place(entries)
        findings = reader.findings + layout.findings
    }

    private static func alignment(_ metadata: [GGUFEntry]) throws(GGUFError) -> UInt64 {
        guard let entry = metadata.first(where: { $0.key.utf8.elementsEqual("general.alignment".utf8) }) else {
            return 32
        }
        guard case .uint32(let number) = entry.value, number.nonzeroBitCount == 1 else {
            let found: String
            switch entry.value {
            case .string(let text): found = "the text `\(text)`"
            case .array: found = "an array"
            case .bytes: found = "bytes"
            default: found = "\(entry.value)"
            }
            throw .alignment(found: found, offset: entry.offset)
        }
        return UInt64(number)
    }

    /// The value of a metadata key; the first when there are several.
    public subscript(_ key: String) -> GGUFValue? {
        metadata.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The tensor of that name; the first when there are several.
    public func tensor(_ name: String) -> GGUFTensor? {
        tensors.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The chat templates of the file: `tokenizer.chat_template` as `default`, and each `tokenizer.chat_template.<name>`.
    public var chatTemplates: [(name: String, text: String)] {
        metadata.compactMap { entry in
            guard let text = entry.value.string else { return nil }
            let key = entry.key.utf8
            let stem = "tokenizer.chat_template".utf8
            guard key.starts(with: stem) else { return nil }
            let rest = key.dropFirst(stem.count)
            if rest.isEmpty { return ("default", text) }
            guard rest.first == UInt8(ascii: "."), rest.count > 1 else { return nil }
            return (String(decoding: rest.dropFirst(), as: UTF8.self), text)
        }
    }
}
