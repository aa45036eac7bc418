// SPDX-License-Identifier: Apache-2.0

/// Numbers of a comparison as people read them.
package enum DriftNumber {
    /// Three significant digits: `0.00312`, `4.1e-07`, `12.5`, `1.5e+09`; `∞` and `NaN` where it is not finite.
    package static func short(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
        guard value != 0 else { return "0" }
        var mantissa = abs(value)
        var exponent = 0
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        var digits = Int((mantissa * 100).rounded())
        if digits >= 1000 { (digits, exponent) = (100, exponent + 1) }
        let text = String(digits)
        let sign = value < 0 ? "−" : ""
        if exponent >= 6 || exponent < -4 {
            let power = abs(exponent)
            return sign + trimmed(text.prefix(1) + "." + text.dropFirst()) + "e" + (exponent < 0 ? "-" : "+")
                + (power < 10 ? "0" : "") + String(power)
        }
        if exponent < 0 { return sign + trimmed("0." + String(repeating: "0", count: -exponent - 1) + text) }
        if exponent >= 2 { return sign + text + String(repeating: "0", count: exponent - 2) }
        return sign + trimmed(text.prefix(exponent + 1) + "." + text.dropFirst(exponent + 1))
    }

    /// A share of the whole: `0.42 %`, `100 %`, `<0.01 %`.
    package static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "?" }
        let hundredths = (min(1, max(0, share)) * 10_000).rounded()
        if share > 0, hundredths < 1 { return "<0.01 %" }
        if share < 1, hundredths >= 10_000 { return ">99.99 %" }
        let whole = Int(hundredths)
        let fraction = String(whole % 100)
        return trimmed("\(whole / 100)." + String(repeating: "0", count: 2 - fraction.count) + fraction) + " %"
    }

    /// Takes zeros, and the point, from the end of a decimal fraction.
    private static func trimmed(_ text: some StringProtocol) -> String {
        var out = Substring(text)
        while out.hasSuffix("0") { out.removeLast() }
        if out.hasSuffix(".") { out.removeLast() }
        return String(out)
    }
}
