// SPDX-License-Identifier: Apache-2.0

/// One thing that a scan found, and where.
public struct PickleFinding: Sendable, Hashable {
    /// The rule.
    public let rule: PickleRule
    /// What it means for the whole.
    public let verdict: PickleVerdict
    /// Where the instruction is, in bytes from the beginning of the source; for a nested pickle, where the outer constant is.
    public let offset: UInt64
    /// The instruction, nil where there is none.
    public let opcode: PickleOpcode?
    /// The name that it is about, as module and name with a dot between, if it is about one.
    public let name: String?
    /// What was found, in plain words and in one line; text from the file is quoted and cut to a sane length.
    public let reason: String
    /// What a person can do.
    public var remedy: String { rule.remedy }

    init(
        _ rule: PickleRule, at offset: UInt64, opcode: PickleOpcode? = nil, name: String? = nil,
        verdict: PickleVerdict? = nil, _ reason: String
    ) {
        (self.rule, self.offset, self.opcode, self.name, self.reason) = (rule, offset, opcode, name, reason)
        self.verdict = verdict ?? rule.verdict
    }
}
