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
        return Timestamp(String(decoding: bytes[..<19], as: UTF8.self) + "Z")?.description
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
