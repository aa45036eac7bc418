// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Store
internal import Synchronization

/// Reads blobs of the store on all cores and compares them with their names.
enum BlobExamination {
    /// The failure of each blob, in the order given: `missing`, `mismatch`, `file`; nil when it is right, and attested now.
    static func run(
        _ blobs: [(digest: Digest, size: ByteCount)], in store: BlobStore, progress: @escaping @Sendable (Int) -> Void
    ) async -> [Failure?] {
        let results = Mutex([Failure?](repeating: Failure(.interrupted, "interrupted"), count: blobs.count))
        await Digests.of(blobs.map { store.path(of: $0.digest) }, progress: progress) { index, result in
            let failure = judge(blobs[index].digest, blobs[index].size, result, store)
            results.withLock { $0[index] = failure }
        }
        return results.withLock { $0 }
    }

    private static func judge(
        _ digest: Digest, _ size: ByteCount, _ result: Result<FileDigests, Failure>, _ store: BlobStore
    ) -> Failure? {
        switch result {
        case .success(let found) where found.sha256 == digest:
            do throws(Failure) {
                try store.attest(digest)
                return nil
            } catch {
                // A store that may only be read, or a full disk, can hold the right bytes all the same.
                return [.file, .noSpace].contains(error.code) ? nil : error
            }
        case .success(let found):
            return Failure(
                .mismatch, "blob `\(digest)` is damaged",
                details: found.size == size
                    ? ["expected: \(digest)", "found:    \(found.sha256)"]
                    : ["expected: \(size.value) bytes", "found:    \(found.size.value) bytes"])
        case .failure(let failure):
            return FileSystem.exists(store.path(of: digest))
                ? failure : Failure(.missing, "blob `\(digest)` is not in the store")
        }
    }
}
