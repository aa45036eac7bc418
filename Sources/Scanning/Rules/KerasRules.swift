// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    private static let askForWeights =
        "Ask for the weights in safetensors, or load only the weights into a model that you build from code you have read."

    /// A Lambda layer with code in it.
    package static let kerasLambda = ScanRule(
        "keras-lambda", .critical, .malicious, "A Keras model carries Python byte code.",
        explanation: """
            A Lambda layer (or any object of the class `__lambda__`) holds a marshalled Python function, which runs when the model is loaded or \
            called. Safe mode refuses it in `.keras` files, and was ignored for HDF5 files.
            """,
        remedy: askForWeights, references: ["CVE-2024-3660", "CVE-2025-9905"])

    /// A Lambda layer that names a function.
    package static let kerasNamedLambda = ScanRule(
        "keras-named-lambda", .medium, .unknown,
        "A Keras model has a Lambda layer around a function that is only named.",
        explanation: "The function has to be there when the model is loaded. What it does is not in the file.",
        remedy: "Find out which function is meant and where it comes from.")

    /// A model that names a module or function that is not Keras's.
    package static let kerasForeignModule = ScanRule(
        "keras-foreign-module", .critical, .malicious,
        "A Keras model has a function or class built that loads code or runs commands.",
        explanation: """
            Configurations name a module and a class, and some versions of Keras import whatever they name and call it. `os.system`, \
            `keras.utils.get_file` and `enable_unsafe_deserialization` were used like this; wrappers around torch modules unpickle.
            """,
        remedy: askForWeights,
        references: ["CVE-2025-1550", "CVE-2025-8747", "CVE-2025-9906", "CVE-2025-49655", "CVE-2025-12060"])

    /// A class of a module that is on no list.
    package static let kerasUnknownModule = ScanRule(
        "keras-unknown-module", .high, .unknown, "A Keras model names a module outside of Keras.",
        explanation:
            "Some versions of Keras import the module that a configuration names. This one is not part of Keras.",
        remedy: "Find out which package the module is from, and read the class.", references: ["CVE-2025-1550"])

    /// A class of the author's.
    package static let kerasCustomClass = ScanRule(
        "keras-custom-class", .medium, .review, "A Keras model uses a class that is not part of Keras.",
        explanation: "The class has to be registered by the program that loads the model; its code is not in the file.",
        remedy: "Find out where the class comes from.")

    /// A layer that reads a file.
    package static let kerasFileArgument = ScanRule(
        "keras-file-argument", .high, .malicious, "A Keras model has a layer read a file or an address.",
        explanation: """
            Vocabularies of lookup layers, and arguments such as `filepath` or `origin`, may be paths: loading the model then reads any file of \
            the machine, or fetches an address.
            """,
        remedy: askForWeights, references: ["CVE-2025-12058"])

    /// A vocabulary in a file beside the model.
    package static let kerasVocabularyFile = ScanRule(
        "keras-vocabulary-file", .low, .review, "A Keras model reads a vocabulary from a file beside it.",
        explanation: "The file belongs to the model and has to be scanned and locked with it.",
        remedy: "Check that the file is part of the deliverable.")

    /// A layer whose name is a path.
    package static let kerasPathName = ScanRule(
        "keras-path-name", .critical, .malicious,
        "A layer of a Keras model bears a name that leads out of a directory.",
        explanation: "Names of layers become paths when weights are saved or loaded.",
        remedy: "Do not load the model.", references: ["CVE-2026-12479"])

    /// HDF5 data in another file.
    package static let hdf5External = ScanRule(
        "hdf5-external", .critical, .malicious, "An HDF5 file takes data from another file.",
        explanation: """
            External storage, external links and virtual datasets make the HDF5 library open other files of the machine while it reads this one. \
            Weights have no use for them.
            """,
        remedy: "Do not load the file.", references: ["CVE-2026-1669"])

    /// An HDF5 filter that is loaded as a plug-in.
    package static let hdf5Filter = ScanRule(
        "hdf5-filter", .medium, .review, "An HDF5 file needs a filter that is not part of the library.",
        explanation: "The library loads filters that it does not have from a directory of plug-ins: native code.",
        remedy: "Find out which filter it is, or ask for the file without it.")

    /// A part of an HDF5 file that cannot be walked.
    package static let hdf5Unread = ScanRule(
        "hdf5-unread", .medium, .unscannable, "A part of an HDF5 file cannot be read.",
        explanation:
            "The file is cut, damaged, or uses a structure that the reader does not know. What lies behind it is not known.",
        remedy: "Write the file again with a current h5py, or ask for the weights in safetensors.")

    /// The rules of Keras and HDF5.
    package static let kerasRules: [ScanRule] = [
        kerasLambda, kerasNamedLambda, kerasForeignModule, kerasUnknownModule, kerasCustomClass, kerasFileArgument,
        kerasVocabularyFile, kerasPathName, hdf5External, hdf5Filter, hdf5Unread,
    ]
}
