// SPDX-License-Identifier: Apache-2.0

import ContentModel
import TestKit
import Testing

@Suite struct `Moments` {
    /// From Python's `datetime`.
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-12-31T23:59:59Z", 31_535_999), ("2000-02-29T12:00:00Z", 951_825_600),
            ("2024-01-01T00:00:00Z", 1_704_067_200),
            ("2024-02-29T23:59:59Z", 1_709_251_199), ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] as [(String, Int64)])
    func `a text is the second it names, and back`(text: String, seconds: Int64) {
        #expect(Timestamp(text)?.seconds == seconds)
        #expect(Timestamp(seconds: seconds)?.description == text)
        #expect(Timestamp(seconds: seconds)?.hubForm == text.dropLast() + ".000Z")
    }

    @Test(arguments: [
        "", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00+00:00",
        "2024-01-01 00:00:00Z", "2024-00-01T00:00:00Z",
        "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-04-31T00:00:00Z",
        "2024-01-00T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "２024-01-01T00:00:00Z",
        "2024-01-01T00:00:0٣Z", "-024-01-01T00:00:00Z",
    ])
    func `what is no moment is refused`(text: String) { #expect(Timestamp(text) == nil) }

    @Test func `seconds outside of the years are refused or moved inside`() {
        #expect(
            Timestamp(seconds: -1) == nil && Timestamp(seconds: Timestamp.maximum + 1) == nil
                && Timestamp(seconds: .max) == nil)
        #expect(Timestamp(clamping: .min).seconds == 0 && Timestamp(clamping: .max).seconds == Timestamp.maximum)
    }

    @Test(arguments: [91, 92, 93] as [UInt64])
    func `every second reads back from its text, in order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let moments = (0..<300).map { _ in Timestamp(clamping: Int64.random(in: 0...Timestamp.maximum, using: &random))
        }
        for moment in moments { #expect(Timestamp(moment.description) == moment) }
        #expect(moments.sorted().map(\.description) == moments.map(\.description).sorted())
    }
}
