// SPDX-License-Identifier: Apache-2.0

package import Safetensors

/// A tensor as a view of a storage. Every element was checked to lie inside it.
package struct CheckpointTensor: Sendable, Hashable {
    /// The type of the elements.
    package let element: ElementType
    /// The type in safetensors.
    package let type: TensorType
    /// The size of each dimension, in stored elements.
    package let shape: [UInt64]
    /// How many elements lie between neighbours of each dimension; 0 where one element stands for all.
    package let strides: [UInt64]
    /// The first element's place in the storage, in elements of this tensor's type.
    package let offset: UInt64
    /// The storage, as an index into `Checkpoint.storages`.
    package let storage: Int
    /// The extent of its bytes in the root storage, from the first byte of the lowest element to the last of the highest; nil when
    /// there are no elements.
    package let extent: Range<UInt64>?
    /// How many elements there are.
    package let elementCount: UInt64
    /// Whether the object is a `Parameter`.
    package let isParameter: Bool
    /// Whether the imaginary parts are stored with the other sign.
    package let isConjugated: Bool
    /// Whether all numbers are stored with the other sign.
    package let isNegated: Bool
    /// Where in the pickle the call is that would make the tensor; 0 for numpy arrays.
    package let callOffset: UInt64

    /// How many bytes it has, packed.
    package var byteCount: UInt64 { elementCount * UInt64(element.byteCount) }

    /// The shape in safetensors' counting, in which packed elements are counted singly.
    package var logicalShape: [UInt64] {
        guard element.packing > 1, let last = shape.last else { return shape }
        return shape.dropLast() + [last * element.packing]
    }

    /// Whether the elements lie in the storage as they come out: row by row without gaps.
    package var isContiguous: Bool {
        guard elementCount > 0 else { return true }
        var expected: UInt64 = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected *= size
        }
        return true
    }
}
