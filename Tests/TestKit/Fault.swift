// SPDX-License-Identifier: Apache-2.0

package import Mirror
package import SystemPackage

/// A way in which a `LoopbackHub` answers a request wrongly.
package indirect enum Fault: Sendable {
    /// How bytes that should not be there are sent.
    package enum Padding: Sendable {
        /// `Content-Length` is the true one: the bytes follow the body.
        case beyondLength
        /// `Content-Length` counts them.
        case counted
        /// Chunked encoding, without `Content-Length`.
        case chunked
    }

    // The body
    /// Inverts one byte. The place is counted in the whole file, also when a range of it is sent.
    case flipByte(at: Int64)
    /// Sends this many bytes of the body and closes the connection.
    case truncate(after: Int64)
    /// Sends further bytes after the body.
    case pad(Int, Padding)
    /// Sends the bytes of another file with its length, under the header of the one asked for.
    case serveFile(FilePath)
    /// Sends these bytes with their length, under the header of what was asked for.
    case serveBytes([UInt8])
    /// Sends the header and this many bytes, then nothing until the client goes away.
    case stall(after: Int64)
    /// Sends no more than this many bytes a second.
    case drip(bytesPerSecond: Int)

    // The answer
    /// Closes the connection without an answer.
    case cut
    /// Sends nothing at all until the client goes away.
    case silence
    /// Answers this instead.
    case answer(Int, headers: HeaderFields, body: [UInt8])
    /// Redirects, with the Hub's headers (`X-Repo-Commit`, `X-Linked-…`) of the true answer.
    case redirect(String, status: Int)
    /// Answers 401 unless this token was sent.
    case demandToken(String)

    // The header
    /// Leaves out a field.
    case dropHeader(String)
    /// Sets a field, in place of the one that is there.
    case setHeader(String, String)
    /// Answers a ranged request with 200 and the whole file.
    case ignoreRange

    // Listings
    /// Answers each page of a tree with this many files of new names and a link to the next one.
    case endlessTree(pageSize: Int)
    /// Answers each page with a link to the same page.
    case repeatingPage

    /// Several at once, applied in order.
    case all([Fault])

    /// Answers 429.
    package static func rateLimit(retryAfter seconds: Int) -> Fault {
        .answer(429, headers: ["Retry-After": String(seconds)], body: Array("{\"error\":\"slow down\"}".utf8))
    }

    /// Answers 200 with a page for people, as a captive portal or a proxy does.
    package static let errorPage = Fault.answer(
        200, headers: ["Content-Type": "text/html"], body: Array("<html><body>502 Bad Gateway</body></html>".utf8))

    /// Answers with this status and an error body.
    package static func status(_ status: Int) -> Fault {
        .answer(status, headers: [:], body: Array("{\"error\":\"status \(status)\"}".utf8))
    }
}
