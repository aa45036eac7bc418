// SPDX-License-Identifier: Apache-2.0

internal import Checkpoint
package import Safetensors

/// Where in a checkpoint's file the bytes of a tensor lie, as its digest takes them.
package struct TensorStretch: Sendable {
    /// The tensor.
    package let info: TensorInfo
    /// Its bytes in the file; empty for a tensor without any.
    package let range: Range<UInt64>
    /// The CRC-32 of exactly these bytes, where the archive declares one.
    package let checksum: UInt32?
}

extension CheckpointPlan {
    /// Where the tensors lie in the file, for one reading of it that also compares the archive's checksums; nil when some have to be
    /// unpacked or collected, and when a checksum is of more than one tensor.
    package var stretches: [TensorStretch]? {
        var stretches: [TensorStretch] = []
        for info in layout.tensors {
            guard let item = items[info.name] else { return nil }
            let storage = checkpoint.storages[item.tensor.storage]
            var range: Range<UInt64> = 0..<0
            if info.byteCount > 0 {
                guard let place = contents.stretch(of: item) else { return nil }
                range = place
            }
            if storage.hasChecksum, storage.checksum == nil || range != storage.range, storage.byteCount > 0 {
                return nil
            }
            stretches.append(
                TensorStretch(info: info, range: range, checksum: range.isEmpty ? nil : storage.checksum))
        }
        return stretches
    }
}
