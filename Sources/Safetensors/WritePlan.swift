// SPDX-License-Identifier: Apache-2.0

/// The layout of a file that is to be written: a pure computation.
///
/// The same tensors and metadata give the same bytes, in whatever order they come. Without options they are the bytes
/// of the reference's writer: the types with the largest elements first, within a type by the bytes of the name, no
/// gaps, compact JSON, spaces up to a multiple of 8. The reference writes metadata in random order; here it is sorted.
public struct WritePlan: Sendable {
    /// The tensors in the order in which their bytes must be written.
    public let tensors: [TensorInfo]
    /// Everything before the data: the length and the header.
    public let head: [UInt8]
    /// The size of the whole file.
    public let fileSize: UInt64

    /// The number of bytes of data.
    public var dataSize: UInt64 { fileSize - UInt64(head.count) }

    /// Plans a file.
    ///
    /// - Parameters:
    ///   - metadata: nil writes no `__metadata__`, an empty array an empty one.
    ///   - alignment: the data begin at a multiple of this many bytes: a power of two from 8 to 65536.
    ///   - reserving: spaces beyond the padding, room for metadata that are edited later.
    public init(
        _ specs: [TensorSpec], metadata: [MetadataEntry]? = nil, alignment: Int = 8, reserving: Int = 0
    ) throws(WriteError) {
        let tensors = try WritePlan.place(specs)
        let json = try WritePlan.json(tensors, metadata)
        head = try WritePlan.head(json, alignment: alignment, reserving: reserving)
        self.tensors = tensors
        let data = tensors.last?.offsets.upperBound ?? 0
        let (size, overflow) = data.addingReportingOverflow(UInt64(head.count))
        guard !overflow, Int64(exactly: size) != nil else { throw .sizeOverflow(tensors.last?.name ?? "") }
        fileSize = size
    }

    /// The text of a header without padding; the offsets are those of the tensors.
    static func json(_ tensors: some Sequence<TensorInfo>, _ metadata: [MetadataEntry]?) throws(WriteError) -> [UInt8] {
        var json = Array("{".utf8)
        if let metadata { try append(metadata, to: &json) }
        for tensor in tensors {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            append(tensor, to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// The length, the text and the padding: everything before the data, which begin at a multiple of `alignment`.
    static func head(_ json: [UInt8], alignment: Int, reserving: Int) throws(WriteError) -> [UInt8] {
        guard alignment >= 8, alignment <= 65536, alignment & (alignment - 1) == 0 else {
            throw .invalidAlignment(alignment)
        }
        let room = max(0, min(reserving, Int(HeaderLimits.length)))
        let padding = room + (alignment - (8 + json.count + room) % alignment) % alignment
        return try head(json, length: json.count + padding)
    }

    /// The same with a header of exactly `length` bytes, which are not fewer than the text has.
    static func head(_ json: [UInt8], length: Int) throws(WriteError) -> [UInt8] {
        guard length <= HeaderLimits.length else {
            throw .headerTooLarge(length: UInt64(length), limit: HeaderLimits.length)
        }
        var head: [UInt8] = []
        head.reserveCapacity(8 + length)
        head.append(littleEndian: UInt64(length))
        head += json
        head += repeatElement(UInt8(ascii: " "), count: max(0, length - json.count))
        return head
    }

    private static func place(_ specs: [TensorSpec]) throws(WriteError) -> [TensorInfo] {
        let order = Dictionary(uniqueKeysWithValues: TensorType.allCases.map { ($0, $0.order) })
        let sorted = specs.map { (order: order[$0.type] ?? 0, spec: $0) }
            .sorted { $0.order != $1.order ? $0.order > $1.order : $0.spec.name < $1.spec.name }
        var names: Set<TensorName> = []
        var place: UInt64 = 0
        var tensors: [TensorInfo] = []
        tensors.reserveCapacity(specs.count)
        for (_, spec) in sorted {
            guard names.insert(spec.name).inserted else { throw .duplicateName(spec.name) }
            guard !spec.name.bytes.elementsEqual("__metadata__".utf8) else { throw .reservedName }
            switch spec.type.byteCount(of: spec.shape) {
            case .overflow: throw .sizeOverflow(spec.name)
            case .partialByte(let bits): throw .partialByte(spec.name, spec.type, bits: bits)
            case .bytes(let size):
                let (end, overflow) = place.addingReportingOverflow(size)
                if overflow { throw .sizeOverflow(spec.name) }
                tensors.append(TensorInfo(name: spec.name, type: spec.type, shape: spec.shape, offsets: place..<end))
                place = end
            }
        }
        return tensors
    }

    private static func append(_ metadata: [MetadataEntry], to json: inout [UInt8]) throws(WriteError) {
        let sorted = metadata.map { (key: TensorName($0.key), entry: $0) }.sorted { $0.key < $1.key }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.key == right.key {
            throw .duplicateMetadataKey(left.entry.key)
        }
        json += "\"__metadata__\":{".utf8
        for (index, item) in sorted.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            quote(item.key.bytes, to: &json)
            json.append(UInt8(ascii: ":"))
            quote(Array(item.entry.value.utf8), to: &json)
        }
        json.append(UInt8(ascii: "}"))
    }

    private static func append(_ tensor: TensorInfo, to json: inout [UInt8]) {
        quote(tensor.name.bytes, to: &json)
        json += ":{\"dtype\":\"".utf8
        json += tensor.type.rawValue.utf8
        json += "\",\"shape\":[".utf8
        for (index, dimension) in tensor.shape.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json += String(dimension).utf8
        }
        json += "],\"data_offsets\":[\(tensor.offsets.lowerBound),\(tensor.offsets.upperBound)]}".utf8
    }

    /// Only what JSON demands is escaped, in the reference's spelling.
    private static func quote(_ bytes: [UInt8], to json: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        json.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): json += "\\\"".utf8
            case UInt8(ascii: "\\"): json += "\\\\".utf8
            case 0x08: json += "\\b".utf8
            case 0x09: json += "\\t".utf8
            case 0x0A: json += "\\n".utf8
            case 0x0C: json += "\\f".utf8
            case 0x0D: json += "\\r".utf8
            case 0..<0x20: json += "\\u00".utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}
