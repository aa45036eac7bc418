// SPDX-License-Identifier: Apache-2.0

/// The order in which people count: `layers.2` before `layers.10`.
///
/// Runs of digits are compared as numbers, everything else as bytes; what is equal so far is ordered by its bytes.
enum NaturalOrder {
    static func precedes(_ left: TensorName, _ right: TensorName) -> Bool {
        let (a, b) = (left.bytes, right.bytes)
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            if isDigit(a[i]), isDigit(b[j]) {
                let (x, y) = (number(a, &i), number(b, &j))
                if x.count != y.count { return x.count < y.count }
                if x != y { return x.lexicographicallyPrecedes(y) }
            } else {
                if a[i] != b[j] { return a[i] < b[j] }
                i += 1
                j += 1
            }
        }
        if i < a.count || j < b.count { return j < b.count }
        return left < right
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    /// The digits from `index`, without leading zeros; moves behind them.
    private static func number(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
        while index < bytes.count, bytes[index] == UInt8(ascii: "0") { index += 1 }
        let start = index
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }
}
