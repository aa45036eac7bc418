// SPDX-License-Identifier: Apache-2.0

/// How much of a header is read before it is refused. The defaults are far above every model that is known.
public struct GGUFLimits: Sendable, Hashable {
    /// Metadata entries: 65,536.
    public var metadataCount: UInt64 = 65_536
    /// Tensors: 1,048,576.
    public var tensorCount: UInt64 = 1_048_576
    /// Bytes of a metadata key or a tensor's name: 65,535, the format's own limit for keys.
    public var nameLength: Int = 65_535
    /// Bytes of a string value, or of one string in an array: 16 MiB.
    public var stringLength: Int = 16 * 1024 * 1024
    /// Elements of all arrays together: 67,108,864.
    public var arrayElements: UInt64 = 67_108_864
    /// Arrays inside arrays: 4. llama.cpp accepts 1.
    public var arrayDepth: Int = 4
    /// Where the tensor table must end: 1 GiB.
    public var headerSize: UInt64 = 1024 * 1024 * 1024
    /// An array of at most so many elements is kept in memory with its entry: 1024.
    public var keptElements: UInt64 = 1024
    /// Bytes of all strings that are kept, keys and names included: 128 MiB.
    public var keptBytes: Int = 128 * 1024 * 1024

    /// The defaults.
    public init() {}
}
