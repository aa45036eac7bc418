// SPDX-License-Identifier: Apache-2.0

/// How much a reader forgives.
public enum Mode: Sendable, Hashable {
    /// Exactly what the reference implementation (0.8.0) accepts.
    case compatible
    /// Only what the format's text allows; each `HeaderFinding` is an error.
    case strict
}

/// A checked header: every tensor lies inside the file, none overlaps another, nothing is left over.
public struct Header: Sendable {
    /// The number of bytes of JSON, padding included.
    public let length: UInt64
    /// The size of the whole file.
    public let fileSize: UInt64
    /// The metadata in the order of the file, each key once (the last value counts); nil when there is none or it is
    /// `null`.
    public let metadata: [MetadataEntry]?
    /// The tensors in the order of their bytes.
    public let tensors: Tensors
    /// What the format's text forbids and `Mode.compatible` let pass, at most 100; none in `Mode.strict`.
    public let findings: [HeaderFinding]
    /// How many there were, those beyond the first hundred counted.
    public let findingCount: Int

    /// The limit on `length`, inclusive: 100 MB, decimal.
    public static let lengthLimit: UInt64 = HeaderLimits.length

    /// Where the data begin in the file.
    public var dataStart: UInt64 { 8 + length }

    /// The number of bytes of data.
    public var dataSize: UInt64 { fileSize - dataStart }

    /// Reads the length of a header from the first 8 bytes of a file.
    ///
    /// - Throws: `headerTooSmall`, `headerTooLarge`, `headerBeyondFile`; so what it returns can be allocated.
    public static func length(prefix: Span<UInt8>, fileSize: UInt64) throws(HeaderError) -> Int {
        guard prefix.count >= 8, fileSize >= 8 else {
            throw .headerTooSmall(fileSize: min(fileSize, UInt64(prefix.count)))
        }
        let length = Words.load(prefix, 0)
        guard length <= lengthLimit else { throw .headerTooLarge(length: length, limit: lengthLimit) }
        guard length <= fileSize - 8 else { throw .headerBeyondFile(length: length, fileSize: fileSize) }
        return Int(length)
    }

    /// Parses and checks the header of a file of `fileSize` bytes, of which `bytes` are the first ones.
    ///
    /// `bytes` may hold more than the header; what follows it is not looked at. One pass, no recursion deeper than
    /// 127, memory within a small multiple of the header's length.
    /// - Throws: what is wrong, with values and the place, in the order in which the reference finds it.
    public init(parsing bytes: Span<UInt8>, fileSize: UInt64, mode: Mode = .compatible) throws(HeaderError) {
        let length = try Header.length(prefix: bytes, fileSize: fileSize)
        guard bytes.count - 8 >= length else {
            throw .headerBeyondFile(length: UInt64(length), fileSize: UInt64(bytes.count))
        }
        let json = bytes.extracting(8..<(8 + length))
        if let place = UTF8Check.firstInvalid(json, from: 0) { throw .invalidUTF8(place: 8 + place) }
        var reader = HeaderReader(json, base: 8)
        try reader.read()
        reader.table.sort()
        try Header.check(reader.table, dataSize: fileSize - 8 - UInt64(length))
        if length % 8 != 0 { reader.note(.misalignedData(place: 8 + UInt64(length))) }
        Header.alignment(&reader)
        if mode == .strict, let first = reader.findings.first { throw .strict(first) }
        self.length = UInt64(length)
        self.fileSize = fileSize
        metadata = reader.metadata
        tensors = Tensors(table: reader.table)
        findings = reader.findings
        findingCount = reader.findingCount
    }

    /// Reads the header of a file that is elsewhere: `read` is asked for the first 64 KiB at most, and once more for the
    /// rest when the header is longer. No byte of a tensor is asked for beyond those.
    ///
    /// - Throws: what `read` throws, or `HeaderError`; also when `read` returns fewer bytes than it was asked for.
    public init(
        fileSize: UInt64, mode: Mode = .compatible, reading read: (Range<UInt64>) async throws -> [UInt8]
    ) async throws {
        let first = min(fileSize, 64 * 1024)
        var bytes = first == 0 ? [] : try await read(0..<first)
        let needed = 8 + UInt64(try Header.length(prefix: bytes.span, fileSize: fileSize))
        if needed > first, UInt64(bytes.count) == first { bytes += try await read(first..<needed) }
        try self.init(parsing: bytes.span, fileSize: fileSize, mode: mode)
    }

    /// The tensor of this name; nil when there is none.
    public subscript(name: TensorName) -> TensorInfo? {
        tensors.table.index(of: name).map { tensors[$0] }
    }

    /// The metadata value of this key.
    public func metadata(_ key: String) -> String? {
        metadata?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// Offsets against one another, against types and shapes, and against the file.
    private static func check(_ table: TensorTable, dataSize: UInt64) throws(HeaderError) {
        var expected: UInt64 = 0
        for index in table.entries.indices {
            let entry = table.entries[index]
            guard entry.begin == expected, entry.end >= entry.begin else {
                throw .invalidOffset(table.name(index), begin: entry.begin, end: entry.end, expectedBegin: expected)
            }
            expected = entry.end
            let shape = table.shape(index)
            switch entry.type.byteCount(of: shape) {
            case .overflow: throw .sizeOverflow(table.name(index), entry.type, shape: Array(shape))
            case .partialByte(let bits): throw .partialByte(table.name(index), entry.type, bits: bits)
            case .bytes(let size) where size == entry.end - entry.begin: break
            case .bytes(let size):
                throw .sizeMismatch(
                    table.name(index), entry.type, shape: Array(shape), expected: size, found: entry.end - entry.begin)
            }
        }
        guard expected == dataSize else { throw .incompleteData(expected: expected, found: dataSize) }
    }

    @_lifetime(reader: copy reader)
    private static func alignment(_ reader: inout HeaderReader) {
        for index in 0..<reader.table.count {
            let entry = reader.table.entries[index]
            let alignment = entry.type.alignment
            if entry.begin & UInt64(alignment - 1) != 0 {
                reader.note(.misalignedTensor(reader.table.name(index), offset: entry.begin, alignment: alignment))
            }
        }
    }
}

extension Header {
    /// The tensors of a header in the order of their bytes; each `TensorInfo` is made when it is asked for.
    public struct Tensors: Sendable, RandomAccessCollection {
        let table: TensorTable

        /// Zero.
        public var startIndex: Int { 0 }
        /// The number of tensors.
        public var endIndex: Int { table.count }

        /// What the header says about the tensor at `index`.
        public subscript(index: Int) -> TensorInfo {
            let entry = table.entries[index]
            return TensorInfo(
                name: table.name(index), type: entry.type, shape: Array(table.shape(index)),
                offsets: entry.begin..<entry.end)
        }
    }
}
