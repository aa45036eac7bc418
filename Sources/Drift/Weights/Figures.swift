// SPDX-License-Identifier: Apache-2.0

/// Numbers for people: three digits are enough to see how far tensors are apart.
enum Figures {
    /// A number that is not negative, with at most `digits` significant digits: `0.0031`, `12.5`, `3.1e-09`, `0`.
    static func text(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return value.isNaN ? "not a number" : "infinite" }
        guard value > 0 else { return "0" }
        // value = scaled × 10^exponent with scaled in 1..<10. At most 330 steps: the range of a double.
        var exponent = 0
        var scaled = value
        while scaled >= 10 {
            scaled /= 10
            exponent += 1
        }
        while scaled < 1 {
            scaled *= 10
            exponent -= 1
        }
        var unit = 1
        for _ in 1..<max(1, digits) { unit *= 10 }
        var whole = Int((scaled * Double(unit)).rounded())
        if whole >= unit * 10 {
            whole /= 10
            exponent += 1
        }
        var figures = Array(String(whole).utf8)
        while figures.count > 1, figures.last == UInt8(ascii: "0") { figures.removeLast() }
        let text = String(decoding: figures, as: UTF8.self)
        if exponent < -4 || exponent > 6 {
            let fraction = text.dropFirst()
            let size = exponent < 0 ? -exponent : exponent
            return "\(text.prefix(1))\(fraction.isEmpty ? "" : ".")\(fraction)e\(exponent < 0 ? "-" : "+")"
                + (size < 10 ? "0" : "") + String(size)
        }
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + text }
        let count = exponent + 1
        if figures.count <= count { return text + String(repeating: "0", count: count - figures.count) }
        return "\(text.prefix(count)).\(text.dropFirst(count))"
    }

    /// A share of the whole: `0.4 %`, `100 %`. What is not everything never looks like it.
    static func share(_ value: Double) -> String {
        if value < 1, value > 0.9994 { return "almost 100 %" }
        return text(value * 100, digits: value >= 0.1 ? 3 : 2) + " %"
    }

    /// A count with its noun: `1 tensor`, `103 tensors`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// A list that ends early: the first few and how many more there are.
    static func list(_ names: [String], limit: Int = 3) -> String {
        let shown = names.prefix(limit).joined(separator: ", ")
        return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
    }
}
