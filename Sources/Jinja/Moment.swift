// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// The time that `strftime_now` tells: the one that the caller gives, in UTC.
public struct Moment: Sendable, Hashable {
    private let seconds: Int64

    /// The moment that a template is to take for now.
    public init(_ timestamp: Timestamp) { seconds = timestamp.seconds }

    private static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// `strftime` in the C locale.
    func text(_ format: String) -> String {
        // `2024-01-31T12:00:00Z`
        let stamp = Array(Timestamp(clamping: seconds).description.utf8)
        func number(_ range: Range<Int>) -> Int { Int(String(decoding: stamp[range], as: UTF8.self)) ?? 0 }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        let weekday = Int((seconds / 86_400 + 3) % 7)
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let yearDay = lengths.prefix(month - 1).reduce(0, +) + day
        func two(_ value: Int, _ pad: String = "0") -> String { (value < 10 ? pad : "") + String(value) }
        func three(_ value: Int) -> String { (value < 100 ? "0" : "") + two(value) }
        let hour12 = hour % 12 == 0 ? 12 : hour % 12
        func field(_ letter: Unicode.Scalar, isBare: Bool) -> String? {
            func two(_ value: Int) -> String { isBare ? String(value) : (value < 10 ? "0" : "") + String(value) }
            switch letter {
            case "a": return String(Moment.days[weekday].prefix(3))
            case "A": return Moment.days[weekday]
            case "b", "h": return String(Moment.months[month - 1].prefix(3))
            case "B": return Moment.months[month - 1]
            case "c": return text("%a %b %e %H:%M:%S %Y")
            case "C": return two(year / 100)
            case "d": return two(day)
            case "D", "x": return text("%m/%d/%y")
            case "e": return isBare ? String(day) : (day < 10 ? " " : "") + String(day)
            case "F": return text("%Y-%m-%d")
            case "f": return "000000"
            case "H": return two(hour)
            case "I": return two(hour12)
            case "j": return isBare ? String(yearDay) : three(yearDay)
            case "k": return (hour < 10 ? " " : "") + String(hour)
            case "l": return (hour12 < 10 ? " " : "") + String(hour12)
            case "m": return two(month)
            case "M": return two(minute)
            case "n": return "\n"
            case "p": return hour < 12 ? "AM" : "PM"
            case "P": return hour < 12 ? "am" : "pm"
            case "r": return text("%I:%M:%S %p")
            case "R": return text("%H:%M")
            case "s": return String(seconds)
            case "S": return two(second)
            case "t": return "\t"
            case "T", "X": return text("%H:%M:%S")
            case "u": return String(weekday + 1)
            case "w": return String((weekday + 1) % 7)
            case "U": return two((yearDay + 6 - (weekday + 1) % 7) / 7)
            case "W": return two((yearDay + 6 - weekday) / 7)
            case "y": return two(year % 100)
            case "Y": return String(year)
            case "z", "Z": return ""
            case "%": return "%"
            default: return nil
            }
        }
        var out = String.UnicodeScalarView()
        var rest = format.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%", let letter = rest.first else {
                out.append(scalar)
                continue
            }
            var tail = rest.dropFirst()
            if letter == "-", let bare = tail.popFirst(), let text = field(bare, isBare: true) {
                out.append(contentsOf: text.unicodeScalars)
                rest = tail
            } else if let text = field(letter, isBare: false) {
                out.append(contentsOf: text.unicodeScalars)
                rest.removeFirst()
            } else {
                out.append(scalar)
            }
        }
        return String(out)
    }
}
