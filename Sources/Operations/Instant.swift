// SPDX-License-Identifier: Apache-2.0

/// A moment in whole seconds since 1970, from `2026-01-31T12:00:00Z`.
struct Instant {
    let seconds: Int64

    init?(_ text: String) {
        let numbers = text.split(whereSeparator: { "-T:Z".contains($0) }).map { Int64($0) }
        guard numbers.count == 6, let year = numbers[0], let month = numbers[1], let day = numbers[2], let hour = numbers[3],
            let minute = numbers[4], let second = numbers[5], (1970...9999).contains(year), (1...12).contains(month),
            (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        // Days since 1970 in the proleptic Gregorian calendar, with the year beginning in March.
        let y = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = (y / 400) * 146_097 + (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 + dayOfYear - 719_468
        seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    }
}
