// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
package import Scanning

/// What a scan says of its targets.
package struct ScanReport: Sendable {
    /// A finding, and the entry of the allow file that accepts it.
    package struct Finding: Sendable, Hashable {
        /// What was found.
        package let finding: ScanFinding
        /// The place of the entry among `allowances`; nil when nothing accepts the finding.
        package var allowance: Int?
    }

    /// One file.
    package struct File: Sendable {
        /// Its path below the target.
        package let path: String
        /// Its name for people: as it can be typed for another scan.
        package let name: String
        /// Its size.
        package let size: ByteCount
        /// What it is; nil when it was not looked at.
        package let kind: ContentKind?
        /// The worst of what was found and not allowed.
        package internal(set) var verdict: Verdict
        /// What was found, the worst first.
        package internal(set) var findings: [Finding]
        /// Whether there were more findings than are kept. Such a file is never made better by an allow file.
        package let isCut: Bool
        /// What pickles in the file import, sorted.
        package let imports: [String]
        /// What torch's `weights_only` loader would refuse; nil for a file without pickles.
        package let refusedByWeightsOnly: [String]?
        /// How many bytes of stored members were not read, since `checksums` was not asked for.
        package let unread: UInt64
        /// How many members of containers were looked at.
        package let members: Int
        /// How many bytes came over the network; nil for a file on this machine.
        package let fetched: UInt64?
        /// The digest of its bytes, where one was needed: for an allow file, or to suggest one.
        package internal(set) var sha256: Digest?
    }

    /// One target.
    package struct Target: Sendable {
        /// The target as it was typed; the deliverable's name when the whole lock was scanned.
        package let text: String
        /// What it turned out to be.
        package let origin: InspectionReport.Origin
        /// Its files in the order of their paths.
        package internal(set) var files: [File]
        /// What was passed over on purpose, in a sentence for people each.
        package let notes: [String]
    }

    /// An entry of the allow file, and what became of it.
    package struct Allowance: Sendable {
        /// What became of an entry.
        package enum State: String, Sendable, Hashable, CaseIterable {
            /// It accepts at least one finding.
            case used
            /// Nothing that was found is named by it.
            case unused
            /// Its day is over: it accepts nothing.
            case expired
        }

        /// The file that holds the entry, for people.
        package let file: String
        /// The entry.
        package let entry: AllowFile.Entry
        /// What became of it.
        package internal(set) var state: State
    }

    /// The targets in the order of the command line.
    package internal(set) var targets: [Target]
    /// The entries of the allow file.
    package internal(set) var allowances: [Allowance]

    /// All files.
    package var files: [File] { targets.flatMap(\.files) }

    /// The worst verdict; `clean` without files.
    package var verdict: Verdict {
        // By places, here and below: a file that is taken out of its array is copied, with all that it holds.
        targets.reduce(.clean) { worst, target in
            target.files.indices.reduce(worst) { max($0, target.files[$1].verdict) }
        }
    }

    /// How many files have a verdict.
    package func count(_ verdict: Verdict) -> Int {
        targets.reduce(0) { count, target in
            count + target.files.indices.count { target.files[$0].verdict == verdict }
        }
    }
}

extension ScanReport.File {
    /// A file that was looked at.
    init(_ item: ScanItem, _ scan: FileScan, fetched: UInt64? = nil, sha256: Digest? = nil) {
        self.init(
            path: item.path, name: item.name, size: item.size, kind: scan.kind, verdict: scan.verdict,
            findings: scan.findings.map { ScanReport.Finding(finding: $0, allowance: nil) }, isCut: scan.isCut,
            imports: scan.imports, refusedByWeightsOnly: scan.refusedByWeightsOnly, unread: scan.unread,
            members: scan.members, fetched: fetched, sha256: sha256)
    }

    /// A file that could not be looked at, and why.
    init(_ item: ScanItem, _ rule: ScanRule, _ reason: String, fetched: UInt64? = nil) {
        self.init(
            path: item.path, name: item.name, size: item.size, kind: nil, verdict: rule.verdict,
            findings: [ScanReport.Finding(finding: ScanFinding(rule, ScanPlace(), reason), allowance: nil)],
            isCut: false,
            imports: [], refusedByWeightsOnly: nil, unread: 0, members: 0, fetched: fetched, sha256: nil)
    }
}
