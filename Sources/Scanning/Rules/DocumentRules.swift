// SPDX-License-Identifier: Apache-2.0

extension ScanRule {
    /// A document is too large to be read.
    package static let documentTooLarge = ScanRule(
        "document-too-large", .medium, .unscannable, "A document is larger than any that models ship.",
        explanation: """
            Documents such as configurations, templates and source files are read wholly, up to a limit that is several times what the \
            largest known models need. A larger one was not read, so nothing is known about it.
            """,
        remedy: "Ask the publisher why the file is so large, or leave it out with `exclude`.")

    /// A document does not have the form that it should have.
    package static let documentMalformed = ScanRule(
        "document-malformed", .medium, .unscannable,
        "A document does not have the form that its name or its begin promises.",
        explanation: """
            The file could not be read to the end in its own format: it is cut, damaged, or made so that one program reads it and another \
            does not. What was found before the damage is reported beside this; what lies behind it is not known.
            """,
        remedy:
            "Fetch the file again; if it stays so, ask the publisher for a whole one, or leave it out with `exclude`.")

    /// A container that is not opened here can carry code.
    package static let containerUnopened = ScanRule(
        "container-unopened", .medium, .unknown, "A file of a format that can carry code is not opened.",
        explanation: """
            The format is known, and known to be able to hold code or serialised objects, but there is no reader for it here. The file is \
            named so that nobody takes silence for an all-clear.
            """,
        remedy: "Scan the file with a tool made for the format, or leave it out with `exclude`.")

    /// An entity of an XML document that is read from somewhere else.
    package static let xmlEntity = ScanRule(
        "xml-entity", .high, .malicious, "An XML document pulls in another file or address.",
        explanation: """
            A reader that resolves external entities reads the named file of the machine, or fetches the address, and puts it into the \
            document. No description of a model needs that.
            """,
        remedy: "Do not open the document with a reader that resolves entities; ask for one without.")

    /// The rules of documents in general.
    package static let documentRules: [ScanRule] = [documentTooLarge, documentMalformed, containerUnopened, xmlEntity]
}
