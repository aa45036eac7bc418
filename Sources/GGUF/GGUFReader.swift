// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel

/// Reads the parts of a header in their order.
struct GGUFReader: ~Copyable {
    private var cursor: ByteCursor
    private let limits: GGUFLimits
    var version: UInt32 = 3
    var byteOrder = GGUFByteOrder.little
    private(set) var findings: [GGUFFinding] = []
    private var key = ""
    private var elementsLeft: UInt64
    private var keptBytesLeft: Int
    /// One for each array that is being read, outermost first.
    private var hashers: [SHA256] = []
    /// Findings are as hostile as what they are about.
    private static let findingLimit = 1000

    init(_ source: any ByteSource, at offset: UInt64, limits: GGUFLimits) {
        cursor = ByteCursor(source, at: offset)
        self.limits = limits
        elementsLeft = limits.arrayElements
        keptBytesLeft = limits.keptBytes
    }

    var position: UInt64 { cursor.position }

    // MARK: Parts

    /// Reads magic, version and the two counts.
    mutating func counts() throws(GGUFError) -> (tensors: UInt64, metadata: UInt64) {
        let magic = try raw(4, limit: 4)
        guard magic == Array("GGUF".utf8) else { throw .notGGUF(found: magic) }
        version = try number()
        if version != 0, version & 0xFFFF == 0 {
            byteOrder = .big
            version = version.byteSwapped
        }
        guard (1...3).contains(version), byteOrder == .little || version == 3 else { throw .version(version) }
        if version == 1 { note(.oldVersion) }
        let place = position
        let tensors = try length()
        let metadata = try length()
        try check(.tensorCount, tensors, limits.tensorCount, at: place)
        try check(.metadataCount, metadata, limits.metadataCount, at: place)
        return (tensors, metadata)
    }

    mutating func metadata(_ count: UInt64) throws(GGUFError) -> [GGUFEntry] {
        var entries: [GGUFEntry] = []
        var seen: Set<[UInt8]> = []
        for _ in 0..<count {
            let offset = position
            let name = try string(.nameLength, limit: limits.nameLength)
            try keep(name.count, at: offset)
            key = String(decoding: name, as: UTF8.self)
            if String(validating: name, as: UTF8.self) == nil { note(.notUTF8(key: key, offset: offset)) }
            if !seen.insert(name).inserted { note(.duplicateKey(key, offset: offset)) }
            let type = try valueType()
            entries.append(GGUFEntry(key: key, value: try value(type, depth: 0), offset: offset))
            try check(.headerSize, position, limits.headerSize, at: offset)
        }
        return entries
    }

    mutating func tensors(_ count: UInt64) throws(GGUFError) -> [GGUFLayout.Entry] {
        var entries: [GGUFLayout.Entry] = []
        var seen: Set<[UInt8]> = []
        for _ in 0..<count {
            let offset = position
            let bytes = try string(.nameLength, limit: limits.nameLength)
            try keep(bytes.count, at: offset)
            let name = String(decoding: bytes, as: UTF8.self)
            if String(validating: bytes, as: UTF8.self) == nil { note(.notUTF8(key: name, offset: offset)) }
            if !seen.insert(bytes).inserted { note(.duplicateTensor(name, offset: offset)) }
            if bytes.count >= 64 { note(.longName(tensor: name, offset: offset)) }
            let rankPlace = position
            let rank: UInt32 = try number()
            guard rank <= 4 else { throw .rank(rank, offset: rankPlace) }
            var dimensions: [UInt64] = []
            for _ in 0..<rank { dimensions.append(try length()) }
            let type: UInt32 = try number()
            let begin: UInt64 = try number()
            entries.append(
                GGUFLayout.Entry(name: name, dimensions: dimensions, typeCode: type, begin: begin, offset: offset))
            try check(.headerSize, position, limits.headerSize, at: offset)
        }
        return entries
    }

    /// Reads the elements of an array whose first lies at the position.
    mutating func elements(_ type: GGUFValueType, count: UInt64) throws(GGUFError) -> [GGUFValue] {
        var values: [GGUFValue] = []
        for _ in 0..<count { values.append(try value(type, depth: 1)) }
        return values
    }

    // MARK: Values

    private mutating func value(_ type: GGUFValueType, depth: Int) throws(GGUFError) -> GGUFValue {
        switch type {
        case .uint8: return .uint8(try number())
        case .int8: return .int8(try number())
        case .uint16: return .uint16(try number())
        case .int16: return .int16(try number())
        case .uint32: return .uint32(try number())
        case .int32: return .int32(try number())
        case .uint64: return .uint64(try number())
        case .int64: return .int64(try number())
        case .float32: return .float32(Float(bitPattern: try number()))
        case .float64: return .float64(Double(bitPattern: try number()))
        case .bool:
            let offset = position
            let byte: UInt8 = try number()
            if byte > 1 { note(.boolean(byte, key: key, offset: offset)) }
            return .bool(byte != 0)
        case .string:
            let offset = position
            let bytes = try string(.stringLength, limit: limits.stringLength)
            try keep(bytes.count, at: offset)
            return text(bytes, at: offset)
        case .array: return .array(try array(depth: depth))
        }
    }

    private mutating func text(_ bytes: [UInt8], at offset: UInt64) -> GGUFValue {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        note(.notUTF8(key: key, offset: offset))
        return .bytes(bytes)
    }

    /// Reads an array, hashing what passes by. Values are kept only when there are few.
    private mutating func array(depth: Int) throws(GGUFError) -> GGUFArray {
        let place = position
        guard depth < limits.arrayDepth else {
            throw .overLimit(
                .arrayDepth, offset: place, value: UInt64(depth) + 1, limit: UInt64(clamping: limits.arrayDepth))
        }
        if depth > 0 { note(.nestedArray(key: key, offset: place)) }
        hashers.append(SHA256())
        let type = try valueType()
        let count = try length()
        guard count <= elementsLeft else {
            throw .overLimit(.arrayElements, offset: place, value: count, limit: elementsLeft)
        }
        elementsLeft -= count
        let offset = position
        // What is declared must be there before anything is done for it.
        let smallest = UInt64(type.byteCount ?? (type == .string ? lengthWidth : 4 + lengthWidth))
        try need(count.multipliedReportingOverflow(by: smallest))
        var kept: [GGUFValue]?
        if count <= limits.keptElements {
            kept = []
            for _ in 0..<count { kept?.append(try value(type, depth: depth + 1)) }
        } else if let width = type.byteCount {
            try pass(count * UInt64(width), width: width, isBool: type == .bool)
        } else if type == .string {
            var isClean = true
            for _ in 0..<count {
                let at = position
                let bytes = try string(.stringLength, limit: limits.stringLength)
                if isClean, String(validating: bytes, as: UTF8.self) == nil {
                    note(.notUTF8(key: key, offset: at))
                    isClean = false
                }
            }
        } else {
            for _ in 0..<count { _ = try array(depth: depth + 1) }
        }
        let digest = hashers.removeLast().finalize()
        return GGUFArray(
            elementType: type, count: count, offset: offset, byteCount: position - offset, digest: digest, kept: kept,
            byteOrder: byteOrder, version: version)
    }

    /// Moves over numbers, hashing them in the little-endian order.
    private mutating func pass(_ count: UInt64, width: Int, isBool: Bool) throws(GGUFError) {
        var left = count
        var isClean = true
        while left > 0 {
            let offset = position
            let take = min(left, 32_768)
            var bytes = try raw(take, limit: 32_768)
            if isBool, isClean, let place = bytes.firstIndex(where: { $0 > 1 }) {
                note(.boolean(bytes[place], key: key, offset: offset + UInt64(place)))
                isClean = false
            }
            if byteOrder == .big { GGUFReader.swap(&bytes, width: width) }
            feed(bytes)
            left -= take
        }
    }

    // MARK: Bytes

    /// Turns the bytes of each number of `width` bytes round; what is left over stays.
    static func swap(_ bytes: inout [UInt8], width: Int) {
        guard width > 1 else { return }
        var place = 0
        while bytes.count - place >= width {
            bytes[place..<place + width].reverse()
            place += width
        }
    }

    private var lengthWidth: Int { version == 1 ? 4 : 8 }

    /// Reads a length, a count or a dimension: 32 bits in version 1, 64 bits since. Hashed as 64 bits.
    private mutating func length() throws(GGUFError) -> UInt64 {
        guard version == 1 else { return try number() }
        let short: UInt32
        do throws(ByteError) { short = try cursor.littleEndian() } catch { throw .bytes(error) }
        feed(UInt64(short))
        return UInt64(short)
    }

    private mutating func number<Number: FixedWidthInteger>() throws(GGUFError) -> Number {
        do throws(ByteError) {
            let number: Number = try byteOrder == .little ? cursor.littleEndian() : cursor.bigEndian()
            feed(number)
            return number
        } catch { throw .bytes(error) }
    }

    private mutating func valueType() throws(GGUFError) -> GGUFValueType {
        let offset = position
        let code: UInt32 = try number()
        guard let type = GGUFValueType(rawValue: code) else { throw .valueType(code, offset: offset) }
        return type
    }

    private mutating func string(_ part: GGUFPart, limit: Int) throws(GGUFError) -> [UInt8] {
        let offset = position
        let count = try length()
        try check(part, count, UInt64(clamping: limit), at: offset)
        let bytes = try raw(count, limit: limit)
        feed(bytes)
        return bytes
    }

    private mutating func raw(_ count: UInt64, limit: Int) throws(GGUFError) -> [UInt8] {
        do throws(ByteError) { return try cursor.bytes(count, limit: limit) } catch { throw .bytes(error) }
    }

    private func need(_ product: (partialValue: UInt64, overflow: Bool)) throws(GGUFError) {
        do throws(ByteError) { try cursor.need(product.overflow ? .max : product.partialValue) } catch {
            throw .bytes(error)
        }
    }

    private mutating func feed(_ number: some FixedWidthInteger) {
        guard !hashers.isEmpty else { return }
        var bytes: [UInt8] = []
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
        feed(bytes)
    }

    private mutating func feed(_ bytes: [UInt8]) {
        for index in hashers.indices {
            // SAFETY: bytes without padding, borrowed for the call.
            unsafe hashers[index].update(bytes.span.bytes)
        }
    }

    private mutating func keep(_ count: Int, at offset: UInt64) throws(GGUFError) {
        guard count <= keptBytesLeft else {
            throw .overLimit(
                .keptBytes, offset: offset, value: UInt64(count), limit: UInt64(clamping: max(0, keptBytesLeft)))
        }
        keptBytesLeft -= count
    }

    private func check(_ part: GGUFPart, _ value: UInt64, _ limit: UInt64, at offset: UInt64) throws(GGUFError) {
        guard value <= limit else { throw .overLimit(part, offset: offset, value: value, limit: limit) }
    }

    private mutating func note(_ finding: GGUFFinding) {
        if findings.count < GGUFReader.findingLimit { findings.append(finding) }
    }
}
