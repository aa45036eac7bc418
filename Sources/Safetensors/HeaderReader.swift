// SPDX-License-Identifier: Apache-2.0

/// Turns the JSON of a header into a table, in one pass.
struct HeaderReader: ~Escapable {
    private enum Field: Equatable { case type, shape, offsets, unknown }

    var scanner: HeaderScanner
    var table: TensorTable
    var metadata: [MetadataEntry]?
    var findings: [HeaderFinding] = []
    var findingCount = 0
    private var metadataSeen = false
    private var metadataKeys: [TensorName: Int] = [:]
    /// The data type read last and its two words: nearly every tensor has the type of the one before it.
    private var lastType: (low: UInt64, high: UInt64, type: TensorType)?

    /// `bytes` must be UTF-8.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, base: Int) {
        scanner = HeaderScanner(bytes, base: base)
        table = TensorTable(headerLength: bytes.count)
    }

    @_lifetime(self: copy self)
    mutating func note(_ finding: HeaderFinding) {
        findingCount += 1
        if findings.count < HeaderLimits.findings { findings.append(finding) }
    }

    /// Reads the whole header, to its last byte.
    @_lifetime(self: copy self)
    mutating func read() throws(HeaderError) {
        guard scanner.peek() == UInt8(ascii: "{") else { throw scanner.unexpected("an object") }
        if scanner.position > 0 { note(.leadingWhitespace) }
        scanner.position += 1
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "}"), first: &first) {
            let place = scanner.position
            let key = try scanner.key()
            if isMetadata(key) { try readMetadata(place) } else { try readTensor(key, place) }
        }
        scanner.skipSpaces()
        if scanner.position < scanner.count {
            let place = scanner.position
            scanner.skipWhitespace()
            if scanner.position < scanner.count { throw scanner.problem(.trailingBytes, at: scanner.position) }
            note(.paddingNotSpaces(place: scanner.base + place))
        }
    }

    private func isMetadata(_ key: HeaderScanner.Text) -> Bool {
        key.hasEscapes
            ? scanner.decoded(key).elementsEqual("__metadata__".utf8)
            : key.count == 12 && scanner.word(key.start, 8) == Self.metadataWords.0
                && scanner.word(key.start + 8, 4) == Self.metadataWords.1
    }

    // Literals, the first byte lowest: constants of the type would be looked up behind a lock each time.
    /// `__metada` and `ta__`.
    private static var metadataWords: (UInt64, UInt64) { (0x6164_6174_656D_5F5F, 0x5F5F_6174) }
    /// `dtype` and `shape`.
    private static var shortWords: (type: UInt64, shape: UInt64) { (0x65_7079_7464, 0x65_7061_6873) }
    /// `data_off` and `sets`.
    private static var offsetsWords: (UInt64, UInt64) { (0x6666_6F5F_6174_6164, 0x7374_6573) }
    /// `{"dtype"`, `,"shape"`, `],"data_` and `offsets"`.
    private static var usualWords: (UInt64, UInt64, UInt64, UInt64) {
        (0x2265_7079_7464_227B, 0x2265_7061_6873_222C, 0x5F61_7461_6422_2C5D, 0x2273_7465_7366_666F)
    }

    // MARK: Metadata

    @_lifetime(self: copy self)
    private mutating func readMetadata(_ place: Int) throws(HeaderError) {
        if metadataSeen { throw scanner.problem(.duplicateField("__metadata__"), at: place) }
        metadataSeen = true
        if scanner.peek() == UInt8(ascii: "n") {
            note(.nullMetadata(place: scanner.base + scanner.position))
            return try scanner.skipWord("null")
        }
        try scanner.expect(UInt8(ascii: "{"), "an object of strings")
        var entries: [MetadataEntry] = []
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "}"), first: &first) {
            let place = scanner.base + scanner.position
            let key = scanner.decoded(try scanner.key())
            guard scanner.peek() == UInt8(ascii: "\"") else { throw scanner.unexpected("a string") }
            let value = String(decoding: scanner.decoded(try scanner.string()), as: UTF8.self)
            let entry = MetadataEntry(String(decoding: key, as: UTF8.self), value)
            let name = TensorName(checked: key)
            if let index = metadataKeys[name] {
                note(.duplicateMetadataKey(entry.key, place: place))
                entries[index] = entry
            } else {
                metadataKeys[name] = entries.count
                entries.append(entry)
            }
        }
        metadata = entries
    }

    // MARK: Tensors

    @_lifetime(self: copy self)
    private mutating func readTensor(_ key: HeaderScanner.Text, _ place: Int) throws(HeaderError) {
        let nameStart = table.nameByteCount
        // The closure form would capture the scanner, which cannot escape.
        var names: [UInt8] = []
        if key.hasEscapes {
            names = scanner.decoded(key)
            table.appendName { $0 += names }
        } else {
            let text = scanner.bytes.extracting(key.start..<key.end)
            // SAFETY: the pointer is used only while the span is borrowed.
            unsafe text.withUnsafeBufferPointer { bytes in table.appendName { unsafe $0.append(contentsOf: bytes) } }
        }
        var entry = TensorTable.Entry(
            nameStart: UInt32(truncatingIfNeeded: nameStart),
            nameCount: UInt32(truncatingIfNeeded: table.nameByteCount - nameStart),
            hash: 0, place: UInt32(truncatingIfNeeded: place), shapeStart: 0, rank: 0, begin: 0, end: 0, type: .bool)
        switch scanner.peek() {
        case UInt8(ascii: "{"): try readObject(&entry)
        case UInt8(ascii: "["): try readArray(&entry)
        default: throw scanner.unexpected("a tensor's description")
        }
        if table.insert(entry) {
            note(.duplicateTensor(TensorName(checked: scanner.decoded(key)), place: scanner.base + place))
        }
    }

    @_lifetime(self: copy self)
    private mutating func readObject(_ entry: inout TensorTable.Entry) throws(HeaderError) {
        if try readUsual(&entry) { return }
        let start = scanner.position
        scanner.position += 1
        var seen = (type: false, shape: false, offsets: false)
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "}"), first: &first) {
            let place = scanner.position
            let key = try scanner.key()
            switch field(key) {
            case .type:
                if seen.type { throw scanner.problem(.duplicateField("dtype"), at: place) }
                seen.type = true
                entry.type = try readType()
            case .shape:
                if seen.shape { throw scanner.problem(.duplicateField("shape"), at: place) }
                seen.shape = true
                try readShape(&entry)
            case .offsets:
                if seen.offsets { throw scanner.problem(.duplicateField("data_offsets"), at: place) }
                seen.offsets = true
                try readOffsets(&entry)
            case .unknown:
                note(
                    .unknownField(
                        String(decoding: scanner.decoded(key).prefix(100), as: UTF8.self), place: scanner.base + place))
                try scanner.skipValue(depth: 2)
            }
        }
        guard seen.type else { throw scanner.problem(.missingField("dtype"), at: start) }
        guard seen.shape else { throw scanner.problem(.missingField("shape"), at: start) }
        guard seen.offsets else { throw scanner.problem(.missingField("data_offsets"), at: start) }
    }

    /// An entry as nearly every writer spells it, `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`: compared eight bytes at
    /// a time. False, with nothing consumed, for every other spelling; what it throws the other way would throw too.
    @_lifetime(self: copy self)
    private mutating func readUsual(_ entry: inout TensorTable.Entry) throws(HeaderError) -> Bool {
        let start = scanner.position
        let (type, shape, low, high) = Self.usualWords
        guard scanner.word(start, 8) == type, scanner.word(start + 8, 2) == 0x223A else { return false }
        let dimensions = table.dimensionCount
        scanner.position = start &+ 9
        entry.type = try self.type(try scanner.string())
        var isUsual = scanner.word(scanner.position, 8) == shape && scanner.word(scanner.position + 8, 2) == 0x5B3A
        if isUsual {
            scanner.position &+= 10
            if scanner.position >= scanner.count || scanner.bytes[scanner.position] != UInt8(ascii: "]") {
                repeat {
                    guard scanner.isAtDigit else {
                        isUsual = false
                        break
                    }
                    table.appendDimension(try scanner.unsignedInteger())
                } while scanner.take(UInt8(ascii: ","))
            }
            let place = scanner.position
            if isUsual, scanner.word(place, 8) == low, scanner.word(place + 8, 8) == high,
                scanner.word(place + 16, 2) == 0x5B3A
            {
                scanner.position &+= 18
                if scanner.isAtDigit {
                    entry.begin = try scanner.unsignedInteger()
                    if scanner.take(UInt8(ascii: ",")), scanner.isAtDigit {
                        entry.end = try scanner.unsignedInteger()
                        if scanner.word(scanner.position, 2) == 0x7D5D {
                            scanner.position &+= 2
                            entry.shapeStart = UInt32(truncatingIfNeeded: dimensions)
                            entry.rank = UInt32(truncatingIfNeeded: table.dimensionCount - dimensions)
                            return true
                        }
                    }
                }
            }
        }
        table.removeDimensions(from: dimensions)
        scanner.position = start
        return false
    }

    /// `["F32", [2], [0, 8]]`: an accident of the reference's parser that it accepts.
    @_lifetime(self: copy self)
    private mutating func readArray(_ entry: inout TensorTable.Entry) throws(HeaderError) {
        let start = scanner.position
        note(.entryAsArray(place: scanner.base + start))
        scanner.position += 1
        var first = true
        var count = 0
        while try scanner.hasNext(closing: UInt8(ascii: "]"), first: &first) {
            switch count {
            case 0: entry.type = try readType()
            case 1: try readShape(&entry)
            case 2: try readOffsets(&entry)
            default: throw scanner.problem(.wrongCount(expected: 3), at: start)
            }
            count += 1
        }
        if count != 3 { throw scanner.problem(.wrongCount(expected: 3), at: start) }
    }

    @inline(__always)
    private func field(_ key: HeaderScanner.Text) -> Field {
        if key.hasEscapes {
            let bytes = scanner.decoded(key)
            if bytes.elementsEqual("dtype".utf8) { return .type }
            if bytes.elementsEqual("shape".utf8) { return .shape }
            return bytes.elementsEqual("data_offsets".utf8) ? .offsets : .unknown
        }
        switch key.count {
        case 5:
            let word = scanner.word(key.start, 5)
            return word == Self.shortWords.type ? .type : word == Self.shortWords.shape ? .shape : .unknown
        case 12:
            return scanner.word(key.start, 8) == Self.offsetsWords.0
                && scanner.word(key.start + 8, 4) == Self.offsetsWords.1
                ? .offsets : .unknown
        default: return .unknown
        }
    }

    @_lifetime(self: copy self)
    private mutating func readType() throws(HeaderError) -> TensorType {
        switch scanner.peek() {
        case UInt8(ascii: "\""):
            return try type(try scanner.string())
        case UInt8(ascii: "{"):
            // {"F32": null}: another accident that the reference accepts.
            note(.typeAsObject(place: scanner.base + scanner.position))
            scanner.position += 1
            let result = try type(try scanner.key())
            guard scanner.peek() == UInt8(ascii: "n") else { throw scanner.unexpected("`null`") }
            try scanner.skipWord("null")
            try scanner.expect(UInt8(ascii: "}"), "`}`")
            return result
        default: throw scanner.unexpected("a data type")
        }
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func type(_ text: HeaderScanner.Text) throws(HeaderError) -> TensorType {
        if !text.hasEscapes, text.count <= 16 {
            let low = scanner.word(text.start, min(8, text.count))
            let high = scanner.word(text.start + 8, max(0, text.count - 8))
            if let last = lastType, last.low == low, last.high == high { return last.type }
            if let found = TensorType(rawValue: String(decoding: scanner.decoded(text), as: UTF8.self)) {
                lastType = (low, high, found)
                return found
            }
        }
        let name = String(decoding: scanner.decoded(text).prefix(200), as: UTF8.self)
        guard let found = TensorType(rawValue: name) else { throw scanner.problem(.unknownType(name), at: text.start) }
        return found
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func readShape(_ entry: inout TensorTable.Entry) throws(HeaderError) {
        try scanner.expect(UInt8(ascii: "["), "an array of dimensions")
        let start = table.dimensionCount
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "]"), first: &first) {
            table.appendDimension(try scanner.unsignedInteger())
        }
        entry.shapeStart = UInt32(truncatingIfNeeded: start)
        entry.rank = UInt32(truncatingIfNeeded: table.dimensionCount - start)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func readOffsets(_ entry: inout TensorTable.Entry) throws(HeaderError) {
        let start = scanner.position
        try scanner.expect(UInt8(ascii: "["), "an array of two offsets")
        var values: (UInt64, UInt64) = (0, 0)
        var count = 0
        var first = true
        while try scanner.hasNext(closing: UInt8(ascii: "]"), first: &first) {
            let value = try scanner.unsignedInteger()
            if count == 0 { values.0 = value } else { values.1 = value }
            count += 1
            if count > 2 { break }
        }
        guard count == 2 else { throw scanner.problem(.wrongCount(expected: 2), at: start) }
        (entry.begin, entry.end) = values
    }
}
