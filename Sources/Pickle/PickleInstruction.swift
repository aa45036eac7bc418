// SPDX-License-Identifier: Apache-2.0

/// An instruction of a pickle, its argument, and where it is.
public struct PickleInstruction: Sendable, Hashable {
    /// What it does.
    public let opcode: PickleOpcode
    /// What stands behind it.
    public let argument: PickleArgument
    /// Where it begins.
    public let offset: UInt64
}

/// What stands behind an instruction's byte, decoded.
public enum PickleArgument: Sendable, Hashable {
    /// Nothing.
    case none
    /// A number: a value, a memo entry, a protocol, an extension code or a frame's length.
    case integer(Int64)
    /// `INT` with `00` or `01`.
    case bool(Bool)
    /// A number beyond 64 bits: two's complement, least significant byte first.
    case bigInteger([UInt8])
    /// A float.
    case float(Double)
    /// Text or bytes after decoding; text as UTF-8 in which lone surrogates stand as three bytes.
    case bytes([UInt8])
    /// Long text or bytes, checked but not held: where they are in the source.
    case range(Range<UInt64>)
    /// The module and the name of `GLOBAL` or `INST`.
    case names(module: [UInt8], name: [UInt8])
}
