// SPDX-License-Identifier: Apache-2.0

/// Checkpoints to safetensors: a plan of copies, carried out in bounded memory, and proven.
///
/// A `CheckpointPlan` says which tensors go into which file under which name, what is left out and why; a `CheckpointConversion` writes
/// the files and hashes each tensor as it comes out of the checkpoint, then reads the files again and compares every tensor's
/// digest. Nothing gets its final name before that. Whether a checkpoint may be opened at all is not decided here: it is scanned before.
package enum Conversion {
    /// The version of the rules: raised when the same checkpoint would give other files.
    package static let version = 1
}
