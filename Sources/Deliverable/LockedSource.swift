// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// A source as it was locked: what was asked for, the commit it resolved to, and the files of that commit.
package struct LockedSource: Hashable, Sendable {
    /// What it is in the deliverable.
    package let role: SourceRole
    /// What was asked for.
    package let request: SourceRequest
    /// The commit that the name resolved to.
    package let commit: GitObjectID
    /// When the commit was made, as `2024-01-01T00:00:00Z`; nil when the origin does not say.
    package let date: String?
    /// The files that were asked for, sorted by path bytes.
    package let files: [LockedFile]

    /// Creates a source; sorts the files.
    package init(role: SourceRole, request: SourceRequest, commit: GitObjectID, date: String?, files: [LockedFile]) {
        self.role = role
        self.request = request
        self.commit = commit
        self.date = date
        self.files = files.sorted { $0.path < $1.path }
    }

    /// The date of a commit as a Hub writes it (ISO 8601 in UTC, with or without a fraction of the second, `Z` or
    /// `+00:00`), without the fraction; nil for anything else.
    package static func normalisedDate(_ text: String) -> String? {
        var bytes = Array(text.utf8)
        if bytes.suffix(6).elementsEqual("+00:00".utf8) { bytes.replaceSubrange((bytes.count - 6)..., with: "Z".utf8) }
        guard bytes.count >= 20, bytes.count <= 32, bytes.last == UInt8(ascii: "Z") else { return nil }
        let fraction = bytes[19..<(bytes.count - 1)]
        if let first = fraction.first {
            guard first == UInt8(ascii: "."), fraction.count > 1, fraction.dropFirst().allSatisfy({ isDigit($0) })
            else { return nil }
        }
        let pattern = Array("0000-00-00T00:00:00".utf8)
        for (byte, model) in zip(bytes, pattern) where model == UInt8(ascii: "0") ? !isDigit(byte) : byte != model {
            return nil
        }
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1) - 0x30 } }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        guard (1...12).contains(month), day >= 1, day <= days(month, year), number(11..<13) < 24, number(14..<16) < 60,
            number(17..<19) <= 60
        else { return nil }
        return String(decoding: bytes[..<19], as: UTF8.self) + "Z"
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func days(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
