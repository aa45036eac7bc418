// SPDX-License-Identifier: Apache-2.0

/// What the machine found: the values, everything that a loader would do on the way to them, and where the bytes end.
public struct PickleDocument: Sendable {
    /// The objects of all streams.
    public let graph: PickleGraph
    /// The pickles that came to their `STOP`.
    public let streams: [PickleStream]
    /// Why the machine stopped.
    public let ending: PickleEnding
    /// Every name that is imported, once each, in order of first use.
    public let imports: [PickleImport]
    /// What no pickler writes and the machine took note of without stopping; at most `PickleLimits.findings`.
    public let violations: [PickleViolation]
    /// Whether an instruction was met that torch's `weights_only` loader does not know, and the first of them.
    public let refusedByWeightsOnly: PickleWeightsOnlyRefusal?
    /// How many instructions were interpreted, those of unfinished pickles included.
    public let opcodes: UInt64
    let sharedReads: UInt64
    let methods: UInt64

    /// What the first pickle unpickles to, nil when it did not come to its end.
    public var result: PickleValue? { streams.first?.result }
}

/// Why the machine stopped.
public enum PickleEnding: Sendable, Hashable {
    /// At the end of the data, behind a `STOP`.
    case complete
    /// Behind the last stream that was asked for; `next` is the first byte behind it.
    case stopped(next: UInt64)
    /// Behind a `STOP`, with nothing but zeros or white space to follow.
    case padded(from: UInt64)
    /// Behind a `STOP`, with bytes to follow that are not a pickle; the error says why they are not.
    case trailing(from: UInt64, PickleError)
    /// Inside a pickle.
    case failed(PickleError)
}

/// A name that is imported.
public struct PickleImport: Sendable, Hashable {
    /// What is imported.
    public let global: PickleGlobal
    /// Where it is imported first.
    public let offset: UInt64
    /// The instruction that does: `GLOBAL`, `STACK_GLOBAL` or `INST`.
    public let opcode: PickleOpcode
    /// How often it is imported.
    public let count: Int
}

/// The first instruction that torch's `weights_only` loader refuses.
public struct PickleWeightsOnlyRefusal: Sendable, Hashable {
    /// The instruction.
    public let opcode: PickleOpcode
    /// Where it is.
    public let offset: UInt64
}
