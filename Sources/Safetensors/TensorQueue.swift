// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Synchronization

/// The tensors of a file that are still to hash, handed out to the lanes of all processors.
final class TensorQueue: Sendable {
    /// Less than this for a processor is done before another thread has begun.
    private static let worthAThread: UInt64 = 4 << 20

    /// The largest first, so that the processors end together.
    private let tensors: [TensorInfo]
    private let next = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    /// What was hashed and not told yet.
    private let hashed = Atomic<Int>(0)
    private let outcome = Mutex<(found: [TensorDigests.Entry], failure: SafetensorsError?)>(([], nil))
    private let dataSize: UInt64

    init(_ header: borrowing Header) {
        tensors = header.tensors.sorted {
            $0.byteCount != $1.byteCount
                ? $0.byteCount > $1.byteCount : $0.offsets.lowerBound < $1.offsets.lowerBound
        }
        dataSize = header.dataSize
    }

    /// The next tensor; nil when all have been given out, or the work has been stopped.
    func take() -> TensorInfo? {
        if stopped.load(ordering: .relaxed) { return nil }
        let index = next.add(1, ordering: .relaxed).oldValue
        return index < tensors.count ? tensors[index] : nil
    }

    /// Hashes all tensors; nil when `progress`, which is called on this thread alone, says so.
    func run(
        _ file: borrowing SafetensorsFile, _ progress: (Int) -> Bool
    ) throws(SafetensorsError) -> [TensorDigests.Entry]? {
        let worth = Int(clamping: dataSize / TensorQueue.worthAThread + 1)
        let workers = max(1, min(Processors.count, worth, (tensors.count + 1) / 2))
        let share = (tensors.count + workers - 1) / workers
        // Elsewhere `progress` could not ask whether the task that waits here has been cancelled.
        Processors.spread(
            workers, here: { work(file, share) { tell(progress) } }, elsewhere: { work(file, share) {} })
        tell(progress)
        if let failure = outcome.withLock({ $0.failure }) { throw failure }
        return stopped.load(ordering: .relaxed) ? nil : outcome.withLock { $0.found }
    }

    private func tell(_ progress: (Int) -> Bool) {
        let count = hashed.exchange(0, ordering: .relaxed)
        if count > 0, !progress(count) { stopped.store(true, ordering: .relaxed) }
    }

    private func work(_ file: borrowing SafetensorsFile, _ share: Int, _ step: () -> Void) {
        var found: [TensorDigests.Entry] = []
        do throws(SafetensorsError) {
            try work(file, share, &found, step)
            outcome.withLock { $0.found += found }
        } catch {
            stopped.store(true, ordering: .relaxed)
            outcome.withLock { if $0.failure == nil { $0.failure = error } }
        }
    }

    private func work(
        _ file: borrowing SafetensorsFile, _ share: Int, _ found: inout [TensorDigests.Entry], _ step: () -> Void
    ) throws(SafetensorsError) {
        var lanes = TensorLanes(share: share)
        while !stopped.load(ordering: .relaxed), lanes.prepare(self, &found) {
            hashed.add(try lanes.step(file), ordering: .relaxed)
            step()
        }
    }
}
