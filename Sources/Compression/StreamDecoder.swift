// SPDX-License-Identifier: Apache-2.0

/// One compressed stream on its way out.
protocol StreamDecoder: Sendable {
    /// Unpacks until `target` bytes have come out in all or the stream ends; it may give a little more.
    ///
    /// - Returns: false when the stream has ended and its checksums were right.
    mutating func decode(into output: inout OutputWindow, until target: UInt64) throws(ExpansionError) -> Bool

    /// How many packed bytes were used; exact at the end.
    var consumed: UInt64 { get }
}
