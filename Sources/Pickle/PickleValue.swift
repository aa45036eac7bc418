// SPDX-License-Identifier: Apache-2.0

/// A value on the machine's stack: a constant, or a place in the graph for everything that has an identity.
///
/// Two `.node` values are the same object, in Python's sense of `is`, when they are equal. Values mean something only together
/// with the `PickleGraph` that they came from.
public enum PickleValue: Sendable, Hashable {
    /// `None`.
    case none
    /// `True` or `False`.
    case bool(Bool)
    /// A whole number that fits.
    case integer(Int64)
    /// A whole number that does not fit: two's complement, least significant byte first.
    case bigInteger(PickleData)
    /// A 64-bit float.
    case float(Double)
    /// A `str`: UTF-8, in which lone surrogates stand as three bytes each.
    case string(PickleData)
    /// A Python 2 `str`, from `STRING`, `BINSTRING` or `SHORT_BINSTRING`: text or bytes, as the loader likes.
    case byteString(PickleData)
    /// A `bytes` object.
    case bytes(PickleData)
    /// A container, a global, the result of a call, a persistent object: see `PickleGraph.shape(of:)`.
    case node(PickleNode)
}

/// The bytes of a constant, kept by the graph.
public struct PickleData: Sendable, Hashable {
    let index: UInt32
}

/// An object of the graph.
public struct PickleNode: Sendable, Hashable {
    /// The number of the object in order of creation, from zero.
    public let index: UInt32
}
