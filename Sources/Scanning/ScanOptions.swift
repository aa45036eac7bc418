// SPDX-License-Identifier: Apache-2.0

package import Compression
package import Pickle

/// How thoroughly a file is scanned, and what a scan may cost.
package struct ScanOptions: Sendable {
    /// Whether the checksums of stored members are computed, which reads every byte of a checkpoint. Pickles and other small
    /// members are always checked.
    package var checksums = false
    /// How deep containers in containers are opened.
    package var depth = 8
    /// How many members of all containers of one file are looked at.
    package var members = 262_144
    /// How many bytes may be unpacked from one file, over all its containers.
    package var expanded: UInt64 = 16 << 30
    /// The repository that the file is from, as `namespace/name`, when it is known: what a configuration names there is its own
    /// code, not another's.
    package var repository: String?
    /// The budgets of the pickle machine.
    package var pickle = PickleOptions()
    /// The budgets of decoders.
    package var expansion = ExpansionLimits()

    /// The defaults.
    package init() {}
}
