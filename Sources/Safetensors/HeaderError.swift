// SPDX-License-Identifier: Apache-2.0

public import ContentModel

/// Why bytes are not a safetensors file.
///
/// Places count bytes from the beginning of the file. The cases are those of the reference, with values.
public enum HeaderError: Diagnosable, Sendable, Hashable {
    /// There are fewer than the 8 bytes of the header's length.
    case headerTooSmall(fileSize: UInt64)
    /// The header claims to be longer than the format allows.
    case headerTooLarge(length: UInt64, limit: UInt64)
    /// The header claims to be longer than the file.
    case headerBeyondFile(length: UInt64, fileSize: UInt64)
    /// The header is not UTF-8.
    case invalidUTF8(place: Int)
    /// The header is not the JSON that the format asks for.
    case invalidJSON(JSONProblem, place: Int)
    /// A tensor does not begin where the one before it ends, or ends before it begins.
    case invalidOffset(TensorName, begin: UInt64, end: UInt64, expectedBegin: UInt64)
    /// Type and shape come to more than 64 bits can count.
    case sizeOverflow(TensorName, TensorType, shape: [UInt64])
    /// Elements smaller than a byte do not fill whole bytes.
    case partialByte(TensorName, TensorType, bits: UInt64)
    /// Type and shape come to another size than the offsets.
    case sizeMismatch(TensorName, TensorType, shape: [UInt64], expected: UInt64, found: UInt64)
    /// The data are longer or shorter than the tensors.
    case incompleteData(expected: UInt64, found: UInt64)
    /// In `Mode.strict`: what the reference would let pass.
    case strict(HeaderFinding)

    /// `invalid-safetensors`.
    public var code: Failure.Code { .invalidSafetensors }

    /// What is wrong, with the values and the place.
    public var message: String {
        switch self {
        case .headerTooSmall(let size): "not a safetensors file: \(size) bytes, at least 8 are needed"
        case .headerTooLarge(let length, let limit): "the header is too large: \(length) bytes, the limit is \(limit)"
        case .headerBeyondFile(let length, let size): "the header claims \(length) bytes, the file has \(size)"
        case .invalidUTF8(let place): "the header is not UTF-8 at byte \(place)"
        case .invalidJSON(let problem, let place): "invalid header: \(problem.message) at byte \(place)"
        case .invalidOffset(let name, let begin, let end, let expected):
            end < begin
                ? "tensor `\(name)` ends before it begins: \(begin) to \(end)"
                : "tensor `\(name)` begins at offset \(begin), the one before it ends at \(expected)"
        case .sizeOverflow(let name, let type, let shape):
            "the size of tensor `\(name)` overflows: \(type.rawValue) \(HeaderError.text(shape))"
        case .partialByte(let name, let type, let bits):
            "tensor `\(name)` does not end at a byte: \(bits) bits of \(type.rawValue)"
        case .sizeMismatch(let name, let type, let shape, let expected, let found):
            "tensor `\(name)` is \(type.rawValue) \(HeaderError.text(shape)), which is \(expected) bytes, its offsets span \(found)"
        case .incompleteData(let expected, let found):
            "the tensors need \(expected) bytes of data, the file has \(found)"
        case .strict(let finding): finding.message
        }
    }

    /// What helps.
    public var hint: String? {
        switch self {
        case .headerBeyondFile: "the file was cut, or is of another format; fetch it again"
        case .incompleteData(let expected, let found) where found < expected: "the file was cut; fetch it again"
        case .strict: "read it in compatible mode, and write it again to repair it"
        default: nil
        }
    }

    /// Nothing more.
    public var details: [String] { [] }

    static func text(_ shape: [UInt64]) -> String {
        // A hostile rank makes no hostile message.
        "[" + shape.prefix(16).map(String.init).joined(separator: ", ") + (shape.count > 16 ? ", …" : "") + "]"
    }
}

extension Failure.Code {
    /// The bytes are not a valid safetensors file.
    public static let invalidSafetensors = Self(rawValue: "invalid-safetensors")
}
