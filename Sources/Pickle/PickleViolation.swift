// SPDX-License-Identifier: Apache-2.0

/// Something that a loader would do and no pickler asks for. The machine goes on, so that what follows is seen as well.
public struct PickleViolation: Sendable, Hashable {
    /// The kinds.
    public enum Kind: Sendable, Hashable {
        /// `STACK_GLOBAL` with a name that is the result of a call, or of anything else but a string constant.
        case computedName
        /// A call of something that is no global: of a call's result, of an extension, of a persistent object.
        case computedCallee
        /// `BUILD` on a module's attribute: it would be changed for the whole program.
        case buildOnGlobal(PickleGlobal)
        /// `BUILD` on something that is no object with a state.
        case buildOnValue
        /// `APPEND`, `SETITEM` or `ADDITEMS` on something that is not a list, a dict or a set.
        case write
        /// `EXT1`, `EXT2` or `EXT4`: a callable without a name.
        case extensionCode(Int64)
        /// `NEXT_BUFFER`: bytes from elsewhere.
        case outOfBandBuffer
        /// A `PROTO` that is not the first instruction.
        case misplacedProtocol
        /// A memo entry far beyond what the pickle could have filled.
        case memoIndex(UInt64)
        /// Values or marks that are left on the stack at `STOP`.
        case leftover(Int)
        /// An instruction at which every loader would fail.
        case impossible(PickleProblem)
    }

    /// What it is.
    public let kind: Kind
    /// The instruction.
    public let opcode: PickleOpcode
    /// Where the instruction is.
    public let offset: UInt64
}
