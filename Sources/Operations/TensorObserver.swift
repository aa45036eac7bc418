// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Safetensors
internal import Store
internal import Synchronization
internal import Tensors

/// Weighs a blob while it arrives.
final class TensorObserver: BlobObserver {
    private let digests: Mutex<StreamingTensorDigests>

    init(size: ByteCount) { digests = Mutex(StreamingTensorDigests(fileSize: UInt64(size.value))) }

    func observe(_ bytes: RawSpan) { digests.withLock { $0.update(bytes) } }

    /// What was found; nil for bytes that are no safetensors file, which others may be able to read.
    var record: TensorRecord? {
        guard case .success(let digests) = digests.withLock({ $0.finish() }) else { return nil }
        return TensorRecord(.safetensors, digests)
    }
}
