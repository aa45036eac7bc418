// SPDX-License-Identifier: Apache-2.0

/// Why the directory of an archive could not be read at all. What can be read but should not be there is an anomaly instead.
public enum ArchiveError: Error, Sendable, Hashable {
    /// The bytes could not be had, or end too early.
    case bytes(ByteError)
    /// The bytes are not an archive of this kind.
    case notAnArchive(format: String, reason: String)
    /// The structure at `offset` breaks the format in a way that leaves nothing to read after it.
    case malformed(offset: UInt64, reason: String)
    /// A named limit was passed: the number found, and the limit.
    case overLimit(String, count: UInt64, limit: UInt64)
}

extension ArchiveError: CustomStringConvertible {
    /// One line for people, without a line end.
    public var description: String {
        switch self {
        case .bytes(let error): error.description
        case .notAnArchive(let format, let reason): "not a \(format) archive: \(reason)"
        case .malformed(let offset, let reason): "\(reason) at byte \(offset)"
        case .overLimit(let what, let count, let limit): "\(what): \(count), over the limit of \(limit)"
        }
    }
}
