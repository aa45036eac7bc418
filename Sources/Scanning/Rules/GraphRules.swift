// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// A graph runs Python.
    package static let savedModelPython = ScanRule(
        "savedmodel-python", .critical, .malicious, "A TensorFlow graph runs Python or loads native code.",
        explanation: """
            Operations such as `PyFunc` call Python functions of the process, and `LoadLibrary` loads a shared library. They are looked for in \
            the graph and in every function of its library.
            """,
        remedy: "Do not load the model; ask for one that is exported without Python functions.")

    /// A graph writes files.
    package static let savedModelWrite = ScanRule(
        "savedmodel-write", .critical, .malicious, "A TensorFlow graph writes files.",
        explanation: """
            `WriteFile` and its kin write what the graph says to the place that the graph says, whenever the model is called. Models that are \
            served have no use for them. Checkpoints are saved by other operations, which are not reported.
            """,
        remedy: "Do not load the model.")

    /// A graph reads files.
    package static let savedModelRead = ScanRule(
        "savedmodel-read", .high, .malicious, "A TensorFlow graph reads files of the machine.",
        explanation:
            "`ReadFile`, `MatchingFiles` and data sets over files can hand the contents of any readable file to whoever calls the model.",
        remedy: "Do not load the model, unless you know why it reads files.")

    /// A graph has operations that are on no list.
    package static let savedModelUnknownOperation = ScanRule(
        "savedmodel-unknown-operation", .medium, .review,
        "A TensorFlow graph has an operation that TensorFlow itself does not have.",
        explanation:
            "An operation with a prefix of its own comes from a library that has to be loaded before the model.",
        remedy: "Find out which library the operation is from.")

    /// A graph names a file outside of its directory.
    package static let graphOutsideFile = ScanRule(
        "graph-outside-file", .critical, .malicious, "A model names a file outside of its own directory.",
        explanation: """
            Assets of a SavedModel and external data of an ONNX model are given by a path relative to the model. A path that is absolute, has `..` \
            or a backslash in it makes the loader read, and some tools write, any file.
            """,
        remedy: "Do not load the model.",
        references: ["CVE-2022-25882", "CVE-2024-27318", "CVE-2025-51480", "CVE-2026-27489", "CVE-2026-34446"])

    /// An ONNX model runs Python.
    package static let onnxPython = ScanRule(
        "onnx-python", .critical, .malicious, "An ONNX model runs Python.",
        explanation: "`PyOp` and `PyCustomOp` import a module and call a class of it while the model runs.",
        remedy: "Do not load the model.")

    /// An ONNX model needs a library of operators.
    package static let onnxCustomDomain = ScanRule(
        "onnx-custom-domain", .medium, .review, "An ONNX model has operators of a domain of its own.",
        explanation: """
            Operators outside of `ai.onnx` and `com.microsoft` come from a native library that the program has to load, unless the model defines \
            them as functions itself.
            """,
        remedy: "Find out which library the operators are from.")

    /// External data whose range makes no sense.
    package static let onnxDataRange = ScanRule(
        "onnx-data-range", .high, .unscannable, "An ONNX model describes external data by numbers that make no sense.",
        explanation: "Offset and length of external data must be whole numbers whose sum is a size of a file.",
        remedy: "Fetch the model again, or ask for one that is whole.")

    /// TorchScript code that opens files.
    package static let torchScriptFile = ScanRule(
        "torchscript-file", .critical, .malicious, "The code of a TorchScript model opens files.",
        explanation: """
            TorchScript has operators that save an object under a name and that map a file into memory. Whoever calls the model calls them \
            with the names that the model brings.
            """,
        remedy: "Do not load the model.")

    /// TorchScript code with operators of other libraries.
    package static let torchScriptOperation = ScanRule(
        "torchscript-operation", .medium, .review,
        "The code of a TorchScript model calls operators of another library.",
        explanation: """
            An operator that does not come with PyTorch is native code that has to be loaded before the model; what it does with the model's \
            numbers and texts is up to that library.
            """,
        remedy: "Find out which library the operators are from.")

    /// The rules of graphs.
    package static let graphRules: [ScanRule] = [
        savedModelPython, savedModelWrite, savedModelRead, savedModelUnknownOperation, graphOutsideFile, onnxPython,
        onnxCustomDomain, onnxDataRange, torchScriptFile, torchScriptOperation,
    ]
}
