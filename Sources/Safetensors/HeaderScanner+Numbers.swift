// SPDX-License-Identifier: Apache-2.0

extension HeaderScanner {
    /// A whole number of 64 bits without a sign.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func unsignedInteger() throws(HeaderError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        while position < count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            if digit > 9 { break }
            position &+= 1
            // Nineteen digits always fit; only the twentieth needs care.
            if position &- start < 20 {
                value = value &* 10 &+ UInt64(digit)
            } else {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                if overflow || carry { throw problem(.notUnsignedInteger, at: start) }
                value = sum
            }
        }
        guard position > start, position &- start == 1 || bytes[start] != UInt8(ascii: "0") else {
            throw position < count || position > start
                ? problem(.notUnsignedInteger, at: start) : problem(.unexpectedEnd, at: count)
        }
        if position < count {
            let next = bytes[position]
            if next == UInt8(ascii: ".") || next | 0x20 == UInt8(ascii: "e") {
                throw problem(.notUnsignedInteger, at: start)
            }
        }
        return value
    }

    /// Skips any number that a 64-bit float can hold.
    ///
    /// "Can hold" as the reference decides it, digit by digit: the significand stops growing where 64 bits end, the
    /// rest only counts in the exponent.
    @_lifetime(self: copy self)
    mutating func skipNumber() throws(HeaderError) {
        let start = position
        if position < count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        var significand: UInt64 = 0
        var exponent = 0
        let digits = digitRun(&significand) { _, kept in if !kept { exponent += 1 } }
        guard digits > 0 else {
            throw position < count ? problem(.invalidNumber, at: start) : problem(.unexpectedEnd, at: count)
        }
        if digits > 1, bytes[position - digits] == UInt8(ascii: "0") { throw problem(.invalidNumber, at: start) }
        var isFloat = exponent > 0
        if position < count, bytes[position] == UInt8(ascii: ".") {
            isFloat = true
            position += 1
            let decimals = digitRun(&significand) { _, kept in if kept { exponent -= 1 } }
            guard decimals > 0 else {
                throw position < count ? problem(.invalidNumber, at: start) : problem(.unexpectedEnd, at: count)
            }
        }
        if position < count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            position += 1
            var sign = 1
            if position < count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                sign = bytes[position] == UInt8(ascii: "-") ? -1 : 1
                position += 1
            }
            var power = 0
            var length = 0
            while position < count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit <= 9 {
                // Far beyond every exponent that matters; a header has at most 10⁸ digits.
                power = min(power * 10 + Int(digit), 1 << 40)
                length += 1
                position += 1
            }
            guard length > 0 else {
                throw position < count ? problem(.invalidNumber, at: start) : problem(.unexpectedEnd, at: count)
            }
            exponent += sign * power
        }
        if isFloat, !HeaderScanner.isFinite(significand, exponent) { throw problem(.numberOutOfRange, at: start) }
    }

    /// Skips decimal digits and adds them to `significand` while 64 bits hold it; returns how many there were.
    ///
    /// The first digit that does not fit ends the growing for good: the later ones are only counted.
    @_lifetime(self: copy self)
    private mutating func digitRun(_ significand: inout UInt64, _ each: (UInt8, _ kept: Bool) -> Void) -> Int {
        var length = 0
        var full = false
        while position < count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit <= 9 {
            let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            full = full || overflow || carry
            if !full { significand = sum }
            each(digit, !full)
            length += 1
            position += 1
        }
        return length
    }

    /// Whether significand × 10^exponent stays below infinity when computed with one rounding per step.
    private static func isFinite(_ significand: UInt64, _ exponent: Int) -> Bool {
        if significand == 0 || exponent <= 0 { return true }
        if exponent > 308 { return false }
        var power = 1.0
        // Powers up to 10²² are exact; the largest ones are taken from their literals, which round once.
        if exponent <= 22 {
            for _ in 0..<exponent { power *= 10 }
        } else {
            power = Double("1e\(exponent)") ?? .infinity
        }
        return (Double(significand) * power).isFinite
    }

    // MARK: Any value

    /// Skips one value of any kind. `depth` is the number of containers that it stands in.
    @_lifetime(self: copy self)
    mutating func skipValue(depth: Int) throws(HeaderError) {
        switch peek() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            try enter(depth + 1)
            var first = true
            while try hasNext(closing: UInt8(ascii: "}"), first: &first) {
                _ = try key()
                try skipValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try enter(depth + 1)
            var first = true
            while try hasNext(closing: UInt8(ascii: "]"), first: &first) { try skipValue(depth: depth + 1) }
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
        default: throw unexpected("a value")
        }
    }

    /// Consumes a container's opening byte; `depth` counts it. Recursion ends here.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func enter(_ depth: Int) throws(HeaderError) {
        if depth > HeaderLimits.depth { throw problem(.nestingTooDeep, at: position) }
        position &+= 1
    }

    @_lifetime(self: copy self)
    mutating func skipWord(_ word: String) throws(HeaderError) {
        for byte in word.utf8 {
            guard position < count, bytes[position] == byte else { throw unexpected("`\(word)`") }
            position += 1
        }
    }
}
