// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// What a file or a member is, by its content.
package enum ContentKind: String, Sendable, Hashable, CaseIterable {
    case empty
    case pickle
    /// A PyTorch checkpoint: a zip with `data.pkl`.
    case torch
    case torchScript = "torchscript"
    /// The raw numbers of a PyTorch checkpoint.
    case storage
    case numpy
    case safetensors
    case gguf
    case zip
    case tar
    /// A compressed stream.
    case packed
    /// A container that is known and not opened.
    case unopened
    case hdf5
    case onnx
    case savedModel = "saved-model"
    case executable
    /// Pictures, sound, documents, fonts: nothing that a model loader runs.
    case media
    case text
    /// Binary content of no known kind.
    case binary
}
