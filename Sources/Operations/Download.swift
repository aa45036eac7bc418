// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Origins
internal import Store
internal import Synchronization
internal import Tensors

/// A file that has to be fetched.
struct DownloadItem: Sendable, Hashable {
    let repository: RepositoryID
    let commit: GitObjectID
    let path: RelativePath
    let expected: ExpectedBlob
    /// Whether its tensors are to be weighed while they arrive.
    var isWeights = false
}

/// Fetches files over a bounded number of connections: small ones whole, large ones by segments that several connections
/// share. Every byte is checked by the store while it arrives.
struct Download: Sendable {
    /// Up to this size a file is kept in memory until it is checked, and is not worth resuming.
    static let wholeLimit: Int64 = 1 << 20

    let session: Session
    let hub: Hub

    /// Fetches all items and returns their digests in the same order. The first failure ends it; what has arrived is kept.
    func run(_ items: [DownloadItem]) async throws -> [Digest] {
        let queue = DownloadQueue(items, store: session.store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, min(session.settings.connections, items.count * 4)) {
                group.addTask { try await work(queue) }
            }
            try await group.waitForAll()
        }
        return try queue.digests()
    }

    @concurrent
    private func work(_ queue: DownloadQueue) async throws {
        while let job = try queue.next() {
            try Task.checkCancellation()
            switch job {
            case .whole(let index, let item): queue.finish(index, try await fetchWhole(item))
            case .segment(let file, let segment): try await fetch(file, segment, queue)
            case .waiting(let file):
                // Another process fetches the same blob: its work serves us too.
                if let digest = file.item.expected.sha256, session.store.contains(digest, size: file.item.expected.size)
                {
                    session.emit(.advanced(file.item.expected.size.value))
                    queue.finish(file.index, digest)
                } else {
                    try await Task.sleep(for: .milliseconds(100))
                    queue.reopen(file)
                }
            }
        }
    }

    private func fetchWhole(_ item: DownloadItem) async throws -> Digest {
        var bytes: [UInt8] = []
        let size = item.expected.size.value
        if size > 0 {
            bytes.reserveCapacity(Int(size))
            let file = try hub.file(item.repository, at: item.commit, item.path, size: item.expected.size)
            try await file.read(from: { Int64(bytes.count) }, to: size) { piece in
                bytes.append(contentsOf: piece)
                session.emit(.advanced(Int64(piece.count)))
            }
        }
        return try session.store.ingest(bytes, expecting: item.expected)
    }

    private func fetch(
        _ file: DownloadQueue.LargeFile, _ first: PartialBlob.Segment, _ queue: DownloadQueue
    ) async throws {
        guard let partial = file.partial else { return }
        if file.takeAnnouncement() { session.emit(.advanced(partial.resumed.value)) }
        let source = try file.source {
            try hub.file(file.item.repository, at: file.item.commit, file.item.path, size: file.item.expected.size)
        }
        var segment = first
        do {
            try await source.read(from: { segment.offset }, to: segment.end) { piece in
                try partial.write(piece, to: &segment)
                session.emit(.advanced(Int64(piece.count)))
            }
        } catch {
            partial.release(segment)
            throw error
        }
        guard queue.release(file, segment) else { return }
        do {
            let digest = try await partial.finish()
            if let record = file.observer?.record { session.store.keep(.tensors, of: digest, record.bytes) }
            queue.finish(file.index, digest)
        } catch let failure as Failure
            where failure.code == .mismatch
        {
            // Bytes of an earlier run, which may not have survived a crash of the machine, are not the server's fault.
            guard partial.resumed > .zero, file.takeSecondChance() else { throw failure }
            session.emit(.note("what an earlier run had left of `\(file.item.path)` is damaged; fetching it again"))
            session.emit(.advanced(-file.item.expected.size.value))
            queue.reopen(file)
        }
    }
}
