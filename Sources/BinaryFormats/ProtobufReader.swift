// SPDX-License-Identifier: Apache-2.0

/// Walks over the fields of a protobuf message without its schema. Contents of fields are only read when they are asked for.
///
/// A field never reaches beyond its message, nor a message beyond the source. How many fields are read is up to the caller,
/// who has to have a limit.
package struct ProtobufReader: ~Copyable {
    /// What a field holds.
    package enum Value: Sendable, Hashable {
        /// A number of variable length.
        case number(UInt64)
        /// Bytes, a text, a message, or a number of four or eight bytes: where they begin, and how many.
        case range(offset: UInt64, count: UInt64)
    }

    /// A field.
    package struct Field: Sendable, Hashable {
        /// Its number, 1 to 2²⁹ − 1.
        package let number: UInt64
        /// What it holds.
        package let value: Value
        /// Where the field begins in the source.
        package let offset: UInt64
    }

    /// Why a message could not be read.
    package enum Problem: Error, Sendable, Hashable {
        /// The source could not be read.
        case bytes(ByteError)
        /// It is no message: where, and why.
        case malformed(offset: UInt64, reason: String)
    }

    private var cursor: ByteCursor
    private let end: UInt64

    /// Begins with the first field of the message of `count` bytes at `offset`: to the end of the source when nothing is said.
    package init(_ source: any ByteSource, at offset: UInt64 = 0, count: UInt64? = nil) {
        // Nested messages are mostly short, and there can be hundreds of thousands: no window is larger than its message.
        let size = count ?? source.size
        cursor = ByteCursor(source, at: offset, windowSize: Int(clamping: min(size, 64 * 1024)))
        let (end, overflow) = offset.addingReportingOverflow(size)
        self.end = overflow ? source.size : min(end, source.size)
    }

    /// The next field; nil at the end of the message.
    ///
    /// - Throws: `Problem`; after that nothing more can be read.
    package mutating func next() throws(Problem) -> Field? {
        guard cursor.position < end else { return nil }
        let offset = cursor.position
        let key = try varint()
        let number = key >> 3
        guard number > 0, number < 1 << 29 else {
            throw .malformed(offset: offset, reason: "a field of the number \(number)")
        }
        switch key & 7 {
        case 0: return Field(number: number, value: .number(try varint()), offset: offset)
        case 1: return try fixed(8, number, offset)
        case 2:
            let count = try varint()
            let start = cursor.position
            guard start <= end, count <= end - start else {
                throw .malformed(offset: offset, reason: "a field of \(count) bytes, which is more than there are")
            }
            cursor.move(to: start + count)
            return Field(number: number, value: .range(offset: start, count: count), offset: offset)
        case 5: return try fixed(4, number, offset)
        default: throw .malformed(offset: offset, reason: "a field of the wire type \(key & 7)")
        }
    }

    private mutating func fixed(_ count: UInt64, _ number: UInt64, _ offset: UInt64) throws(Problem) -> Field {
        let start = cursor.position
        guard start <= end, count <= end - start else { throw .malformed(offset: offset, reason: "a number is cut") }
        cursor.move(to: start + count)
        return Field(number: number, value: .range(offset: start, count: count), offset: offset)
    }

    private mutating func varint() throws(Problem) -> UInt64 {
        let offset = cursor.position
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard cursor.position < end else { throw .malformed(offset: offset, reason: "a number is cut") }
            let byte: UInt8
            do throws(ByteError) {
                byte = try cursor.byte()
            } catch { throw .bytes(error) }
            if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
            if byte & 0x80 == 0 { return value }
        }
        throw .malformed(offset: offset, reason: "a number of more than ten bytes")
    }
}
