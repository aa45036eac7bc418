// SPDX-License-Identifier: Apache-2.0

/// How much unpacking may cost.
package struct ExpansionLimits: Sendable, Hashable {
    /// How many bytes may come out.
    package var output: UInt64 = 64 << 30
    /// How many bytes a stream may ask to look back (the dictionary of LZMA, the window of Zstandard); this much memory may be used.
    package var dictionary: UInt64 = 128 << 20
    /// Streams that unpack to at most so many bytes are kept in memory; longer ones are unpacked again for every pass.
    package var inMemory: Int = 32 << 20
    /// How often a long stream may be unpacked again because its reader went back.
    package var restarts: Int = 64

    /// The limits that suit model files.
    package init() {}
}
