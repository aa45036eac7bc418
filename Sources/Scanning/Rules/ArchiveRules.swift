// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// A member whose name or kind lets it leave the directory.
    package static let archiveEscape = ScanRule(
        "archive-escape", .critical, .malicious, "A member of an archive would be unpacked outside its directory.",
        explanation:
            "An absolute name, a `..`, a link or a device file makes a program that unpacks the archive write or read elsewhere.",
        remedy: "Do not unpack the archive.", references: ["CVE-2025-12060"])
    /// Two readers of the archive would see two contents.
    package static let archiveDisagreement = ScanRule(
        "archive-disagreement", .high, .unscannable, "Two readers of the archive would see different contents.",
        explanation:
            "A zip archive describes each member twice, in front of the member and in the directory at the end. Where the two disagree, "
            + "where members overlap or a name occurs twice, a scanner can be shown one file and a loader another.",
        remedy: "Ask the publisher for an archive written by an ordinary program, or unpack and compare by hand.",
        references: ["CVE-2025-1944", "CVE-2025-1945", "CVE-2025-10156"])
    /// Bytes of an archive that cannot be had.
    package static let archiveUnreadable = ScanRule(
        "archive-unreadable", .high, .unscannable, "An archive or a packed stream cannot be read to the end.",
        explanation:
            "It is encrypted, damaged, packed by a method that is not opened here, or its checksum is wrong. Some loaders read such files all the same.",
        remedy: "Download the file again and compare its digest; if it is the same, do not load it.")
    /// An archive that unpacks to far more than it is.
    package static let archiveBomb = ScanRule(
        "archive-bomb", .high, .unscannable, "An archive unpacks to more than is reasonable, or is nested too deep.",
        explanation: "Reading it to the end would take memory, disk or time out of proportion.",
        remedy: "Do not unpack the archive.")
    /// Bytes that belong to no member.
    package static let archivePolyglot = ScanRule(
        "archive-polyglot", .critical, .malicious,
        "A file is something else at its beginning and a zip archive at its end.",
        explanation:
            "Programs that look for the directory at the end of a file see an archive; those that look at the first bytes see the other content.",
        remedy: "Do not load the file; ask the publisher for an ordinary one.")
    /// A container that is not opened.
    package static let archiveUnopened = ScanRule(
        "archive-unopened", .high, .unscannable, "A container of this kind is not opened.",
        explanation: "Its content has not been looked at, so nothing can be said about it.",
        remedy: "Unpack it with its own program in a safe place, and scan what comes out.")
    /// A member that should hold numbers and holds something else.
    package static let archiveStorage = ScanRule(
        "archive-storage", .high, .unknown,
        "The numbers of a tensor in a checkpoint are a file that can be loaded on its own.",
        explanation:
            "A loader that is told another name for the pickle inside an archive takes any member. Whatever is there is scanned as well.",
        remedy: "Convert the file with `weighlock convert`.", references: ["CVE-2025-1889"])
    /// PyTorch's archive of 2016.
    package static let archiveTorchTar = ScanRule(
        "archive-torch-tar", .high, .review, "A checkpoint in PyTorch's first format, a tar archive.",
        explanation:
            "Up to PyTorch 2.5 `weights_only` did not protect this path; later versions refuse the format. The pickles inside are scanned.",
        remedy: "Convert the file with `weighlock convert`.", references: ["CVE-2025-32434"])

    /// The rules of archives and packed streams.
    package static let archiveRules: [ScanRule] = [
        archiveEscape, archiveDisagreement, archiveUnreadable, archiveBomb, archivePolyglot, archiveUnopened,
        archiveStorage, archiveTorchTar,
    ]
}
