// SPDX-License-Identifier: Apache-2.0

/// Why a template could not be parsed or rendered.
public struct JinjaError: Error, Sendable, Hashable {
    /// Which kind of error it is; for those that Python has too, the raw value is the name of its class.
    public enum Kind: String, Sendable, Hashable {
        /// The text is not a template.
        case syntax = "TemplateSyntaxError"
        /// The text is a template, but names a filter or test that does not exist, or the like.
        case assertion = "TemplateAssertionError"
        /// Something undefined was used.
        case undefined = "UndefinedError"
        /// Something that the sandbox forbids was tried.
        case security = "SecurityError"
        /// The template called `raise_exception`.
        case raised = "TemplateError"
        /// The template asked for something that cannot be.
        case runtime = "TemplateRuntimeError"
        /// An argument to a filter was wrong.
        case filterArgument = "FilterArgumentError"
        case type = "TypeError"
        case value = "ValueError"
        case key = "KeyError"
        case index = "IndexError"
        case overflow = "OverflowError"
        case zeroDivision = "ZeroDivisionError"
        case attribute = "AttributeError"
        /// Python's own compiler would refuse it: `break` outside of a loop.
        case pythonSyntax = "SyntaxError"
        case recursion = "RecursionError"
        /// A budget of ours was used up.
        case budget = "budget"
        /// Something that this evaluator does not do; the message names it.
        case unsupported = "unsupported"
    }

    /// Which kind of error it is.
    public let kind: Kind
    /// What happened; for errors that Python has too, in its words where they are known.
    public let message: String
    /// Where in the template, as far as it is known.
    public let place: SourcePlace?

    /// Creates an error.
    public init(_ kind: Kind, _ message: String, at place: SourcePlace? = nil) {
        (self.kind, self.message, self.place) = (kind, message, place)
    }

    func located(at place: SourcePlace) -> JinjaError {
        self.place == nil ? JinjaError(kind, message, at: place) : self
    }
}

extension JinjaError: CustomStringConvertible {
    /// `TypeError: … (line 3, byte 41)`.
    public var description: String { "\(kind.rawValue): \(message)" + (place.map { " (\($0))" } ?? "") }
}
