// SPDX-License-Identifier: Apache-2.0

internal import Safetensors

/// One and the same stretch of numbers, seen in one way: two names with the same view are one tensor (tied weights).
package struct TensorView: Sendable, Hashable {
    private let storage: Int
    private let extent: Range<UInt64>
    private let shape: [UInt64]
    private let strides: [UInt64]
    private let type: TensorType
    private let isConjugated: Bool
    private let isNegated: Bool

    /// The view of a tensor of `checkpoint`; nil for a tensor without bytes, which shares nothing.
    package init?(_ tensor: CheckpointTensor, _ checkpoint: Checkpoint) {
        guard let extent = tensor.extent, checkpoint.storages.indices.contains(tensor.storage) else { return nil }
        storage = checkpoint.storages[tensor.storage].root
        self.extent = extent
        (shape, strides, type) = (tensor.shape, tensor.strides, tensor.type)
        (isConjugated, isNegated) = (tensor.isConjugated, tensor.isNegated)
    }
}
