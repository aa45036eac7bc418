// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// Who may read what is not public: the holders of one of these tokens.
///
/// Without tokens nobody is known: private repositories do not exist for anybody, gated contents are refused, and a
/// token that a client sends (its token for the public Hub, most likely) is passed over.
package struct MirrorAccess: Sendable {
    /// What a request's `Authorization` says.
    package enum Caller: Hashable, Sendable {
        /// Nothing.
        case anonymous
        /// A token, and this mirror knows none.
        case unverified
        /// A token that is not known, or something that is no bearer token.
        case rejected
        /// A token that is known.
        case known
    }

    private let digests: [Digest]

    /// Accepts these tokens.
    package init(tokens: [Secret] = []) { digests = tokens.map { Digest(of: $0.revealed) } }

    /// Tells who is calling. The time it takes does not depend on how much of a token is right.
    package func caller(_ request: MirrorRequest) -> Caller {
        let values = request.headers.all("Authorization")
        if values.isEmpty { return .anonymous }
        if digests.isEmpty { return .unverified }
        let words = values[0].split(separator: " ")
        guard values.count == 1, words.count == 2, words[0].lowercased() == "bearer" else { return .rejected }
        // Digests of equal length are compared to the last bit, and with every token.
        let offered = Digest(of: String(words[1])).bytes
        var isKnown = false
        for digest in digests {
            var difference: UInt8 = 0
            for (one, other) in zip(digest.bytes, offered) { difference |= one ^ other }
            if difference == 0 { isKnown = true }
        }
        return isKnown ? .known : .rejected
    }
}
