// SPDX-License-Identifier: Apache-2.0

internal import GGUF
internal import Safetensors

/// What a header says of a tensor: type, shape and where its bytes lie in the file.
struct TensorForm: Sendable {
    /// The name that the container gives the type.
    let type: String
    let shape: [UInt64]
    /// The first byte in the file.
    let begin: UInt64
    /// How many bytes; nil for a type whose size is not known.
    let byteCount: UInt64?
    /// How its bytes are read as numbers; nil for blocks, for numbers that would have to be turned round, and unknown types.
    let number: NumberType?

    init(_ tensor: TensorInfo, dataStart: UInt64) {
        (type, shape) = (tensor.type.rawValue, tensor.shape)
        // No overflow: the header was checked against the size of the file.
        (begin, byteCount) = (dataStart + tensor.offsets.lowerBound, tensor.byteCount)
        number = NumberType(named: tensor.type.rawValue)
    }

    init(_ tensor: GGUFTensor) {
        type = tensor.type?.name ?? GGMLType.removedName(tensor.typeCode) ?? "type \(tensor.typeCode)"
        (shape, begin, byteCount) = (tensor.shape, tensor.dataOffset, tensor.byteCount)
        let isTurned = tensor.byteOrder == .big && (tensor.type?.blockBytes ?? 0) > 1
        number = isTurned ? nil : tensor.type.flatMap { $0.isQuantized ? nil : NumberType(named: $0.name) }
    }

    /// The form as a report shows it.
    var evidence: DriftEvidence.TensorDifference.Form { .init(type: type, shape: shape) }

    /// How many elements the shape has; nil when 64 bits cannot count them.
    var elementCount: UInt64? {
        var count: UInt64 = 1
        for dimension in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            count = product
        }
        return count
    }

    func hasShape(of other: TensorForm) -> Bool { shape == other.shape }
}
