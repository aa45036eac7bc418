// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// Where the index of a sharded model, the headers of its files and the files do not agree.
public enum ShardFinding: Sendable, Hashable {
    /// The index names a file that is not there.
    case missingFile(RelativePath)
    /// A file is not valid.
    case invalidFile(RelativePath, message: String)
    /// The index names a tensor that no file has.
    case missingTensor(TensorName, expectedIn: RelativePath)
    /// A tensor is in another file than the index says.
    case misplacedTensor(TensorName, expectedIn: RelativePath, foundIn: RelativePath)
    /// A file has a tensor that the index does not name.
    case strayTensor(TensorName, foundIn: RelativePath)
    /// A tensor is in two files.
    case duplicateTensor(TensorName, RelativePath, RelativePath)
    /// A safetensors file beside the index that the index does not name.
    case strayFile(RelativePath)
    /// The total in the index is not the sum of the tensors.
    case wrongTotalSize(expected: UInt64, found: UInt64)

    /// What it is, for people.
    public var message: String {
        switch self {
        case .missingFile(let file): "the index names `\(file)`, which is not there"
        case .invalidFile(let file, let message): "`\(file)` is not valid: \(message)"
        case .missingTensor(let name, let file): "the index says that `\(file)` has tensor `\(name)`, no file has it"
        case .misplacedTensor(let name, let expected, let found):
            "the index says that `\(expected)` has tensor `\(name)`, it is in `\(found)`"
        case .strayTensor(let name, let file): "`\(file)` has tensor `\(name)`, which the index does not name"
        case .duplicateTensor(let name, let first, let second): "tensor `\(name)` is in `\(first)` and in `\(second)`"
        case .strayFile(let file): "`\(file)` is not named by the index"
        case .wrongTotalSize(let expected, let found):
            "the index says \(expected) bytes in all, the tensors have \(found)"
        }
    }
}
