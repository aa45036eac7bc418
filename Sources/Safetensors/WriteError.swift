// SPDX-License-Identifier: Apache-2.0

/// Why tensors cannot be written as a safetensors file.
public enum WriteError: Error, Sendable, Hashable {
    /// Two tensors of one name.
    case duplicateName(TensorName)
    /// `__metadata__` is not a name for a tensor: readers would take it for the metadata.
    case reservedName
    /// Two metadata entries of one key.
    case duplicateMetadataKey(String)
    /// Type and shape come to more than 64 bits can count, or all tensors together do.
    case sizeOverflow(TensorName)
    /// Elements smaller than a byte do not fill whole bytes.
    case partialByte(TensorName, TensorType, bits: UInt64)
    /// The header would be longer than readers accept.
    case headerTooLarge(length: UInt64, limit: UInt64)
    /// The alignment is not a power of two from 8 to 65536.
    case invalidAlignment(Int)

    /// What is wrong, for people.
    public var message: String {
        switch self {
        case .duplicateName(let name): "two tensors are called `\(name)`"
        case .reservedName: "a tensor cannot be called `__metadata__`"
        case .duplicateMetadataKey(let key): "metadata key `\(TensorName(key))` is there twice"
        case .sizeOverflow(let name): "the size of tensor `\(name)` overflows"
        case .partialByte(let name, let type, let bits):
            "tensor `\(name)` does not end at a byte: \(bits) bits of \(type.rawValue)"
        case .headerTooLarge(let length, let limit): "the header would have \(length) bytes, the limit is \(limit)"
        case .invalidAlignment(let alignment):
            "the alignment is \(alignment), it must be a power of two from 8 to 65536"
        }
    }
}
