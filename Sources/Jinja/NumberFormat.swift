// SPDX-License-Identifier: Apache-2.0

/// Writes numbers with a fixed number of places, exactly rounded, and pads texts.
enum NumberFormat {
    /// The steps that a number with many digits costs when it is written out.
    static func effort(_ value: Double) -> Int {
        guard value.isFinite, value != 0 else { return 0 }
        let exponent = Int(value.exponent)
        return exponent * exponent / 512
    }

    /// `value` with `places` digits behind the point, rounded half to even on the exact binary value.
    static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let sign = value.sign == .minus ? "-" : ""
        let (whole, fraction) = exactDigits(abs(value))
        var digits = whole + fraction.prefix(places)
        if fraction.count > places {
            let rest = fraction[places...]
            let first = rest.first ?? 0
            let isAboveHalf = first > 5 || (first == 5 && rest.dropFirst().contains { $0 != 0 })
            let isHalf = first == 5 && !isAboveHalf
            if isAboveHalf || (isHalf && (digits.last ?? 0) % 2 == 1) { increment(&digits) }
        }
        let missing = max(0, places - fraction.count)
        let grown = digits.count - whole.count - min(places, fraction.count)
        let wholeCount = whole.count + grown
        let text = digits.map { String($0) }
        let left = text.prefix(wholeCount).joined()
        guard places > 0 else { return sign + left }
        return sign + left + "." + text.dropFirst(wholeCount).joined() + String(repeating: "0", count: missing)
    }

    private static func increment(_ digits: inout [UInt8]) {
        for index in digits.indices.reversed() {
            if digits[index] < 9 {
                digits[index] += 1
                return
            }
            digits[index] = 0
        }
        digits.insert(1, at: 0)
    }

    /// Every decimal digit of a finite number that is not negative, in front of the point and behind it.
    private static func exactDigits(_ value: Double) -> (whole: [UInt8], fraction: [UInt8]) {
        var whole = value.rounded(.towardZero)
        var fraction = value - whole
        var digits: [UInt8] = []
        if whole < 0x1p63 {
            digits = Array(String(Int(whole)).utf8).map { $0 - 0x30 }
        } else {
            // Exact: a significand of 53 bits, doubled digit by digit.
            var doublings = 0
            while whole >= 0x1p62 {
                whole /= 2
                doublings += 1
            }
            digits = Array(String(Int(whole)).utf8).map { $0 - 0x30 }
            for _ in 0..<doublings {
                var carry: UInt8 = 0
                for index in digits.indices.reversed() {
                    let sum = digits[index] * 2 + carry
                    digits[index] = sum % 10
                    carry = sum / 10
                }
                if carry > 0 { digits.insert(carry, at: 0) }
            }
        }
        var behind: [UInt8] = []
        // Each step is exact: a fraction has at most 1074 digits, and ten times it loses no bit below 2⁵³ of it.
        var mantissa: [UInt8] = []
        if fraction > 0 {
            // Digits of the fraction by halving a decimal number: fraction = significand / 2^shift.
            var shift = 0
            while fraction != fraction.rounded() {
                fraction *= 2
                shift += 1
            }
            mantissa = Array(String(Int(fraction)).utf8).map { $0 - 0x30 }
            var decimals: [UInt8] = mantissa
            var point = decimals.count
            for _ in 0..<shift {
                var rest: UInt8 = 0
                for index in decimals.indices {
                    let part = rest * 10 + decimals[index]
                    decimals[index] = part / 2
                    rest = part % 2
                }
                if rest > 0 { decimals.append(5) }
                while point > 1, decimals.first == 0 {
                    decimals.removeFirst()
                    point -= 1
                }
            }
            behind = Array(decimals.dropFirst(point))
        }
        return (digits, behind)
    }

    /// `%e`.
    static func scientific(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return fixed(value, places) }
        var exponent = value == 0 ? 0 : Representation.decimal(abs(value)).exponent
        func scaled() -> String {
            let (whole, fraction) = exactDigits(abs(value))
            var digits = whole + fraction
            var first = digits.firstIndex { $0 != 0 } ?? 0
            digits = Array(digits[first...])
            first = places + 1
            if digits.count > first {
                let rest = digits[first...]
                var kept = Array(digits.prefix(first))
                let isUp =
                    rest[first] > 5
                    || (rest[first] == 5 && (rest.dropFirst().contains { $0 != 0 } || (kept.last ?? 0) % 2 == 1))
                if isUp {
                    let count = kept.count
                    increment(&kept)
                    if kept.count > count {
                        exponent += 1
                        kept.removeLast()
                    }
                }
                digits = kept
            }
            digits += repeatElement(0, count: max(0, first - digits.count))
            let text = digits.map { String($0) }
            return places > 0 ? text[0] + "." + text.dropFirst().joined() : text[0]
        }
        let mantissa = scaled()
        let size = abs(exponent)
        return (value.sign == .minus ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "")
            + String(size)
    }

    /// `%g`.
    static func general(_ value: Double, _ precision: Int, keepsZeros: Bool = false) -> String {
        guard value.isFinite else { return fixed(value, 0) }
        let digits = max(1, precision)
        let written = scientific(value, digits - 1)
        let exponent = written.split(separator: "e").last.flatMap { Int($0) } ?? 0
        func trimmed(_ text: String) -> String {
            guard !keepsZeros, text.contains(".") else { return text }
            var text = text
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
            return text
        }
        if exponent < -4 || exponent >= digits {
            let parts = written.split(separator: "e")
            return trimmed(String(parts.first ?? "")) + "e" + String(parts.last ?? "")
        }
        return trimmed(fixed(value, max(0, digits - 1 - exponent)))
    }

    /// A number with so many digits at most, and one behind the point where it is not written with a power of ten.
    static func shortened(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return fixed(value, 0) }
        let written = scientific(value, digits - 1)
        let exponent = written.split(separator: "e").last.flatMap { Int($0) } ?? 0
        guard exponent == digits - 1 else {
            let text = general(value, digits)
            return text.contains(".") || text.contains("e") ? text : text + ".0"
        }
        let parts = written.split(separator: "e")
        var mantissa = String(parts.first ?? "")
        while mantissa.contains("."), mantissa.hasSuffix("0") || mantissa.hasSuffix(".") { mantissa.removeLast() }
        return mantissa + "e" + String(parts.last ?? "")
    }

    /// Fills up to `width` characters: `<`, `>`, `^`, or `=` between a sign and the digits.
    static func pad(_ text: String, _ width: Int, _ fill: Unicode.Scalar, _ alignment: Unicode.Scalar) -> String {
        let missing = width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        func filler(_ count: Int) -> String { String(repeating: String(fill), count: count) }
        switch alignment {
        case ">": return filler(missing) + text
        case "^": return filler(missing / 2) + text + filler(missing - missing / 2)
        case "=":
            let sign = text.hasPrefix("-") || text.hasPrefix("+") || text.hasPrefix(" ") ? String(text.prefix(1)) : ""
            return sign + filler(missing) + text.dropFirst(sign.count)
        default: return text + filler(missing)
        }
    }
}
