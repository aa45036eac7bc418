// SPDX-License-Identifier: Apache-2.0

/// What a header says about one tensor, after the checks: offsets lie in the file and fit type and shape.
public struct TensorInfo: Sendable, Hashable {
    /// Its name.
    public let name: TensorName
    /// The type of its elements.
    public let type: TensorType
    /// Its dimensions, outermost first; empty for a single number. Elements smaller than a byte are counted one by one.
    public let shape: [UInt64]
    /// Where its bytes are, counted from the beginning of the data, not of the file.
    public let offsets: Range<UInt64>

    /// The number of its bytes.
    public var byteCount: UInt64 { offsets.upperBound - offsets.lowerBound }

    /// The number of its elements.
    public var elementCount: UInt64 {
        byteCount / UInt64(type.bitWidth) * 8 + byteCount % UInt64(type.bitWidth) * 8 / UInt64(type.bitWidth)
    }

    init(name: TensorName, type: TensorType, shape: [UInt64], offsets: Range<UInt64>) {
        (self.name, self.type, self.shape, self.offsets) = (name, type, shape, offsets)
    }
}
