// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// A request target, split at its slashes first and percent-decoded afterwards.
struct RequestTarget {
    /// The segments of the path as they were sent.
    let encoded: [String]
    /// The same, decoded. A segment may contain `/` now: it was `%2F`.
    let segments: [String]
    /// The query as it was sent, without `?`; nil when there is none.
    let encodedQuery: String?
    /// The query, decoded.
    let query: FormFields

    /// The longest target accepted, in bytes.
    static let maximumLength = 8192

    /// Splits and decodes a target in origin form, or in absolute form (whose authority is passed over).
    init(_ target: String) throws(Refusal) {
        guard target.utf8.count <= RequestTarget.maximumLength else {
            throw .badRequest("the URL is longer than \(RequestTarget.maximumLength) bytes", status: 414)
        }
        var rest = target[...]
        for scheme in ["http://", "https://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            rest = rest.firstIndex(where: { $0 == "/" || $0 == "?" }).map { rest[$0...] } ?? "/"
            if rest.first == "?" { rest = "/" + rest }
        }
        guard rest.utf8.first == UInt8(ascii: "/"),
            rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
        else { throw .badRequest("the request target is not a path") }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        encodedQuery = parts.count > 1 ? String(parts[1]) : nil
        query = try FormFields(encodedQuery ?? "")
        var encoded = parts[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if encoded.last == "" { encoded.removeLast() }
        self.encoded = encoded
        var segments: [String] = []
        for segment in encoded {
            guard let decoded = PercentEncoding.unquote(segment) else {
                throw .badRequest("the URL has a `%` escape that is malformed or not UTF-8")
            }
            segments.append(decoded)
        }
        self.segments = segments
    }
}
