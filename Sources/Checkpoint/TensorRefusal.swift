// SPDX-License-Identifier: Apache-2.0

/// Why a tensor of a checkpoint is not read.
package enum TensorRefusal: Error, Sendable, Hashable {
    /// Its numbers need scales: `_rebuild_qtensor`, or a quantised storage.
    case quantized(String)
    /// It lists only its non-zero elements.
    case sparse
    /// It is a list of tensors in one.
    case nested
    /// It has a shape and no numbers.
    case meta
    /// It is an object of a class derived from `Tensor`: the name.
    case subclass(String)
    /// It is a part of a tensor that several processes hold: the name of its class.
    case distributed(String)
    /// It lives on a device without storages (`_rebuild_device_tensor_from_numpy` and the like).
    case device(String)
    /// The type of its elements is not in safetensors: the name.
    case type(String)
    /// Its call or its storage is not what PyTorch writes: what is wrong.
    case malformed(String)
    /// It reaches outside its storage: how many elements it needs, and has.
    case outOfBounds(needed: UInt64, available: UInt64)
    /// Sizes and strides are more than 64 bits can count.
    case overflow
    /// Packed it would have so many bytes, over the limit: far more than the storage that it repeats.
    case tooLarge(UInt64, limit: UInt64)
    /// The storage cannot be used: why.
    case storage(String)
    /// Its elements are Python objects.
    case objects
    /// What it is called in its dict is neither text nor a whole number.
    case key
}

extension TensorRefusal: CustomStringConvertible {
    /// A few words for people.
    package var description: String {
        switch self {
        case .quantized(let name): "a quantised tensor (\(name))"
        case .sparse: "a sparse tensor"
        case .nested: "a nested tensor"
        case .meta: "a tensor without data (device `meta`)"
        case .subclass(let name): "an object of the tensor class `\(name)`"
        case .distributed(let name): "a part of a distributed tensor (`\(name)`)"
        case .device(let name): "a tensor of a device without storages (`\(name)`)"
        case .type(let name): "elements of type `\(name)`, which safetensors does not have"
        case .malformed(let reason): "not what PyTorch writes: \(reason)"
        case .outOfBounds(let needed, let available):
            "reaches outside its storage: \(needed) elements needed, \(available) there"
        case .overflow: "sizes and strides that 64 bits cannot count"
        case .tooLarge(let bytes, let limit): "\(bytes) bytes when packed, over the limit of \(limit)"
        case .storage(let reason): reason
        case .objects: "an array of Python objects"
        case .key: "its key is neither text nor a whole number"
        }
    }

    /// What can be done where the file is written, so that the numbers can be read; nil where it is not known.
    package var remedy: String? {
        switch self {
        case .quantized: "save what `dequantize()` makes of it"
        case .sparse: "save what `to_dense()` makes of it"
        case .nested: "save its parts, which `unbind()` gives"
        case .meta: "save the model when its weights are loaded"
        case .subclass: "save what `as_subclass(torch.Tensor)` makes of it, or its plain parts"
        case .distributed: "save what `full_tensor()` makes of it"
        case .device: "save what `cpu()` makes of it"
        case .type(let name) where name.hasPrefix("complex"):
            "save it as complex64, or its real and imaginary parts"
        case .type(let name) where name.hasPrefix("bits"): "save what `view(torch.uint8)` makes of it"
        case .tooLarge: "save the part that it repeats"
        case .key: "save a dict whose keys are text"
        case .type, .malformed, .outOfBounds, .overflow, .storage, .objects: nil
        }
    }
}
