// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Synchronization
internal import SystemPackage

/// What is still to hash, handed out to the workers: whole files first, since each keeps a lane busy to its end, then the
/// chunks of all trees, which fill whatever is free.
final class DigestQueue: Sendable {
    typealias Finished = @Sendable (Int, Result<DigestFinding, Failure>) -> Void

    /// An open file whose chunks are being read; closed when the last lane lets go of it.
    final class OpenFile: Sendable {
        let file: File
        init(_ file: consuming File) { self.file = file }
    }

    /// One chunk to check.
    struct Chunk: Sendable {
        let job: Int
        let index: Int
        let range: Range<Int64>
        let expected: Digest
        let file: OpenFile
    }

    private struct Tally {
        var pending = 0
        var damaged: [Int] = []
        var failure: Failure?
    }

    private struct State {
        var wholes: ArraySlice<Int>
        var trees: ArraySlice<Int>
        /// The tree that chunks are handed out of, and the next one of them.
        var open: (job: Int, tree: ChunkTree, file: OpenFile, next: Int)?
        var chunksLeft: Int
        var tallies: [Int: Tally] = [:]
    }

    private let jobs: [DigestJob]
    private let finished: Finished
    /// How many workers there is work for.
    let workers: Int
    private let pairsWholes: Bool
    private let state: Mutex<State>

    init(_ jobs: [DigestJob], processors: Int, _ finished: @escaping Finished) {
        self.jobs = jobs
        self.finished = finished
        var wholes: [Int] = []
        var trees: [Int] = []
        var chunks = 0
        for (index, job) in jobs.enumerated() {
            switch job {
            case .whole: wholes.append(index)
            case .chunks(_, let tree):
                trees.append(index)
                chunks += tree.leaves.count
            }
        }
        workers = max(1, min(processors, wholes.count + (trees.isEmpty ? 0 : max(1, chunks / 2))))
        // As long as there are cores enough, a file for itself is read faster than two on one core.
        pairsWholes = wholes.count > workers
        state = Mutex(State(wholes: wholes[...], trees: trees[...], chunksLeft: chunks))
    }

    /// The next file to read whole, for the first or the second lane of a worker.
    func takeWhole(second: Bool) -> (index: Int, path: FilePath, tree: Bool)? {
        guard pairsWholes || !second else { return nil }
        return state.withLock { state in
            guard let index = state.wholes.popFirst(), case .whole(let path, let tree) = jobs[index] else { return nil }
            return (index, path, tree)
        }
    }

    /// How many chunks a worker should take at once, so that the others get their share of the last ones.
    func share(_ lanes: Int) -> Int {
        state.withLock { min(lanes, max(2, ($0.chunksLeft + workers - 1) / workers)) }
    }

    /// The next chunk to check; nil when there is none. Opens the file of the next tree when it is its turn.
    func takeChunk() -> Chunk? {
        state.withLock { state -> Chunk? in
            while true {
                if let open = state.open {
                    if open.next < open.tree.leaves.count, state.tallies[open.job]?.failure == nil {
                        state.open?.next += 1
                        state.chunksLeft -= 1
                        state.tallies[open.job, default: Tally()].pending += 1
                        return Chunk(
                            job: open.job, index: open.next, range: open.tree.range(of: open.next),
                            expected: open.tree.leaves[open.next], file: open.file)
                    }
                    state.chunksLeft -= open.tree.leaves.count - open.next
                    state.open = nil
                    settle(open.job, &state)
                }
                guard let index = state.trees.popFirst() else { return nil }
                guard case .chunks(let path, let tree) = jobs[index] else { continue }
                do throws(Failure) {
                    let file = try File(path, .reading)
                    let size = try file.status().size
                    guard size == tree.size else {
                        state.chunksLeft -= tree.leaves.count
                        finished(index, .success(.chunks(size: size, damaged: [])))
                        continue
                    }
                    state.tallies[index] = Tally()
                    state.open = (index, tree, OpenFile(file), 0)
                } catch {
                    state.chunksLeft -= tree.leaves.count
                    finished(index, .failure(error))
                }
            }
        }
    }

    /// Notes what came of a chunk.
    func report(_ chunk: Chunk, _ result: Result<Bool, Failure>) {
        state.withLock { state in
            state.tallies[chunk.job]?.pending -= 1
            switch result {
            case .success(true): break
            case .success(false): state.tallies[chunk.job]?.damaged.append(chunk.index)
            case .failure(let failure): state.tallies[chunk.job]?.failure = failure
            }
            if state.open?.job != chunk.job { settle(chunk.job, &state) }
        }
    }

    /// Tells the outcome of a tree when all its chunks have been handed out and come back.
    private func settle(_ job: Int, _ state: inout State) {
        guard let tally = state.tallies[job], tally.pending == 0, case .chunks(_, let tree) = jobs[job] else { return }
        state.tallies[job] = nil
        finished(
            job,
            tally.failure.map { .failure($0) } ?? .success(.chunks(size: tree.size, damaged: tally.damaged.sorted())))
    }
}
