// SPDX-License-Identifier: Apache-2.0

/// How much of a template is parsed before it is refused. The largest real templates have about 100 KiB.
public struct ParseLimits: Sendable, Hashable {
    /// Bytes of the text: 4 MiB.
    public var sourceBytes: Int = 4 * 1024 * 1024
    /// Tokens: 1,000,000.
    public var tokens: Int = 1_000_000
    /// Levels of an expression's tree: 150.
    public var expressionDepth: Int = 150
    /// Statements inside statements: 80.
    public var statementDepth: Int = 80

    /// The defaults.
    public init() {}
}
