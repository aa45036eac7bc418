// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// A YAML tag that builds Python objects.
    package static let yamlPythonTag = ScanRule(
        "yaml-python-tag", .critical, .malicious, "A YAML file builds Python objects by a tag.",
        explanation: """
            Tags such as `!!python/object/apply:os.system` make a loader import a module and call a function while it reads the file. Safe \
            loaders refuse them, others run them. The tag counts in every spelling: with a `%TAG` directive, in full, or percent-encoded.
            """,
        remedy: "Do not load the file. If it is needed, write the value without the tag.")

    /// A YAML tag of somebody's own.
    package static let yamlLocalTag = ScanRule(
        "yaml-local-tag", .medium, .review, "A YAML file uses tags of its own.",
        explanation:
            "What a tag such as `!include` does is up to the program that reads the file; some read files or the environment.",
        remedy: "Look up what the program that reads the file does with the tag.")

    /// A skops file with something that calls functions.
    package static let skopsDangerousNode = ScanRule(
        "skops-dangerous-node", .critical, .malicious,
        "A skops file reaches for a function or an attribute that it should not.",
        explanation: """
            A skops archive says in `schema.json` how its objects are built. Nodes for operators and methods have been used to run code \
            although the names in the list of trusted types looked harmless.
            """,
        remedy: "Do not load the file; ask the publisher for one that is written with a current version of skops.",
        references: ["CVE-2025-54412", "CVE-2025-54413", "CVE-2025-54886"])

    /// A skops file with types that are on no list.
    package static let skopsUnknownType = ScanRule(
        "skops-unknown-type", .medium, .unknown, "A skops file builds objects of types that are on no list.",
        explanation:
            "skops asks its user to trust every type that is not built in. The name here is of no library that is known to be inert.",
        remedy: "Look the type up before you add it to the trusted types.")

    /// Packages from a place of the author's choice.
    package static let requirementsForeignIndex = ScanRule(
        "requirements-foreign-index", .high, .review, "A list of packages names an index or an address of its own.",
        explanation: """
            Installing from the list fetches packages from that place and runs their build scripts. A second index can also replace packages \
            of the public one by equal names with higher versions.
            """,
        remedy: "Install the packages from your own index, pinned and with hashes.")

    /// A program.
    package static let executableFile = ScanRule(
        "executable-file", .high, .unknown, "A file is a program or a library of native code.",
        explanation: """
            The first bytes are those of a program, a shared library, Java or Python byte code, WebAssembly, or a shortcut. What native code \
            does cannot be told by a scan. Weights, tokenizers and configurations need none.
            """,
        remedy: "Leave the file out with `exclude`, or build it from its source.")

    /// A program under another name.
    package static let executableDisguised = ScanRule(
        "executable-disguised", .critical, .malicious, "A program bears the name of a model file or a document.",
        explanation:
            "A name such as `model.bin` or `config.json` on native code or a shortcut serves only to get it past somebody.",
        remedy: "Delete the file.")

    /// A script.
    package static let scriptFile = ScanRule(
        "script-file", .medium, .review, "A file is a script of a shell or another interpreter.",
        explanation: "It does nothing unless somebody runs it. It is named so that it is read before.",
        remedy: "Read the script before you run it, or leave it out with `exclude`.")

    /// A line of a `.pth` file that Python runs when it starts.
    package static let pathFileCode = ScanRule(
        "path-file-code", .critical, .malicious, "A path file has lines that Python runs at every start.",
        explanation: """
            In a directory of packages, Python executes every line of a `.pth` file that begins with `import`. PyTorch checkpoints of the \
            same extension are something else: they are binary.
            """,
        remedy: "Delete the file.")

    /// A handler that a model server runs.
    package static let handlerCode = ScanRule(
        "handler-code", .high, .review, "A model archive names Python code that the server runs.",
        explanation: "TorchServe starts the handler that `MANIFEST.json` names with the rights of the server.",
        remedy: "Read the handler at the locked commit.")

    /// A handler outside of the archive.
    package static let handlerOutside = ScanRule(
        "handler-outside", .critical, .malicious, "A model archive names a handler outside of itself.",
        explanation:
            "A path that leaves the archive makes the server run a file that is not part of what was reviewed.",
        remedy: "Do not serve the archive.")

    /// A project file that runs code when packages are built.
    package static let projectBuildCode = ScanRule(
        "project-build-code", .medium, .review, "A project file has code of its own run when it is installed.",
        explanation:
            "A build backend in the project's own directory, or packages fetched from an address, run when `pip install` builds it.",
        remedy: "Read the backend, or do not install the repository as a package.")

    /// The rules of the other files of a repository.
    package static let repositoryRules: [ScanRule] = [
        yamlPythonTag, yamlLocalTag, skopsDangerousNode, skopsUnknownType, requirementsForeignIndex, executableFile,
        executableDisguised, scriptFile, pathFileCode, handlerCode, handlerOutside, projectBuildCode,
    ]
}
