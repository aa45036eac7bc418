// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import Conversion
internal import FileIO
internal import GGUF
internal import Safetensors

/// The digests of tensors whose places in a file are known before it is read: fed front to back together with the digest of the
/// whole, every byte once.
struct PassingTensors: Sendable {
    private struct Tensor {
        let name: TensorName
        let hasher: TensorHasher
        let range: Range<UInt64>
        var checksum: UInt32?
    }

    /// What counts beside the tensors: see `TensorRecord.metadata`.
    let metadata: Digest?
    /// By their places; none lies in another.
    private let tensors: [Tensor]
    private var next = 0
    private var hasher: TensorHasher?
    private var checksum = CRC32()
    /// How many bytes of the file were fed.
    private var place: UInt64 = 0
    private var entries: [TensorDigests.Entry] = []
    private var problem: String?

    /// Looks where the tensors of a GGUF file or a checkpoint are; nil when one reading is not enough, or the file is not what it
    /// should be: the reader that takes several will say.
    init?(_ item: DigestWork.Item) {
        var tensors: [Tensor] = []
        switch item.container {
        case .safetensors: return nil
        case .gguf:
            guard let file = try? TensorFile(item.path, .gguf) else { return nil }
            metadata = file.metadata
            for tensor in file.tensors {
                let (end, isTooLong) = tensor.offset.addingReportingOverflow(tensor.byteCount)
                guard tensor.swapped == nil, !isTooLong else { return nil }
                tensors.append(Tensor(name: tensor.name, hasher: tensor.hasher, range: tensor.offset..<end))
            }
        case .checkpoint:
            guard let source = try? FileSource(item.path), let contents = try? CheckpointContents(of: source),
                contents.refusal == nil, let plan = try? CheckpointPlan(contents, name: ""),
                let stretches = plan.stretches
            else { return nil }
            metadata = nil
            tensors = stretches.map {
                Tensor(name: $0.info.name, hasher: TensorHasher($0.info), range: $0.range, checksum: $0.checksum)
            }
        }
        // One without bytes is done at once, wherever it lies.
        entries = tensors.filter(\.range.isEmpty).map { TensorDigests.Entry($0.name, $0.hasher.finalize()) }
        self.tensors = tensors.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        for (left, right) in zip(self.tensors, self.tensors.dropFirst())
        where left.range.upperBound > right.range.lowerBound { return nil }
    }

    /// Feeds the next bytes of the file to this and to `file`, the hasher of the whole, which has been fed the same bytes as this
    /// and no others.
    mutating func update(_ bytes: RawSpan, together file: inout SHA256) {
        var rest = bytes
        while rest.byteCount > 0 {
            guard tensors.indices.contains(next) else {
                file.update(rest)
                place += UInt64(rest.byteCount)
                return
            }
            let tensor = tensors[next]
            if place < tensor.range.lowerBound {
                let count = Int(min(tensor.range.lowerBound - place, UInt64(rest.byteCount)))
                file.update(rest.extracting(first: count))
                place += UInt64(count)
                rest = rest.extracting(droppingFirst: count)
                continue
            }
            let part = rest.extracting(first: Int(min(tensor.range.upperBound - place, UInt64(rest.byteCount))))
            var current = hasher ?? tensor.hasher
            current.update(part, offset: place - tensor.range.lowerBound, together: &file, at: place)
            if tensor.checksum != nil { part.withUnsafeBytes { checksum.update($0) } }
            hasher = current
            place += UInt64(part.byteCount)
            rest = rest.extracting(droppingFirst: part.byteCount)
            if place == tensor.range.upperBound { finish(tensor) }
        }
    }

    private mutating func finish(_ tensor: Tensor) {
        if let hasher { entries.append(TensorDigests.Entry(tensor.name, hasher.finalize())) }
        if let declared = tensor.checksum, declared != checksum.value {
            problem =
                problem ?? CheckpointConversion.damage(of: tensor.name, checksum.value, declared: declared).message
        }
        (hasher, checksum) = (nil, CRC32())
        next += 1
    }

    /// The digests, after the last byte; or why there are none.
    func finish() -> (digests: TensorDigests?, problem: String?) {
        if let problem { return (nil, problem) }
        guard next == tensors.count else { return (nil, "the file became shorter while it was read") }
        do throws(SafetensorsError) { return (try TensorDigests(entries), nil) } catch { return (nil, error.message) }
    }
}
