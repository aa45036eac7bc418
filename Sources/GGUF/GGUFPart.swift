// SPDX-License-Identifier: Apache-2.0

/// What a limit of `GGUFLimits` is about.
public enum GGUFPart: String, Sendable, Hashable, CustomStringConvertible {
    /// The number of metadata entries.
    case metadataCount = "a metadata count"
    /// The number of tensors.
    case tensorCount = "a tensor count"
    /// The length of a key or of a tensor's name.
    case nameLength = "a name length"
    /// The length of a string.
    case stringLength = "a string length"
    /// The elements of the arrays.
    case arrayElements = "a total of array elements"
    /// Arrays inside arrays.
    case arrayDepth = "an array depth"
    /// The size of header, metadata and tensor table.
    case headerSize = "a header size"
    /// The strings that are kept.
    case keptBytes = "a total of names and strings"

    /// The words in a message.
    public var description: String { rawValue }
}
