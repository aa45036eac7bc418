// SPDX-License-Identifier: Apache-2.0

extension Checkpoint {
    /// Prepares to read the bytes of a tensor as safetensors has them: packed, row by row, least significant byte first.
    ///
    /// Memory is `pieceSize`, in the caller's buffer, and less than 300 KiB, whatever the strides are; the storage is read in as
    /// long stretches as they allow, which of a transposed matrix are the longer the larger a piece is. Checksums are not compared
    /// here: see `CheckpointStorage.verify`.
    ///
    /// - Parameter pieceSize: how many bytes a piece may have; at least 4096.
    package func gather(_ tensor: CheckpointTensor, pieceSize: Int) -> TensorGather? {
        guard storages.indices.contains(tensor.storage) else { return nil }
        return TensorGather(tensor, storages[tensor.storage], isBigEndian: isBigEndian, pieceSize: pieceSize)
    }

    /// Gives the bytes of a tensor to `sink`, in order; see `gather`.
    ///
    /// - Parameters:
    ///   - chunkSize: how many bytes a piece may have; at least 4096.
    ///   - sink: called with the pieces in order. What it throws ends the reading and is thrown on.
    /// - Throws: `CheckpointError.bytes`, and what `sink` throws.
    package func read(
        _ tensor: CheckpointTensor, chunkSize: Int = 4 << 20, into sink: (RawSpan) throws -> Void
    ) throws {
        guard var gather = gather(tensor, pieceSize: chunkSize) else { return }
        var piece: [UInt8] = []
        while true {
            let count = try gather.next(into: &piece)
            guard count > 0 else { return }
            // SAFETY: every byte of the piece is initialised; the sink cannot keep the span.
            try unsafe sink(piece.span.bytes.extracting(first: count))
        }
    }

    /// Where in its storage's contents the bytes of a tensor lie just as `read` gives them, in one stretch; nil when they have to be
    /// collected or changed.
    package func stretch(of tensor: CheckpointTensor) -> Range<UInt64>? {
        guard storages.indices.contains(tensor.storage), tensor.isContiguous, !tensor.isConjugated, !tensor.isNegated
        else { return nil }
        if (isBigEndian || storages[tensor.storage].isBigEndian) && tensor.element.numberSize > 1 { return nil }
        guard tensor.elementCount > 0 else { return 0..<0 }
        // No overflow: the view was checked to lie inside the storage, whose bytes were counted.
        let start = tensor.offset * UInt64(tensor.element.byteCount)
        return start..<start + tensor.byteCount
    }

    /// The bytes of a tensor in one array, for small ones.
    ///
    /// - Throws: `overLimit` above `limit` bytes.
    package func bytes(of tensor: CheckpointTensor, limit: Int = 64 << 20) throws -> [UInt8] {
        guard tensor.byteCount <= UInt64(clamping: limit) else {
            throw CheckpointError.overLimit(
                "bytes of a tensor", count: tensor.byteCount, limit: UInt64(clamping: limit))
        }
        var all: [UInt8] = []
        all.reserveCapacity(Int(tensor.byteCount))
        try read(tensor) { piece in
            // SAFETY: the pointer is used only inside the call.
            unsafe piece.withUnsafeBytes { unsafe all.append(contentsOf: $0) }
        }
        return all
    }
}
