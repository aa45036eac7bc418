// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
package import Compression
package import Pickle

/// Why a file is not read as a checkpoint at all.
package enum CheckpointError: Error, Sendable, Hashable {
    /// The bytes could not be had.
    case bytes(ByteError)
    /// The archive cannot be read.
    case archive(ArchiveError)
    /// Readers would disagree about the zip archive: what is wrong with it, at least one.
    case disagreement([ZipAnomaly])
    /// The tar archive holds what must not be there: at least one.
    case tar([TarAnomaly])
    /// A member could not be unpacked, or its checksum is wrong.
    case member(String, ExpansionError)
    /// The pickle breaks off or is malformed.
    case pickle(PickleError)
    /// It is a TorchScript archive: a program, not a checkpoint.
    case torchScript
    /// It is not a checkpoint that is read here: what the bytes are, as far as it is known.
    case notACheckpoint(String)
    /// There are no bytes.
    case empty
    /// It is a checkpoint, and where in it the tensors are is not clear or not as asked: what is there.
    case place(String)
    /// A storage is missing, has another length than the pickle says, or another checksum.
    case storage(key: String, reason: String)
    /// The layout is broken: what is wrong, and where.
    case malformed(String, offset: UInt64)
    /// A named limit was passed: the number found, and the limit.
    case overLimit(String, count: UInt64, limit: UInt64)
}

extension CheckpointError {
    /// The error itself, or a byte error in its case; for blocks that throw both.
    init(lifting error: any Error) {
        switch error {
        case let error as CheckpointError: self = error
        case let error as ByteError: self = .bytes(error)
        default: self = .bytes(.unreadable("\(error)"))
        }
    }
}

extension CheckpointError: CustomStringConvertible {
    /// One line for people, without a line end.
    package var description: String {
        switch self {
        case .bytes(let error): error.description
        case .archive(let error): error.description
        case .disagreement(let anomalies):
            "the zip archive is not one that all readers agree on: "
                + (anomalies.first.map { "\($0) (byte \($0.offset))" } ?? "")
                + (anomalies.count > 1 ? " and \(anomalies.count - 1) more" : "")
        case .tar(let anomalies):
            "the tar archive is refused: " + (anomalies.first.map { "\($0) (byte \($0.offset))" } ?? "")
        case .member(let name, let error): "`\(name)`: \(error)"
        case .pickle(let error): "the pickle cannot be read: \(error)"
        case .torchScript: "a TorchScript archive is a program, not a checkpoint"
        case .notACheckpoint(let what): "not a checkpoint: \(what)"
        case .empty: "the file is empty"
        case .place(let what): what
        case .storage(let key, let reason): "the storage `\(key)`: \(reason)"
        case .malformed(let reason, let offset): "\(reason) at byte \(offset)"
        case .overLimit(let what, let count, let limit): "\(what): \(count), over the limit of \(limit)"
        }
    }
}
