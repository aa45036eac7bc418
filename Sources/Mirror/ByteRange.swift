// SPDX-License-Identifier: Apache-2.0

/// What a `Range` header asks of a body of a known size (RFC 9110, section 14).
package enum ByteRange: Hashable, Sendable {
    /// The whole body: there is no range, it is malformed, or there are several, which need not be honoured.
    case whole
    /// `length` bytes from `offset`; both lie inside the body, and `length` is positive.
    case part(offset: Int64, length: Int64)
    /// No byte of the body.
    case unsatisfiable

    /// Reads the header of a request for a body of `size` bytes (not negative). Never traps, however large the numbers.
    package init(_ header: String?, size: Int64) {
        self = header.flatMap { ByteRange.parse($0, size: size) } ?? .whole
    }

    private static func parse(_ header: String, size: Int64) -> ByteRange? {
        let text = Array(header.utf8.filter { $0 != 0x20 && $0 != 0x09 })
        let unit = Array("bytes=".utf8)
        guard text.count > unit.count,
            text.prefix(unit.count).elementsEqual(unit) || header.lowercased().hasPrefix("bytes=")
        else { return nil }
        let spec = text.dropFirst(unit.count)
        let parts = spec.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, !spec.contains(UInt8(ascii: ",")) else { return nil }
        if parts[0].isEmpty {
            guard let count = number(parts[1]) else { return nil }
            guard count > 0, size > 0 else { return .unsatisfiable }
            let length = min(count, size)
            return .part(offset: size - length, length: length)
        }
        guard let first = number(parts[0]) else { return nil }
        var last = Int64.max
        if !parts[1].isEmpty {
            guard let given = number(parts[1]), given >= first else { return nil }
            last = given
        }
        guard first < size else { return .unsatisfiable }
        return .part(offset: first, length: min(last, size - 1) - first + 1)
    }

    /// Digits only; a number beyond 64 bits counts as the largest one.
    private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
        guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var value: Int64 = 0
        for digit in text {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int64(digit - 0x30))
            if tooLarge || overflow { return .max }
            value = sum
        }
        return value
    }
}
