// SPDX-License-Identifier: Apache-2.0

/// The rules that a pickle is judged by. The raw values are stable: reports and allow files name them.
public enum PickleRule: String, Sendable, Hashable, CaseIterable {
    case dangerousGlobal = "pickle-global-dangerous"
    case unknownGlobal = "pickle-global-unknown"
    case dottedGlobal = "pickle-global-dotted"
    case object = "pickle-object"
    case code = "pickle-code"
    case computedName = "pickle-computed-name"
    case computedCallee = "pickle-computed-callee"
    case callArguments = "pickle-call-arguments"
    case constructor = "pickle-constructor"
    case buildOnGlobal = "pickle-build-global"
    case buildOnValue = "pickle-build-value"
    case write = "pickle-write"
    case extensionCode = "pickle-extension"
    case outOfBandBuffer = "pickle-buffer"
    case persistentID = "pickle-persistent-id"
    case protocolVersion = "pickle-protocol"
    case memoIndex = "pickle-memo-index"
    case malformed = "pickle-malformed"
    case trailing = "pickle-trailing"
    case nested = "pickle-nested"
    case expansion = "pickle-expansion"
    case allocation = "pickle-allocation"
    case leftover = "pickle-leftover"

    /// The verdict that a finding of this rule leads to; `nested` may lead to a worse one.
    public var verdict: PickleVerdict {
        switch self {
        case .object, .code, .nested, .expansion, .allocation, .leftover: .review
        case .unknownGlobal, .persistentID, .constructor: .unknown
        case .outOfBandBuffer, .protocolVersion, .memoIndex, .malformed, .trailing: .unscannable
        case .dangerousGlobal, .dottedGlobal, .computedName, .computedCallee, .callArguments, .buildOnGlobal,
            .buildOnValue, .write, .extensionCode:
            .malicious
        }
    }

    /// What the rule says, in one sentence.
    public var summary: String {
        switch self {
        case .dangerousGlobal: "A name is imported that can run code, read or write files, or open connections."
        case .unknownGlobal: "A name is imported that is not known to be harmless."
        case .dottedGlobal: "A name reaches through one object to another, or names an internal of Python."
        case .object: "Objects of a library are made; loading runs that library's code."
        case .code: "The pickle holds Python code."
        case .computedName: "The name to import is computed while loading."
        case .computedCallee: "What is called is computed while loading."
        case .callArguments: "A harmless function is called with arguments that it is not harmless with."
        case .constructor:
            "A library's class is made out of texts that it may take for a file, an address or an expression."
        case .buildOnGlobal: "The attributes of a module, class or function are overwritten for the whole program."
        case .buildOnValue: "A state is set on something that is not an object of this pickle."
        case .write: "Something that is not a list, dict or set is written to as if it were one."
        case .extensionCode: "A function is called by number, out of a registry of the loading program."
        case .outOfBandBuffer: "A part of the data is not in the file."
        case .persistentID: "The loader is asked for an object by an id that is not a tensor storage."
        case .protocolVersion: "The protocol is declared where it must not be."
        case .memoIndex: "A memo entry is used that costs the loader memory out of proportion."
        case .malformed: "The data is not a pickle that every loader reads the same way."
        case .trailing: "Bytes follow that are not a pickle."
        case .nested: "A constant is itself a pickle."
        case .expansion: "The structure refers to itself so often that a walk over it would not end."
        case .leftover: "Values are left over at the end, which no pickler leaves."
        case .allocation: "A few bytes make the loader allocate a very large object."
        }
    }

    /// What a person can do about it, in one sentence.
    public var remedy: String {
        switch self {
        case .dangerousGlobal, .dottedGlobal, .computedName, .computedCallee, .callArguments, .buildOnGlobal,
            .buildOnValue, .write, .extensionCode:
            "Do not load the file; ask the publisher for safetensors, and report the repository."
        case .unknownGlobal:
            "Read what the name does; if it is harmless, allow it for this file's digest in the allow file."
        case .constructor:
            "Read what the class does with these texts; if it is harmless, allow it for this file's digest in the allow file."
        case .object: "Use weights in safetensors, or load only if the library and its version are trusted."
        case .code: "Read the code, or load the weights alone."
        case .outOfBandBuffer, .protocolVersion, .memoIndex, .malformed:
            "Download the file again and compare its digest; if it is the same, do not load it."
        case .persistentID: "Load it only with the program that wrote it."
        case .trailing: "Compare the digest with the publisher's; what the extra bytes are for must be explained."
        case .nested: "Find out what reads the inner pickle, and scan it on its own."
        case .expansion, .allocation, .leftover: "Load it only where memory and time are limited."
        }
    }
}
