// SPDX-License-Identifier: Apache-2.0

/// What to take along one dimension, in the manner of numpy.
public enum SliceIndex: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// Everything: `:`.
    case all
    /// One position; the dimension goes away. Negative positions count from the end. Out of bounds is an error.
    case index(Int)
    /// From `start` up to `stop` exclusive, every `step`-th. Negative positions count from the end, positions beyond an
    /// end mean that end, a range that goes backwards is empty. `step` is 1 or more.
    case range(start: Int? = nil, stop: Int? = nil, step: Int = 1)

    /// `.index(value)`.
    public init(integerLiteral value: Int) { self = .index(value) }
}

/// Why a slice cannot be taken.
public enum SliceError: Error, Sendable, Hashable {
    /// More indices than the tensor has dimensions.
    case tooManyIndices(count: Int, rank: Int)
    /// A position outside the dimension.
    case outOfBounds(dimension: Int, index: Int, size: UInt64)
    /// A step below 1.
    case invalidStep(dimension: Int, step: Int)
    /// Elements smaller than a byte, and the slice begins or ends inside one.
    case partialByte(TensorType)

    /// What is wrong, for people.
    public var message: String {
        switch self {
        case .tooManyIndices(let count, let rank): "\(count) indices for \(rank) dimensions"
        case .outOfBounds(let dimension, let index, let size):
            "index \(index) is out of bounds for dimension \(dimension) of size \(size)"
        case .invalidStep(let dimension, let step):
            "the step in dimension \(dimension) is \(step), it must be 1 or more"
        case .partialByte(let type):
            "elements of \(type.rawValue) are smaller than a byte and the slice does not end at one"
        }
    }
}
