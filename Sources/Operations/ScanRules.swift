// SPDX-License-Identifier: Apache-2.0

package import Scanning

/// All rules that a scan can report: those about contents, and those about files that could not be looked at.
package enum ScanRules {
    /// The rules about files whose bytes could not be had: silence would look like an all-clear.
    package static let access: [ScanRule] = [.fileUnreadable, .fileOutside, .fileAbsent, .fileRemote]

    /// Every rule, in the order of their names.
    package static let all: [ScanRule] = (ScanRule.catalogue + access)
        .sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }

    /// The rule of that name.
    package static func named(_ id: String) -> ScanRule? { all.first { $0.id.utf8.elementsEqual(id.utf8) } }
}

extension ScanRule {
    /// A file that the system did not let us read.
    static let fileUnreadable = ScanRule(
        "file-unreadable", .high, .unscannable, "A file could not be opened or read.",
        explanation: """
            The system refused: permissions, a disk that fails, a name that is not UTF-8, something that is not a file. Whoever loads the \
            model may still be able to read it, so it cannot be called clean.
            """,
        remedy: "Give yourself the right to read the file, or take it out of the directory, and scan again.")

    /// A link that leads out of what was named.
    static let fileOutside = ScanRule(
        "file-outside", .medium, .unscannable, "A link leads out of the directory that is scanned.",
        explanation: """
            Links are followed inside the directory, into the blobs of the Hugging Face cache that it belongs to, and into the store. \
            A link to anywhere else is not followed: what stands there is no part of the model, and can be another thing tomorrow.
            """,
        remedy: "Scan the place that the link leads to by its own name.")

    /// A locked file that is not in the store.
    static let fileAbsent = ScanRule(
        "file-absent", .medium, .unscannable, "A file of the lock is not in the store.",
        explanation: "Nothing can be said about bytes that are not there.",
        remedy: "Run `weighlock sync`, then scan again; or scan the repository itself, as `namespace/name@commit`.")

    /// A remote file of which too much would have to be fetched.
    static let fileRemote = ScanRule(
        "file-remote", .medium, .unscannable, "A remote file cannot be judged without fetching too much of it.",
        explanation: """
            Files of a repository are scanned by fetching only the ranges that matter. Of this one more would have to be read than a scan \
            from afar fetches: a long pickle, a compressed member, a container whose parts lie all over the file.
            """,
        remedy: "Lock and sync the repository, or download the file, and scan it on this machine.")
}
