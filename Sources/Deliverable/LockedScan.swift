// SPDX-License-Identifier: Apache-2.0

/// What the scan of a deliverable's files said when its bytes were first seen.
package struct LockedScan: Sendable, Hashable {
    /// A file that is not clean.
    package struct File: Sendable, Hashable {
        /// The path as in the component's listing.
        package let path: String
        /// The verdict, one of `verdicts`.
        package let verdict: String
        /// The names of the rules that it met, sorted.
        package let rules: [String]

        /// Describes a file.
        package init(path: String, verdict: String, rules: [String]) {
            (self.path, self.verdict) = (path, verdict)
            self.rules = rules.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    /// The verdicts that can stand in a lock.
    package static let verdicts: Set<String> = ["review", "unknown", "unscannable", "malicious"]

    /// The version of the rules.
    package let rulesVersion: Int
    /// The files that are not clean, sorted by path; every other file was scanned and is clean.
    package let files: [File]

    /// Describes a scan.
    package init(rulesVersion: Int, files: [File]) {
        self.rulesVersion = rulesVersion
        self.files = files.sorted {
            $0.path.utf8.elementsEqual($1.path.utf8)
                ? $0.verdict.utf8.lexicographicallyPrecedes($1.verdict.utf8)
                : $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
    }
}
