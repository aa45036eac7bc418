// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import ContentModel
internal import FileIO
internal import Synchronization

/// Compares tensors of files on this machine: on all processors, each byte once, in two windows of 1 MiB for each, and two of the
/// numbers that blocks stand for.
///
/// The sums of a stretch of up to 16 MiB do not depend on who computes them, and stretches are added in the order of the file:
/// the numbers are the same in every run.
final class LocalMeasure: Sendable {
    private static let window: UInt64 = 1 << 20
    private static let stretch: UInt64 = 16 << 20

    private struct Stretch {
        let job: Int
        let first: UInt64
        let count: UInt64
    }

    private struct State {
        /// Where the next stretch begins.
        var job = 0
        var element: UInt64 = 0
        /// What is known of each job, up to `done` of its elements.
        var found: [(sum: MeasuredDistance, done: UInt64)]
        /// What came before its turn, by job and first element.
        var early: [Int: [UInt64: (sum: MeasuredDistance, count: UInt64)]] = [:]
        var problems: [Int: String] = [:]
    }

    private let jobs: [MeasureJob]
    private let meter: Meter
    private let state: Mutex<State>

    /// - Parameter jobs: of which both files are on this machine.
    init(_ jobs: [MeasureJob], _ meter: Meter) {
        (self.jobs, self.meter) = (jobs, meter)
        state = Mutex(State(found: jobs.map { _ in (MeasuredDistance(), 0) }))
    }

    /// Compares them. A job that could not be read has a reason instead of a distance.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws -> [Result<MeasuredDistance, WeightSide.Unreadable>] {
        let size = jobs.reduce(0 as UInt64) { total, job in
            let (sum, overflow) = total.addingReportingOverflow(job.count)
            return overflow ? .max : sum
        }
        // Less than this is done before another task has begun.
        let workers = min(Processors.count, Int(clamping: size >> 20) + 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers { group.addTask { try await self.work() } }
            try await group.waitForAll()
        }
        return state.withLock { state in
            state.found.indices.map { place in
                state.problems[place].map { .failure(WeightSide.Unreadable(reason: $0, hint: nil)) }
                    ?? .success(state.found[place].sum)
            }
        }
    }

    private func take() -> Stretch? {
        state.withLock { state in
            while state.job < jobs.count {
                let job = jobs[state.job]
                guard state.element < job.count, state.problems[state.job] == nil else {
                    (state.job, state.element) = (state.job + 1, 0)
                    continue
                }
                // What has to be collected comes from the first byte on.
                let isWhole = job.before.isGathered || job.after.isGathered
                let rest = job.count - state.element
                let count = isWhole ? rest : min(job.elements(in: LocalMeasure.stretch), rest)
                let stretch = Stretch(job: state.job, first: state.element, count: count)
                state.element += count
                return stretch
            }
            return nil
        }
    }

    private func finish(_ stretch: Stretch, _ sum: MeasuredDistance) {
        state.withLock { state in
            guard stretch.first == state.found[stretch.job].done else {
                state.early[stretch.job, default: [:]][stretch.first] = (sum, stretch.count)
                return
            }
            state.found[stretch.job].sum += sum
            state.found[stretch.job].done += stretch.count
            while let next = state.early[stretch.job]?.removeValue(forKey: state.found[stretch.job].done) {
                state.found[stretch.job].sum += next.sum
                state.found[stretch.job].done += next.count
            }
        }
    }

    @concurrent
    private func work() async throws {
        var (one, other) = (WindowReader(LocalMeasure.window), WindowReader(LocalMeasure.window))
        var scratch = MeasuredDistance.Scratch()
        while let stretch = take() {
            try meter.check()
            do {
                finish(stretch, try compare(jobs[stretch.job], stretch, &one, &other, &scratch))
            } catch let failure as Failure {
                state.withLock { $0.problems[stretch.job] = failure.message }
            } catch let error as ByteError {
                state.withLock { $0.problems[stretch.job] = error.description }
            } catch let error as CheckpointError {
                state.withLock { $0.problems[stretch.job] = error.description }
            }
        }
    }

    private func compare(
        _ job: MeasureJob, _ stretch: Stretch, _ one: inout WindowReader, _ other: inout WindowReader,
        _ scratch: inout MeasuredDistance.Scratch
    ) throws -> MeasuredDistance {
        let step = job.elements(in: LocalMeasure.window)
        var sum = MeasuredDistance()
        var done: UInt64 = 0
        try one.begin(job.before)
        try other.begin(job.after)
        while done < stretch.count {
            let count = min(step, stretch.count - done)
            let size = try one.read(job.before, stretch.first + done, count)
            let newSize = try other.read(job.after, stretch.first + done, count)
            let isKnown = sum.add(
                Int(count), job.before.encoding, one.bytes.span.extracting(first: size), job.after.encoding,
                other.bytes.span.extracting(first: newSize), &scratch)
            guard isKnown else { throw Failure(.limitExceeded, "numbers of these types cannot be compared") }
            guard meter.advance(size + newSize) else { throw CancellationError() }
            done += count
        }
        return sum
    }
}
