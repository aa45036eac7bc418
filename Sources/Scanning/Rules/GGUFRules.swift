// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// A GGUF header that breaks the format.
    package static let ggufMalformed = ScanRule(
        "gguf-malformed", .high, .unscannable, "A GGUF file breaks the rules of its format.",
        explanation: """
            A count, a length or the place of a tensor does not fit into the file, or a product is more than 64 bits can hold. Loaders that do \
            not check this read and write beyond their memory.
            """,
        remedy: "Fetch the file again; if it stays so, do not load it.",
        references: ["CVE-2024-21802", "CVE-2024-23496", "CVE-2025-53630", "CVE-2026-27940", "CVE-2026-7482"])

    /// A GGUF file that llama.cpp refuses.
    package static let ggufAnomaly = ScanRule(
        "gguf-anomaly", .high, .unscannable, "A GGUF file has tensors or keys that readers understand differently.",
        explanation:
            "Names that occur twice, tensors that overlap or are not aligned, and unknown types are refused by some readers and taken by others.",
        remedy: "Ask the publisher for a file that is written with current tools.")

    /// Something odd in a GGUF file.
    package static let ggufOddity = ScanRule(
        "gguf-oddity", .low, .review, "A GGUF file has something odd that its readers accept.",
        explanation: "Bytes behind the last tensor, texts that are not UTF-8, or booleans other than 0 and 1.",
        remedy: "Compare the file with that of its publisher.")

    /// The rules of GGUF.
    package static let ggufRules: [ScanRule] = [ggufMalformed, ggufAnomaly, ggufOddity]
}
