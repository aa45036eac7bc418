// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import Checkpoint
internal import GGUF
internal import Safetensors

/// What a header says of a tensor: type, shape and where its bytes lie in the file.
struct TensorForm: Sendable {
    /// Where the bytes of a tensor are.
    enum Place: Sendable {
        /// From this byte of the file on.
        case file(UInt64)
        /// In one stretch of a storage, from this byte on; with the number of the storage, whose order is that of the file as a
        /// rule.
        case storage(any ByteSource, UInt64, number: Int)
        /// All over a storage, or to be changed before they are numbers.
        case gathered(Checkpoint, CheckpointTensor)
    }

    /// The name that the container gives the type.
    let type: String
    let shape: [UInt64]
    let place: Place
    /// How many bytes; nil for a type whose size is not known.
    let byteCount: UInt64?
    /// How its bytes are read as numbers; nil for what would have to be turned round, and unknown types.
    let number: NumberEncoding?

    init(_ tensor: TensorInfo, dataStart: UInt64) {
        (type, shape) = (tensor.type.rawValue, tensor.shape)
        // No overflow: the header was checked against the size of the file.
        (place, byteCount) = (.file(dataStart + tensor.offsets.lowerBound), tensor.byteCount)
        number = NumberType(named: tensor.type.rawValue).map { .plain($0) }
    }

    init(_ tensor: GGUFTensor) {
        type = tensor.type?.name ?? GGMLType.removedName(tensor.typeCode) ?? "type \(tensor.typeCode)"
        (shape, place, byteCount) = (tensor.shape, .file(tensor.dataOffset), tensor.byteCount)
        let isTurned = tensor.byteOrder == .big && (tensor.type?.blockBytes ?? 0) > 1
        number =
            isTurned
            ? nil
            : tensor.type.flatMap { type in
                type.isQuantized ? .blocks(type) : NumberType(named: type.name).map { .plain($0) }
            }
    }

    init(_ tensor: CheckpointTensor, _ checkpoint: Checkpoint) {
        (type, shape, byteCount) = (tensor.type.rawValue, tensor.logicalShape, tensor.byteCount)
        number = NumberType(named: tensor.type.rawValue).map { .plain($0) }
        if let stretch = checkpoint.stretch(of: tensor), checkpoint.storages.indices.contains(tensor.storage) {
            place = .storage(
                checkpoint.storages[tensor.storage].contents, stretch.lowerBound, number: tensor.storage)
        } else {
            place = .gathered(checkpoint, tensor)
        }
    }

    /// The first byte in the file; nil for what lies in a storage.
    var begin: UInt64? {
        if case .file(let begin) = place { begin } else { nil }
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
