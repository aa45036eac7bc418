// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// Why a file could not be read or written as asked.
public enum SafetensorsError: Diagnosable, Sendable {
    /// The file system refused.
    case file(Failure)
    /// The file is not valid; with its path for people.
    case header(HeaderError, path: String)
    /// The file became shorter than its header says while it was open.
    case cut(path: String)
    /// There is no tensor of this name.
    case noSuchTensor(TensorName)
    /// The tensor is not one of this file's.
    case foreignTensor(TensorName)
    /// The slice cannot be taken.
    case slice(SliceError, TensorName)
    /// The buffer has another size than the result.
    case wrongBufferSize(expected: UInt64, found: Int)
    /// A Swift type was asked for that does not represent the tensor's.
    case wrongElementType(TensorType, requested: String)
    /// Elements were asked for where none may stand: their place is not a multiple of so many bytes.
    case misaligned(alignment: Int)
    /// A view was asked for of a file that is not mapped.
    case notMapped(path: String)
    /// The tensor is larger than this machine's address space.
    case tooLargeForMemory(UInt64)
    /// A model names one tensor twice.
    case duplicateTensor(TensorName)
    /// A line of a listing of digests is none.
    case listing(line: Int)
    /// What should be written cannot be a file.
    case plan(WriteError)
    /// The writer was given more or fewer bytes than planned.
    case wrongByteCount(TensorName?, expected: UInt64, found: UInt64)

    /// A file is no longer the one that the plan was made from.
    case changed(path: String)
    /// Something has the name of a file that should be written.
    case targetExists(path: String)
    /// Two files that should become one have different values for one metadata key.
    case conflictingMetadata(String)
    /// A number of files that cannot be: none, or more than there are tensors.
    case invalidShardCount(Int, limit: Int)
    /// The caller's progress function ended the work.
    case stopped

    /// `invalid-safetensors` where the bytes are at fault, `file` where the system is, `usage` where the caller is.
    public var code: Failure.Code {
        switch self {
        case .file(let failure): failure.code
        case .header(let error, _): error.code
        case .cut, .duplicateTensor, .listing: .invalidSafetensors
        case .tooLargeForMemory: .limitExceeded
        case .changed, .targetExists: .file
        case .stopped: .interrupted
        default: .usage
        }
    }

    /// What failed, on what, expected and found.
    public var message: String {
        switch self {
        case .file(let failure): failure.message
        case .header(let error, let path): "`\(Escaped(path, limit: 1024))`: \(error.message)"
        case .cut(let path): "`\(Escaped(path, limit: 1024))` became shorter while it was read"
        case .noSuchTensor(let name): "there is no tensor `\(name)`"
        case .foreignTensor(let name): "tensor `\(name)` does not belong to this file"
        case .slice(let error, let name): "tensor `\(name)`: \(error.message)"
        case .wrongBufferSize(let expected, let found): "the buffer has \(found) bytes, \(expected) are needed"
        case .wrongElementType(let type, let requested): "elements of \(type.rawValue) are not `\(requested)`"
        case .misaligned(let alignment): "the elements do not begin at a multiple of \(alignment) bytes in memory"
        case .notMapped(let path): "`\(Escaped(path, limit: 1024))` is not mapped"
        case .tooLargeForMemory(let count): "\(count) bytes do not fit into memory"
        case .duplicateTensor(let name): "tensor `\(name)` is there twice"
        case .listing(let line): "line \(line) of the listing is not a digest and a name"
        case .plan(let error): error.message
        case .wrongByteCount(let name, let expected, let found):
            (name.map { "tensor `\($0)` has" } ?? "the tensors have")
                + " \(expected) bytes according to the plan, \(found) were written"
        case .changed(let path): "`\(Escaped(path, limit: 1024))` was changed by another program meanwhile"
        case .targetExists(let path): "`\(Escaped(path, limit: 1024))` is there already"
        case .conflictingMetadata(let key): "the files have different values for the metadata key `\(Escaped(key))`"
        case .invalidShardCount(let count, let limit):
            "the tensors cannot be spread over \(count) files, only over 1 to \(limit)"
        case .stopped: "stopped before the end"
        }
    }

    /// What helps.
    public var hint: String? {
        switch self {
        case .file(let failure): failure.hint
        case .header(let error, _): error.hint
        case .cut, .changed: "another program is writing it; read it again when that is done"
        case .misaligned: "read the tensor into memory of its own, or align the file's data"
        case .notMapped: "open the file with `.mapped`"
        case .targetExists: "name another directory, or say that it may be replaced"
        case .conflictingMetadata: "say which metadata the new files shall have"
        default: nil
        }
    }

    /// One line for each thing concerned.
    public var details: [String] { if case .file(let failure) = self { failure.details } else { [] } }
}
