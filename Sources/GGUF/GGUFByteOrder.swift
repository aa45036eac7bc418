// SPDX-License-Identifier: Apache-2.0

/// The order of the bytes of every number in a GGUF file. Nothing in the file says it; the version's bytes give it away.
public enum GGUFByteOrder: Sendable, Hashable {
    /// Least significant byte first: nearly every file there is.
    case little
    /// Most significant byte first: version 3 files made for s390x and the like.
    case big
}
