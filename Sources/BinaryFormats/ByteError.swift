// SPDX-License-Identifier: Apache-2.0

/// Why bytes could not be had.
public enum ByteError: Error, Sendable, Hashable {
    /// The bytes end at `size`, before `offset + count`.
    case truncated(offset: UInt64, count: UInt64, size: UInt64)
    /// A range of a remote source has not been fetched yet: fetch it, then start again. Only `SparseSource` throws this.
    case absent(offset: UInt64, count: UInt64)
    /// A declared length is over the limit of the caller.
    case overLimit(offset: UInt64, count: UInt64, limit: UInt64)
    /// The file system or the network failed; the message is fit for people.
    case unreadable(String)
}

extension ByteError: CustomStringConvertible {
    /// One line for people, without a line end.
    public var description: String {
        switch self {
        case .truncated(let offset, let count, let size):
            "\(count) bytes expected at byte \(offset), but the data ends at byte \(size)"
        case .absent(let offset, let count): "bytes \(offset) to \(offset &+ count) have not been fetched"
        case .overLimit(let offset, let count, let limit):
            "a length of \(count) is declared at byte \(offset), over the limit of \(limit)"
        case .unreadable(let message): message
        }
    }
}
