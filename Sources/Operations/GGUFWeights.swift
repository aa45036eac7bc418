// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import GGUF

/// What counts of a GGUF file: its tensors, and the metadata that change outputs.
enum GGUFWeights {
    /// Whether the bytes begin as GGUF.
    static func begins(_ source: any ByteSource) throws(ByteError) -> Bool {
        guard source.size >= 4 else { return false }
        return try source.bytes(at: 0, count: 4).elementsEqual("GGUF".utf8)
    }

    /// How the file is laid out, for people.
    static func layout(_ header: GGUFHeader) -> String {
        "GGUF \(header.version)" + (header.byteOrder == .big ? ", big-endian" : "")
    }

    /// Keys that are about packaging: splitting a file, or padding it otherwise, moves no output.
    private static let packaging = ["general.alignment", "split.no", "split.count", "split.tensors.count"]

    /// The digest of the metadata as `docs/formats/tensor-digest.md` defines it; nil when there are none that count.
    static func metadataDigest(_ header: GGUFHeader) -> Digest? {
        let entries = header.metadata.filter { entry in
            !packaging.contains { $0.utf8.elementsEqual(entry.key.utf8) }
        }
        guard !entries.isEmpty else { return nil }
        var hasher = SHA256()
        hasher.update("weighlock/gguf-metadata\n")
        // Entries of one name stay in the order of the file: the first counts.
        let sorted = entries.enumerated().sorted { left, right in
            let (one, other) = (left.element.key.utf8, right.element.key.utf8)
            return one.elementsEqual(other) ? left.offset < right.offset : one.lexicographicallyPrecedes(other)
        }
        for (_, entry) in sorted {
            var bytes: [UInt8] = []
            append(Array(entry.key.utf8), to: &bytes)
            append(entry.value, to: &bytes)
            hasher.update(bytes.span.bytes)
        }
        return hasher.finalize()
    }

    private static func append(_ value: GGUFValue, to bytes: inout [UInt8]) {
        func number<Number: FixedWidthInteger>(_ type: GGUFValueType, _ number: Number) {
            append(type.rawValue, to: &bytes)
            append(number, to: &bytes)
        }
        switch value {
        case .uint8(let value): number(.uint8, value)
        case .int8(let value): number(.int8, value)
        case .uint16(let value): number(.uint16, value)
        case .int16(let value): number(.int16, value)
        case .uint32(let value): number(.uint32, value)
        case .int32(let value): number(.int32, value)
        case .uint64(let value): number(.uint64, value)
        case .int64(let value): number(.int64, value)
        case .float32(let value): number(.float32, value.bitPattern)
        case .float64(let value): number(.float64, value.bitPattern)
        case .bool(let value): number(.bool, value ? 1 as UInt8 : 0)
        case .string(let text):
            append(GGUFValueType.string.rawValue, to: &bytes)
            append(Array(text.utf8), to: &bytes)
        case .bytes(let data):
            append(GGUFValueType.string.rawValue, to: &bytes)
            append(data, to: &bytes)
        case .array(let array):
            append(GGUFValueType.array.rawValue, to: &bytes)
            bytes += array.digest.bytes
        }
    }

    private static func append(_ data: [UInt8], to bytes: inout [UInt8]) {
        append(UInt64(data.count), to: &bytes)
        bytes += data
    }

    private static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }
}
