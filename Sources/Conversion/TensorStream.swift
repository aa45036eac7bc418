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
    /// How much a gathered tensor collects at once: the more, the longer the stretches that are read. All streams of all
    /// processors have 16 MiB together, but on machines with many.
    private static let pieceSize = min(4 << 20, max(512 << 10, (16 << 20) / (2 * Processors.count)))
    /// After how many bytes the disk is told to begin.
    private static let writebackSize: UInt64 = 16 << 20

    private var job: TensorPass.Job?
    private var source: (any ByteSource)?
    private var start: UInt64 = 0
    private var gather: TensorGather?
    /// How much of the buffer a gathered tensor has filled.
    private var collected = 0
    private var hasher = TensorHasher(type: .u8, shape: [], byteCount: 0)
    private var checksum = CRC32()
    private var offset: UInt64 = 0
    /// Where in the buffer the bytes are that were read last.
    private var part = 0..<0
    private var buffer: [UInt8] = []

    /// Whether it is in the middle of a tensor.
    var isBusy: Bool { job != nil }

    /// Ends a tensor whose bytes have all been passed, and takes the next one. A storage whose checksum is compared apart from its
    /// tensor is read here and now, so that what is collected from it next lies in memory.
    mutating func prepare(_ queue: TensorPass.Queue) throws {
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
                (checksum, offset, part, collected, job) = (CRC32(), 0, 0..<0, 0, next)
                switch next.bytes {
                case .stretch(let source, let start): (self.source, self.start) = (source, start)
                case .gathered(let checkpoint, let tensor):
                    if let storage = next.storage { try TensorStream.verify(storage) }
                    gather = checkpoint.gather(tensor, pieceSize: TensorStream.pieceSize)
                }
                if next.info.byteCount > 0 { return }
                try end(next, queue)
            }
        }
    }

    private mutating func end(_ job: TensorPass.Job, _ queue: TensorPass.Queue) throws(Failure) {
        if gather == nil, let declared = job.storage?.checksum, checksum.value != declared {
            throw CheckpointConversion.damage(of: job.info.name, checksum.value, declared: declared)
        }
        queue.finish(job.info.name, hasher.finalize())
        (self.job, source, gather) = (nil, nil, nil)
    }

    private static func verify(_ storage: CheckpointStorage) throws(Failure) {
        do throws(CheckpointError) { try storage.verify() } catch {
            if case .storage = error { throw CheckpointConversion.damage("\(error)") }
            throw CheckpointPlan.failure(error, Escaped(storage.key))
        }
    }

    /// Reads the next bytes and returns how many there are.
    mutating func fill() throws(Failure) -> Int {
        guard let job else { return 0 }
        let wanted = Int(min(job.info.byteCount - offset, UInt64(TensorStream.bufferSize)))
        if gather != nil {
            if part.upperBound == collected { (part, collected) = (0..<0, try collect(job)) }
            part = part.upperBound..<part.upperBound + min(wanted, collected - part.upperBound)
            return part.count
        }
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: TensorStream.bufferSize) }
        part = 0..<wanted
        guard let source else { return 0 }
        let place = start + offset
        let outcome = buffer.withUnsafeMutableBytes { bytes -> Result<Void, ByteError> in
            do throws(ByteError) {
                return .success(
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]), at: place))
            } catch { return .failure(error) }
        }
        do throws(ByteError) { try outcome.get() } catch {
            throw CheckpointPlan.failure(.bytes(error), Escaped(job.info.name.string))
        }
        return wanted
    }

    /// Collects the next piece of a tensor that does not lie in one stretch.
    private mutating func collect(_ job: TensorPass.Job) throws(Failure) -> Int {
        let count: Int
        do throws(CheckpointError) { count = try gather?.next(into: &buffer) ?? 0 } catch {
            throw CheckpointPlan.failure(error, Escaped(job.info.name.string))
        }
        guard count > 0, UInt64(count) <= job.info.byteCount - offset else {
            throw Failure(
                .mismatch, "tensor `\(job.info.name)` gave \(offset + UInt64(count)) bytes of \(job.info.byteCount)")
        }
        return count
    }

    /// Hashes what both have read.
    static func hash(_ first: inout TensorStream, _ second: inout TensorStream) {
        var (one, other) = (first.hasher, second.hasher)
        TensorHasher.update(
            &one, first.buffer.span.bytes.extracting(first.part), &other,
            second.buffer.span.bytes.extracting(second.part))
        (first.hasher, second.hasher) = (one, other)
    }

    /// Hands what was read on: to the checksum, and to the new file.
    mutating func pass() throws(Failure) {
        guard let job, !part.isEmpty else { return }
        if gather == nil, job.storage != nil {
            buffer.withUnsafeBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0[part])) }
        }
        let next = offset + UInt64(part.count)
        if let target = job.target {
            try target.file.file.write(
                buffer.span.bytes.extracting(part), at: Int64(clamping: target.place + offset))
            if offset / TensorStream.writebackSize != next / TensorStream.writebackSize || next == job.info.byteCount {
                let since = offset - offset % TensorStream.writebackSize
                target.file.file.beginWriteback(
                    from: Int64(clamping: target.place + since), count: Int64(clamping: next - since))
            }
        }
        offset = next
        // A gathered tensor goes on behind it.
        part = gather == nil ? 0..<0 : part.upperBound..<part.upperBound
    }
}
