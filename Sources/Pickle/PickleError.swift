// SPDX-License-Identifier: Apache-2.0

public import BinaryFormats

/// Why bytes are not a pickle that can be interpreted, and where.
public struct PickleError: Error, Sendable, Hashable {
    /// What is wrong.
    public let problem: PickleProblem
    /// Where the instruction begins at which it is wrong.
    public let offset: UInt64
    /// That instruction, nil where there is none.
    public let opcode: PickleOpcode?

    /// Combines the three.
    public init(_ problem: PickleProblem, at offset: UInt64, opcode: PickleOpcode? = nil) {
        (self.problem, self.offset, self.opcode) = (problem, offset, opcode)
    }
}

extension PickleError {
    /// Whether readers that ignore frames would read on.
    var isAboutFrames: Bool {
        switch problem {
        case .frameCrossed, .frameNested, .frameUnfinished: true
        default: false
        }
    }
}

extension PickleError: CustomStringConvertible {
    /// One line for people, without a line end.
    public var description: String {
        "\(problem) (byte \(offset)\(opcode.map { ", `\($0.name)`" } ?? ""))"
    }
}

/// What can be wrong with a pickle.
public enum PickleProblem: Sendable, Hashable {
    /// The bytes could not be had.
    case bytes(ByteError)
    /// The data ends before `STOP`.
    case noStop
    /// A byte that is no instruction.
    case unknownOpcode(UInt8)
    /// A protocol above 5.
    case unknownProtocol(UInt8)
    /// An instruction that begins inside a frame and ends outside.
    case frameCrossed
    /// A frame that begins inside a frame.
    case frameNested
    /// A frame that reaches beyond the `STOP`.
    case frameUnfinished
    /// Text that is not a number as Python writes it.
    case number
    /// A `STRING` that is not in quotes.
    case quotes
    /// An escape sequence that is not one.
    case escape
    /// Text that is not UTF-8 (or not ASCII, where only ASCII may stand).
    case text
    /// A length below zero.
    case negativeLength
    /// An empty name.
    case emptyName
    /// Something is taken from an empty stack, or from below a mark.
    case stackUnderflow
    /// A mark is needed and there is none.
    case missingMark
    /// Keys without values.
    case oddItems
    /// A memo entry is read that was never written.
    case unsetMemo(UInt64)
    /// A value of this kind is needed and another is there.
    case operand(String)
    /// A list, dict, set or bytearray as a key or as a member of a set.
    case unhashable
    /// An extension code of zero or less.
    case extensionCode
    /// The array behind a joblib wrapper has no size that can be told.
    case array(String)
    /// A budget is used up.
    case limit(String, UInt64)
}

extension PickleProblem: CustomStringConvertible {
    /// One line for people, without a line end.
    public var description: String {
        switch self {
        case .bytes(let error): error.description
        case .noStop: "the data ends before `STOP`"
        case .unknownOpcode(let byte): "byte \(byte) is no instruction"
        case .unknownProtocol(let version): "protocol \(version) is above 5"
        case .frameCrossed: "the instruction crosses the end of its frame"
        case .frameNested: "a frame begins inside a frame"
        case .frameUnfinished: "the frame reaches beyond the `STOP`"
        case .number: "the text is not a number as Python writes it"
        case .quotes: "the string is not in quotes"
        case .escape: "an escape sequence is wrong"
        case .text: "the text is not valid in its encoding"
        case .negativeLength: "a length is negative"
        case .emptyName: "a name is empty"
        case .stackUnderflow: "the stack has too few values"
        case .missingMark: "there is no mark on the stack"
        case .oddItems: "a key has no value"
        case .unsetMemo(let index): "memo entry \(index) was never written"
        case .operand(let expected): "the operand is not \(expected)"
        case .unhashable: "a value that cannot be hashed is used as a key"
        case .extensionCode: "the extension code is not positive"
        case .array(let reason): "the array bytes cannot be skipped: \(reason)"
        case .limit(let name, let limit): "more than \(limit) \(name)"
        }
    }
}
