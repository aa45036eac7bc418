// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    private static let readTemplate =
        "Read the template at that place. Use a template that you have reviewed, or the one of the model that this one was made from."

    /// A template cannot be parsed.
    package static let templateUnparsable = ScanRule(
        "template-unparsable", .medium, .unscannable, "A chat template cannot be parsed.",
        explanation: """
            Chat templates are programs in the Jinja language. This one is not read by the parser, which knows the language as \
            `apply_chat_template` runs it, so nothing can be said about what it does. Either it is damaged, or it is meant for another engine.
            """,
        remedy: readTemplate)

    /// A template reaches for the inside of Python objects.
    package static let templateEscape = ScanRule(
        "template-escape", .critical, .malicious, "A chat template reaches for Python's internals.",
        explanation: """
            From any value, attributes such as `__class__`, `__globals__` or `mro` lead to every function of the interpreter, and from there \
            to a shell. Programs that render templates without a sandbox run such code as soon as the model is loaded or a message arrives. \
            Names are followed through constants, variables, concatenation, escapes, `attr`, `map(attribute=…)`, `format` and `join`. No \
            chat template has a use for them.
            """,
        remedy: readTemplate,
        references: ["CVE-2024-34359", "CVE-2026-5760"])

    /// A template computes the name of an attribute.
    package static let templateComputedName = ScanRule(
        "template-computed-name", .high, .malicious, "A chat template reaches for an attribute whose name it computes.",
        explanation: """
            The name of the attribute is put together while the template runs, in a way that cannot be followed. Templates of models read \
            attributes by their names; hiding a name serves only to get a forbidden one past a check.
            """,
        remedy: readTemplate)

    /// A template has text that names Python's internals, or other odd access.
    package static let templateOddName = ScanRule(
        "template-odd-name", .medium, .review, "A chat template names something private or reaches in an unusual way.",
        explanation: """
            Names that begin with an underscore, the name `self`, the helper `lipsum`, and format strings that reach into their arguments \
            are refused by sandboxes or appear in escapes from them. Here they do not yet reach anything dangerous.
            """,
        remedy: readTemplate)

    /// A template calls something dangerous by name.
    package static let templateDangerousCall = ScanRule(
        "template-dangerous-call", .critical, .malicious,
        "A chat template calls a function that runs commands or code.",
        explanation:
            "Functions such as `popen`, `system`, `eval` or `import_module` have no place in the layout of a conversation.",
        remedy: readTemplate)

    /// A template loads another.
    package static let templateInclude = ScanRule(
        "template-include", .high, .malicious, "A chat template loads another template.",
        explanation: """
            `include`, `import` and `extends` read a file that the program which renders the template can reach. The loaders of models give \
            templates nothing to load from, so a working chat template has no use for them; in another engine they read files.
            """,
        remedy: readTemplate)

    /// A file of prompts loads another template.
    package static let templatePromptInclude = ScanRule(
        "template-prompt-include", .medium, .review,
        "A template that is not a chat template loads another by a fixed name.",
        explanation: "A prompt file may be built of several. What it loads has to be reviewed with it.",
        remedy: "Look at the file that it names.")

    /// A template calls a function that is not known.
    package static let templateUnknownFunction = ScanRule(
        "template-unknown-function", .medium, .unknown,
        "A chat template calls a function, a filter or a test that loaders do not provide.",
        explanation: """
            `apply_chat_template` gives templates a small set of functions, filters and tests. Anything else either fails, or is something \
            that one engine adds and whose effect is not known here.
            """,
        remedy: readTemplate)

    /// A template can run very long.
    package static let templateUnbounded = ScanRule(
        "template-unbounded", .medium, .review, "A chat template can use up time or memory.",
        explanation: """
            Loops over large constant ranges inside one another, texts repeated millions of times, and powers of large numbers take a server \
            down with one request. Loops over messages are counted as short.
            """,
        remedy: readTemplate,
        references: ["CVE-2025-62426"])

    /// A template prints a literal address.
    package static let templateAddress = ScanRule(
        "template-address", .high, .review, "A chat template contains a web address.",
        explanation: """
            Text of a template becomes part of every conversation. Templates have been found that make a model hand out addresses of an \
            attacker. Addresses of JSON schemas are not reported.
            """,
        remedy: readTemplate)

    /// A template behaves differently when a message contains certain words.
    package static let templateTrigger = ScanRule(
        "template-trigger", .high, .review,
        "A chat template adds text when a message contains certain words, or at certain times.",
        explanation: """
            A condition on the words of a message, or on the date, decides whether literal text is put into the conversation: the form of a \
            backdoor that runs no code. Control words of models such as `</think>` or `/no_think` are not reported.
            """,
        remedy: readTemplate)

    /// A template tells the model to keep something from the user.
    package static let templateSecrecy = ScanRule(
        "template-secrecy", .high, .review,
        "A chat template tells the model to hide something or to forget its instructions.",
        explanation:
            "Text such as \"do not mention\" or \"ignore previous instructions\" is typical of manipulated templates.",
        remedy: readTemplate)

    /// The rules of templates.
    package static let templateRules: [ScanRule] = [
        templateUnparsable, templateEscape, templateComputedName, templateOddName, templateDangerousCall,
        templateInclude,
        templatePromptInclude, templateUnknownFunction, templateUnbounded, templateAddress, templateTrigger,
        templateSecrecy,
    ]
}
