// SPDX-License-Identifier: Apache-2.0

/// Whoever wants to see the bytes of an arriving blob in the pass that hashes them.
package protocol BlobObserver: AnyObject, Sendable {
    /// Takes the next bytes of the blob.
    ///
    /// Called for every byte exactly once, in order, from one task at a time, while the hasher is held: what takes long here holds
    /// up whoever wants to hash next. The bytes are not checked yet; only when `PartialBlob.finish` has returned do they count.
    func observe(_ bytes: RawSpan)
}
