// SPDX-License-Identifier: Apache-2.0

/// What a scan of a pickle says. The same bytes and options give the same report on every machine.
public struct PickleReport: Sendable, Hashable {
    /// The worst of the findings, `clean` without any.
    public let verdict: PickleVerdict
    /// What was found, by place; at most `PickleLimits.findings`.
    public let findings: [PickleFinding]
    /// Whether there were more findings than are listed.
    public let isCut: Bool
    /// Every name that is imported, once each, in order of first use.
    public let imports: [PickleImport]
    /// Whether torch's `weights_only` loader would take the pickle, and what it would refuse.
    public let weightsOnly: WeightsOnly
    /// How many pickles the source holds.
    public let streams: Int
    /// How many instructions were read.
    public let opcodes: UInt64
    /// Whether the data is a PyTorch file of the old kind, with its storages behind five pickles.
    public let isTorchLegacy: Bool

    /// What torch's `weights_only` loader (torch 2.15) would say.
    public struct WeightsOnly: Sendable, Hashable {
        /// Imported names that it does not accept, as module and name with a dot between, sorted; at most
        /// `PickleLimits.findings`.
        public let refusedNames: [String]
        /// The first instruction that it does not know.
        public let refusedInstruction: PickleWeightsOnlyRefusal?
        /// Whether nothing of that kind was found. The loader checks more than this: the verdict counts as well.
        public var isAccepted: Bool { refusedNames.isEmpty && refusedInstruction == nil }
    }
}
