// SPDX-License-Identifier: Apache-2.0

/// A moment: whole seconds in UTC, in the years 1970 to 9999.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Seconds since the beginning of 1970.
    public let seconds: Int64

    /// The last second of the year 9999.
    public static let maximum: Int64 = 253_402_300_799

    /// Accepts the seconds of the years 1970 to 9999; anything else is nil.
    public init?(seconds: Int64) {
        guard (0...Timestamp.maximum).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// Creates a date from seconds, moved into the years 1970 to 9999.
    public init(clamping seconds: Int64) { self.seconds = min(max(0, seconds), Timestamp.maximum) }

    /// Parses exactly `2024-01-31T12:00:00Z`; anything else, and a day that does not exist, is nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1970...9999).contains(year),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let total = Timestamp.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
        // Writing it again catches every field out of range and every separator that is not what it should be.
        guard let date = Timestamp(seconds: total), date.description.utf8.elementsEqual(text.utf8) else { return nil }
        self = date
    }

    /// `2024-01-31T12:00:00Z`.
    public var description: String { calendar + "Z" }

    /// `2024-01-31T12:00:00.000Z`: the form that the Hub's clients parse.
    public var hubForm: String { calendar + ".000Z" }

    private var calendar: String {
        let (year, month, day) = Timestamp.civil(days: seconds / 86_400)
        let rest = seconds % 86_400
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
    }

    // Days since 1970 to the Gregorian calendar and back, counting from March so that the leap day ends the year.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let (era, ofEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, ofYear - (153 * fromMarch + 2) / 5 + 1)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }
}
