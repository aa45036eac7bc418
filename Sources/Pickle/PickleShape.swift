// SPDX-License-Identifier: Apache-2.0

/// What an object of the graph is. Contents are as they are after the last instruction, in the order in which they were written.
public enum PickleShape: Sendable {
    /// A tuple.
    case tuple([PickleValue])
    /// A list.
    case list([PickleValue])
    /// A dict: every write in order, so that a key may occur twice; the last one counts.
    case dictionary([PicklePair])
    /// A set.
    case set([PickleValue])
    /// A frozenset.
    case frozenSet([PickleValue])
    /// A bytearray.
    case byteArray(PickleData)
    /// A module's attribute, imported by name.
    case global(PickleGlobal)
    /// The result of a call that a loader would make: an object, described by how it would be built.
    case call(PickleCall)
    /// What the loader's `persistent_load` would return for this id.
    case persistent(PickleValue)
    /// A callable out of the loader's extension registry.
    case extensionCode(Int64)
    /// A buffer that the loader brings from elsewhere.
    case buffer
}

/// A key and a value that were written together.
public struct PicklePair: Sendable, Hashable {
    /// The key.
    public let key: PickleValue
    /// The value.
    public let value: PickleValue
}
