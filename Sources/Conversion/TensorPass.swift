// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import ContentModel
internal import FileIO
internal import Safetensors
internal import Synchronization
internal import SystemPackage

/// One pass over tensors on all processors, two of them interleaved on each: read, hash, and where wanted compare the archive's
/// checksum and write, every byte while it is in the cache.
struct TensorPass: Sendable {
    /// Where a tensor's bytes come from.
    enum Bytes: Sendable {
        /// They lie in a source as they are, from this place on.
        case stretch(any ByteSource, at: UInt64)
        /// They have to be collected, or turned around.
        case gathered(Checkpoint, CheckpointTensor)
    }

    /// A tensor to read.
    struct Job: Sendable {
        let info: TensorInfo
        let bytes: Bytes
        /// The file that the bytes go into, and where; nil to hash only.
        var target: (file: Target, place: UInt64)?
        /// The storage whose checksum is to be compared with this tensor: on the way when it is this stretch and no more, before
        /// when the tensor is collected from it.
        var storage: CheckpointStorage?
    }

    /// A file that all workers write.
    final class Target: Sendable {
        let file: File

        init(_ path: FilePath, _ layout: WritePlan) throws(Failure) {
            file = try File(path, .creating(permissions: 0o644))
            try file.truncate(to: ByteCount(clamping: Int64(clamping: layout.fileSize)))
            try file.write(layout.head, at: 0)
        }
    }

    /// The tensors.
    let jobs: [Job]
    /// Storages whose checksums are compared apart from any tensor.
    var storages: [CheckpointStorage] = []

    /// The state that the workers share.
    final class Queue: Sendable {
        enum Work: Sendable {
            case storage(CheckpointStorage)
            case tensor(Job)
        }

        private let work: [Work]
        private let next = Atomic<Int>(0)
        private let stopped = Atomic<Bool>(false)
        private let entries = Mutex<[TensorDigests.Entry]>([])

        init(_ pass: TensorPass) {
            // The largest first, so that no processor is left alone with one at the end.
            let sized =
                pass.storages.map { ($0.byteCount, Work.storage($0)) }
                + pass.jobs.map { ($0.info.byteCount, .tensor($0)) }
            work = sized.sorted { $0.0 > $1.0 }.map(\.1)
        }

        func take() -> Work? {
            let index = next.add(1, ordering: .relaxed).oldValue
            return work.indices.contains(index) ? work[index] : nil
        }

        func finish(_ name: TensorName, _ digest: Digest) {
            entries.withLock { $0.append(TensorDigests.Entry(name, digest)) }
        }

        func stop() { stopped.store(true, ordering: .relaxed) }

        var isStopped: Bool { stopped.load(ordering: .relaxed) || Task.isCancelled }

        var all: [TensorDigests.Entry] { entries.withLock { $0 } }
    }

    /// Reads everything and returns the digests; nil when `progress` said no.
    func run(_ progress: @escaping @Sendable (Int) -> Bool) async throws -> [TensorDigests.Entry]? {
        let queue = Queue(self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Processors.count { group.addTask { try await TensorPass.work(queue, progress) } }
            try await group.waitForAll()
        }
        return queue.isStopped ? nil : queue.all
    }

    @concurrent
    private static func work(_ queue: Queue, _ progress: @escaping @Sendable (Int) -> Bool) async throws {
        var first = TensorStream()
        var second = TensorStream()
        while !queue.isStopped {
            try first.prepare(queue)
            try second.prepare(queue)
            if !first.isBusy, !second.isBusy { return }
            let count = try first.fill() + second.fill()
            TensorStream.hash(&first, &second)
            try first.pass()
            try second.pass()
            if !progress(count) { queue.stop() }
        }
    }
}
