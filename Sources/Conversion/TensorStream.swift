// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import ContentModel
internal import FileIO
internal import Safetensors

/// One of the two tensors that a worker reads at once: how far it is, and a buffer.
struct TensorStream {
    /// Two of them stay in the second level cache between reading, hashing and writing.
    private static let bufferSize = 256 << 10
    /// How much a gathered tensor collects at once.
    private static let pieceSize = 2 << 20
    /// After how many bytes the disk is told to begin.
    private static let writebackSize: UInt64 = 16 << 20

    private var job: TensorPass.Job?
    private var source: (any ByteSource)?
    private var start: UInt64 = 0
    private var hasher = TensorHasher(type: .u8, shape: [], byteCount: 0)
    private var checksum = CRC32()
    private var offset: UInt64 = 0
    private var count = 0
    private var buffer: [UInt8] = []

    /// Whether it is in the middle of a tensor.
    var isBusy: Bool { job != nil }

    /// Ends a tensor whose bytes have all been passed, and takes the next one that is read piece by piece. What is not is done
    /// here and now.
    mutating func prepare(_ queue: TensorPass.Queue, _ progress: (Int) -> Bool) throws {
        if let job {
            guard offset == job.info.byteCount else { return }
            try end(job, queue)
        }
        while !queue.isStopped {
            guard let work = queue.take() else { return }
            switch work {
            case .storage(let storage): try TensorStream.verify(storage)
            case .tensor(let next):
                hasher = TensorHasher(next.info)
                (checksum, offset, count) = (CRC32(), 0, 0)
                switch next.bytes {
                case .stretch(let source, let start):
                    (job, self.source, self.start) = (next, source, start)
                    if next.info.byteCount > 0 { return }
                    try end(next, queue)
                case .gathered(let checkpoint, let tensor): try gather(next, checkpoint, tensor, queue, progress)
                }
            }
        }
    }

    private mutating func end(_ job: TensorPass.Job, _ queue: TensorPass.Queue) throws(Failure) {
        if let storage = job.storage, let declared = storage.checksum, checksum.value != declared {
            throw TensorStream.damaged(
                "tensor `\(job.info.name)`: the checksum of its storage is \(String(checksum.value, radix: 16)), "
                    + "\(String(declared, radix: 16)) is declared")
        }
        queue.finish(job.info.name, hasher.finalize())
        (self.job, source) = (nil, nil)
    }

    private static func verify(_ storage: CheckpointStorage) throws(Failure) {
        do throws(CheckpointError) { try storage.verify() } catch {
            if case .storage = error { throw damaged("\(error)") }
            throw CheckpointPlan.failure(error, Escaped(storage.key))
        }
    }

    private static func damaged(_ reason: String) -> Failure {
        Failure(.refused, "the checkpoint is damaged: \(reason)", hint: "fetch it again; nothing was written")
    }

    private mutating func gather(
        _ job: TensorPass.Job, _ checkpoint: Checkpoint, _ tensor: CheckpointTensor, _ queue: TensorPass.Queue,
        _ progress: (Int) -> Bool
    ) throws {
        var hasher = hasher
        var place: UInt64 = 0
        do {
            try checkpoint.read(tensor, chunkSize: TensorStream.pieceSize) { bytes in
                hasher.update(bytes)
                if let target = job.target {
                    try target.file.file.write(bytes, at: Int64(clamping: target.place + place))
                }
                place += UInt64(bytes.byteCount)
                if !progress(bytes.byteCount) { queue.stop() }
                if queue.isStopped { throw Stopped() }
            }
        } catch is Stopped { return } catch let error as CheckpointError {
            throw CheckpointPlan.failure(error, Escaped(job.info.name.string))
        }
        guard place == job.info.byteCount else {
            throw Failure(.mismatch, "tensor `\(job.info.name)` gave \(place) bytes of \(job.info.byteCount)")
        }
        queue.finish(job.info.name, hasher.finalize())
    }

    /// Reads the next bytes and returns how many there are.
    mutating func fill() throws(Failure) -> Int {
        count = 0
        guard let job, let source else { return 0 }
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: TensorStream.bufferSize) }
        count = Int(min(job.info.byteCount - offset, UInt64(TensorStream.bufferSize)))
        let (wanted, place) = (count, start + offset)
        let outcome = buffer.withUnsafeMutableBytes { bytes -> Result<Void, ByteError> in
            do throws(ByteError) {
                return .success(
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: place))
            } catch { return .failure(error) }
        }
        do throws(ByteError) { try outcome.get() } catch {
            throw CheckpointPlan.failure(.bytes(error), Escaped(job.info.name.string))
        }
        return count
    }

    /// Hashes what both have read.
    static func hash(_ first: inout TensorStream, _ second: inout TensorStream) {
        var (one, other) = (first.hasher, second.hasher)
        TensorHasher.update(
            &one, first.buffer.span.bytes.extracting(first: first.count), &other,
            second.buffer.span.bytes.extracting(first: second.count))
        (first.hasher, second.hasher) = (one, other)
    }

    /// Hands what was read on: to the checksum, and to the new file.
    mutating func pass() throws(Failure) {
        guard let job, count > 0 else { return }
        if job.storage != nil {
            buffer.withUnsafeBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        if let target = job.target {
            let place = target.place + offset
            try target.file.file.write(buffer.span.bytes.extracting(first: count), at: Int64(clamping: place))
            let next = offset + UInt64(count)
            if offset / TensorStream.writebackSize != next / TensorStream.writebackSize || next == job.info.byteCount {
                let since = offset - offset % TensorStream.writebackSize
                target.file.file.beginWriteback(
                    from: Int64(clamping: target.place + since), count: Int64(clamping: next - since))
            }
        }
        offset += UInt64(count)
        count = 0
    }

    /// Ends a reading from inside.
    private struct Stopped: Error {}
}
