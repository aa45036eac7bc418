// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Deliverable
internal import Origins
internal import Store

/// Fetches only the damaged chunks of a blob and puts them into a copy of it.
struct ChunkHeal: Sendable {
    /// Beyond so many chunks, or half of the blob, it is fetched whole: segments over several connections are faster then.
    static let maximumChunks = 256

    let session: Session
    let hub: Hub

    /// Heals the blob of a step and returns how many bytes were fetched; nil when it has to be fetched whole.
    ///
    /// - Throws: `Failure` of the network or the file system; then the damaged blob is where it was.
    func run(_ step: SyncStep, damaged: [Int]) async throws -> ByteCount? {
        let count = ChunkTree.chunkCount(step.file.size)
        guard !damaged.isEmpty, damaged.count <= ChunkHeal.maximumChunks, Int64(damaged.count) <= max(1, count / 2),
            let repair = try ChunkRepair(step.file.sha256, damaged: damaged, in: session.store)
        else { return nil }
        defer { repair.discard() }
        do {
            let file = try hub.file(step.repository, at: step.commit, step.file.path, size: step.file.size)
            var fetched = ByteCount.zero
            for chunk in damaged {
                try Task.checkCancellation()
                let range = repair.range(of: chunk)
                var bytes: [UInt8] = []
                bytes.reserveCapacity(range.count)
                try await file.read(from: { range.lowerBound + Int64(bytes.count) }, to: range.upperBound) { piece in
                    bytes.append(contentsOf: piece)
                }
                try repair.write(bytes, chunk: chunk)
                fetched = fetched + ByteCount(clamping: Int64(bytes.count))
            }
            try await repair.finish()
            return fetched
        } catch let failure as Failure where failure.code == .mismatch {
            session.emit(
                .note("`\(step.file.path)` cannot be healed by its chunks: \(failure.message); fetching it whole"))
            return nil
        }
    }
}
