// SPDX-License-Identifier: Apache-2.0

/// A call that a loader would make, and what it would then write into the result.
public struct PickleCall: Sendable {
    /// What is called; a `.node` of a global in every pickle that a pickler wrote.
    public let callee: PickleValue
    /// The arguments: a tuple in every valid pickle.
    public let arguments: PickleValue
    /// The keyword arguments of `NEWOBJ_EX`: a dict; `.none` for all others.
    public let keywords: PickleValue
    /// The states that `BUILD` sets, in order; nearly always none or one.
    public let states: [PickleValue]
    /// What `APPEND` and `APPENDS` (or `ADDITEMS`) put into the result.
    public let items: [PickleValue]
    /// What `SETITEM` and `SETITEMS` put into the result, as the contents of an `OrderedDict`.
    public let pairs: [PicklePair]
    /// The instruction that makes the call: `REDUCE`, `NEWOBJ`, `NEWOBJ_EX`, `OBJ` or `INST`.
    public let opcode: PickleOpcode
    /// Where that instruction is.
    public let offset: UInt64
    /// Where the raw array bytes lie that joblib writes behind this object; see `PickleOptions.interleavedArrays`.
    public let array: Range<UInt64>?
}
