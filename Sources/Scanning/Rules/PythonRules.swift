// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    private static let readFile =
        "Read the file at the locked commit before you let it run, or leave it out with `exclude`."

    /// A Python file.
    package static let pythonCode = ScanRule(
        "python-code", .note, .review, "A file is Python code.",
        explanation: """
            Code is part of many models. It runs with the rights of the one who loads the model with `trust_remote_code`, or starts it by \
            hand. A scan finds what is openly dangerous; it does not prove that code is harmless.
            """,
        remedy: readFile)

    /// A dangerous call that happens as soon as the file is imported.
    package static let pythonCallOnImport = ScanRule(
        "python-call-on-import", .critical, .malicious,
        "A Python file runs commands or hidden code as soon as it is imported.",
        explanation: """
            The call stands at the top level of the file, in the body of a class, or in a function that the top level calls: loading the \
            model is enough to run it. Definitions of models, configurations and tokenizers have no use for a shell or for installing packages.
            """,
        remedy: readFile)

    /// Code that is decoded and then run.
    package static let pythonDecodedCode = ScanRule(
        "python-decoded-code", .critical, .malicious, "A Python file decodes or downloads code and runs it.",
        explanation: """
            What `exec`, `eval` or `marshal` get comes out of base64, compression, a byte list or the network. Nobody who wants to be read writes \
            code this way.
            """,
        remedy: readFile)

    /// A name that is put together to hide it.
    package static let pythonHiddenName = ScanRule(
        "python-hidden-name", .critical, .malicious, "A Python file hides the name of a dangerous function.",
        explanation: """
            The name of a module or function is put together from pieces, reversed, decoded, or written with letters that only look different, \
            so that a search does not find it. Put together it is one that runs commands or code.
            """,
        remedy: readFile)

    /// A dangerous call somewhere in the file.
    package static let pythonDangerousCall = ScanRule(
        "python-dangerous-call", .high, .review,
        "A Python file contains a call that runs commands, loads code or uses the network.",
        explanation: """
            The call is in a function, or is of a kind that has honest uses: compiling a kernel, fetching an example picture. Whether it is \
            harmless depends on what is passed and when it runs.
            """,
        remedy: readFile)

    /// A load of pickles.
    package static let pythonUnsafeLoad = ScanRule(
        "python-unsafe-load", .medium, .review, "A Python file loads pickled objects.",
        explanation: """
            `pickle.load`, `joblib.load`, and `torch.load` without `weights_only=True` run what the loaded file says. The scan of that file says \
            whether it does harm.
            """,
        remedy: "Convert the weights to safetensors, or pass `weights_only=True`.")

    /// Code that runs when something is installed or started.
    package static let pythonHookFile = ScanRule(
        "python-hook-file", .medium, .review, "A Python file bears a name that tools run without being asked.",
        explanation:
            "`setup.py` runs at every installation, `conftest.py` in every test run, `sitecustomize.py` at every start of Python.",
        remedy: readFile)

    /// A file in an encoding that hides code.
    package static let pythonEncoding = ScanRule(
        "python-encoding", .high, .unscannable,
        "A Python file is in an encoding in which code can look like a comment.",
        explanation:
            "Python obeys a line such as `# coding: utf-7`. In some encodings, what an editor shows is not what runs.",
        remedy: "Ask the publisher for the file in UTF-8.")

    /// A notebook that runs shell commands.
    package static let notebookShell = ScanRule(
        "notebook-shell", .medium, .review, "A notebook has cells that run shell commands.",
        explanation:
            "Lines that begin with `!` and cells that begin with `%%bash` run when somebody runs the notebook.",
        remedy: "Read the cells before you run them.")

    /// The rules of Python code.
    package static let pythonRules: [ScanRule] = [
        pythonCode, pythonCallOnImport, pythonDecodedCode, pythonHiddenName, pythonDangerousCall, pythonUnsafeLoad,
        pythonHookFile,
        pythonEncoding, notebookShell,
    ]
}
