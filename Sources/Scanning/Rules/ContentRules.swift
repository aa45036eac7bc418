// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// A file that is not what its name says.
    package static let nameLies = ScanRule(
        "name-lies", .critical, .malicious,
        "A file whose name promises tensors and no code is something that can carry code.",
        explanation:
            "A file called `.safetensors` or `.gguf` is trusted for its name. Loaders that look at the content treat it as what it is.",
        remedy: "Do not load the file, and report the repository.")
    /// A file that should be readable and is not.
    package static let contentUnreadable = ScanRule(
        "content-unreadable", .high, .unscannable,
        "A file is not, or not wholly, what its name says, so it cannot be judged.",
        explanation:
            "Loaders choose how to read a file by its name. This one does not follow the format, and what a loader makes of it cannot be told.",
        remedy: "Download the file again and compare its digest; if it is the same, do not load it.")
    /// Content of no known kind.
    package static let contentUnknown = ScanRule(
        "content-unknown", .low, .review, "Binary content of a kind that is not known.",
        explanation:
            "It is neither a container nor a format that is read here. Only the program that reads it decides what it can do.",
        remedy: "Find out which program reads the file.")
    /// A file that is a pickle besides what it begins as.
    package static let contentPolyglot = ScanRule(
        "content-polyglot", .critical, .malicious, "A file of another format is also a pickle that makes calls.",
        explanation:
            "Loaders that unpickle a file do not ask what else it is: pictures, for one, can be written so that their bytes are instructions. "
            + "No program writes such a file by accident.",
        remedy: "Do not load the file, and report the repository.")
    /// A stand-in for a file.
    package static let contentPointer = ScanRule(
        "content-pointer", .medium, .unscannable, "A pointer of Git LFS stands where a file should be.",
        explanation: "The repository was cloned without its large files. What is in the file is not known.",
        remedy: "Run `git lfs pull`, or scan the repository itself as `namespace/name`.")
    /// An oddity of a safetensors file.
    package static let safetensorsOdd = ScanRule(
        "safetensors-odd", .low, .review, "A safetensors file that its writers would not write.",
        explanation:
            "The reference accepts it, but two readers can understand it differently: a name twice, unknown fields, white space in front.",
        remedy: "Rewrite it with `weighlock convert` and compare the tensor digests.")
    /// Objects in a numpy array.
    package static let numpyObjects = ScanRule(
        "numpy-objects", .medium, .review, "A numpy file holds Python objects, as a pickle.",
        explanation:
            "It is loaded only with `allow_pickle=True`, and then with all that a pickle can do. The pickle is scanned.",
        remedy: "Store numbers, not objects.")
    /// Bytes behind the array.
    package static let numpyOdd = ScanRule(
        "numpy-odd", .medium, .review,
        "A numpy file has a header that numpy would not write, or bytes behind its array.",
        explanation: "The header is text that numpy evaluates as a literal.", remedy: "Write the array anew.")

    /// The rules about what a file is.
    package static let contentRules: [ScanRule] = [
        nameLies, contentUnreadable, contentUnknown, contentPolyglot, contentPointer, safetensorsOdd, numpyObjects,
        numpyOdd,
    ]
}
