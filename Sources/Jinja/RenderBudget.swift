// SPDX-License-Identifier: Apache-2.0

/// How much a template may use while it runs. Each limit ends the rendering with a `budget` error that names it.
public struct RenderBudget: Sendable, Hashable {
    /// Statements, expressions and items: 5,000,000. Real templates need thousands.
    public var steps: Int = 5_000_000
    /// Bytes of the result: 16 MiB.
    public var outputBytes: Int = 16 * 1024 * 1024
    /// Bytes of one string: 16 MiB.
    public var stringBytes: Int = 16 * 1024 * 1024
    /// Items of one list, tuple or dictionary: 1,000,000.
    public var sequenceCount: Int = 1_000_000
    /// Bytes of everything that is made on the way, together: 512 MiB.
    public var workBytes: Int = 512 * 1024 * 1024
    /// Levels of evaluation: macros, recursive loops, statements and expressions inside each other, together: 500.
    public var depth: Int = 500
    /// Containers inside containers: 60.
    public var containerDepth: Int = 60

    /// The defaults.
    public init() {}
}
