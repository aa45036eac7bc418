// SPDX-License-Identifier: Apache-2.0

/// One pickle, from its first instruction to its `STOP`.
public struct PickleStream: Sendable {
    /// Where its first instruction is.
    public let start: UInt64
    /// The first byte behind its `STOP`.
    public let end: UInt64
    /// The protocol that it declares, 0 where it declares none.
    public let protocolVersion: Int
    /// What it unpickles to.
    public let result: PickleValue
    /// How many instructions it has.
    public let opcodes: UInt64
}
