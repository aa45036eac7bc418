// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One request.
package struct HTTPRequest: Sendable {
    /// The method.
    package enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST" }
    /// What the answer is: decides the time-out.
    package enum Purpose: Sendable { case metadata, file }

    /// The method.
    package var method: Method = .get
    /// Where it goes.
    package var address: WebAddress
    /// The headers, in the order sent.
    package var headers: [(name: String, value: String)] = []
    /// What the answer is.
    package var purpose: Purpose
    /// The token, for the origin of the first address only.
    package var token: Secret?
    /// The body of a POST.
    package var body: [UInt8] = []

    /// Creates a GET request.
    package init(_ address: WebAddress, purpose: Purpose, token: Secret? = nil) {
        (self.address, self.purpose, self.token) = (address, purpose, token)
    }
}

/// Status and headers of an answer.
package struct ResponseHead: Sendable {
    /// The status code.
    package let status: Int
    /// Where the answer came from, after redirects.
    package let address: WebAddress
    private let fields: [(name: String, value: String)]

    init(status: Int, address: WebAddress, fields: [(name: String, value: String)]) {
        (self.status, self.address, self.fields) = (status, address, fields)
    }

    /// The first header of that name, which is given in lower case.
    package subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }

    /// `Content-Length`, when it is a sensible number.
    package var contentLength: Int64? { self["content-length"].flatMap(Int64.init).flatMap { $0 >= 0 ? $0 : nil } }
}
