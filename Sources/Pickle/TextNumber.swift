// SPDX-License-Identifier: Apache-2.0

/// The numbers of protocol 0, as Python writes them and as all of its readers read them.
enum TextNumber {
    /// Python refuses to convert a longer one.
    static let digits = 4300

    /// Splits a sign from the digits; nil when anything else is there.
    private static func parts(_ text: [UInt8]) -> (isNegative: Bool, digits: ArraySlice<UInt8>)? {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        guard !digits.isEmpty, digits.count <= Self.digits, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return (isNegative, digits)
    }

    /// A memo entry's number: digits only.
    static func index(_ text: [UInt8]) -> Int64? {
        guard let first = text.first, first >= 0x30, let parts = parts(text) else { return nil }
        var value: Int64 = 0
        for digit in parts.digits {
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit) - 0x30)
            if over || carry { return nil }
            value = sum
        }
        return value
    }

    /// A whole number. A leading zero is refused: one reader takes it for octal, another for decimal.
    static func integer(_ text: [UInt8]) -> PickleArgument? {
        guard let (isNegative, digits) = parts(text), digits.count == 1 || digits.first != 0x30 else { return nil }
        if digits.count <= 18 {
            let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1) - 0x30 }
            return .integer(isNegative ? -value : value)
        }
        // 18 digits at a time into limbs of 64 bits: quadratic in at most 4300 digits.
        var limbs: [UInt64] = []
        var rest = digits
        while !rest.isEmpty {
            let take = rest.count % 18 == 0 ? 18 : rest.count % 18
            var (carry, scale) = (UInt64(0), UInt64(1))
            for digit in rest.prefix(take) {
                carry = carry * 10 + UInt64(digit) - 0x30
                scale *= 10
            }
            rest = rest.dropFirst(take)
            for index in limbs.indices {
                let (high, low) = limbs[index].multipliedFullWidth(by: scale)
                let (sum, over) = low.addingReportingOverflow(carry)
                limbs[index] = sum
                carry = high + (over ? 1 : 0)
            }
            if carry > 0 { limbs.append(carry) }
        }
        if isNegative {
            var carry = true
            for index in limbs.indices {
                let (sum, over) = (~limbs[index]).addingReportingOverflow(carry ? 1 : 0)
                limbs[index] = sum
                carry = over
            }
        }
        var bytes = limbs.flatMap { limb in (0..<8).map { UInt8(truncatingIfNeeded: limb >> (8 * UInt64($0))) } }
        bytes.append(isNegative ? 0xFF : 0)
        return normalized(bytes)
    }

    /// Drops bytes that only repeat the sign; a number that fits in 64 bits becomes one.
    static func normalized(_ bytes: [UInt8]) -> PickleArgument {
        var bytes = bytes
        while bytes.count > 1, let last = bytes.last {
            let next = bytes[bytes.count - 2]
            guard (last == 0 && next < 0x80) || (last == 0xFF && next >= 0x80) else { break }
            bytes.removeLast()
        }
        guard bytes.count <= 8 else { return .bigInteger(bytes) }
        var value = UInt64(bitPattern: (bytes.last ?? 0) >= 0x80 ? -1 : 0)
        for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
        return .integer(Int64(bitPattern: value))
    }

    /// A float: digits with an optional point and exponent, or `inf`, `infinity`, `nan` in any case.
    static func float(_ text: [UInt8]) -> Double? {
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let word = String(decoding: rest.prefix(9), as: UTF8.self).lowercased()
        if ["inf", "infinity", "nan"].contains(word), rest.count == word.utf8.count {
            let value = word == "nan" ? Double.nan : Double.infinity
            return text.first == UInt8(ascii: "-") ? -value : value
        }
        func skipDigits() -> Int {
            let count = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }.count
            rest = rest.dropFirst(count)
            return count
        }
        var count = skipDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            count += skipDigits()
        }
        guard count > 0 else { return nil }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            guard skipDigits() > 0 else { return nil }
        }
        guard rest.isEmpty, text.count <= 4300, let value = Double(String(decoding: text, as: UTF8.self)),
            value.isFinite
        else { return nil }
        return value
    }
}
