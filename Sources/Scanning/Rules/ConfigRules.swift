// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    private static let readCode =
        "Read the Python file that it names at the locked commit. Without need for it, use a model whose architecture is part of the library."

    /// A configuration asks for Python files of its own repository.
    package static let configOwnCode = ScanRule(
        "config-own-code", .high, .review, "A configuration asks for Python code of the same repository.",
        explanation: """
            `auto_map` and `custom_pipelines` name classes in Python files that ship with the model. Loaded with `trust_remote_code`, those \
            files run with the rights of the one who loads the model. That is how models with a new architecture work, so it is no finding \
            against the model; but the files are part of what has to be reviewed. Some servers honoured `auto_map` without being asked.
            """,
        remedy: readCode, references: ["CVE-2026-22807"])

    /// A configuration asks for Python files of another repository.
    package static let configForeignCode = ScanRule(
        "config-foreign-code", .critical, .malicious, "A configuration asks for Python code of another repository.",
        explanation: """
            A value such as `other/repository--module.Class` makes the loader fetch and run a file of a repository that is neither locked nor \
            reviewed, at whatever commit its main branch has on that day. Its owner can change the code at any time.
            """,
        remedy: """
            Copy the file into the repository and name it without `--`, or use a model that does not need it. If the named repository is \
            this one, the finding goes away when the scan is told the repository's name.
            """)

    /// An attention implementation that is fetched from a repository.
    package static let configRemoteKernel = ScanRule(
        "config-remote-kernel", .critical, .malicious,
        "A configuration names an attention implementation in a repository.",
        explanation: """
            Values of `_attn_implementation` and its kin are names such as `sdpa`. One with a slash makes the library fetch a repository and \
            run what is in it, in some versions even when remote code was not allowed.
            """,
        remedy: "Remove the entry from the configuration, or set it to `sdpa` or `eager` when loading.",
        references: ["CVE-2026-4372"])

    /// A configuration allows remote code.
    package static let configTrustsCode = ScanRule(
        "config-trusts-code", .high, .review, "A configuration says that remote code is to be trusted.",
        explanation: "Whether code of a repository may run is for the one who loads it to say, not for the repository.",
        remedy: "Remove the entry, and look for the code that it is meant for.")

    /// A configuration names a dangerous callable.
    package static let configDangerousTarget = ScanRule(
        "config-dangerous-target", .critical, .malicious,
        "A configuration has a function called that runs commands, code or loads files.",
        explanation: """
            Hydra, NeMo and other libraries import what `_target_` names and call it with the other keys as arguments: a configuration is a \
            program. jsonpickle does the same with its `py/…` keys. The function that is named here has no place in the description of a model.
            """,
        remedy:
            "Do not load the file. If the entry is needed, replace it by the class of the library that it stands for.",
        references: ["CVE-2025-23304"])

    /// A configuration names a callable that is on no list.
    package static let configUnknownTarget = ScanRule(
        "config-unknown-target", .high, .unknown, "A configuration has something called that is on no list.",
        explanation: """
            What `_target_` or a `py/…` key names is imported and called. Classes of NeMo, Lightning and torch are known; this one is not, and \
            what it does with its arguments has to be looked up.
            """,
        remedy: "Look the name up; if it is a class of a library that you use, allow it for this file.")

    /// A configuration names a class outside of the library it belongs to.
    package static let configForeignClass = ScanRule(
        "config-foreign-class", .medium, .review,
        "A configuration names a class outside of the libraries that usually load it.",
        explanation: """
            Sentence-transformers imports the classes that `modules.json` names, diffusers those of `model_index.json`, and adapters the \
            module in `auto_mapping`. Names outside of these libraries lead to Python files of the repository or to other packages.
            """,
        remedy: readCode)

    /// A regular expression that can take very long.
    package static let configSlowPattern = ScanRule(
        "config-slow-pattern", .low, .review, "A tokenizer's regular expression has a repetition inside a repetition.",
        explanation: "Patterns such as `(a+)+` can take exponential time on texts that are made for it.",
        remedy: "Compare the pattern with that of the tokenizer's original.")

    /// The rules of configurations.
    package static let configRules: [ScanRule] = [
        configOwnCode, configForeignCode, configRemoteKernel, configTrustsCode, configDangerousTarget,
        configUnknownTarget,
        configForeignClass, configSlowPattern,
    ]
}
