// SPDX-License-Identifier: Apache-2.0

/// A tensor that is to be written.
public struct TensorSpec: Sendable, Hashable {
    /// Its name.
    public let name: TensorName
    /// The type of its elements.
    public let type: TensorType
    /// Its dimensions, outermost first.
    public let shape: [UInt64]

    /// Describes a tensor.
    public init(_ name: TensorName, _ type: TensorType, _ shape: [UInt64]) {
        (self.name, self.type, self.shape) = (name, type, shape)
    }

    /// Describes a tensor like one that was read.
    public init(_ tensor: TensorInfo) { self.init(tensor.name, tensor.type, tensor.shape) }
}
