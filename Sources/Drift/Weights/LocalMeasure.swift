// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import FileIO
internal import Synchronization
internal import SystemPackage

/// Compares tensors of files on this machine: on all processors, each byte once, in two windows of 1 MiB for each.
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
                let width = max(job.before.type.bitWidth, job.after.type.bitWidth)
                let count = min(LocalMeasure.stretch * 8 / width / 64 * 64, job.count - state.element)
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

    /// The file that was opened last: tensors of one file come one after another.
    private struct Open {
        var path: FilePath?
        var source: FileSource?

        mutating func file(_ wanted: FilePath?) throws(Failure) -> FileSource? {
            guard let wanted else { return nil }
            if let path, path == wanted { return source }
            source = try FileSource(wanted)
            path = wanted
            return source
        }
    }

    @concurrent
    private func work() async throws {
        var (one, other) = (Open(), Open())
        var (first, second) = ([UInt8](), [UInt8]())
        while let stretch = take() {
            try meter.check()
            if first.isEmpty {
                first = [UInt8](repeating: 0, count: Int(LocalMeasure.window))
                second = first
            }
            do {
                let job = jobs[stretch.job]
                guard let a = try one.file(job.before.path), let b = try other.file(job.after.path) else {
                    throw Failure(.file, "the file is not on this machine")
                }
                finish(stretch, try compare(job, stretch, a, &first, b, &second))
            } catch let failure as Failure {
                state.withLock { $0.problems[stretch.job] = failure.message }
            } catch let error as ByteError {
                state.withLock { $0.problems[stretch.job] = error.description }
            }
        }
    }

    private func compare(
        _ job: MeasureJob, _ stretch: Stretch, _ a: FileSource, _ first: inout [UInt8], _ b: FileSource,
        _ second: inout [UInt8]
    ) throws -> MeasuredDistance {
        let width = max(job.before.type.bitWidth, job.after.type.bitWidth)
        let step = LocalMeasure.window * 8 / width / 64 * 64
        var sum = MeasuredDistance()
        var done: UInt64 = 0
        while done < stretch.count {
            let count = min(step, stretch.count - done)
            let element = stretch.first + done
            let one = try LocalMeasure.fill(&first, a, job.before, element, count)
            let other = try LocalMeasure.fill(&second, b, job.after, element, count)
            let isKnown = first.withUnsafeBytes { one in
                second.withUnsafeBytes { other in sum.add(Int(count), job.before.type, one, job.after.type, other) }
            }
            guard isKnown else { throw Failure(.limitExceeded, "numbers of these types cannot be compared") }
            guard meter.advance(one + other) else { throw CancellationError() }
            done += count
        }
        return sum
    }

    /// Reads elements to the beginning of the buffer; returns how many bytes they have.
    private static func fill(
        _ buffer: inout [UInt8], _ source: FileSource, _ tensor: MeasureJob.Tensor, _ element: UInt64, _ count: UInt64
    ) throws(ByteError) -> Int {
        // No overflow: the tensor lies inside its file, and the element, a multiple of 64, inside the tensor.
        let offset = tensor.begin + element / 8 * tensor.type.bitWidth
        let size = Int(clamping: tensor.type.byteCount(count) ?? .max)
        let outcome = buffer.withUnsafeMutableBytes { bytes -> Result<Void, ByteError> in
            guard size <= bytes.count else {
                return .failure(.truncated(offset: offset, count: UInt64(size), size: source.size))
            }
            do throws(ByteError) {
                return .success(
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]), at: offset))
            } catch { return .failure(error) }
        }
        try outcome.get()
        return size
    }
}
