// SPDX-License-Identifier: Apache-2.0

/// How Python writes values: `str` and `repr`.
enum Representation {
    /// `repr` of a string.
    static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        var out = String.UnicodeScalarView()
        out.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\":
                out.append("\\")
                out.append(scalar)
            case "\n": out.append(contentsOf: "\\n".unicodeScalars)
            case "\r": out.append(contentsOf: "\\r".unicodeScalars)
            case "\t": out.append(contentsOf: "\\t".unicodeScalars)
            default:
                if isPrintable(scalar) {
                    out.append(scalar)
                } else {
                    out.append(contentsOf: escape(scalar).unicodeScalars)
                }
            }
        }
        out.append(quote)
        return String(out)
    }

    /// `str.isprintable` of one character.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// `repr` of a floating number.
    static func float(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0.0" }
        let (digits, exponent) = decimal(abs(value))
        if exponent < -4 || exponent >= 16 {
            let mantissa = digits.count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
            let size = abs(exponent)
            return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(size < 10 ? "0" : "")\(size)"
        }
        if exponent < 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)" }
        if digits.count <= exponent + 1 {
            return "\(sign)\(digits)\(String(repeating: "0", count: exponent + 1 - digits.count)).0"
        }
        return "\(sign)\(digits.prefix(exponent + 1)).\(digits.dropFirst(exponent + 1))"
    }

    /// The shortest digits that read back as `value`, and the power of ten of the first.
    static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
        var text = Array("\(value)".utf8)
        var exponent = 0
        if let place = text.firstIndex(where: { $0 == UInt8(ascii: "e") }) {
            exponent = Int(String(decoding: text[(place + 1)...], as: UTF8.self)) ?? 0
            text = Array(text[..<place])
        }
        let point = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        exponent += point - 1
        var digits = text.filter { $0 != UInt8(ascii: ".") }
        while digits.count > 1, digits[0] == UInt8(ascii: "0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (String(decoding: digits, as: UTF8.self), exponent)
    }

    /// `str` of a value.
    static func text(_ value: Value) -> String {
        switch value {
        case .string(let text), .markup(let text): text
        case .undefined: ""
        case .namespace(let namespace):
            // It can hold itself, so what is in it is not followed through another one.
            "<Namespace {"
                + namespace.order.map { name in
                    "\(quoted(name)): \(namespace.values[ExactText(name)].map(repr) ?? "")"
                }.joined(separator: ", ") + "}>"
        default: repr(value)
        }
    }

    /// `ascii` of a value: `repr` with everything else escaped.
    static func ascii(_ value: Value) -> String {
        var out = String.UnicodeScalarView()
        for scalar in repr(value).unicodeScalars {
            if scalar.isASCII { out.append(scalar) } else { out.append(contentsOf: escape(scalar).unicodeScalars) }
        }
        return String(out)
    }

    /// `\xe9`, `\u0101`, `\U0001f600`.
    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let width = scalar.value < 0x100 ? 2 : scalar.value < 0x10000 ? 4 : 8
        let digits = String(scalar.value, radix: 16)
        let letter = width == 2 ? "x" : width == 4 ? "u" : "U"
        return "\\\(letter)\(String(repeating: "0", count: max(0, width - digits.count)))\(digits)"
    }

    /// `repr` of a value. Containers are as deep as the budget allows at most.
    static func repr(_ value: Value) -> String {
        switch value {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let flag): return flag ? "True" : "False"
        case .int(let number): return String(number)
        case .float(let number): return float(number)
        case .string(let text): return quoted(text)
        case .markup(let text): return "Markup(\(quoted(text)))"
        case .list(let sequence): return "[" + joined(sequence.items) + "]"
        case .tuple(let sequence):
            return sequence.items.count == 1 ? "(\(repr(sequence.items[0])),)" : "(" + joined(sequence.items) + ")"
        case .dict(let dict):
            return "{" + dict.entries.map { "\(repr($0.key)): \(repr($0.value))" }.joined(separator: ", ") + "}"
        case .range(let range):
            return range.step == 1
                ? "range(\(range.start), \(range.stop))" : "range(\(range.start), \(range.stop), \(range.step))"
        case .view(let view): return "\(view.kind.rawValue)([\(joined(view.items))])"
        case .iterator(let iterator): return "<\(iterator.label) at 0x0>"
        case .namespace: return "<Namespace {...}>"
        case .loop(let loop): return "<LoopContext \(loop.index + 1)/\(loop.count)>"
        case .function(let function):
            switch function.kind {
            case .macro(let macro):
                return macro.macro.name.isEmpty ? "<Macro anonymous>" : "<Macro \(quoted(macro.macro.name))>"
            case .global(let name): return "<function \(name) at 0x0>"
            case .method(.markup(let text), let name):
                return "<bound method Markup.\(name) of Markup(\(quoted(text)))>"
            case .method(let receiver, let name):
                return "<built-in method \(name) of \(receiver.typeName) object at 0x0>"
            case .loopMethod(_, let name): return "<bound method LoopContext.\(name)>"
            case .block(let name): return "<BlockReference \(quoted(name))>"
            }
        case .cycler: return "<jinja2.utils.Cycler object at 0x0>"
        case .joiner: return "<jinja2.utils.Joiner object at 0x0>"
        }
    }

    private static func joined(_ items: [Value]) -> String { items.map { repr($0) }.joined(separator: ", ") }
}
