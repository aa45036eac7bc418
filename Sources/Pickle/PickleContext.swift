// SPDX-License-Identifier: Apache-2.0

/// Where a pickle was found, as far as that changes what it means.
public struct PickleContext: Sendable, Hashable {
    /// Whether it is `data.pkl` or `constants.pkl` of a TorchScript archive. Those are read by a loader in C++ that makes objects
    /// of the classes in the archive's own code, and imports nothing.
    public var isTorchScript = false
    /// Whether the bytes behind the pickles are accounted for by the caller.
    public var allowsTrailingBytes = false

    /// A pickle like any other.
    public init() {}
}
