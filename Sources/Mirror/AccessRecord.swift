// SPDX-License-Identifier: Apache-2.0

/// One line of the access log.
package struct AccessRecord: Sendable {
    /// The method, such as `GET`.
    package let method: String
    /// The path as it was sent, without the query. It is the client's text: escape it before it is printed.
    package let path: String
    /// The status of the answer.
    package let status: Int
    /// How many bytes of the body left.
    package let bytes: Int64
    /// From the last byte of the request to the last byte of the answer.
    package let duration: Duration
    /// Whether the whole answer left; false when the client went away or was too slow.
    package let isComplete: Bool
}
