// SPDX-License-Identifier: Apache-2.0

package import Mirror

/// A request that a `LoopbackHub` received, and what became of it.
package struct RecordedRequest: Sendable {
    /// The method, such as `GET`.
    package let method: String
    /// The target as it was sent.
    package let target: String
    /// The header.
    package let headers: HeaderFields
    /// The body.
    package let body: [UInt8]
    /// The number of this request among those with the same method and target, from 1.
    package let attempt: Int
    /// The status that was answered; nil until then, and when the connection was cut instead.
    package internal(set) var status: Int?
    /// How many bytes of the body the kernel has taken.
    package internal(set) var bytesSent: Int64 = 0
    /// Whether the answer is over: complete, cut, or given up by the client.
    package internal(set) var isOver = false

    /// The target without its query.
    package var path: String { String(target.prefix { $0 != "?" }) }
    /// Whether it is a GET of a file's bytes.
    package var isDownload: Bool { method == "GET" && path.contains("/resolve/") }
}
