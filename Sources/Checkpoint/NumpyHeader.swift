// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// The header of a `.npy` file, versions 1 to 3: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct NumpyHeader {
    let description: String
    let isFortran: Bool
    let shape: [UInt64]
    let dataOffset: UInt64

    /// The longest header that is read; numpy itself writes a few hundred bytes and refuses to read more than 10,000.
    static let limit = 65_536

    static func read(_ source: any ByteSource) throws(CheckpointError) -> NumpyHeader {
        do throws(any Error) {
            var cursor = ByteCursor(source, windowSize: 1024)
            let magic = try cursor.bytes(6, limit: 6)
            guard magic == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59] else {
                throw CheckpointError.notACheckpoint("no numpy array")
            }
            let version = try cursor.byte()
            _ = try cursor.byte()
            guard (1...3).contains(version) else {
                throw CheckpointError.malformed("a numpy array of version \(version)", offset: 6)
            }
            let length =
                version == 1
                ? UInt64(try cursor.littleEndian(UInt16.self)) : UInt64(try cursor.littleEndian(UInt32.self))
            let text = try cursor.bytes(length, limit: limit)
            var literal = PythonLiteral(text)
            guard let value = literal.value(depth: 0), literal.isAtEnd, case .dictionary(let pairs) = value,
                pairs.count == 3,
                case .text(let description)? = pairs["descr"], case .truth(let isFortran)? = pairs["fortran_order"],
                case .tuple(let items)? = pairs["shape"]
            else {
                if String(decoding: text.prefix(200), as: UTF8.self).contains("'descr': [") {
                    throw CheckpointError.notACheckpoint("a numpy array of records")
                }
                throw CheckpointError.malformed("a numpy header that is not numpy's", offset: cursor.position - length)
            }
            var shape: [UInt64] = []
            for item in items {
                guard case .number(let number) = item else {
                    throw CheckpointError.malformed("a size that is no number", offset: cursor.position - length)
                }
                shape.append(number)
            }
            return NumpyHeader(
                description: description, isFortran: isFortran, shape: shape, dataOffset: cursor.position)
        } catch { throw CheckpointError(lifting: error) }
    }
}

/// The few Python literals that a numpy header is made of.
struct PythonLiteral {
    enum Value {
        case text(String)
        case truth(Bool)
        case number(UInt64)
        case tuple([Value])
        case dictionary([String: Value])
    }

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func skipSpace() {
        while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x0A { place += 1 }
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return place == bytes.count
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func word(_ word: StaticString) -> Bool {
        guard bytes[place...].starts(with: "\(word)".utf8) else { return false }
        place += word.utf8CodeUnitCount
        return true
    }

    mutating func value(depth: Int) -> Value? {
        skipSpace()
        guard place < bytes.count, depth < 4 else { return nil }
        switch bytes[place] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return text().map(Value.text)
        case UInt8(ascii: "T"): return word("True") ? .truth(true) : nil
        case UInt8(ascii: "F"): return word("False") ? .truth(false) : nil
        case 0x30...0x39: return number().map(Value.number)
        case UInt8(ascii: "("): return tuple(depth)
        case UInt8(ascii: "{"): return dictionary(depth)
        default: return nil
        }
    }

    private mutating func text() -> String? {
        let quote = bytes[place]
        let start = place + 1
        guard let end = bytes[start...].firstIndex(of: quote), end - start <= 256,
            !bytes[start..<end].contains(UInt8(ascii: "\\"))
        else { return nil }
        place = end + 1
        return String(validating: bytes[start..<end], as: UTF8.self)
    }

    private mutating func number() -> UInt64? {
        let digits = bytes[place...].prefix { (0x30...0x39).contains($0) }
        place += digits.count
        // Python 2 wrote `3L`.
        if place < bytes.count, bytes[place] == UInt8(ascii: "L") { place += 1 }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    private mutating func tuple(_ depth: Int) -> Value? {
        place += 1
        var items: [Value] = []
        while !take(")") {
            guard items.count < 64, let item = value(depth: depth + 1) else { return nil }
            items.append(item)
            if take(",") { continue }
            guard take(")"), items.count != 1 else { return nil }
            break
        }
        return .tuple(items)
    }

    private mutating func dictionary(_ depth: Int) -> Value? {
        place += 1
        var pairs: [String: Value] = [:]
        while !take("}") {
            skipSpace()
            guard pairs.count < 8, place < bytes.count,
                bytes[place] == UInt8(ascii: "'") || bytes[place] == UInt8(ascii: "\""),
                let key = text(), take(":"), let value = value(depth: depth + 1),
                pairs.updateValue(value, forKey: key) == nil
            else { return nil }
            if take(",") { continue }
            guard take("}") else { return nil }
            break
        }
        return .dictionary(pairs)
    }
}
