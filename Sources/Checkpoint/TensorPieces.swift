// SPDX-License-Identifier: Apache-2.0

/// The bytes of a tensor as safetensors has them, piece by piece: for one who compares two tensors and reads both at once.
///
/// Memory is bounded by about twice the size of a piece, whatever the strides are.
package struct TensorPieces {
    private var gather: TensorGather
    private let swaps: Bool
    private let isConjugated: Bool
    private let isNegated: Bool

    /// Prepares to read a tensor; nil when it has no elements.
    ///
    /// - Parameter chunkSize: how many bytes a piece may have; at least 4096.
    package init?(of tensor: CheckpointTensor, in checkpoint: Checkpoint, chunkSize: Int) {
        guard tensor.elementCount > 0, checkpoint.storages.indices.contains(tensor.storage) else { return nil }
        let storage = checkpoint.storages[tensor.storage]
        gather = TensorGather(tensor, storage, chunkSize: max(4096, chunkSize))
        swaps = (checkpoint.isBigEndian || storage.isBigEndian) && tensor.element.numberSize > 1
        (isConjugated, isNegated) = (tensor.isConjugated, tensor.isNegated)
    }

    /// Makes the next piece; false when there is none.
    ///
    /// - Throws: `CheckpointError.bytes`.
    package mutating func next() throws(CheckpointError) -> Bool {
        guard try gather.next() else { return false }
        if swaps { gather.swapNumbers() }
        if isConjugated || isNegated { gather.changeSigns(all: isNegated, imaginary: isConjugated) }
        return true
    }

    /// The bytes of the piece that was made last: at least one, and whole elements.
    package var piece: [UInt8] { gather.piece }
}
