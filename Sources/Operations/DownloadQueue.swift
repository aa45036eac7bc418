// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Origins
internal import Store
internal import Synchronization

/// What is still to be fetched, handed out so that connections spread over files before they share one.
final class DownloadQueue: Sendable {
    enum Job: Sendable {
        case whole(Int, DownloadItem)
        case segment(LargeFile, PartialBlob.Segment)
        case waiting(LargeFile)
    }

    /// A file that arrives in segments.
    final class LargeFile: Sendable {
        private struct State {
            var partial: PartialBlob?
            var observer: TensorObserver?
            var source: HubFile?
            var workers = 0
            var announced = false
            var secondChanceUsed = false
            var isDone = false
        }

        let index: Int
        let item: DownloadItem
        private let state = Mutex(State())

        init(index: Int, item: DownloadItem) { (self.index, self.item) = (index, item) }

        var partial: PartialBlob? { state.withLock { $0.partial } }
        var workers: Int { state.withLock { $0.workers } }
        var isDone: Bool { state.withLock { $0.isDone } }

        /// Who weighs the tensors of `partial` while they arrive.
        var observer: TensorObserver? { state.withLock { $0.observer } }

        func open(_ partial: PartialBlob?, _ observer: TensorObserver? = nil) {
            state.withLock { ($0.partial, $0.observer) = (partial, observer) }
        }
        func markDone() { state.withLock { ($0.isDone, $0.partial) = (true, nil) } }
        func countWorker(_ change: Int) { state.withLock { $0.workers += change } }

        /// The server's side of the file, made once, so that all connections share what is learnt about it.
        func source(_ make: () throws -> HubFile) throws -> HubFile {
            try state.withLock { state in
                let source = try state.source ?? make()
                state.source = source
                return source
            }
        }

        /// True for the first caller since the file was opened.
        func takeAnnouncement() -> Bool {
            state.withLock { state in
                defer { state.announced = true }
                return !state.announced
            }
        }

        /// True for the first caller.
        func takeSecondChance() -> Bool {
            state.withLock { state in
                defer { (state.secondChanceUsed, state.announced) = (true, false) }
                return !state.secondChanceUsed
            }
        }
    }

    private struct State {
        var whole: [(Int, DownloadItem)]
        var large: [LargeFile]
        var digests: [Digest?]
    }

    private let store: BlobStore
    private let state: Mutex<State>

    init(_ items: [DownloadItem], store: BlobStore) {
        self.store = store
        var whole: [(Int, DownloadItem)] = []
        var large: [LargeFile] = []
        for (index, item) in items.enumerated() {
            if item.expected.size.value <= Download.wholeLimit {
                whole.append((index, item))
            } else {
                large.append(LargeFile(index: index, item: item))
            }
        }
        whole.reverse()  // handed out from the back
        state = Mutex(State(whole: whole, large: large, digests: Array(repeating: nil, count: items.count)))
    }

    /// The next thing to do; nil when nothing is left to begin.
    func next() throws -> Job? {
        try state.withLock { state -> Job? in
            if let (index, item) = state.whole.popLast() { return .whole(index, item) }
            var candidates = state.large.filter { !$0.isDone }.sorted {
                ($0.workers, $0.index) < ($1.workers, $1.index)
            }[...]
            while let file = candidates.popFirst() {
                if file.partial == nil {
                    guard file.workers == 0 else { continue }
                    file.countWorker(1)
                    let observer = file.item.isWeights ? TensorObserver(size: file.item.expected.size) : nil
                    guard let partial = try PartialBlob(file.item.expected, in: store, observer: observer) else {
                        return .waiting(file)
                    }
                    if let digest = file.item.expected.sha256, store.contains(digest, size: file.item.expected.size) {
                        // Whoever had it open before us has just finished it.
                        partial.discard()
                        return .waiting(file)
                    }
                    file.open(partial, observer)
                    // All there from an earlier run: an empty segment lets the worker go straight to the end.
                    return .segment(file, partial.claim() ?? partial.emptySegment)
                }
                if let segment = file.partial?.claim() {
                    file.countWorker(1)
                    return .segment(file, segment)
                }
            }
            return nil
        }
    }

    /// Gives a segment back; true for the worker that was the last one on a complete file and has to finish it.
    func release(_ file: LargeFile, _ segment: PartialBlob.Segment) -> Bool {
        state.withLock { _ in
            file.partial?.release(segment)
            file.countWorker(-1)
            return file.workers == 0 && file.partial?.missing == .zero
        }
    }

    /// Puts a file back to be opened again.
    func reopen(_ file: LargeFile) {
        state.withLock { _ in
            file.open(nil)
            file.countWorker(-file.workers)
        }
    }

    func finish(_ index: Int, _ digest: Digest) {
        state.withLock { state in
            state.digests[index] = digest
            state.large.first { $0.index == index }?.markDone()
        }
    }

    func digests() throws -> [Digest] {
        try state.withLock { state in
            try state.digests.map { digest in
                guard let digest else {
                    throw Failure(.network, "not everything was fetched", hint: "run the command again")
                }
                return digest
            }
        }
    }
}
