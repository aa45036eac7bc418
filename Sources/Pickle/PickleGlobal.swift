// SPDX-License-Identifier: Apache-2.0

/// A module's attribute that a pickle imports: the names as the loader uses them, after the mapping of Python 2 names.
public struct PickleGlobal: Sendable, Hashable {
    /// The module's name in bytes, as in `torch._utils`.
    public let moduleBytes: [UInt8]
    /// The attribute's name in bytes, as in `_rebuild_tensor_v2`.
    public let nameBytes: [UInt8]
    /// The module's name as the pickle writes it, where the mapping changed it or the attribute's name.
    public let writtenModule: String?
    /// The attribute's name as the pickle writes it, where the mapping changed it or the module's name.
    public let writtenName: String?

    /// The module's name for people; bytes that are not UTF-8 are replaced.
    public var module: String { String(decoding: moduleBytes, as: UTF8.self) }
    /// The attribute's name for people; bytes that are not UTF-8 are replaced.
    public var name: String { String(decoding: nameBytes, as: UTF8.self) }
    /// Module and name with a dot between them, for people.
    public var qualifiedName: String { module + "." + name }

    /// Whether the names are these, byte for byte.
    ///
    /// Swift's `==` on strings takes U+212A for the letter K, so names from a file are never compared that way.
    public func matches(_ module: String, _ name: String) -> Bool {
        nameBytes.elementsEqual(name.utf8) && moduleBytes.elementsEqual(module.utf8)
    }
}
