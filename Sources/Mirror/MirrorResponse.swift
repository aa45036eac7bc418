// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
package import SystemPackage

/// An answer. Its header is complete, `Content-Length` included; the body is empty for HEAD.
package struct MirrorResponse: Sendable {
    /// Where the bytes of the body come from.
    package enum Body: Hashable, Sendable {
        case none
        case bytes([UInt8])
        /// `length` bytes of a file, from `offset`; the file had at least that many when the answer was made.
        case file(FilePath, offset: Int64, length: Int64)
    }

    /// The status code.
    package let status: Int
    /// The header.
    package var headers: HeaderFields
    /// The body.
    package var body: Body

    /// Describes an answer.
    package init(_ status: Int, headers: HeaderFields = [:], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    static func json(_ value: JSONValue, status: Int = 200, headers: HeaderFields = [:]) -> MirrorResponse {
        let bytes = Array(value.text(.compact).utf8)
        var headers = headers
        headers.add("Content-Type", "application/json; charset=utf-8")
        headers.add("Content-Length", String(bytes.count))
        return MirrorResponse(status, headers: headers, body: .bytes(bytes))
    }
}
