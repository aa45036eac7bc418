// SPDX-License-Identifier: Apache-2.0

/// Where a finding is.
package struct ScanPlace: Sendable, Hashable {
    /// The members that lead to the place, outermost first; empty for the file itself. A member of a zip is its name, a packed stream
    /// is called after its format, a text inside a document after its key: `["archive/data.pkl"]`, `["gzip", "inner.pkl"]`,
    /// `["chat_template"]`.
    package var members: [String]
    /// The byte in the innermost member, counted from 0.
    package var offset: UInt64?
    /// The line in a text, counted from 1.
    package var line: Int?

    /// Names a place.
    package init(_ members: [String] = [], offset: UInt64? = nil, line: Int? = nil) {
        (self.members, self.offset, self.line) = (members, offset, line)
    }

    /// A member of this place.
    package func member(_ name: String) -> ScanPlace { ScanPlace(members + [name]) }
    /// A byte of this place.
    package func at(_ offset: UInt64) -> ScanPlace { ScanPlace(members, offset: offset) }
    /// A line of this place.
    package func line(_ line: Int) -> ScanPlace { ScanPlace(members, line: line) }
}
