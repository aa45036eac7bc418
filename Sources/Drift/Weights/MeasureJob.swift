// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Two tensors whose bytes are to be compared.
struct MeasureJob: Sendable {
    /// One of them.
    struct Tensor: Sendable {
        let file: Snapshot.File
        /// Where the file is on this machine; nil when it is elsewhere.
        let path: FilePath?
        let place: TensorForm.Place
        let encoding: NumberEncoding
        /// What its storages are read from when the file is elsewhere and a checkpoint.
        var remote: RemoteWindow?

        /// Whether its bytes can only be had one after another, from the first on.
        var isGathered: Bool {
            if case .gathered = place { true } else { false }
        }

        /// The first byte in the file; nil for what lies in a storage.
        var begin: UInt64? {
            if case .file(let begin) = place { begin } else { nil }
        }

        /// A number by which tensors of one file come in the order of the file, as a rule.
        var order: UInt64 {
            switch place {
            case .file(let begin): begin
            case .storage(_, _, let number): UInt64(clamping: number)
            case .gathered: .max
            }
        }

        /// Where an element, a multiple of `NumberEncoding.unit`, begins behind the first one.
        func offset(of element: UInt64) -> UInt64 { encoding.byteCount(element) ?? .max }
    }

    let before: Tensor
    let after: Tensor
    /// The number of elements of either.
    let count: UInt64

    /// The bytes of one side; nothing is larger than its file.
    func byteCount(_ tensor: Tensor) -> UInt64 { tensor.encoding.byteCount(count) ?? .max }

    /// How many elements fill `bytes`, on the side that needs more, rounded down to whole units.
    func elements(in bytes: UInt64) -> UInt64 {
        bytes * 8 / max(before.encoding.width, after.encoding.width) / NumberEncoding.unit * NumberEncoding.unit
    }

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
