// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Store
internal import Synchronization

/// Reads blobs of the store on all cores and compares them with their names.
enum BlobExamination {
    /// What reading a blob has shown.
    struct Finding: Sendable {
        /// `missing`, `mismatch`, `file`; nil when the blob is right, and attested now.
        var failure: Failure?
        /// Of a damaged blob with a chunk tree: the chunks that are not what they should be.
        var damaged: [Int] = []
        /// Whether its chunks were compared with the tree of an earlier reading, instead of computing the digest of the whole.
        var byTree = false
    }

    /// Reads the blobs; the findings are in the order given.
    static func run(
        _ blobs: [(digest: Digest, size: ByteCount)], in store: BlobStore, progress: @escaping @Sendable (Int) -> Void
    ) async -> [Finding] {
        // The longest first, so that nobody is left alone with a long one at the end.
        let order = blobs.indices.sorted { (blobs[$0].size, $1) > (blobs[$1].size, $0) }
        let jobs = order.map { store.job(blobs[$0].digest, size: blobs[$0].size) }
        let results = Mutex(
            [Finding](repeating: Finding(failure: Failure(.interrupted, "interrupted")), count: blobs.count))
        await Digests.run(jobs, progress: progress) { index, result in
            let blob = blobs[order[index]]
            let finding = judge(blob.digest, blob.size, result, store)
            results.withLock { $0[order[index]] = finding }
        }
        return results.withLock { $0 }
    }

    private static func judge(
        _ digest: Digest, _ size: ByteCount, _ result: Result<DigestFinding, Failure>, _ store: BlobStore
    ) -> Finding {
        switch result {
        case .success(.whole(let found)) where found.sha256 == digest:
            do throws(Failure) {
                try store.attest(found)
                return Finding()
            } catch {
                // A store that may only be read, or a full disk, can hold the right bytes all the same.
                return Finding(failure: [.file, .noSpace].contains(error.code) ? nil : error)
            }
        case .success(.whole(let found)):
            let damaged = store.tree(of: digest).flatMap { tree in found.tree.map { $0.differences(from: tree) } }
            try? store.distrust(digest)
            return Finding(
                failure: damage(
                    digest,
                    found.size == size
                        ? ["expected: \(digest)", "found:    \(found.sha256)"]
                        : ["expected: \(size.value) bytes", "found:    \(found.size.value) bytes"]),
                damaged: found.size == size ? damaged ?? [] : [])
        case .success(.chunks(let actual, _)) where actual != size:
            return Finding(
                failure: damage(digest, ["expected: \(size.value) bytes", "found:    \(actual.value) bytes"]),
                byTree: true)
        case .success(.chunks(_, let damaged)) where damaged.isEmpty: return Finding(byTree: true)
        case .success(.chunks(_, let damaged)):
            try? store.distrust(digest)
            return Finding(failure: damage(digest, [describe(damaged, size)]), damaged: damaged, byTree: true)
        case .failure(let failure):
            return Finding(
                failure: FileSystem.exists(store.path(of: digest))
                    ? failure : Failure(.missing, "blob `\(digest)` is not in the store"))
        }
    }

    private static func damage(_ digest: Digest, _ details: [String]) -> Failure {
        Failure(.mismatch, "blob `\(digest)` is damaged", details: details)
    }

    /// Which bytes are damaged, for people: the first chunk and how many more.
    private static func describe(_ damaged: [Int], _ size: ByteCount) -> String {
        let start = Int64(damaged.first ?? 0) * ChunkTree.chunkSize
        let end = min(start + ChunkTree.chunkSize, size.value)
        let more = damaged.count > 1 ? " and in \(damaged.count - 1) more chunks" : ""
        return "damaged between the bytes \(start) and \(end)\(more)"
    }
}
