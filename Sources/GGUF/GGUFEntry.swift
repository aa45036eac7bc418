// SPDX-License-Identifier: Apache-2.0

/// A metadata key with its value.
public struct GGUFEntry: Sendable, Hashable {
    /// The key. Bytes that are not UTF-8 are replaced by U+FFFD, and there is a finding.
    public let key: String
    /// The value.
    public let value: GGUFValue
    /// Where the entry begins in the file.
    public let offset: UInt64
}
