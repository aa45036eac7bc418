// SPDX-License-Identifier: Apache-2.0

/// `json.dumps`, as the `tojson` of transformers calls it.
struct JSONText {
    var ensuresASCII = false
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false

    func write(_ value: Value, _ machine: Machine) throws(JinjaError) -> String {
        try machine.reserve(value.weight)
        var out = ""
        try write(value, 0, &out, machine)
        try machine.reserve(out.utf8.count)
        return out
    }

    private func write(_ value: Value, _ level: Int, _ out: inout String, _ machine: Machine) throws(JinjaError) {
        try machine.step()
        switch value {
        case .none: out += "null"
        case .bool(let flag): out += flag ? "true" : "false"
        case .int(let number): out += String(number)
        case .float(let number): out += JSONText.number(number)
        case .string(let text), .markup(let text): quote(text, &out)
        case .list(let sequence), .tuple(let sequence):
            guard !sequence.items.isEmpty else {
                out += "[]"
                return
            }
            out += "["
            for (index, item) in sequence.items.enumerated() {
                if index > 0 { out += itemSeparator }
                newLine(level + 1, &out)
                try write(item, level + 1, &out, machine)
            }
            newLine(level, &out)
            out += "]"
        case .dict(let dict):
            guard !dict.isEmpty else {
                out += "{}"
                return
            }
            out += "{"
            var entries = dict.entries
            if sortsKeys {
                let order = try machine.sorted(
                    entries.indices.map { .int($0) }, by: { entries[$0.wholeNumber ?? 0].key })
                entries = order.map { entries[$0.wholeNumber ?? 0] }
            }
            for (index, entry) in entries.enumerated() {
                if index > 0 { out += itemSeparator }
                newLine(level + 1, &out)
                quote(try JSONText.key(entry.key), &out)
                out += keySeparator
                try write(entry.value, level + 1, &out, machine)
            }
            newLine(level, &out)
            out += "}"
        default: throw JinjaError(.type, "Object of type \(value.typeName) is not JSON serializable")
        }
        // Indentation is not in the weight, so what is written is watched as it grows.
        guard out.utf8.count <= machine.budget.stringBytes else { try machine.reserve(out.utf8.count); return }
    }

    private func newLine(_ level: Int, _ out: inout String) {
        if let indent { out += "\n" + String(repeating: indent, count: level) }
    }

    private static func number(_ number: Double) -> String {
        number.isNaN
            ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : Representation.float(number)
    }

    private static func key(_ value: Value) throws(JinjaError) -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .none: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let whole): return String(whole)
        case .float(let floating): return number(floating)
        default: throw JinjaError(.type, "keys must be str, int, float, bool or None, not \(value.typeName)")
        }
    }

    private func quote(_ text: String, _ out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{08}": out += "\\b"
            case "\u{0C}": out += "\\f"
            case "\u{00}"..."\u{1F}": escape(UInt16(scalar.value), &out)
            default:
                if ensuresASCII, scalar.value > 0x7F {
                    for unit in String(scalar).utf16 { escape(unit, &out) }
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        out += "\""
    }

    private func escape(_ unit: UInt16, _ out: inout String) {
        let digits = String(unit, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
