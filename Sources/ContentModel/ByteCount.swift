// SPDX-License-Identifier: Apache-2.0

/// A number of bytes: never negative.
public struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number itself.
    public let value: Int64

    /// Accepts zero and positive numbers; a negative one is nil.
    public init?(_ value: Int64) {
        guard value >= 0 else { return nil }
        self.value = value
    }

    /// Creates a count from a number that is known not to be negative, such as a buffer's length.
    public init(clamping value: Int64) { self.value = max(0, value) }

    /// No bytes.
    public static let zero = ByteCount(clamping: 0)

    /// Orders by size.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.value < right.value }

    /// Adds two counts; the sum stops at the largest representable one instead of trapping.
    public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        let (sum, overflow) = left.value.addingReportingOverflow(right.value)
        return ByteCount(clamping: overflow ? .max : sum)
    }

    /// The count for people, in decimal units with at most three significant digits: `612 B`, `90.9 MB`, `1.02 GB`.
    public var description: String {
        guard value >= 1000 else { return "\(value) B" }
        var unit = 0
        var scaled = Double(value)
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        while scaled >= 999.5, unit < units.count - 1 {
            scaled /= 1000
            unit += 1
        }
        return ByteCount.threeDigits(scaled) + " " + units[unit]
    }

    private static func threeDigits(_ number: Double) -> String {
        let decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0
        guard decimals > 0 else { return String(Int(number.rounded())) }
        let factor = decimals == 2 ? 100 : 10
        let scaled = Int((number * Double(factor)).rounded())
        let fraction = String(scaled % factor)
        return "\(scaled / factor)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
