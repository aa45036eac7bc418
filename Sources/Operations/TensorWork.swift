// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import GGUF
internal import Safetensors
internal import Synchronization
internal import SystemPackage

/// Hashes the tensors of files on all cores, two tensors interleaved on each: one large file keeps all of them busy.
struct TensorWork: Sendable {
    /// A file and what it is: safetensors or GGUF.
    struct Source: Sendable {
        let path: FilePath
        let container: InspectionReport.Container
    }

    private let sources: [Source]
    private let progress: @Sendable (Int) -> Void

    private static let bufferSize = 512 * 1024

    init(_ sources: [Source], _ progress: @escaping @Sendable (Int) -> Void) {
        (self.sources, self.progress) = (sources, progress)
    }

    /// A file that is open, for all workers.
    private final class Weights: Sendable {
        let file: File
        let content: TensorFile

        init(_ source: Source) throws {
            content = try TensorFile(source.path, source.container)
            file = try File(source.path, .reading)
        }
    }

    /// The tensors still to hash, handed out one at a time.
    private final class Queue: Sendable {
        struct Job: Sendable {
            let place: Int
            let weights: Weights
            let tensor: TensorFile.Tensor
        }

        private let jobs: [(place: Int, weights: Weights, tensor: Int)]
        private let next = Atomic<Int>(0)
        private let entries: Mutex<[[TensorDigests.Entry]]>

        init(_ files: [Weights?]) {
            var jobs: [(place: Int, weights: Weights, tensor: Int, size: UInt64)] = []
            for (place, weights) in files.enumerated() {
                guard let weights else { continue }
                for index in weights.content.tensors.indices {
                    jobs.append((place, weights, index, weights.content.tensors[index].byteCount))
                }
            }
            // The largest first, so that no core is left alone with one at the end.
            jobs.sort { $0.size > $1.size }
            self.jobs = jobs.map { ($0.place, $0.weights, $0.tensor) }
            entries = Mutex([[TensorDigests.Entry]](repeating: [], count: files.count))
        }

        func take() -> Job? {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard jobs.indices.contains(index) else { return nil }
            let job = jobs[index]
            return Job(place: job.place, weights: job.weights, tensor: job.weights.content.tensors[job.tensor])
        }

        func finish(_ job: Job, _ digest: Digest) {
            entries.withLock { $0[job.place].append(TensorDigests.Entry(job.tensor.name, digest)) }
        }

        var all: [[TensorDigests.Entry]] { entries.withLock { $0 } }
    }

    /// One of the two interleaved streams of a worker.
    private struct Lane {
        var job: Queue.Job?
        var hasher = TensorHasher(type: .u8, shape: [], byteCount: 0)
        var offset: UInt64 = 0

        /// Gives the digest of a tensor that is at its end and takes the next one that has bytes. One whose numbers have to be turned
        /// round is read here and now: big-endian files are rare.
        mutating func prepare(_ queue: Queue, _ progress: (Int) -> Void) throws(Failure) {
            while true {
                if let job {
                    if offset < job.tensor.byteCount { return }
                    queue.finish(job, hasher.finalize())
                }
                job = queue.take()
                while let next = job, let swapped = next.tensor.swapped {
                    do throws(GGUFError) {
                        queue.finish(next, try swapped.digest(in: next.weights.content.source))
                    } catch {
                        throw Failure(.file, error.description)
                    }
                    progress(Int(clamping: next.tensor.byteCount))
                    job = queue.take()
                }
                guard let job else { return }
                hasher = job.tensor.hasher
                offset = 0
            }
        }

        /// Reads the next bytes and returns how many there are.
        mutating func fill(_ buffer: inout [UInt8]) throws(Failure) -> Int {
            guard let job else { return 0 }
            let wanted = Int(min(job.tensor.byteCount - offset, UInt64(TensorWork.bufferSize)))
            let place = job.tensor.offset + offset
            let count = try job.weights.file.fill(&buffer, upTo: wanted, at: Int64(clamping: place))
            guard count == wanted else {
                throw Failure(
                    .invalidSafetensors,
                    "`\(Escaped(job.weights.file.path.string, limit: 1024))` became shorter while it was read")
            }
            offset += UInt64(count)
            return count
        }
    }

    /// Hashes them. A file that cannot be read has a `failure`, one that is not what it should be a `problem`.
    func run() async throws -> [DigestWork.Found] {
        var found = [DigestWork.Found](repeating: DigestWork.Found(), count: sources.count)
        var files: [Weights?] = []
        for (place, source) in sources.enumerated() {
            do { files.append(try Weights(source)) } catch {
                files.append(nil)
                switch error {
                case let problem as TensorFile.Problem: found[place].problem = problem.reason
                case let failure as Failure: found[place].failure = failure
                default: found[place].problem = (error as? any Diagnosable)?.message ?? "\(error)"
                }
            }
        }
        let queue = Queue(files)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Processors.count { group.addTask { try await work(queue) } }
            try await group.waitForAll()
        }
        for (place, entries) in queue.all.enumerated() where files[place] != nil {
            found[place].metadata = files[place]?.content.metadata
            do throws(SafetensorsError) { found[place].tensors = try TensorDigests(entries) } catch {
                found[place].problem = error.message
            }
        }
        return found
    }

    @concurrent
    private func work(_ queue: Queue) async throws {
        var (first, second) = (Lane(), Lane())
        var (bufferA, bufferB) = ([UInt8](), [UInt8]())
        while true {
            try Task.checkCancellation()
            try first.prepare(queue, progress)
            try second.prepare(queue, progress)
            if first.job == nil, second.job == nil { return }
            if bufferA.isEmpty { bufferA = [UInt8](repeating: 0, count: Self.bufferSize) }
            if bufferB.isEmpty { bufferB = [UInt8](repeating: 0, count: Self.bufferSize) }
            let counts = (try first.fill(&bufferA), try second.fill(&bufferB))
            TensorHasher.update(
                &first.hasher, bufferA.span.bytes.extracting(first: counts.0), &second.hasher,
                bufferB.span.bytes.extracting(first: counts.1))
            progress(counts.0 + counts.1)
        }
    }
}
