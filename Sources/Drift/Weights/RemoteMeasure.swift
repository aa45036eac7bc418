// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import ContentModel
internal import FileIO
internal import SystemPackage

/// Compares tensors of which at least one is elsewhere, by ranges, and never fetches more than it may.
///
/// The smallest tensors come first, so that the most of them are compared. Tensors that follow each other in the file are
/// fetched together.
struct RemoteMeasure {
    /// How much is fetched at once, of each side.
    private static let window: UInt64 = 4 << 20
    /// How much is fetched at least of an archive, and how often a storage is tried.
    private static let header: UInt64 = 64 << 10
    private static let maximumReadings = 6
    /// The most requests, of each side.
    private static let requestLimit = 400

    private let before: WeightSide
    private let after: WeightSide
    private let meter: Meter
    /// What may still be fetched.
    private(set) var budget: UInt64
    private var requests = 0
    private var oldWindow = Window()
    private var newWindow = Window()
    private var scratch = MeasuredDistance.Scratch()

    init(_ before: WeightSide, _ after: WeightSide, _ meter: Meter, budget: UInt64) {
        (self.before, self.after, self.meter, self.budget) = (before, after, meter, budget)
    }

    /// Bytes that were fetched, or read, last.
    private struct Window {
        var file: Snapshot.File?
        var begin: UInt64 = 0
        var bytes: [UInt8] = []
    }

    /// Compares what the budget allows and lies in one stretch; nil for the others.
    ///
    /// - Throws: `CancellationError`.
    mutating func run(_ jobs: [MeasureJob]) async throws -> [Result<MeasuredDistance, WeightSide.Unreadable>?] {
        var results = [Result<MeasuredDistance, WeightSide.Unreadable>?](repeating: nil, count: jobs.count)
        var left = budget
        var chosen: [Int] = []
        let possible = jobs.indices.filter { !jobs[$0].before.isGathered && !jobs[$0].after.isGathered }
        for place in possible.sorted(by: { (jobs[$0].remoteBytes, $0) < (jobs[$1].remoteBytes, $1) }) {
            guard jobs[place].remoteBytes <= left else { break }
            left -= jobs[place].remoteBytes
            chosen.append(place)
        }
        chosen.sort { left, right in
            let (a, b) = (jobs[left].before, jobs[right].before)
            return a.file.path != b.file.path ? a.file.path < b.file.path : (a.order, left) < (b.order, right)
        }
        let oldEnds = RemoteMeasure.ends(chosen.map { jobs[$0] }, \.before)
        let newEnds = RemoteMeasure.ends(chosen.map { jobs[$0] }, \.after)
        for (turn, place) in chosen.enumerated() {
            do {
                results[place] = try await compare(jobs[place], oldEnds[turn], newEnds[turn]).map { .success($0) }
            } catch let
                problem as WeightSide.Unreadable
            { results[place] = .failure(problem) } catch let failure as Failure {
                results[place] = .failure(WeightSide.Unreadable(reason: failure.message, hint: failure.hint))
            } catch let error as ByteError {
                results[place] = .failure(WeightSide.Unreadable(reason: error.description, hint: nil))
            }
        }
        return results
    }

    /// How far reading on is worth it at each tensor: to the end of those that follow without a gap.
    private static func ends(_ jobs: [MeasureJob], _ side: KeyPath<MeasureJob, MeasureJob.Tensor>) -> [UInt64] {
        // No overflow: what has a place in a file lies inside of it.
        var ends = jobs.map { ($0[keyPath: side].begin ?? 0) + $0.byteCount($0[keyPath: side]) }
        for place in jobs.indices.dropLast().reversed() {
            let (this, next) = (jobs[place][keyPath: side], jobs[place + 1][keyPath: side])
            if this.file == next.file, next.begin == ends[place] { ends[place] = ends[place + 1] }
        }
        return ends
    }

    private mutating func compare(
        _ job: MeasureJob, _ oldEnd: UInt64, _ newEnd: UInt64
    ) async throws -> MeasuredDistance? {
        let step = job.elements(in: RemoteMeasure.window / 4)
        var sum = MeasuredDistance()
        var done: UInt64 = 0
        while done < job.count {
            try meter.check()
            let count = min(step, job.count - done)
            guard let first = try await bytes(job.before, done, count, oldEnd, \.oldWindow, before),
                let second = try await bytes(job.after, done, count, newEnd, \.newWindow, after)
            else { return nil }
            let isKnown = sum.add(
                Int(count), job.before.encoding, first.span, job.after.encoding, second.span, &scratch)
            guard isKnown else { throw Failure(.limitExceeded, "numbers of these types cannot be compared") }
            done += count
        }
        return sum
    }

    /// The bytes of some elements; nil when the budget does not allow it.
    private mutating func bytes(
        _ tensor: MeasureJob.Tensor, _ element: UInt64, _ count: UInt64, _ end: UInt64,
        _ window: WritableKeyPath<RemoteMeasure, Window>, _ side: WeightSide
    ) async throws -> ArraySlice<UInt8>? {
        let size = tensor.encoding.byteCount(count) ?? .max
        guard let begin = tensor.begin else { return try await stored(tensor, element, size, side) }
        // No overflow: the tensor lies inside its file, and the element inside the tensor.
        let offset = begin + tensor.offset(of: element)
        if let slice = RemoteMeasure.slice(self[keyPath: window], tensor.file, offset, size) { return slice }
        let wanted = max(size, min(RemoteMeasure.window, end > offset ? end - offset : 0))
        let found: [UInt8]
        if let path = tensor.path {
            found = try FileSource(path).bytes(at: offset, count: Int(clamping: size))
            guard meter.advance(found.count) else { throw CancellationError() }
        } else {
            guard wanted <= budget, requests < 2 * RemoteMeasure.requestLimit else { return nil }
            requests += 1
            budget -= wanted
            found = try await side.read(tensor.file, offset..<offset + wanted)
        }
        self[keyPath: window] = Window(file: tensor.file, begin: offset, bytes: found)
        return RemoteMeasure.slice(self[keyPath: window], tensor.file, offset, size)
    }

    /// The bytes of some elements of a checkpoint's tensor; nil when the budget does not allow it.
    private mutating func stored(
        _ tensor: MeasureJob.Tensor, _ element: UInt64, _ size: UInt64, _ side: WeightSide
    ) async throws -> ArraySlice<UInt8>? {
        guard case .storage(let contents, let begin, _) = tensor.place else { return nil }
        let offset = begin + tensor.offset(of: element)
        // Of an archive the header in front of a storage is read before the storage, and again when that has been fetched.
        for _ in 0..<RemoteMeasure.maximumReadings {
            let problem: ByteError
            do throws(ByteError) {
                let bytes = try contents.bytes(at: offset, count: Int(clamping: size))
                guard tensor.path == nil || meter.advance(bytes.count) else { throw .unreadable("stopped") }
                return bytes[...]
            } catch { problem = error }
            try meter.check()
            guard case .absent = problem, let remote = tensor.remote, let miss = remote.takeMiss() else {
                throw problem
            }
            let count = miss.upperBound - miss.lowerBound
            let wanted = min(max(count, RemoteMeasure.header), remote.size - miss.lowerBound)
            guard wanted <= budget, requests < 2 * RemoteMeasure.requestLimit else { return nil }
            requests += 1
            budget -= wanted
            let found = try await side.read(tensor.file, miss.lowerBound..<miss.lowerBound + wanted)
            if count < RemoteMeasure.header { remote.keep(Array(found.prefix(Int(count))), at: miss.lowerBound) }
            remote.show(found, at: miss.lowerBound)
        }
        return nil
    }

    private static func slice(
        _ window: Window, _ file: Snapshot.File, _ offset: UInt64, _ size: UInt64
    ) -> ArraySlice<UInt8>? {
        guard window.file == file, offset >= window.begin, offset - window.begin <= UInt64(window.bytes.count),
            size <= UInt64(window.bytes.count) - (offset - window.begin)
        else { return nil }
        let begin = Int(offset - window.begin)
        return window.bytes[begin..<begin + Int(size)]
    }
}
