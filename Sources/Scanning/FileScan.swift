// SPDX-License-Identifier: Apache-2.0

/// What a scan says of one file. The same bytes, name and options give the same answer on every machine.
package struct FileScan: Sendable {
    /// What the file is.
    package let kind: ContentKind
    /// The worst of the findings; `clean` without any.
    package let verdict: Verdict
    /// What was found, the worst first, then by place; at most `ScanFindings.limit`.
    package let findings: [ScanFinding]
    /// Whether there were more findings.
    package let isCut: Bool
    /// The names that pickles in the file import, as module and name with a dot between, sorted.
    package let imports: [String]
    /// What torch's `weights_only` loader would refuse; nil for a file without pickles, empty for one that it takes.
    package let refusedByWeightsOnly: [String]?
    /// How many bytes of stored members were not read, because their checksums were not asked for.
    package let unread: UInt64
    /// How many members of containers were looked at.
    package let members: Int
}
