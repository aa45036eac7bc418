// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import Synchronization
internal import SystemPackage

/// A damaged blob that is being made whole again chunk by chunk, in a copy beside it.
///
/// The damaged blob stays where it is until the copy has been read whole and has the right digest.
package final class ChunkRepair: Sendable {
    /// The chunks that are wanted.
    package let damaged: [Int]
    private let digest: Digest
    private let tree: ChunkTree
    private let store: BlobStore
    private let temporary: FilePath
    private let file: File
    private let missing: Mutex<Set<Int>>

    /// Copies the damaged blob, sharing its blocks where the file system can. Nil when the store has no chunk tree of the blob,
    /// or the blob has another size than the tree.
    ///
    /// - Throws: `Failure` with code `file` or `noSpace`.
    package init?(_ digest: Digest, damaged: [Int], in store: BlobStore) throws(Failure) {
        guard let tree = store.tree(of: digest), damaged.allSatisfy(tree.leaves.indices.contains),
            try FileSystem.status(store.path(of: digest))?.size == tree.size
        else { return nil }
        let place = try store.temporaryPath()
        do throws(Failure) {
            try FileSystem.copy(store.path(of: digest), to: place, permissions: 0o644)
            file = try File(place, .updating)
        } catch {
            try? FileSystem.remove(place)
            throw error
        }
        (self.digest, self.damaged, self.tree, self.store, temporary) = (digest, damaged, tree, store, place)
        missing = Mutex(Set(damaged))
    }

    /// Where a chunk lies in the blob.
    package func range(of chunk: Int) -> Range<Int64> { tree.range(of: chunk) }

    /// Puts a chunk into its place.
    ///
    /// - Throws: `Failure` with code `mismatch` when the bytes are not that chunk; then nothing was written.
    package func write(_ bytes: [UInt8], chunk: Int) throws(Failure) {
        guard tree.leaves.indices.contains(chunk), Digest(of: bytes) == tree.leaves[chunk] else {
            throw Failure(
                .mismatch, "chunk \(chunk) of blob `\(digest)` has the wrong SHA-256",
                hint: "nothing of it was stored; the whole blob has to be fetched")
        }
        try file.write(bytes, at: tree.range(of: chunk).lowerBound)
        missing.withLock { _ = $0.remove(chunk) }
    }

    /// Reads the copy whole, and replaces the damaged blob by it when its SHA-256 is right.
    ///
    /// - Throws: `Failure` with code `mismatch`; then the store is as before.
    @concurrent
    package func finish() async throws {
        let left = missing.withLock { $0.count }
        guard left == 0 else {
            throw Failure(.mismatch, "\(left) damaged chunks of blob `\(digest)` have not arrived")
        }
        let found = try Digests.of(temporary, git: false, tree: true)
        guard found.sha256 == digest else { throw BlobStore.damage(digest, found: found.sha256) }
        try store.publish(temporary, file, as: found, replacing: true)
    }

    /// Removes the copy, if it is still there.
    package func discard() { try? FileSystem.remove(temporary) }
}
