// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import Compression
package import Pickle

/// How a checkpoint is read.
package struct CheckpointOptions: Sendable {
    /// The limits of the archive.
    package var zip = ZipLimits()
    /// The limits of compressed members.
    package var expansion = ExpansionLimits()
    /// The budgets of the pickle.
    package var pickle = PickleLimits()
    /// How much of a zip archive is compared; `.directory` for remote files, in which members are trusted to be where the
    /// directory says.
    package var depth = ZipDirectory.Depth.headers
    /// How many entries are listed.
    package var entries = 4_000_000
    /// How deep containers may be nested.
    package var nesting = 64
    /// How many bytes a tensor may have that has more elements than its storage (expanded ones).
    package var expanded: UInt64 = 1 << 30
    /// How many dimensions a tensor may have.
    package var dimensions = 64

    /// The limits that suit model files.
    package init() {}
}
