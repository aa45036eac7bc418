// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Two tensors whose bytes are to be compared.
struct MeasureJob: Sendable {
    /// One of them.
    struct Tensor: Sendable {
        let file: Snapshot.File
        /// Where the file is on this machine; nil when it is elsewhere.
        let path: FilePath?
        /// The first byte in the file.
        let begin: UInt64
        let type: NumberType
    }

    let before: Tensor
    let after: Tensor
    /// The number of elements of either.
    let count: UInt64

    /// The bytes of one side; nothing is larger than its file.
    func byteCount(_ tensor: Tensor) -> UInt64 { tensor.type.byteCount(count) ?? .max }

    /// The bytes that have to be fetched.
    var remoteBytes: UInt64 {
        var total: UInt64 = 0
        for tensor in [before, after] where tensor.path == nil {
            let (sum, overflow) = total.addingReportingOverflow(byteCount(tensor))
            total = overflow ? .max : sum
        }
        return total
    }
}
