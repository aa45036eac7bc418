// SPDX-License-Identifier: Apache-2.0

/// Python's `text % values`.
enum PercentFormat {
    /// Wider fields and more places than anybody needs are refused.
    static let widthLimit = 100_000

    /// - Parameter escapes: whether the texts that are put in are escaped, as they are where the format is marked as safe.
    static func format(
        _ format: String, _ values: Value, _ machine: Machine, escapes: Bool = false
    ) throws(JinjaError) -> String {
        var positional: [Value]
        if case .tuple(let sequence) = values { positional = sequence.items } else { positional = [values] }
        var used = 0
        var usedMapping = false
        var out = ""
        var rest = format.unicodeScalars[...]
        func next() throws(JinjaError) -> Value {
            guard used < positional.count else { throw JinjaError(.type, "not enough arguments for format string") }
            used += 1
            return positional[used - 1]
        }
        while let scalar = rest.popFirst() {
            try machine.step()
            guard scalar == "%" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            var named: Value?
            if rest.first == "(" {
                guard let end = rest.firstIndex(of: ")") else { throw JinjaError(.value, "incomplete format key") }
                let key = String(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
                guard case .dict(let dict) = values else { throw JinjaError(.type, "format requires a mapping") }
                guard let value = dict.get(key) else { throw JinjaError(.key, Representation.quoted(key)) }
                named = value
                usedMapping = true
            }
            var flags: Set<Unicode.Scalar> = []
            while let flag = rest.first, ["#", "0", "-", " ", "+"].contains(flag) {
                flags.insert(flag)
                rest.removeFirst()
            }
            func number() throws(JinjaError) -> Int? {
                if rest.first == "*" {
                    rest.removeFirst()
                    guard let value = try next().wholeNumber else { throw JinjaError(.type, "* wants int") }
                    return value
                }
                var value: Int?
                while let digit = rest.first, digit.isASCII, ("0"..."9").contains(digit) {
                    value = min((value ?? 0) * 10 + Int(digit.value - 0x30), 1_000_000)
                    rest.removeFirst()
                }
                return value
            }
            var width = try number() ?? 0
            if width < 0 {
                flags.insert("-")
                width = width == .min ? .max : -width
            }
            var places: Int?
            if rest.first == "." {
                rest.removeFirst()
                places = max(0, try number() ?? 0)
            }
            while let size = rest.first, ["l", "h", "L"].contains(size) { rest.removeFirst() }
            guard let kind = rest.popFirst() else { throw JinjaError(.value, "incomplete format") }
            if kind == "%" {
                out += "%"
                continue
            }
            guard width <= widthLimit, places ?? 0 <= widthLimit else {
                throw JinjaError(.budget, "a field of more than \(widthLimit) characters")
            }
            let value: Value
            if let named { value = named } else { value = try next() }
            let text = try field(kind, value, flags, places, machine, escapes)
            let isNumber = !["s", "r", "a", "c"].contains(kind)
            let padded =
                flags.contains("-")
                ? NumberFormat.pad(text, width, " ", "<")
                : flags.contains("0") && isNumber
                    ? NumberFormat.pad(text, width, "0", "=") : NumberFormat.pad(text, width, " ", ">")
            try machine.reserve(out.utf8.count + padded.utf8.count)
            out += padded
        }
        if case .dict = values { return out }
        if used < positional.count, !usedMapping {
            switch values {
            case .list, .namespace, .range, .view, .undefined: break
            default: throw JinjaError(.type, "not all arguments converted during string formatting")
            }
        }
        return out
    }

    /// The character with a number.
    static func character(_ code: Int) throws(JinjaError) -> String {
        guard (0..<0x110000).contains(code) else {
            throw JinjaError(.overflow, "%c arg not in range(0x110000)")
        }
        // A half of a pair is no character here.
        return String(UInt32(exactly: code).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
    }

    private static func field(
        _ kind: Unicode.Scalar, _ value: Value, _ flags: Set<Unicode.Scalar>, _ places: Int?, _ machine: Machine,
        _ escapes: Bool
    ) throws(JinjaError) -> String {
        func signed(_ text: String) -> String {
            text.hasPrefix("-") ? text : flags.contains("+") ? "+" + text : flags.contains(" ") ? " " + text : text
        }
        switch kind {
        case "s", "r", "a":
            var text: String
            if kind == "s" {
                text = escapes ? try machine.escaped(value) : try machine.text(value)
            } else {
                try machine.reserve(value.weight)
                text = kind == "a" ? Representation.ascii(value) : Representation.repr(value)
                if escapes { text = try machine.escaped(text) }
            }
            return places.map { String(text.unicodeScalars.prefix($0)) } ?? text
        case "c":
            if let text = value.text, text.unicodeScalars.count == 1 { return text }
            if let code = value.wholeNumber { return try character(code) }
            throw JinjaError(.type, "%c requires int or char")
        case "d", "i", "u", "x", "X", "o":
            let number: Int
            if case .undefined(let missing) = value { throw missing.error }
            if let whole = value.wholeNumber {
                number = whole
            } else if case .float(let floating) = value, kind != "x", kind != "X", kind != "o" {
                if floating.isNaN { throw JinjaError(.value, "cannot convert float NaN to integer") }
                if floating.isInfinite { throw JinjaError(.overflow, "cannot convert float infinity to integer") }
                guard let whole = Int(exactly: floating.rounded(.towardZero)) else { throw Operators.tooLarge }
                number = whole
            } else {
                throw JinjaError(
                    .type,
                    kind == "x" || kind == "X" || kind == "o"
                        ? "%\(kind) format: an integer is required, not \(value.typeName)"
                        : "%\(kind) format: a real number is required, not \(value.typeName)")
            }
            let radix = kind == "o" ? 8 : kind == "x" || kind == "X" ? 16 : 10
            var digits = String(number.magnitude, radix: radix, uppercase: kind == "X")
            if let places { digits = NumberFormat.pad(digits, places, "0", ">") }
            if flags.contains("#"), radix != 10 { digits = (radix == 8 ? "0o" : "0\(kind)") + digits }
            return signed((number < 0 ? "-" : "") + digits)
        case "f", "F", "e", "E", "g", "G":
            if case .undefined(let missing) = value { throw missing.error }
            guard let number = value.number else {
                throw JinjaError(.type, "must be real number, not \(value.typeName)")
            }
            try machine.step(NumberFormat.effort(number))
            return signed(BraceFormat.number(number, kind, places ?? 6))
        default:
            throw JinjaError(.value, "unsupported format character '\(kind)' (0x\(String(kind.value, radix: 16)))")
        }
    }
}
