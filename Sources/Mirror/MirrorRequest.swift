// SPDX-License-Identifier: Apache-2.0

/// A request as it came over the wire: nothing is decoded yet.
package struct MirrorRequest: Sendable {
    /// The method, such as `GET`.
    package let method: String
    /// The request target as it was sent: path and query, percent-encoded.
    package let target: String
    /// The header.
    package let headers: HeaderFields
    /// The whole body.
    package let body: [UInt8]

    /// Describes a request.
    package init(_ method: String, _ target: String, headers: HeaderFields = [:], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }
}
