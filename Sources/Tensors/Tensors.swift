// SPDX-License-Identifier: Apache-2.0

/// Weights, whatever container they came in: the digests of their tensors, and which files belong together.
///
/// `TensorRecord` is what is known of one file, read once and kept by the file's digest; `TensorSet` puts the files of one
/// model together, its shards for example. The containers themselves are read by their own modules.
package enum Tensors {}
