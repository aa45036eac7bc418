// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats

/// Why a compressed stream could not be unpacked.
package enum ExpansionError: Error, Sendable, Hashable {
    /// The packed bytes could not be had, or end too early.
    case bytes(ByteError)
    /// The stream breaks its format; the offset counts in the packed bytes.
    case malformed(CompressionFormat, offset: UInt64, reason: String)
    /// The stream uses something that is not unpacked here.
    case unsupported(CompressionFormat, offset: UInt64, what: String)
    /// A named limit was passed: the number asked for, and the limit.
    case overLimit(String, count: UInt64, limit: UInt64)
    /// What came out is not what the checksum or the size says.
    case mismatch(String)
}

extension ExpansionError: CustomStringConvertible {
    /// One line for people, without a line end.
    package var description: String {
        switch self {
        case .bytes(let error): error.description
        case .malformed(let format, let offset, let reason):
            "malformed \(format.rawValue) stream: \(reason) at byte \(offset)"
        case .unsupported(let format, let offset, let what):
            "\(format.rawValue) stream with \(what) at byte \(offset), which is not unpacked"
        case .overLimit(let what, let count, let limit): "\(what): \(count), over the limit of \(limit)"
        case .mismatch(let what): "the unpacked bytes do not match: \(what)"
        }
    }
}
